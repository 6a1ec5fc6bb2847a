//! What a role is told of its duties by e-mail. Nothing of it says whom a duty is about.

use jiff::ZonedDateTime;

use super::calendar_file::{Due, due_calendar};
use super::words::{count, moment};
use crate::domain::limit;

/// The duties of which a role is told at once.
#[derive(Debug, Clone)]
pub struct Digest {
    /// The role, as mapping files name it.
    pub role: String,
    /// What people call it.
    pub role_title: String,
    /// What people call its authority.
    pub authority_title: String,
    /// The address of the pages, where browsers have one.
    pub address: Option<String>,
    /// When it is told.
    pub at: ZonedDateTime,
    /// The duties, the first due first.
    pub duties: Vec<DigestDuty>,
}

/// A duty of which a role is told. The child has no place here.
#[derive(Debug, Clone)]
pub struct DigestDuty {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub title: String,
    /// What people call the panel.
    pub panel_title: String,
    /// Until when.
    pub due: ZonedDateTime,
    /// Whether that is over.
    pub is_overdue: bool,
    /// The role that must do it, where it was escalated to this one.
    pub escalated_from: Option<String>,
    /// How often this role has been told of it before.
    pub times: u64,
}

impl Digest {
    /// What it is about.
    pub fn subject(&self) -> String {
        let overdue = match self.overdue() {
            0 => String::new(),
            overdue => format!(", {overdue} over time"),
        };
        format!("{}: {}{overdue}", self.role_title, duties(self.duties.len()))
    }

    /// What it says.
    pub fn text(&self) -> String {
        let new = self.duties.iter().filter(|duty| duty.times == 0).count();
        let mut text = format!("{}, {}\n\nAs at {}:\n", self.role_title, self.authority_title, moment(&self.at));
        if new > 0 {
            let have = if new == 1 { "has" } else { "have" };
            text.push_str(&format!("{} {have} come onto your desk.\n", duties(new)));
        }
        let again = self.duties.len() - new;
        if again > 0 {
            let wants = if again == 1 { "wants" } else { "want" };
            text.push_str(&format!("{} of which you were told before {wants} another look.\n", duties(again)));
        }
        let escalated = self.duties.iter().filter(|duty| duty.escalated_from.is_some()).count();
        text.push_str(&format!("Over time: {}. Escalated to you: {escalated}.\n", self.overdue()));
        for duty in self.listed() {
            text.push_str(&self.paragraph(duty));
        }
        let more = self.duties.len().saturating_sub(limit::REMINDER_DUTIES_MAX);
        if more > 0 {
            text.push_str(&format!("\nAnd {more} more: `tessera duties list --role {}` has them all.\n", self.role));
        }
        text.push_str(
            "\nNo e-mail says which child a duty is about: `tessera duties show ID` and the page of the duty do.\n\
             The calendar file has each duty when it is due. An entry stays when its duty is done: take it out yourself.\n\
             tessera has written this by itself and reads no answer.\n",
        );
        text
    }

    /// The due moments for calendars. An entry that is sent again takes the place of the one before.
    pub fn calendar(&self) -> String {
        let entries = self.listed().map(|duty| Due {
            key: format!("duty/{}", duty.id),
            title: format!("Due: {}", duty.title),
            description: format!("{}\n{}{}", duty.panel_title, duty.id, self.page_of(duty, "\n")),
            due: duty.due.clone(),
            times: duty.times,
            rings: !duty.is_overdue,
        });
        due_calendar(&format!("Duties: {}", self.role_title), &entries.collect::<Vec<_>>(), &self.at)
    }

    fn paragraph(&self, duty: &DigestDuty) -> String {
        let over = if duty.is_overdue { " (over time)" } else { "" };
        let mut text =
            format!("\n{}\n  Due {}{over}\n  {}\n  {}\n", duty.title, moment(&duty.due), duty.panel_title, duty.id);
        if let Some(from) = &duty.escalated_from {
            text.push_str(&format!("  Escalated to you; who must do it: {from}\n"));
        }
        if duty.times > 0 {
            let why = if duty.is_overdue {
                "its time is over, and nothing shows that it is done"
            } else {
                "it is due at another time now, or has come up again"
            };
            text.push_str(&format!("  You were told of it before: {why}\n"));
        }
        text.push_str(&self.page_of(duty, "  "));
        if self.address.is_some() {
            text.push('\n');
        }
        text
    }

