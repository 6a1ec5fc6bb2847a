//! `check` and `explain`: what each request still lacks.

use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::installation::Installation;
use super::{Actor, Failure};
use crate::calendar::{Clock, Office};
use crate::check::{self as rules, Case, Checked, KnownFacts, Stated};
use crate::config::Configuration;
use crate::domain::{
    Finding, FindingSeverity, OutcomeState, PanelName, PersonId, Submission, SubmissionId, Value, Verdict,
};
use crate::ledger::{Selection, StoredCheck};
use crate::panel::{Profile, Sitting};
use crate::report;

/// Submissions that are held in memory at a time.
const PAGE: u32 = 500;

/// What is to be checked.
#[derive(Debug, Clone)]
pub enum CheckScope {
    /// One request.
    Submission(SubmissionId),
    /// Every request that asks a panel, at one sitting or at the next that each can make.
    Panel {
        /// The panel.
        panel: String,
        /// The sitting.
        sitting: Option<Date>,
    },
    /// Every request.
    All,
}

/// A fact that a person states.
pub type StatedFact = Stated;

/// What a check said about one request for one child, in the JSON shape of DESIGN section 11.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedRequest {
    /// The request.
    pub submission: SubmissionId,
    /// Its form.
    pub form: String,
    /// Its form's version.
    pub version: String,
    /// The panel.
    pub panel: PanelName,
    /// The child.
    pub person: String,
    /// The sitting that is meant.
    pub sitting: Option<Date>,
    /// By when it must be in, with offset.
    pub cutoff: Option<String>,
    /// What it comes to.
    pub verdict: Verdict,
    /// What was found.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    person_id: PersonId,
    #[serde(skip)]
    cutoff_in_words: Option<String>,
}

/// What a check has said.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// Each request, in order of id.
    pub requests: Vec<CheckedRequest>,
}

/// What a code means.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The code.
    pub code: String,
    /// What it means and what to do.
    pub text: String,
}

/// Checks requests.
pub fn check(
    configuration: &Configuration,
    clock: Clock,
    actor: &Actor,
    scope: &CheckScope,
    stated: &[StatedFact],
) -> Result<CheckReport, Failure> {
    let mut installation = Installation::open(configuration, clock, actor)?;
    let requests = checked(&installation, scope, stated)?;
    if let CheckScope::Submission(id) = scope {
        installation.ledger.audit_view(actor, id.as_str())?;
        for fact in stated {
            installation.ledger.state_fact(id, &fact.name, fact.value, actor)?;
        }
    }
    Ok(CheckReport { requests })
}

/// What a code means.
pub fn explain(code: &str) -> Result<Explanation, Failure> {
    let text = rules::explain(code).ok_or_else(|| {
        let near = crate::diagnostic::nearest(code, rules::codes());
        let all = rules::codes().collect::<Vec<_>>().join(", ");
        let help = near.map_or_else(|| format!("the codes are: {all}"), |meant| format!("did you mean `{meant}`?"));
        Failure::usage(format_args!("there is no code `{code}`"), help)
    })?;
    Ok(Explanation { code: code.to_owned(), text })
}

/// Checks what the scope asks for.
fn checked(
    installation: &Installation,
    scope: &CheckScope,
    stated: &[StatedFact],
) -> Result<Vec<CheckedRequest>, Failure> {
    let mut requests = Vec::new();
    match scope {
        CheckScope::Submission(id) => {
            let row = installation.ledger.submission(id)?;
            let row = row.ok_or_else(|| Failure::unknown("submission", id, "submissions list"))?;
            let Some(profile) = profile_of(installation, &row.submission) else {
                let help = "its form's mapping file names no panel, or the panel's file has a mistake: `tessera mappings verify`";
                return Err(Failure::usage(format_args!("{id} asks no panel that tessera knows"), help));
            };
            requests.extend(one(installation, &row.submission, profile, None, stated)?);
        }
        CheckScope::Panel { panel, sitting } => {
            let profile = installation.rules.panel(panel, &installation.configuration)?;
            let sitting = sitting.map(|date| sitting_on(installation, profile, date)).transpose()?;
            let selection = Selection { panel: Some(profile.name.clone()), ..Selection::default() };
            each_request(installation, selection, &mut |submission| {
                requests.extend(one(installation, submission, profile, sitting.as_ref(), stated)?);
                Ok(())
            })?;
        }
        CheckScope::All => {
            for authority in &installation.configuration.authorities {
                let selection = Selection { authority: Some(authority.name.clone()), ..Selection::default() };
                each_request(installation, selection, &mut |submission| {
                    if let Some(profile) = profile_of(installation, submission) {
                        requests.extend(one(installation, submission, profile, None, stated)?);
                    }
                    Ok(())
                })?;
            }
        }
    }
    Ok(requests)
}

