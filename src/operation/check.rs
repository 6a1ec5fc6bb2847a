//! `check` and `explain`: what each request still lacks.

use std::path::PathBuf;

use jiff::ZonedDateTime;
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::docket::{Docket, handed_in, in_order};
use super::installation::Installation;
use super::pack::{self, PackRead};
use super::{Actor, Failure};
use crate::calendar::{Clock, Office};
use crate::check::{self as rules, Case, Checked, KnownFacts, Stated};
use crate::config::Configuration;
use crate::domain::{Finding, FindingSeverity, OutcomeState, PanelName, PersonId, Submission, SubmissionId, Verdict};
use crate::ledger::{Booking, Selection, StoredCheck};
use crate::panel::{Profile, Sitting};
use crate::report;

/// Submissions that are held in memory at a time.
const PAGE: u32 = 500;

/// What is to be checked.
#[derive(Debug, Clone)]
pub enum CheckScope {
    /// One request, with what was handed in beside the record.
    Submission {
        /// Its id.
        id: SubmissionId,
        /// A folder, a zip file or a single file.
        pack: Option<PathBuf>,
    },
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
    /// Each paper that is asked for, and what is there.
    pub papers: Vec<PaperChecked>,
    /// What kinds of request it makes, as a person reads them.
    pub kinds: Vec<String>,
    /// Findings of the last check that are no more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mended: Vec<String>,
    #[serde(skip)]
    person_id: PersonId,
    #[serde(skip)]
    cutoff_in_words: Option<String>,
    #[serde(skip)]
    handed_in: Option<String>,
}

/// A paper that is asked for, and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaperChecked {
    /// The kind of document.
    pub kind: String,
    /// What a person is shown.
    pub title: String,
    /// How it stands: `there`, or the code of the finding about it.
    pub state: String,
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
    if let CheckScope::Submission { id, .. } = scope {
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
    match scope {
        CheckScope::Submission { id, pack } => checked_submission(installation, id, pack.as_ref(), stated),
        CheckScope::Panel { panel, sitting } => {
            let profile = installation.rules.panel(panel, &installation.configuration)?;
            let sitting = sitting.map(|date| sitting_on(installation, profile, date)).transpose()?;
            checked_panel(installation, profile, sitting.as_ref(), stated)
        }
        CheckScope::All => {
            let mut requests = Vec::new();
            let mut checks = Checking::new(installation, stated)?;
            for selection in everything(installation) {
                checks.expect_all(selection)?;
            }
            for mut selection in everything(installation) {
                while let Some(page) = page(installation, &mut selection)? {
                    for submission in &page {
                        requests.extend(checks.of(submission)?);
                    }
                }
            }
            Ok(requests)
        }
    }
}

/// Every open request that asks a panel, at one sitting or at the next that each can make.
pub(super) fn checked_panel(
    installation: &Installation,
    profile: &Profile,
    sitting: Option<&Sitting>,
    stated: &[StatedFact],
) -> Result<Vec<CheckedRequest>, Failure> {
    let selection = Selection { panel: Some(profile.name.clone()), ..Selection::default() };
    let mut checks = Checking::new(installation, stated)?;
    checks.expect_all(selection.clone())?;
    let mut requests = Vec::new();
    each_request(installation, selection, &mut |submission| {
        let office = installation.rules.office(&submission.authority)?;
        let meant = checks.docket.sitting(profile, submission, office, &checks.now_in(office));
        if sitting.is_none() || sitting.map(|sitting| sitting.date) == meant.map(|meant| meant.date) {
            requests.extend(checks.of(submission)?);
        }
        Ok(())
    })?;
    Ok(requests)
}

