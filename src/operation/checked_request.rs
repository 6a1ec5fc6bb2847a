//! A request, checked, as it is shown: the JSON shape of DESIGN section 11, and its text.

use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Failure;
use super::docket::{handed_in, in_order};
use crate::check::{self as rules, Case, Effect, Finding, Lapse, Lapsed, PaperFound, PaperState, Renewed, Waived};
use crate::domain::{FindingSeverity, PanelName, PersonId, SubmissionId, Verdict};
use crate::ledger::{Against, Booking, StoredCheck};
use crate::report;

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
    /// Each paper that is asked for, and what is there.
    pub papers: Vec<PaperChecked>,
    /// Findings for which somebody has answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Waived>,
    /// What somebody has answered for and does not count, or was given for a finding that is not found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lapsed: Vec<Lapsed>,
    /// What kinds of request it makes, as a person reads them.
    pub kinds: Vec<String>,
    /// Findings of the last check that are no more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mended: Vec<String>,
    #[serde(skip)]
    pub(super) renewed: Vec<Renewed>,
    #[serde(skip)]
    pub(super) person_id: PersonId,
    /// What the request says, as a hash.
    #[serde(skip)]
    content: [u8; 32],
    #[serde(skip)]
    pub(super) panel_title: String,
    #[serde(skip)]
    cutoff_in_words: Option<String>,
    #[serde(skip)]
    handed_in: Option<String>,
    #[serde(skip)]
    handed_on: Option<Date>,
    /// The day of the check, in the time of the office.
    #[serde(skip)]
    checked_on: Date,
    #[serde(skip)]
    late: Option<bool>,
}

/// A paper that is asked for, and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaperChecked {
    /// The kind of document.
    pub kind: String,
    /// What a person is shown.
    pub title: String,
    /// How it stands: `there`, or the code of the finding about it.
    pub state: PaperState,
    /// The date of the document that counts.
    pub dated: Option<Date>,
    /// Where that document was read.
    pub source: Option<String>,
    /// Why it is taken for what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The clause that asks for it.
    pub policy: String,
}

/// A request, checked, as it is shown.
pub(super) fn shown(case: &Case<'_>) -> CheckedRequest {
    let checked = rules::check(case);
    let cutoff = case.sitting.and_then(|sitting| sitting.cutoff.as_ref());
    let papers: Vec<PaperChecked> =
        case.papers().iter().map(|found| paper(found, checked.paper_state(found))).collect();
    CheckedRequest {
        papers,
        submission: case.submission.id.clone(),
        form: case.submission.form.to_string(),
        version: case.submission.version.to_string(),
        panel: case.profile.name.clone(),
        panel_title: case.profile.title.clone(),
        person: case.person.to_string(),
        sitting: case.sitting.map(|sitting| sitting.date),
        cutoff: cutoff.map(crate::panel::Cutoff::with_offset),
        kinds: case.kinds().iter().map(|kind| kind.title.clone()).collect(),
        mended: Vec::new(),
        person_id: case.person,
        content: case.submission.content_hash(),
        cutoff_in_words: cutoff.map(|cutoff| report::moment(&cutoff.at)),
        handed_on: handed_in(case.submission, case.office).map(|at| at.date()),
        checked_on: case.now.date(),
        handed_in: handed_in(case.submission, case.office).as_ref().map(in_order),
        late: case.handed_in().filter(|_| case.has_cutoff()).zip(cutoff).map(|(at, cutoff)| at > cutoff.at),
        verdict: checked.verdict,
        findings: checked.findings,
        waived: checked.waived,
        lapsed: checked.lapsed,
        renewed: checked.renewed,
    }
}

/// For when it was answered for, and why that does not count.
fn lapse(lapsed: &Lapsed) -> String {
    let sitting = lapsed.sitting.map_or_else(String::new, |day| format!(" for the sitting on {day}"));
    let until = lapsed.until;
    match lapsed.why {
        Lapse::Over => format!("answered for{sitting} until {until}, which has passed"),
        Lapse::AnotherSitting => format!("answered for{sitting}, and the request goes to another"),
        Lapse::NoFinding => format!("answered for{sitting} until {until}, and no finding is what it was given for"),
    }
}

fn paper(found: &PaperFound<'_>, state: PaperState) -> PaperChecked {
    let reading = found.document.and_then(|document| document.reading.as_ref());
    PaperChecked {
        kind: found.paper.kinds.first().map(ToString::to_string).unwrap_or_default(),
        title: found.paper.title.clone(),
        state,
        dated: found.document.and_then(|document| document.dated),
        source: found.document.map(|document| document.source.to_string()),
        evidence: reading.map(|reading| reading.evidence.clone()).unwrap_or_default(),
        policy: found.paper.policy.clone(),
    }
}

impl CheckedRequest {
    /// By when it must be in, as a person says it.
    pub fn closes_in_words(&self) -> Option<&str> {
        self.cutoff_in_words.as_deref()
    }

