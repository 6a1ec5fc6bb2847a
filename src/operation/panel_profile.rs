//! A panel's profile in words, aspect by aspect: what `panels show` prints and `panels diff` compares.

use jiff::civil::Time;
use serde::Serialize;

use crate::calendar::{OnBankHoliday, Schedule};
use crate::domain::FindingSeverity;
use crate::mapping::Authority;
use crate::panel::{Condition, Hearing, Paper, Profile, Route};
use crate::report;

/// One thing that a profile says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// What it says, in words.
    pub text: String,
    /// The clause it stands on.
    pub policy: String,
}

/// All that a profile says about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aspect {
    /// What it is about: `requests close`, `paper: chronology`.
    pub about: String,
    /// What is said.
    pub said: Vec<Said>,
}

impl Said {
    /// The words with their clause, where it says more than the policy as a whole.
    pub(super) fn with_clause(&self, whole: &str) -> String {
        let Self { text, policy } = self;
        if policy.is_empty() || policy == whole { text.clone() } else { format!("{text} [{policy}]") }
    }
}

fn said(text: impl Into<String>, policy: &str) -> Said {
    Said { text: text.into(), policy: policy.to_owned() }
}

/// Everything that a profile says, in the order in which a person asks. What it is silent about is left out.
pub(super) fn aspects(profile: &Profile, authority: &Authority) -> Vec<Aspect> {
    let words = Words { profile, authority };
    let texts = |texts: &[String]| texts.iter().map(|text| said(text, &profile.policy)).collect::<Vec<_>>();
    let mut aspects = vec![
        Aspect { about: "purpose".to_owned(), said: vec![said(&profile.purpose, &profile.policy)] },
        Aspect { about: "sits".to_owned(), said: words.sits() },
        Aspect { about: "roles".to_owned(), said: words.roles() },
        Aspect { about: "members".to_owned(), said: texts(&profile.members) },
        Aspect { about: "comes with a request".to_owned(), said: words.attends() },
        Aspect { about: "requests close".to_owned(), said: words.closes() },
        Aspect { about: "approval".to_owned(), said: words.approval() },
        Aspect { about: "papers go out".to_owned(), said: words.circulation() },
        Aspect { about: "kinds of request".to_owned(), said: words.kinds() },
    ];
    aspects.extend(words.papers());
    aspects.extend([
        Aspect { about: "amounts".to_owned(), said: words.thresholds() },
        Aspect { about: "ways round the panel".to_owned(), said: words.routes() },
        Aspect { about: "not required".to_owned(), said: words.exempt() },
        Aspect { about: "other panels".to_owned(), said: words.elsewhere() },
        Aspect { about: "invitations".to_owned(), said: words.invitations() },
        Aspect { about: "agenda".to_owned(), said: words.agenda() },
        Aspect { about: "decisions".to_owned(), said: words.decisions() },
        Aspect { about: "recorded with a decision".to_owned(), said: words.recorded() },
        Aspect { about: "good to know".to_owned(), said: texts(&profile.notes) },
        Aspect { about: "assumed".to_owned(), said: texts(&profile.assumed) },
        Aspect { about: "ambiguity".to_owned(), said: texts(&profile.ambiguity) },
    ]);
    aspects.retain(|aspect| aspect.said.iter().any(|said| !said.text.is_empty()));
    aspects
}

/// When a panel sits, in words.
pub(super) fn schedule_words(schedule: &Schedule) -> String {
    let hours = |from: Time, to: Time| format!("{} to {}", from.strftime("%H:%M"), to.strftime("%H:%M"));
    let mut text = format!("{}, {}", schedule.recurrence.in_words(), hours(schedule.starts, schedule.ends));
    if let Some((which, ends)) = &schedule.longer {
        text.push_str(&format!("; {} until {}", which.in_words(), ends.strftime("%H:%M")));
    }
    if let Some(minutes) = schedule.slot_minutes {
        text.push_str(&format!("; slots of {minutes} minutes"));
    }
    text
}

/// A profile, and the words its authority has for things.
struct Words<'a> {
    profile: &'a Profile,
    authority: &'a Authority,
}