fn checked_submission(
    installation: &Installation,
    id: &SubmissionId,
    path: Option<&PathBuf>,
    stated: &[StatedFact],
) -> Result<Vec<CheckedRequest>, Failure> {
    let row = installation.ledger.submission(id)?;
    let submission = row.ok_or_else(|| Failure::unknown("submission", id, "submissions list"))?.submission;
    let Some(profile) = profile_of(installation, &submission) else {
        let help =
            "its form's mapping file names no panel, or the panel's file has a mistake: `tessera mappings verify`";
        return Err(Failure::usage(format_args!("{id} asks no panel that tessera knows"), help));
    };
    let mut checks = Checking::new(installation, stated)?;
    let office = installation.rules.office(&submission.authority)?;
    let now = checks.now_in(office);
    if let Some(sitting) = checks.docket.sitting(profile, &submission, office, &now) {
        checks.docket.expect_booked(installation, &profile.name, sitting.date)?;
    }
    checks.pack = path.map(|path| pack::read(installation, path, &submission, now.date())).transpose()?;
    let mut requests = checks.of(&submission)?;
    for request in &mut requests {
        let before = installation.ledger.last_check(id, request.person_id)?;
        let still: Vec<String> = request.findings.iter().map(Finding::fingerprint).collect();
        let gone = before.into_iter().flat_map(|before| before.findings);
        let gone = gone.filter(|finding| !still.contains(&finding.fingerprint()));
        request.mended = gone.map(|finding| format!("{}: {}", finding.code, finding.message)).collect();
    }
    Ok(requests)
}

