//! The agenda as people take it away: text, workbook, page.

use std::path::Path;

use super::agenda::{Agenda, Arising, Heard, InvitationDue, Tracked};
use super::check_matrix::{findings, matrix, written};
use super::{CheckedRequest, Failure, RoleNamed};
use crate::domain::{SubmissionId, Verdict};
use crate::report::{self, Cell, Matrix, Sheets, Tone};

impl Agenda {
    /// The agenda as a person reads it.
    pub fn text(&self) -> String {
        let starts = report::moment(&self.sitting.starts);
        let mut text =
            format!("{} ({})\n{starts} to {}\n", self.title, self.panel, self.sitting.ends.strftime("%H:%M"));
        if let Some(reason) = &self.sitting.cancelled {
            text.push_str(&format!("This sitting falls away: {reason}.\n"));
        }
        if let Some(cutoff) = &self.sitting.cutoff {
            text.push_str(&format!("Requests close {}\n", report::moment(&cutoff.at)));
        }
        if let Some(by) = &self.circulate_in_words {
            text.push_str(&format!("Papers go out by {by}\n"));
        }
        if let Some(slots) = self.slots {
            text.push_str(&format!("{} of {slots} slots taken\n", self.slots_taken()));
        }
        for (number, item) in (1..).zip(&self.items) {
            text.push_str(&format!("\n{number}. {}\n", item.title));
            for heard in &item.requests {
                let at = heard.at.as_ref().map_or_else(String::new, |at| format!("{at}  "));
                let Heard { submission, person, verdict, .. } = heard;
                text.push_str(&format!(
                    "   {at}{submission}, person {person}: {} [{verdict}]\n",
                    heard.kinds.join(", ")
                ));
                for lack in &heard.lacks {
                    text.push_str(&format!("            {lack}\n"));
                }
                for known in &heard.to_know {
                    text.push_str(&format!("            to know: {known}\n"));
                }
            }
            for Tracked { person, event, since, days } in &item.tracked {
                text.push_str(&format!("   person {person}: {event} since {since}, {days} days\n"));
            }
            for Arising { submission, person, decided_on, decision, due_on } in &item.arising {
                text.push_str(&format!(
                    "   {submission}, person {person}: {decision} on {decided_on}, due back {due_on}\n"
                ));
            }
            if item.requests.is_empty() && item.tracked.is_empty() && item.arising.is_empty() {
                text.push_str("   nothing\n");
            }
        }
        for InvitationDue { person, name, titles, since, due_on, .. } in &self.invitations {
            text.push_str(&format!(
                "\nInvite for person {person}: {} by {due_on} ({name}, {since})\n",
                titles.join(", ")
            ));
        }
        if !self.outstanding.is_empty() {
            text.push_str("\nOutstanding from before\n");
        }
        for duty in &self.outstanding {
            let overdue = if duty.overdue { ", overdue" } else { "" };
            let person = duty.person.as_ref().map_or_else(String::new, |person| format!("person {person}: "));
            text.push_str(&format!("   {person}{}, by {} ({}{overdue})\n", duty.title, duty.due_in_words, duty.role));
        }
        text
    }

    fn slots_taken(&self) -> usize {
        let mut taken: Vec<&SubmissionId> = self.requests.iter().map(|request| &request.submission).collect();
        taken.sort();
        taken.dedup();
        taken.len()
    }

    /// Writes the agenda to a `.xlsx` or `.html` file, with the matrix and the list of what to chase.
    pub fn out(&self, file: &Path) -> Result<(), Failure> {
        written(&self.sheets(), file)
    }

    /// The sheets of that file.
    pub fn sheets(&self) -> Sheets {
        let requests: Vec<&CheckedRequest> = self.requests.iter().collect();
        let day = report::day(self.sitting.date);
        let mut tables = vec![self.table()];
        tables.extend((!self.invitations.is_empty()).then(|| self.invited()));
        tables.extend((!self.outstanding.is_empty()).then(|| self.still_to_do()));
        tables.extend([
            Matrix { title: "Papers".to_owned(), ..matrix(&self.title, &requests) },
            findings(&self.requests),
        ]);
        Sheets { title: format!("{}, {day}", self.title), tables }
    }

