//! Somebody answers for a finding, and takes that back.

use jiff::civil::Date;

use super::check::{CheckReport, checked_submission, keep_check, known_code};
use super::installation::{Installation, Writing as _};
use super::{CheckedRequest, Failure, FailureKind};
use crate::check::{Code, waiver_days};
use crate::domain::{FindingName, PanelName, PersonId, Private, SubmissionId, Waiver};
use crate::log;
use crate::report;

/// Somebody answers for a finding.
#[derive(Debug, Clone)]
pub struct WaiverGiven {
    /// The code of the finding.
    pub code: String,
    /// What it is about; none where the request has only one finding of the code.
    pub subject: Option<String>,
    /// About which child only, by Mosaic's id; none: about each child of whom it is said.
    pub person: Option<String>,
    /// In which role.
    pub role: String,
    /// Why.
    pub reason: Private<String>,
    /// The last day on which it holds: from today to the day of the sitting.
    pub until: Date,
}

/// Somebody takes back that a finding was answered for.
#[derive(Debug, Clone)]
pub struct WaiverTakenBack {
    /// The code of the finding.
    pub code: String,
    /// What it is about; none where only one finding of the code was answered for.
    pub subject: Option<String>,
    /// About which child only, by Mosaic's id; none: about each child of whom it was.
    pub person: Option<String>,
    /// Why.
    pub reason: Private<String>,
}

/// That nobody can answer for a finding until a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongDay {
    /// It is past.
    #[error("{day} has passed")]
    Past {
        /// The day.
        day: Date,
        /// The last that can be named.
        last: Date,
    },
    /// It is after the day of the sitting.
    #[error("{day} is after the sitting on {sitting}, and a finding is answered for until its sitting at the latest")]
    AfterSitting {
        /// The day.
        day: Date,
        /// The day of the sitting.
        sitting: Date,
    },
    /// The sitting itself is over.
    #[error("the sitting on {sitting} has passed, and a finding is answered for until its sitting at the latest")]
    SittingIsOver {
        /// The day of the sitting.
        sitting: Date,
    },
    /// There is no sitting, and it is too far ahead.
    #[error("{day} is too far ahead for a request without a sitting")]
    TooFar {
        /// The day.
        day: Date,
        /// The last that can be named.
        last: Date,
    },
}

impl WrongDay {
    /// Whether a day is one until which somebody can answer for a finding.
    ///
    /// # Errors
    ///
    /// What is wrong with the day.
    fn look(day: Date, today: Date, sitting: Option<Date>) -> Result<(), Self> {
        let (first, last) = waiver_days(today, sitting);
        match sitting {
            Some(sitting) if sitting < today => Err(Self::SittingIsOver { sitting }),
            _ if day < first => Err(Self::Past { day, last }),
            Some(sitting) if day > last => Err(Self::AfterSitting { day, sitting }),
            None if day > last => Err(Self::TooFar { day, last }),
            _ => Ok(()),
        }
    }

    /// What to do about it.
    pub fn help(self) -> String {
        match self {
            Self::Past { last, .. } | Self::TooFar { last, .. } | Self::AfterSitting { sitting: last, .. } => {
                format!("name a day from today to {last}")
            }
            Self::SittingIsOver { .. } => "answer for it once the request is for another sitting".to_owned(),
        }
    }
}

impl WrongDay {
    /// What a page says beside the field: what is wrong, and what to do.
    pub fn on_page(self) -> (String, String) {
        let what = match self {
            Self::Past { .. } => "The day has passed.".to_owned(),
            Self::AfterSitting { .. } => "The day is after the sitting.".to_owned(),
            Self::TooFar { .. } => "The day is too far ahead.".to_owned(),
            Self::SittingIsOver { sitting } => format!("The sitting on {} has passed.", report::day(sitting)),
        };
        let help = match self {
            Self::Past { last, .. } | Self::TooFar { last, .. } | Self::AfterSitting { sitting: last, .. } => {
                format!("Enter a day from today to {}.", report::day(last))
            }
            Self::SittingIsOver { .. } => "Nothing can be accepted for it any more.".to_owned(),
        };
        (what, help)
    }
}

impl From<WrongDay> for Failure {
    fn from(wrong: WrongDay) -> Self {
        let (what, help) = wrong.on_page();
        Self::invalid(wrong, wrong.help()).on_page(what, help)
    }
}