/// Shows every open request: one that no panel has decided on yet.
pub(super) fn each_request(
    installation: &Installation,
    mut selection: Selection,
    take: &mut dyn FnMut(&Submission) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while let Some(page) = page(installation, &mut selection)? {
        page.iter().try_for_each(&mut *take)?;
    }
    Ok(())
}

/// The next page of open requests; `None` after the last. Memory holds one page at a time.
fn page(installation: &Installation, selection: &mut Selection) -> Result<Option<Vec<Submission>>, Failure> {
    selection.requests = true;
    selection.limit = PAGE;
    let rows = installation.ledger.submissions(selection)?;
    let Some(last) = rows.last() else { return Ok(None) };
    selection.after = Some(last.submission.id.clone());
    let mut open = Vec::with_capacity(rows.len());
    for row in rows {
        let decided = installation.ledger.outcomes(Some(&row.submission.id))?;
        if !decided.iter().any(|row| row.outcome.state == OutcomeState::Approved) {
            open.push(row.submission);
        }
    }
    Ok(Some(open))
}

/// The next page of open requests, checked; `None` after the last.
pub(super) fn checked_page(
    installation: &Installation,
    selection: &mut Selection,
) -> Result<Option<Vec<CheckedRequest>>, Failure> {
    let Some(submissions) = page(installation, selection)? else { return Ok(None) };
    let mut requests = Vec::new();
    for submission in &submissions {
        if let Some(profile) = profile_of(installation, submission) {
            requests.extend(one(installation, submission, profile, None, &[])?);
        }
    }
    Ok(Some(requests))
}

pub(super) fn profile_of<'i>(installation: &'i Installation, submission: &Submission) -> Option<&'i Profile> {
    installation.rules.panels.get(submission.panel.as_ref()?)
}

pub(super) fn sitting_on(installation: &Installation, profile: &Profile, date: Date) -> Result<Sitting, Failure> {
    let office = installation.rules.office(&profile.name.authority())?;
    profile.sitting_on(date, office).ok_or_else(|| {
        let help = format!("`tessera panels sittings {} --from {date} --to …` lists its sittings", profile.name);
        Failure::usage(format_args!("{} does not sit on {date}", profile.name), help)
    })
}

/// Checks a request for each child that it is about.
fn one(
    installation: &Installation,
    submission: &Submission,
    profile: &Profile,
    at: Option<&Sitting>,
    stated: &[StatedFact],
) -> Result<Vec<CheckedRequest>, Failure> {
    let Installation { rules, ledger, clock, .. } = installation;
    let authority = &submission.authority;
    let office = rules.office(authority)?;
    let now = clock.now_in(&office.zone);
    let asked = asked_sitting(submission, profile, office);
    if at.is_some_and(|at| asked.as_ref().is_some_and(|asked| asked.date != at.date)) {
        return Ok(Vec::new());
    }
    let form = rules.mappings.form(authority, &submission.form, &submission.version);
    let fields = form.map(crate::mapping::FormMapping::field_rules).unwrap_or_default();
    let mut said: Vec<Stated> =
        ledger.stated_facts(&submission.id)?.into_iter().map(|(name, value)| Stated { name, value }).collect();
    said.retain(|known| stated.iter().all(|fact| fact.name != known.name));
    said.extend(stated.iter().cloned());
    let mut requests = Vec::new();
    for person in &submission.people {
        let documents = ledger.documents(authority, *person)?;
        let events = ledger.events(authority, *person)?;
        let heard = ledger.heard_before(&profile.name, *person, &submission.id)?;
        let answers = form.map(|form| form.facts(submission)).unwrap_or_default();
        let facts = KnownFacts::gather(profile, answers, &events, heard, &said);
        let mut case = Case {
            submission,
            person: *person,
            fields: &fields,
            documents: &documents,
            facts: &facts,
            profile,
            sitting: None,
            office,
            now: &now,
        };
        let handed_in = case.handed_in().unwrap_or_else(|| now.clone());
        let next = || profile.next_sitting(now.date(), &handed_in, office);
        let sitting = at.cloned().or_else(|| asked.clone()).or_else(next);
        case.sitting = sitting.as_ref();
        let Checked { verdict, findings } = rules::check(&case);
        let cutoff = sitting.as_ref().and_then(|sitting| sitting.cutoff.as_ref());
        requests.push(CheckedRequest {
            submission: submission.id.clone(),
            form: submission.form.to_string(),
            version: submission.version.to_string(),
            panel: profile.name.clone(),
            person: person.to_string(),
            sitting: sitting.as_ref().map(|sitting| sitting.date),
            cutoff: cutoff.map(crate::panel::Cutoff::with_offset),
            verdict,
            findings,
            person_id: *person,
            cutoff_in_words: cutoff.map(|cutoff| report::moment(&cutoff.at)),
        });
    }
    Ok(requests)
}