    /// Whether something blocks it.
    pub fn is_blocked(&self) -> bool {
        self.verdict != Verdict::Complete || self.blocking().next().is_some()
    }

    /// What blocks it, in words.
    pub(super) fn lacks(&self) -> Vec<String> {
        self.blocking().map(Finding::message).collect()
    }

    /// What does not block it and is said all the same, in words.
    pub(super) fn to_know(&self) -> Vec<String> {
        let others = self.findings.iter().filter(|finding| finding.severity != FindingSeverity::Blocking);
        others.map(Finding::message).collect()
    }

    /// What sorts requests as they came: those that are open come last.
    pub(super) fn handed_in_order(&self) -> (bool, &str) {
        (self.handed_in.is_none(), self.handed_in.as_deref().unwrap_or_default())
    }

    /// As the ledger keeps it.
    pub(super) fn stored(&self) -> Result<(SubmissionId, PersonId, StoredCheck), Failure> {
        let failed = |error: serde_json::Error| {
            let what = anyhow::Error::from(error).context(format!("keep the check of {}", self.submission));
            Failure::failed(what, "nothing was kept of it; the check can be made again")
        };
        // What is mended is said against the last check, and is no part of this one.
        let said = match self.mended.is_empty() {
            true => serde_json::to_string(self),
            false => serde_json::to_string(&Self { mended: Vec::new(), ..self.clone() }),
        };
        let said = said.map_err(failed)?;
        let booking = Booking {
            panel: self.panel.clone(),
            sitting: self.sitting,
            handed_in: self.handed_in.clone(),
            handed_on: self.handed_on,
            checked_on: self.checked_on,
            late: self.late,
        };
        // When it was handed in is not said, and is kept.
        let inputs = Sha256::digest(format!("{said}{:?}{:?}", booking.handed_in, booking.late)).into();
        let named = |finding: &Finding| (finding.code().as_str().to_owned(), finding.subject.to_string());
        let lacks = self.blocking().filter(|finding| finding.code().is_counted()).map(named);
        let against = self.blocking().filter(|finding| finding.code().effect() != Effect::IsLate).map(|finding| {
            let (code, subject) = named(finding);
            Against { code, subject, is_asked: finding.code().effect() == Effect::Asks }
        });
        let check = StoredCheck {
            content: self.content,
            inputs,
            verdict: self.verdict,
            findings: rules::to_json(&self.findings).map_err(failed)?,
            lacks: lacks.collect(),
            against: against.collect(),
            booking: Some(booking),
        };
        Ok((self.submission.clone(), self.person_id, check))
    }

    fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == FindingSeverity::Blocking)
    }

    pub(super) fn text(&self) -> String {
        let Self { submission, form, version, panel, person, verdict, .. } = self;
        let sitting = self.sitting.map_or_else(|| "no sitting".to_owned(), report::day);
        let cutoff = self.cutoff_in_words.as_ref().map_or_else(String::new, |cutoff| format!("; closes {cutoff}"));
        let mut text = format!("{submission}, person {person}: {verdict}\n");
        text.push_str(&format!("  {form} version {version} to {panel}, {sitting}{cutoff}\n"));
        for finding in &self.findings {
            text.push_str(&format!("  {:8}  {}: {}\n", finding.severity, finding.code(), finding.message()));
            text.push_str(&format!("            {}. [{}]\n", finding.help(), finding.policy));
        }
        for Waived { finding, role, reason, until, .. } in &self.waived {
            text.push_str(&format!("  waived    {}: {}\n", finding.code(), finding.message()));
            let role = role.replace('-', " ");
            text.push_str(&format!("            by the {role} until {until}: {}\n", reason.expose()));
        }
        for lapsed in &self.lapsed {
            let Lapsed { finding, role, by, reason, .. } = lapsed;
            let about = finding.as_ref().map_or_else(String::new, |name| format!("{}:{}, ", name.code, name.subject));
            text.push_str(&format!("  lapsed    {about}{}\n", lapse(lapsed)));
            let role = role.replace('-', " ");
            text.push_str(&format!("            by the {role}, entered by {by}: {}\n", reason.expose()));
        }
        for mended in &self.mended {
            text.push_str(&format!("  mended    {mended}\n"));
        }
        text
    }

    /// Each paper with the evidence: what one who asks about a single request wants to see.
    pub(super) fn papers_text(&self) -> String {
        let mut text = String::new();
        for paper in &self.papers {
            let dated = paper.dated.map_or_else(String::new, |dated| format!(", dated {dated}"));
            let source = paper.source.as_ref().map_or_else(String::new, |source| format!(", {source}"));
            text.push_str(&format!("  paper     {}: {}{dated}{source}\n", paper.title, paper.state.words()));
            if !paper.evidence.is_empty() {
                text.push_str(&format!("            because {}\n", paper.evidence.join("; ")));
            }
        }
        text
    }
}