impl Installation {
    /// Somebody answers for a finding of a request, for the child that is named or for each of whom it is said.
    ///
    /// # Errors
    ///
    /// The inner one is about the day alone, so that a page can say it beside the field.
    pub fn waive(&mut self, id: &SubmissionId, given: &WaiverGiven) -> Result<Result<CheckReport, WrongDay>, Failure> {
        let code = code_of(&given.code)?;
        if !code.may_be_waived() {
            let help = "take the paper out of the pack, and tell information governance";
            return Err(Failure::invalid(format_args!("nobody can answer for {code}"), help).on_page(
                "You cannot accept another child’s document.",
                "Remove it from the request, and tell information governance. Nothing was changed.",
            ));
        }
        let mut waived = Vec::new();
        let done = self.atomically(|all| all.keep_waiver(id, given, code, &mut waived))?;
        for panel in &waived {
            log::info!("A finding was waived.", submission = id, panel = panel);
        }
        Ok(done)
    }

    fn keep_waiver(
        &mut self,
        id: &SubmissionId,
        given: &WaiverGiven,
        code: Code,
        waived: &mut Vec<PanelName>,
    ) -> Result<Result<CheckReport, WrongDay>, Failure> {
        let requests = about(checked_submission(self, id, &[])?, id, given.person.as_deref())?;
        let named = |request: &CheckedRequest| -> Vec<FindingName> {
            let own = request.findings.iter().filter(|finding| finding.code() == code);
            own.map(|finding| name(code, finding.subject.to_string())).collect()
        };
        let found: Vec<FindingName> = requests.iter().flat_map(named).collect();
        let no_finding = || {
            let help = format!("`tessera check {id}` lists what it has");
            Failure::conflict(format_args!("{id} has no such finding"), help).on_page(
                "The request does not have this problem any more. Nothing was changed.",
                "Open the request again to see how it stands now.",
            )
        };
        let meant = meant(id, code, given.subject.as_deref(), found, no_finding)?;
        known_role(self, &requests, &given.role)?;
        for request in &requests {
            let today = self.rules.office(&request.panel.authority()).map(|office| self.clock.now_in(&office.zone))?;
            if let Err(wrong) = WrongDay::look(given.until, today.date(), request.sitting) {
                return Ok(Err(wrong));
            }
        }
        for request in &requests {
            let own = request.findings.iter().filter(|finding| finding.code() == code);
            for finding in own.filter(|finding| finding.subject.to_string() == meant.subject) {
                let waiver = Waiver {
                    fingerprint: finding.fingerprint(),
                    role: given.role.clone(),
                    reason: given.reason.clone(),
                    until: given.until,
                    sitting: request.sitting,
                    finding: Some(meant.clone()),
                    taken_back: None,
                };
                self.ledger.waive(id, request.person_id, &waiver, &self.actor)?;
                waived.push(request.panel.clone());
            }
        }
        self.checked_anew(id).map(Ok)
    }

    /// Takes back that a finding of a request was answered for, for the child that is named or for each of whom it was.
    pub fn take_waiver_back(&mut self, id: &SubmissionId, given: &WaiverTakenBack) -> Result<CheckReport, Failure> {
        let code = code_of(&given.code)?;
        if given.reason.expose().trim().is_empty() {
            let failure = Failure::invalid("there is no reason", "say why it is taken back");
            return Err(failure.on_page("Nothing is taken back without a reason.", "Enter why it is taken back."));
        }
        let done = self.atomically(|all| all.drop_waiver(id, given, code))?;
        log::info!("A finding is waived no longer.", submission = id);
        Ok(done)
    }

    fn drop_waiver(&mut self, id: &SubmissionId, given: &WaiverTakenBack, code: Code) -> Result<CheckReport, Failure> {
        let requests = about(checked_submission(self, id, &[])?, id, given.person.as_deref())?;
        let answered: Vec<(PersonId, FindingName, String)> = requests.iter().flat_map(answered_for).collect();
        let of_code = answered.iter().filter(|(_, name, _)| name.code == code.as_str());
        let found = of_code.map(|(_, name, _)| name.clone()).collect();
        let no_waiver = || {
            let help = format!("`tessera check {id}` lists what is answered for");
            Failure::conflict(format_args!("nobody answers for such a finding of {id}"), help).on_page(
                "Nobody has accepted this problem, or it was taken back already. Nothing was changed.",
                "Open the request again to see how it stands now.",
            )
        };
        let meant = meant(id, code, given.subject.as_deref(), found, no_waiver)?;
        for (person, _, fingerprint) in answered.iter().filter(|(_, name, _)| *name == meant) {
            self.ledger.take_waiver_back(id, *person, fingerprint, &given.reason, &self.actor)?;
        }
        self.checked_anew(id)
    }