/// The sitting that the form itself names. That the panel does not sit on that day is a finding.
fn asked_sitting(submission: &Submission, profile: &Profile, office: &Office) -> Option<Sitting> {
    let field = profile.requests.sitting_field.as_ref()?;
    let date = submission.answers(field).find_map(|answer| match &answer.value {
        Value::Date(date) => Some(*date),
        Value::DateTime(moment) => Some(moment.date()),
        _ => None,
    })?;
    profile.sitting_on(date, office).or_else(|| {
        let starts = office.at(date, office.close);
        Some(Sitting {
            panel: profile.name.clone(),
            date,
            ends: starts.clone(),
            starts,
            cutoff: None,
            cancelled: Some("the panel does not sit on that day".to_owned()),
        })
    })
}

impl CheckedRequest {
    /// Whether something blocks it.
    pub fn is_blocked(&self) -> bool {
        self.verdict != Verdict::Complete
            || self.findings.iter().any(|finding| finding.severity == FindingSeverity::Blocking)
    }

    /// As the ledger keeps it.
    pub(super) fn stored(&self) -> (SubmissionId, PersonId, StoredCheck) {
        let said = serde_json::to_string(self).unwrap_or_default();
        let inputs = Sha256::digest(said).into();
        let check = StoredCheck { inputs, verdict: self.verdict, findings: self.findings.clone() };
        (self.submission.clone(), self.person_id, check)
    }
}

impl CheckReport {
    /// How many requests something blocks.
    pub fn blocked(&self) -> usize {
        self.requests.iter().filter(|request| request.is_blocked()).count()
    }

    /// The requests as a person reads them.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for request in &self.requests {
            let CheckedRequest { submission, form, version, panel, person, verdict, .. } = request;
            let sitting = request.sitting.map_or_else(|| "no sitting".to_owned(), report::day);
            let cutoff =
                request.cutoff_in_words.as_ref().map_or_else(String::new, |cutoff| format!("; closes {cutoff}"));
            text.push_str(&format!("{submission}, person {person}: {verdict}\n"));
            text.push_str(&format!("  {form} version {version} to {panel}, {sitting}{cutoff}\n"));
            for finding in &request.findings {
                text.push_str(&format!("  {:8}  {}: {}\n", finding.severity, finding.code, finding.message));
                text.push_str(&format!("            {}. [{}]\n", finding.help, finding.policy));
            }
            text.push('\n');
        }
        text
    }

    /// What to do next.
    pub fn advice(&self) -> Vec<String> {
        let requests = report::count(self.requests.len(), "request");
        match (self.requests.len(), self.blocked()) {
            (0, _) => vec!["No request was found to check.".to_owned()],
            (_, 0) => vec![format!("Nothing blocks the {requests} checked.")],
            (_, blocked) => vec![format!(
                "Checked {requests}; something blocks {blocked}. `tessera explain CODE` says what a code means."
            )],
        }
    }
}