    fn page_of(&self, duty: &DigestDuty, before: &str) -> String {
        self.address.as_ref().map_or_else(String::new, |address| format!("{before}{address}/duties/{}", duty.id))
    }

    fn listed(&self) -> impl Iterator<Item = &DigestDuty> {
        self.duties.iter().take(limit::REMINDER_DUTIES_MAX)
    }

    fn overdue(&self) -> usize {
        self.duties.iter().filter(|duty| duty.is_overdue).count()
    }
}

/// So many duties: `1 duty`, `3 duties`.
fn duties(number: usize) -> String {
    if number == 1 { count(1_u64, "duty") } else { format!("{number} duties") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> Digest {
        let due: ZonedDateTime = "2027-03-27T17:30[Europe/London]".parse().unwrap();
        let duty = |at: usize| DigestDuty {
            id: format!("D-{at:012}"),
            title: "Viability assessment written".to_owned(),
            panel_title: "Support Panel".to_owned(),
            due: due.clone(),
            is_overdue: at == 0,
            escalated_from: (at == 1).then(|| "Social worker".to_owned()),
            times: u64::from(at == 2),
        };
        Digest {
            role: "team-manager".to_owned(),
            role_title: "Team manager".to_owned(),
            authority_title: "A council".to_owned(),
            address: Some("https://panels.council.example".to_owned()),
            at: "2027-03-28T03:00[Europe/London]".parse().unwrap(),
            duties: (0..number).map(duty).collect(),
        }
    }

    #[test]
    fn a_role_reads_what_is_due_when_and_where_to_look() {
        let digest = digest(3);
        assert_eq!(digest.subject(), "Team manager: 3 duties, 1 over time");
        let text = digest.text();
        for wanted in [
            "As at Sunday 28 March 2027, 03:00:\n2 duties have come onto your desk.\n",
            "1 duty of which you were told before wants another look.\n",
            "Over time: 1. Escalated to you: 1.",
            "Due Saturday 27 March 2027, 17:30 (over time)\n  Support Panel\n  D-000000000000\n  https://panels.council.example/duties/D-000000000000\n",
            "  Escalated to you; who must do it: Social worker\n",
            "  You were told of it before: it is due at another time now",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert_eq!(self::digest(1).subject(), "Team manager: 1 duty, 1 over time");
    }

    #[test]
    fn a_calendar_knows_an_entry_again_and_that_it_is_a_later_one() {
        let calendar = digest(3).calendar();
        assert_eq!(calendar, digest(3).calendar());
        assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 3);
        assert_eq!(calendar.matches("TRIGGER").count(), 2, "what is over rings no more:\n{calendar}");
        let mut later = digest(1);
        let uid = |calendar: &str| calendar.lines().find(|line| line.starts_with("UID")).map(ToOwned::to_owned);
        let first = later.calendar();
        later.duties[0].times = 1;
        assert_eq!(uid(&first), uid(&later.calendar()));
        assert!(first.contains("SEQUENCE:0") && later.calendar().contains("SEQUENCE:1"), "{first}");
        assert!(first.contains("DTEND;TZID=Europe/London:20270327T173000"), "{first}");
        assert!(first.lines().all(|line| line.len() <= 75), "a line is too long for RFC 5545");
    }

    #[test]
    fn what_is_too_much_for_an_e_mail_is_counted() {
        let text = digest(limit::REMINDER_DUTIES_MAX + 7).text();
        assert!(text.contains("And 7 more: `tessera duties list --role team-manager`"), "{text}");
        assert_eq!(text.matches("Support Panel").count(), limit::REMINDER_DUTIES_MAX);
    }
}