impl Words<'_> {
    fn role(&self, name: &str) -> String {
        self.authority.role_title(name)
    }

    fn one_of(&self, roles: &[String]) -> String {
        roles.iter().map(|role| self.role(role)).collect::<Vec<_>>().join(" or ")
    }

    fn event(&self, name: &str) -> String {
        self.authority.event_title(name)
    }

    /// “ if …”, “ unless …”; nothing where there is no condition.
    fn condition(&self, condition: &Condition) -> String {
        let asked = |fact: &String| {
            let question = self.profile.facts.get(fact).map(|fact| fact.question.as_str()).unwrap_or_default();
            if question.is_empty() { fact.replace('-', " ") } else { format!("“{question}”") }
        };
        let any = |facts: &[String]| facts.iter().map(asked).collect::<Vec<_>>().join(" or ");
        let mut text = String::new();
        if !condition.when.is_empty() {
            text.push_str(&format!(", if {}", any(&condition.when)));
        }
        if !condition.unless.is_empty() {
            text.push_str(&format!(", unless {}", any(&condition.unless)));
        }
        text
    }

    fn sits(&self) -> Vec<Said> {
        let Some(schedule) = &self.profile.schedule else { return vec![said("as needed", &self.profile.policy)] };
        let on_bank_holiday = match schedule.on_bank_holiday {
            OnBankHoliday::Skip => "a sitting on a bank holiday falls away",
            OnBankHoliday::NextWorkingDay => "a sitting on a bank holiday moves to the next working day",
            OnBankHoliday::PreviousWorkingDay => "a sitting on a bank holiday moves to the working day before",
        };
        vec![said(schedule_words(schedule), &self.profile.schedule_policy), said(on_bank_holiday, &self.profile.policy)]
    }

    fn roles(&self) -> Vec<Said> {
        let roles = self.profile.roles.iter();
        roles
            .map(|(role, holder)| {
                said(format!("{}: {}", role.replace('-', " "), self.role(holder)), &self.profile.policy)
            })
            .collect()
    }

    fn attends(&self) -> Vec<Said> {
        self.profile.attends.iter().map(|role| said(self.role(role), &self.profile.policy)).collect()
    }

    fn closes(&self) -> Vec<Said> {
        let cutoff = self.profile.cutoff.as_ref();
        let text = cutoff.map_or_else(|| "the policy sets no cutoff".to_owned(), ToString::to_string);
        vec![said(text, &self.profile.cutoff_policy)]
    }

    fn approval(&self) -> Vec<Said> {
        let Some(approval) = &self.profile.approval else {
            return vec![said("the policy asks for none", &self.profile.policy)];
        };
        vec![said(format!("{}{}", self.one_of(&approval.roles), self.condition(&approval.condition)), &approval.policy)]
    }

    fn circulation(&self) -> Vec<Said> {
        let circulation = self.profile.circulation.iter();
        circulation.map(|one| said(format!("{}, by the {}", one.deadline, self.role(&one.by)), &one.policy)).collect()
    }

    fn kinds(&self) -> Vec<Said> {
        let kinds = self.profile.requests.kinds.iter();
        let longer = |is_longer: bool| if is_longer { " (at the longer sittings)" } else { "" };
        kinds.map(|kind| said(format!("{}{}", kind.title, longer(kind.longer_sitting)), &kind.policy)).collect()
    }

    /// An aspect for each kind of document, whoever brings it.
    fn papers(&self) -> Vec<Aspect> {
        let requests = &self.profile.requests;
        let mut aspects: Vec<Aspect> = Vec::new();
        let mut add = |paper: &Paper, whose: &str| {
            let kind = paper.kinds.first().map(|kind| kind.as_str().replace('-', " ")).unwrap_or_default();
            // Each panel's form has a name of its own; what is compared is that it asks for one.
            let (about, whose) = match paper.forms.is_empty() {
                true => (format!("paper: {kind}"), whose.to_owned()),
                false => ("paper: request form".to_owned(), format!("{whose}: {}", paper.title)),
            };
            let said = said(format!("{whose}{}", self.paper(paper)), &paper.policy);
            match aspects.iter_mut().find(|aspect| aspect.about == about) {
                Some(aspect) => aspect.said.push(said),
                None => aspects.push(Aspect { about, said: vec![said] }),
            }
        };
        requests.paperwork.iter().for_each(|paper| add(paper, "every request"));
        for kind in &requests.kinds {
            kind.paperwork.iter().for_each(|paper| add(paper, &kind.title));
        }
        aspects
    }

    fn paper(&self, paper: &Paper) -> String {
        let mut text = self.condition(&paper.condition);
        if paper.kinds.len() > 1 {
            let kinds =
                paper.kinds.iter().map(|kind| self.authority.documents.get(kind.as_str()).cloned().unwrap_or_default());
            text.push_str(&format!("; one of: {}", kinds.collect::<Vec<_>>().join(", ")));
        }
        if let Some(span) = &paper.fresh_for {
            text.push_str(&format!("; at most {} old", report::period(span)));
        }
        if let Some(pages) = paper.pages_max {
            text.push_str(&format!("; at most {}", report::count(pages, "page")));
        }
        match paper.severity {
            FindingSeverity::Blocking => {}
            FindingSeverity::Warning => text.push_str("; expected, does not block"),
            FindingSeverity::Advice => text.push_str("; helps, does not block"),
        }
        text
    }

    fn thresholds(&self) -> Vec<Said> {
        let thresholds = self.profile.thresholds.iter();
        thresholds.map(|one| said(format!("{}: above {}", one.title, one.in_pounds()), &one.policy)).collect()
    }

    fn routes(&self) -> Vec<Said> {
        self.profile.routes.iter().map(|route| said(self.route(route), &route.policy)).collect()
    }

    fn route(&self, route: &Route) -> String {
        let heard = match route.hearing {
            Hearing::NextSitting => "agreed afterwards at the next sitting it can make",
            Hearing::NotNeeded => "not brought to this panel",
            Hearing::AtOnce => "heard at once, outside the sittings",
        };
        let by = if route.decided_by.is_empty() {
            String::new()
        } else {
            format!(", decided by the {}", self.one_of(&route.decided_by))
        };
        let at_most = route
            .at_most
            .as_ref()
            .map_or_else(String::new, |span| format!(", at most {} after the decision", report::period(span)));
        format!("{}{}: {heard}{by}{at_most}", route.title, self.condition(&route.condition))
    }

    fn exempt(&self) -> Vec<Said> {
        let exempt = self.profile.exempt.iter();
        exempt.map(|one| said(format!("{}{}", one.title, self.condition(&one.condition)), &one.policy)).collect()
    }

    fn elsewhere(&self) -> Vec<Said> {
        let elsewhere = self.profile.elsewhere.iter().map(|other| {
            let panel = other.panel.as_ref().map_or_else(String::new, |panel| format!(" ({panel})"));
            let also = if other.also { "besides" } else { "instead" };
            said(format!("{}{panel} {also}{}", other.title, self.condition(&other.condition)), &other.policy)
        });
        elsewhere.collect()
    }

    fn invitations(&self) -> Vec<Said> {
        let roles = |roles: &[String]| roles.iter().map(|role| self.role(role)).collect::<Vec<_>>().join(", ");
        let invitations = self.profile.invitations.iter();
        invitations.map(|one| said(format!("{}: {}", roles(&one.roles), one.deadline), &one.policy)).collect()
    }

    fn agenda(&self) -> Vec<Said> {
        let items = (1..).zip(&self.profile.agenda).map(|(number, item)| {
            let tracks = item.tracks.iter().map(|track| {
                let long =
                    track.open_for.as_ref().map_or_else(String::new, |span| format!(" for {}", report::period(span)));
                format!("{}{long}", self.event(&track.event))
            });
            let tracks = tracks.collect::<Vec<_>>().join(", ");
            let tracks = if tracks.is_empty() { tracks } else { format!(" (follows: {tracks})") };
            said(format!("{number}. {}{tracks}", item.title), &item.policy)
        });
        items.collect()
    }

    fn decisions(&self) -> Vec<Said> {
        self.profile.outcome.decisions.iter().map(|choice| said(&choice.title, &self.profile.policy)).collect()
    }

    fn recorded(&self) -> Vec<Said> {
        self.profile.outcome.fields.iter().map(|field| said(&field.title, &field.policy)).collect()
    }
}