    fn table(&self) -> Matrix {
        let mut rows = Vec::new();
        for (number, item) in (1..).zip(&self.items) {
            let head = || Cell::plain(format!("{number}. {}", item.title));
            for heard in &item.requests {
                let tone = if heard.verdict == Verdict::Complete { Tone::Good } else { Tone::Bad };
                rows.push(vec![
                    head(),
                    Cell::plain(heard.at.clone().unwrap_or_default()),
                    Cell::plain(heard.submission.as_str()),
                    Cell::plain(heard.person.clone()),
                    Cell::plain(heard.kinds.join(", ")),
                    Cell { text: heard.verdict.to_string(), tone },
                    Cell::plain(heard.lacks.join("\n")),
                    Cell::plain(heard.to_know.join("\n")),
                ]);
            }
            let line = |submission: &str, person: &str, what: String| {
                let mut row =
                    vec![head(), Cell::plain(""), Cell::plain(submission), Cell::plain(person), Cell::plain(what)];
                row.extend([Cell::plain(""), Cell::plain(""), Cell::plain("")]);
                row
            };
            let tracked = item.tracked.iter();
            rows.extend(
                tracked
                    .map(|one| line("", &one.person, format!("{} since {}, {} days", one.event, one.since, one.days))),
            );
            let arising = item.arising.iter();
            rows.extend(arising.map(|one| {
                let what = format!("{} on {}, due back {}", one.decision, one.decided_on, one.due_on);
                line(one.submission.as_str(), &one.person, what)
            }));
            if item.requests.is_empty() && item.tracked.is_empty() && item.arising.is_empty() {
                rows.push(line("", "", "nothing".to_owned()));
            }
        }
        let columns = ["item", "time", "request", "child", "what", "verdict", "still lacks", "to know"];
        let mut notes = vec![report::moment(&self.sitting.starts)];
        notes.extend(self.sitting.cancelled.iter().map(|reason| format!("This sitting falls away: {reason}")));
        Matrix { title: "Agenda".to_owned(), notes, columns: columns.map(ToOwned::to_owned).to_vec(), rows }
    }

    fn still_to_do(&self) -> Matrix {
        let rows = self.outstanding.iter().map(|duty| {
            let tone = if duty.overdue { Tone::Bad } else { Tone::Plain };
            vec![
                Cell { text: duty.due_in_words.clone(), tone },
                Cell::plain(duty.title.clone()),
                Cell::plain(duty.person.clone().unwrap_or_default()),
                Cell::plain(duty.role.title.clone()),
                Cell::plain(RoleNamed::titles(&duty.escalated_to)),
                Cell::plain(duty.policy.clone()),
            ]
        });
        let columns = ["by", "what", "child", "who", "escalated to", "policy"];
        Matrix {
            title: "Outstanding".to_owned(),
            notes: Vec::new(),
            columns: columns.map(ToOwned::to_owned).to_vec(),
            rows: rows.collect(),
        }
    }

    fn invited(&self) -> Matrix {
        let rows = self.invitations.iter().map(|one| {
            vec![
                Cell::plain(one.person.clone()),
                Cell::plain(one.titles.join(", ")),
                Cell::plain(one.due_on.to_string()),
                Cell::plain(format!("{}, {}", one.name.replace('-', " "), one.since)),
                Cell::plain(one.policy.clone()),
            ]
        });
        let columns = ["child", "invite", "by", "because of", "policy"];
        Matrix {
            title: "Invitations".to_owned(),
            notes: Vec::new(),
            columns: columns.map(ToOwned::to_owned).to_vec(),
            rows: rows.collect(),
        }
    }
}