/// Every authority of the configuration.
fn everything(installation: &Installation) -> Vec<Selection> {
    let authorities = installation.configuration.authorities.iter();
    authorities.map(|one| Selection { authority: Some(one.name.clone()), ..Selection::default() }).collect()
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
pub(super) fn page(installation: &Installation, selection: &mut Selection) -> Result<Option<Vec<Submission>>, Failure> {
    selection.requests = true;
    selection.open = true;
    selection.limit = PAGE;
    let rows = installation.ledger.submissions(selection)?;
    let Some(last) = rows.last() else { return Ok(None) };
    selection.after = Some(last.submission.id.clone());
    Ok(Some(rows.into_iter().map(|row| row.submission).collect()))
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

/// What the checks of one run share.
#[derive(Debug)]
pub(super) struct Checking<'i> {
    installation: &'i Installation,
    docket: Docket,
    stated: &'i [StatedFact],
    pack: Option<PackRead>,
}

impl<'i> Checking<'i> {
    pub(super) fn new(installation: &'i Installation, stated: &'i [StatedFact]) -> Result<Self, Failure> {
        let docket = Docket::new(&installation.rules, installation.clock)?;
        Ok(Self { installation, docket, stated, pack: None })
    }

    /// With the docket of an earlier part of the same run.
    pub(super) const fn with(installation: &'i Installation, docket: Docket) -> Self {
        Self { installation, docket, stated: &[], pack: None }
    }

    /// The docket, for a later part of the same run.
    pub(super) fn into_docket(self) -> Docket {
        self.docket
    }

    /// Counts who comes to each sitting, before anybody is told that one is full.
    pub(super) fn expect_all(&mut self, selection: Selection) -> Result<(), Failure> {
        self.docket.expect_all(self.installation, selection)
    }

    fn now_in(&self, office: &Office) -> ZonedDateTime {
        self.installation.clock.now_in(&office.zone)
    }

    /// Checks a request for each child that it is about; nothing where it asks no panel.
    pub(super) fn of(&self, submission: &Submission) -> Result<Vec<CheckedRequest>, Failure> {
        let Some(profile) = profile_of(self.installation, submission) else { return Ok(Vec::new()) };
        let Installation { rules, ledger, .. } = self.installation;
        let authority = &submission.authority;
        let office = rules.office(authority)?;
        let now = self.now_in(office);
        let form = rules.mappings.form(authority, &submission.form, &submission.version);
        let fields = form.map(crate::mapping::FormMapping::field_rules).unwrap_or_default();
        let sitting = self.docket.sitting(profile, submission, office, &now);
        let sitting = sitting.as_ref();
        let slot = sitting.and_then(|sitting| self.docket.slot(profile, submission, sitting, office));
        let said = self.stated_about(&submission.id)?;
        let mut requests = Vec::new();
        for person in &submission.people {
            let mut documents = ledger.documents(authority, *person)?;
            documents.extend(self.pack.iter().flat_map(|pack| pack.of(*person)));
            let events = ledger.events(authority, *person)?;
            let heard = ledger.heard_before(&profile.name, *person, &submission.id)?;
            let answers = form.map(|form| form.facts(submission)).unwrap_or_default();
            let on = sitting.map_or_else(|| now.date(), |sitting| sitting.date);
            let facts = KnownFacts::gather(profile, answers, &events, heard, &said, on);
            let twins = self.twins(profile, submission, *person)?;
            let case = Case {
                submission,
                person: *person,
                fields: &fields,
                documents: &documents,
                facts: &facts,
                profile,
                sitting,
                office,
                now: &now,
                slot,
                twins: &twins,
            };
            requests.push(shown(&case));
        }
        Ok(requests)
    }

    fn stated_about(&self, id: &SubmissionId) -> Result<Vec<Stated>, Failure> {
        let known = self.installation.ledger.stated_facts(id)?.into_iter();
        let known = known.filter(|(name, _)| self.stated.iter().all(|fact| fact.name != *name));
        Ok(known.map(|(name, value)| Stated { name, value }).chain(self.stated.iter().cloned()).collect())
    }

    /// Open requests that came before this one and ask the same panel the same for the same child.
    fn twins(
        &self,
        profile: &Profile,
        submission: &Submission,
        person: PersonId,
    ) -> Result<Vec<SubmissionId>, Failure> {
        let ledger = &self.installation.ledger;
        let mut twins = Vec::new();
        let others = ledger.submissions_about(&submission.authority, person)?;
        for other in others.into_iter().filter(|other| *other != submission.id) {
            let Some(row) = ledger.submission(&other)? else { continue };
            let other = row.submission;
            let is_open = other.status.is_request()
                && other.panel.as_ref() == Some(&profile.name)
                && !ledger.outcomes(Some(&other.id))?.iter().any(|row| row.outcome.state == OutcomeState::Approved);
            let kinds = |of: &Submission| {
                profile.requests.choices(of).into_iter().map(ToOwned::to_owned).collect::<Vec<String>>()
            };
            let (own, theirs) = (kinds(submission), kinds(&other));
            let same = own == theirs || own.iter().any(|kind| theirs.contains(kind));
            // The one that was started first is the one that counts.
            let before = (other.started_on, &other.id) < (submission.started_on, &submission.id);
            if is_open && same && before {
                twins.push(other.id);
            }
        }
        Ok(twins)
    }
}

/// A request, checked, as it is shown.
fn shown(case: &Case<'_>) -> CheckedRequest {
    let Checked { verdict, findings } = rules::check(case);
    let cutoff = case.sitting.and_then(|sitting| sitting.cutoff.as_ref());
    let papers = case.papers().into_iter().map(|found| {
        let kind = found.paper.kinds.first().map(ToString::to_string).unwrap_or_default();
        let about = |finding: &&Finding| finding.subject == kind && finding.code.starts_with("document-");
        let asked = |finding: &&Finding| {
            finding.code == "fact-unknown" && found.paper.condition.facts().any(|fact| *fact == finding.subject)
        };
        let finding = findings.iter().find(about);
        let finding = finding.or_else(|| findings.iter().find(asked).filter(|_| !found.is_there()));
        let state =
            finding.map_or(if found.is_the_form { "the-form" } else { "there" }, |finding| finding.code.as_str());
        let reading = found.document.and_then(|document| document.reading.as_ref());
        PaperChecked {
            state: state.to_owned(),
            title: found.paper.title.clone(),
            dated: found.document.and_then(|document| document.dated),
            source: found.document.map(|document| document.source.to_string()),
            evidence: reading.map(|reading| reading.evidence.clone()).unwrap_or_default(),
            policy: found.paper.policy.clone(),
            kind,
        }
    });
    CheckedRequest {
        papers: papers.collect(),
        submission: case.submission.id.clone(),
        form: case.submission.form.to_string(),
        version: case.submission.version.to_string(),
        panel: case.profile.name.clone(),
        person: case.person.to_string(),
        sitting: case.sitting.map(|sitting| sitting.date),
        cutoff: cutoff.map(crate::panel::Cutoff::with_offset),
        kinds: case.kinds().iter().map(|kind| kind.title.clone()).collect(),
        mended: Vec::new(),
        person_id: case.person,
        cutoff_in_words: cutoff.map(|cutoff| report::moment(&cutoff.at)),
        handed_in: handed_in(case.submission, case.office).as_ref().map(in_order),
        verdict,
        findings,
    }
}

impl CheckedRequest {
    /// Whether something blocks it.
    pub fn is_blocked(&self) -> bool {
        self.verdict != Verdict::Complete
            || self.findings.iter().any(|finding| finding.severity == FindingSeverity::Blocking)
    }

    /// What blocks it, in words.
    pub(super) fn lacks(&self) -> Vec<String> {
        let blocking = self.findings.iter().filter(|finding| finding.severity == FindingSeverity::Blocking);
        blocking.map(|finding| finding.message.clone()).collect()
    }

    /// What sorts requests as they came: those that are open come last.
    pub(super) fn handed_in_order(&self) -> (bool, &str) {
        (self.handed_in.is_none(), self.handed_in.as_deref().unwrap_or_default())
    }

    /// As the ledger keeps it.
    pub(super) fn stored(&self) -> (SubmissionId, PersonId, StoredCheck) {
        let said = serde_json::to_string(self).unwrap_or_default();
        let inputs = Sha256::digest(said).into();
        let booking = self.sitting.map(|sitting| Booking {
            panel: self.panel.clone(),
            sitting,
            handed_in: self.handed_in.clone(),
        });
        let check = StoredCheck { inputs, verdict: self.verdict, findings: self.findings.clone(), booking };
        (self.submission.clone(), self.person_id, check)
    }

    fn text(&self) -> String {
        let Self { submission, form, version, panel, person, verdict, .. } = self;
        let sitting = self.sitting.map_or_else(|| "no sitting".to_owned(), report::day);
        let cutoff = self.cutoff_in_words.as_ref().map_or_else(String::new, |cutoff| format!("; closes {cutoff}"));
        let mut text = format!("{submission}, person {person}: {verdict}\n");
        text.push_str(&format!("  {form} version {version} to {panel}, {sitting}{cutoff}\n"));
        for finding in &self.findings {
            text.push_str(&format!("  {:8}  {}: {}\n", finding.severity, finding.code, finding.message));
            text.push_str(&format!("            {}. [{}]\n", finding.help, finding.policy));
        }
        for mended in &self.mended {
            text.push_str(&format!("  mended    {mended}\n"));
        }
        text
    }

    /// Each paper with the evidence: what one who asks about a single request wants to see.
    fn papers_text(&self) -> String {
        let mut text = String::new();
        for paper in &self.papers {
            let dated = paper.dated.map_or_else(String::new, |dated| format!(", dated {dated}"));
            let source = paper.source.as_ref().map_or_else(String::new, |source| format!(", {source}"));
            text.push_str(&format!(
                "  paper     {}: {}{dated}{source}\n",
                paper.title,
                report::paper_state(&paper.state)
            ));
            if !paper.evidence.is_empty() {
                text.push_str(&format!("            because {}\n", paper.evidence.join("; ")));
            }
        }
        text
    }
}

impl CheckReport {
    /// How many requests something blocks.
    pub fn blocked(&self) -> usize {
        self.requests.iter().filter(|request| request.is_blocked()).count()
    }

    /// The requests as a person reads them.
    pub fn text(&self, with_papers: bool) -> String {
        let mut text = String::new();
        for request in &self.requests {
            text.push_str(&request.text());
            if with_papers {
                text.push_str(&request.papers_text());
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