    fn checked_anew(&mut self, id: &SubmissionId) -> Result<CheckReport, Failure> {
        let mistakes = self.rules.own_mistakes(&self.configuration);
        let requests = checked_submission(self, id, &[])?;
        keep_check(self, id)?;
        Ok(CheckReport { requests, mistakes })
    }
}

/// What the check says of the child that is meant: of one child of a form, or of each.
fn about(
    mut requests: Vec<CheckedRequest>,
    id: &SubmissionId,
    person: Option<&str>,
) -> Result<Vec<CheckedRequest>, Failure> {
    let Some(person) = person else { return Ok(requests) };
    requests.retain(|request| request.person == person);
    if requests.is_empty() {
        let failure =
            Failure::invalid(format_args!("{id} is not about person {person}"), "name a child that it is about");
        return Err(failure.on_page(
            "The request is not about this child. Nothing was changed.",
            "Open the request again to see whom it is about.",
        ));
    }
    Ok(requests)
}

/// What a request's findings were answered for, whether that counts or not: child, finding, fingerprint.
fn answered_for(request: &CheckedRequest) -> Vec<(PersonId, FindingName, String)> {
    let waived = request.waived.iter().flat_map(|waived| {
        let name = name(waived.finding.code(), waived.finding.subject.to_string());
        std::iter::once(&waived.fingerprint).chain(&waived.others).map(move |print| (name.clone(), print.clone()))
    });
    let lapsed = request.lapsed.iter().filter_map(|lapsed| Some((lapsed.finding.clone()?, lapsed.fingerprint.clone())));
    waived.chain(lapsed).map(|(name, fingerprint)| (request.person_id, name, fingerprint)).collect()
}

fn name(code: Code, subject: String) -> FindingName {
    FindingName { code: code.as_str().to_owned(), subject }
}

/// The code of a finding that somebody names.
fn code_of(code: &str) -> Result<Code, Failure> {
    known_code(code, FailureKind::Invalid).map_err(|failure| {
        failure.on_page(
            "There is no problem of this kind. Nothing was changed.",
            "Open the request again, and choose from what it lists.",
        )
    })
}

/// The one finding that is meant, or why it is not there.
fn meant(
    id: &SubmissionId,
    code: Code,
    subject: Option<&str>,
    mut found: Vec<FindingName>,
    nothing: impl FnOnce() -> Failure,
) -> Result<FindingName, Failure> {
    found.retain(|name| subject.is_none_or(|subject| subject == name.subject));
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(nothing()),
        several => {
            let all: Vec<String> = several.iter().map(|name| format!("{code}:{}", name.subject)).collect();
            let help = format!("name one of: {}", all.join(", "));
            Err(Failure::invalid(format_args!("{id} has several findings of the code {code}"), help).on_page(
                "The request has several problems of this kind. Nothing was changed.",
                "Choose the one that is meant.",
            ))
        }
    }
}

fn known_role(installation: &Installation, requests: &[CheckedRequest], role: &str) -> Result<(), Failure> {
    let Some(request) = requests.first() else { return Ok(()) };
    let roles = &installation.rules.authority(&request.panel.authority())?.roles;
    if roles.contains_key(role) {
        return Ok(());
    }
    let near = crate::diagnostic::nearest(role, roles.keys().map(String::as_str));
    let help = near.map_or_else(
        || format!("the roles are: {}", roles.keys().cloned().collect::<Vec<_>>().join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    Err(Failure::invalid(format_args!("there is no role `{role}`"), help)
        .on_page("This council has no such role. Nothing was changed.", "Choose who has agreed this from the list."))
}

/// Lets waivers stand as a check has found them: under what was found where they were given for a sentence, and for the
/// day on which their sitting is now.
pub(super) fn renew_waivers(installation: &mut Installation, requests: &[CheckedRequest]) -> Result<(), Failure> {
    for request in requests {
        for renewed in &request.renewed {
            let (id, person) = (&request.submission, request.person_id);
            installation.ledger.renew_waiver(id, person, &renewed.seen, &renewed.waiver, &installation.actor)?;
        }
    }
    Ok(())
}
