//! `check` and `explain`: what each request still lacks.

use std::path::PathBuf;

use jiff::ZonedDateTime;
use jiff::civil::Date;
use serde::Serialize;

use super::checked_request::CheckedRequest;
use super::docket::Docket;
use super::installation::{Installation, Writing as _};
use super::pack;
use super::panels::does_not_sit;
use super::prepared::{Child, Others, Prepared};
use super::seen::seen_on;
use super::waiver::renew_waivers;
use super::{Failure, FailureKind, Mistake, Thing};
use crate::calendar::Office;
use crate::check::{self as rules, Code, Finding, KnownFacts, Stated, StoredFinding};
use crate::domain::{OutcomeState, PersonId, Submission, SubmissionId};
use crate::ledger::{LastCheck, Selection, StoredCheck};
use crate::log;
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

impl CheckScope {
    /// What was looked at, for the trail.
    fn subject(&self) -> String {
        match self {
            Self::Submission { id, .. } => id.to_string(),
            Self::Panel { panel, sitting: Some(sitting) } => format!("requests {panel} {sitting}"),
            Self::Panel { panel, sitting: None } => format!("requests {panel}"),
            Self::All => "every request".to_owned(),
        }
    }
}

/// A fact that a person states.
pub type StatedFact = Stated;

/// What a check has said.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// Each request, in order of id.
    pub requests: Vec<CheckedRequest>,
    /// Mistakes in mapping files: requests that hang on them were not checked.
    pub mistakes: Vec<Mistake>,
}

/// What a code means.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The code.
    pub code: String,
    /// What it means and what to do.
    pub text: String,
}

impl Installation {
    /// Checks requests.
    pub fn check(&mut self, scope: &CheckScope, stated: &[StatedFact]) -> Result<CheckReport, Failure> {
        known_facts(self, stated)?;
        let requests = checked(self, scope, stated)?;
        self.viewed(&scope.subject(), &seen_on(&requests))?;
        if stated.is_empty() {
            renew_waivers(self, &requests)?;
        }
        if let CheckScope::Submission { id, .. } = scope
            && !stated.is_empty()
        {
            self.atomically(|all| {
                for fact in stated {
                    all.ledger.state_fact(id, &fact.name, fact.value, &all.actor)?;
                }
                keep_check(all, id)
            })?;
            stated.iter().for_each(|_| log::info!("A fact was stated.", submission = id));
        }
        Ok(CheckReport { requests, mistakes: self.rules.own_mistakes(&self.configuration) })
    }

    /// States facts about a request. Lists and later checks count them from now on.
    pub fn state_facts(&mut self, id: &SubmissionId, stated: &[StatedFact]) -> Result<CheckReport, Failure> {
        self.check(&CheckScope::Submission { id: id.clone(), pack: None }, stated)
    }
}

/// A fact that nothing hangs on is a slip.
fn known_facts(installation: &Installation, stated: &[StatedFact]) -> Result<(), Failure> {
    let rules = &installation.rules;
    let by_forms = rules.mappings.authorities().flat_map(|authority| rules.mappings.forms(&authority.name));
    let by_forms = by_forms.flat_map(crate::mapping::FormMapping::fact_names);
    let by_panels = rules.panels.values().flat_map(|profile| profile.facts.keys().map(String::as_str));
    let known: std::collections::BTreeSet<&str> = by_forms.chain(by_panels).collect();
    let Some(slip) = stated.iter().find(|fact| !known.contains(fact.name.as_str())) else { return Ok(()) };
    let near = crate::diagnostic::nearest(&slip.name, known.iter().copied());
    let help = near.map_or_else(
        || "`tessera check` names the facts that it asks for".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    Err(Failure::invalid(format_args!("nothing hangs on a fact `{}`", slip.name), help)
        .on_page("One of the questions is not asked any more. Nothing was saved.", "Open the request again."))
}

/// What a code means.
pub fn explain(code: &str) -> Result<Explanation, Failure> {
    let code = known_code(code, FailureKind::NotFound)?;
    Ok(Explanation { code: code.as_str().to_owned(), text: code.explanation() })
}

/// The code of a name, or a failure of a kind.
pub(super) fn known_code(code: &str, kind: FailureKind) -> Result<Code, Failure> {
    Code::parse(code).ok_or_else(|| {
        let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let near = crate::diagnostic::nearest(code, all.iter().copied());
        let help = near
            .map_or_else(|| format!("the codes are: {}", all.join(", ")), |meant| format!("did you mean `{meant}`?"));
        Failure::new(kind, anyhow::anyhow!("there is no code `{code}`"), help)
    })
}

/// Checks what the scope asks for.
fn checked(
    installation: &Installation,
    scope: &CheckScope,
    stated: &[StatedFact],
) -> Result<Vec<CheckedRequest>, Failure> {
    match scope {
        CheckScope::Submission { id, pack: None } => checked_submission(installation, id, stated),
        CheckScope::Submission { id, pack: Some(path) } => {
            let looked = pack::look(installation, &installation.pack_reader()?, id, path, stated, None)?;
            Ok(looked.checked.requests)
        }
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

/// One request, as it stands on the record and with what was kept with it.
pub(super) fn checked_submission(
    installation: &Installation,
    id: &SubmissionId,
    stated: &[StatedFact],
) -> Result<Vec<CheckedRequest>, Failure> {
    let submission = requested(installation, id)?;
    let mut requests = Checking::of_one(installation, &submission, stated)?.of(&submission)?;
    requests.iter_mut().try_for_each(|request| mend(installation, request))?;
    Ok(requests)
}

/// A request that asks a panel.
pub(super) fn requested(installation: &Installation, id: &SubmissionId) -> Result<Submission, Failure> {
    let row = installation.submission(id)?;
    let submission = row.ok_or_else(|| Failure::not_found(Thing::Submission, id))?.submission;
    if profile_of(installation, &submission).is_none() {
        let help =
            "its form's mapping file names no panel, or the panel's file has a mistake: `tessera mappings verify`";
        return Err(Failure::invalid(format_args!("{id} asks no panel that tessera knows"), help).on_page(
            "This request is for no panel that is set up here, so that it cannot be checked. Nothing was changed.",
            "Ask whoever looks after tessera.",
        ));
    }
    Ok(submission)
}

/// Keeps what the check says of an open request now, as `sync` does, so that lists agree with what was just shown.
pub(super) fn keep_check(installation: &mut Installation, id: &SubmissionId) -> Result<(), Failure> {
    let submission = requested(installation, id)?;
    let requests = Checking::of_one(installation, &submission, &[])?.of(&submission)?;
    renew_waivers(installation, &requests)?;
    let mut outcomes = installation.ledger.outcomes(Some(id))?.into_iter();
    let is_decided = outcomes.any(|row| row.outcome.state == OutcomeState::Approved);
    if !submission.status.is_request() || is_decided {
        return Ok(());
    }
    let checks = requests.iter().map(CheckedRequest::stored).collect::<Result<Vec<_>, _>>()?;
    Ok(installation.ledger.keep_checks(&checks, &installation.actor)?)
}

/// What a check says of a request for one of its children, as it is kept.
pub(super) type Stored = (SubmissionId, PersonId, StoredCheck);

/// What the check stood on that was kept when a later one was made; `None` where none was kept.
pub(super) type Before = Option<[u8; 32]>;

/// Keeps checks that were made while others went on: where somebody has kept another since, with a fact or a paper that
/// these know nothing of, theirs stays. So does a waiver that somebody has changed since; the others stand as these
/// checks have found them. For each of the checks: whether it was kept.
pub(super) fn keep_newer(
    installation: &mut Installation,
    checks: &[(Stored, Before)],
    renewed: &[CheckedRequest],
) -> Result<Vec<bool>, Failure> {
    if checks.is_empty() && renewed.is_empty() {
        return Ok(Vec::new());
    }
    installation.atomically(|all| {
        renew_waivers(all, renewed)?;
        let (mut still, mut kept) = (Vec::new(), Vec::new());
        for (stored, before) in checks {
            let now = all.ledger.last_check(&stored.0, stored.1)?.map(|check| check.inputs);
            kept.push(now == *before);
            still.extend((now == *before).then(|| stored.clone()));
        }
        all.ledger.keep_checks(&still, &all.actor)?;
        Ok(kept)
    })
}

/// Says what the last check has found of a request and this one finds no more.
pub(super) fn mend(installation: &Installation, request: &mut CheckedRequest) -> Result<(), Failure> {
    let Some(before) = installation.ledger.last_check(&request.submission, request.person_id)? else { return Ok(()) };
    request.mended = mended(request, &before)?.iter().map(StoredFinding::text).collect();
    Ok(())
}

/// What an earlier check has found of a request and this one finds no more, answered for or not.
pub(super) fn mended(request: &CheckedRequest, before: &LastCheck) -> Result<Vec<StoredFinding>, Failure> {
    let waived = request.waived.iter().map(|waived| &waived.finding);
    let still: Vec<&Finding> = request.findings.iter().chain(waived).collect();
    let found = rules::from_json(&before.findings).map_err(|error| {
        let what = anyhow::Error::from(error).context(format!("read the last check of {}", request.submission));
        Failure::failed(what, "`tessera audit verify` says whether the ledger is whole")
    })?;
    Ok(found.into_iter().filter(|finding| !finding.is_among(&still)).collect())
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
    profile.sitting_on(date, office).ok_or_else(|| does_not_sit(profile, date, office, None))
}

/// What the checks of one run share.
#[derive(Debug)]
pub(super) struct Checking<'i> {
    installation: &'i Installation,
    docket: Docket,
    stated: &'i [StatedFact],
}

impl<'i> Checking<'i> {
    pub(super) fn new(installation: &'i Installation, stated: &'i [StatedFact]) -> Result<Self, Failure> {
        let docket = Docket::new(&installation.rules, installation.clock)?;
        Ok(Self { installation, docket, stated })
    }

    /// For one request: whoever was expected at its sitting by the last checks is expected.
    pub(super) fn of_one(
        installation: &'i Installation,
        submission: &Submission,
        stated: &'i [StatedFact],
    ) -> Result<Self, Failure> {
        let mut checks = Self::new(installation, stated)?;
        checks.expect_with(submission)?;
        Ok(checks)
    }

    /// With the docket of an earlier part of the same run.
    pub(super) const fn with(installation: &'i Installation, docket: Docket) -> Self {
        Self { installation, docket, stated: &[] }
    }

    /// The docket, for a later part of the same run.
    pub(super) fn into_docket(self) -> Docket {
        self.docket
    }

    /// Counts who comes to each sitting, before anybody is told that one is full.
    pub(super) fn expect_all(&mut self, selection: Selection) -> Result<(), Failure> {
        self.docket.expect_all(self.installation, selection)
    }

    /// Expects whom the last checks have at the sitting that a request is meant for. Only slots are given by that.
    pub(super) fn expect_with(&mut self, submission: &Submission) -> Result<(), Failure> {
        let installation = self.installation;
        let Some(profile) = profile_of(installation, submission) else { return Ok(()) };
        let office = installation.rules.office(&submission.authority)?;
        let sitting = self.docket.sitting(profile, submission, office, &self.now_in(office));
        let Some(sitting) = sitting.filter(|sitting| profile.slots(sitting).is_some()) else { return Ok(()) };
        self.docket.expect_booked(installation, &profile.name, sitting.date)
    }

    fn now_in(&self, office: &Office) -> ZonedDateTime {
        self.installation.clock.now_in(&office.zone)
    }

    /// Checks a request for each child that it is about, for the sitting that it is meant for; nothing where it asks no
    /// panel.
    pub(super) fn of(&self, submission: &Submission) -> Result<Vec<CheckedRequest>, Failure> {
        let Some(profile) = profile_of(self.installation, submission) else { return Ok(Vec::new()) };
        let office = self.installation.rules.office(&submission.authority)?;
        let sitting = self.docket.sitting(profile, submission, office, &self.now_in(office));
        self.at(submission, sitting.as_ref())
    }

    /// Checks a request for a sitting.
    pub(super) fn at(
        &self,
        submission: &Submission,
        sitting: Option<&Sitting>,
    ) -> Result<Vec<CheckedRequest>, Failure> {
        let prepared = self.prepared_at(submission, sitting)?;
        Ok(prepared.map(|prepared| prepared.checked(|_| Vec::new())).unwrap_or_default())
    }

    /// A request with all that is known of it, for the sitting that it is meant for; `None` where it asks no panel.
    pub(super) fn prepared<'c>(&'c self, submission: &'c Submission) -> Result<Option<Prepared<'c>>, Failure> {
        let Some(profile) = profile_of(self.installation, submission) else { return Ok(None) };
        let office = self.installation.rules.office(&submission.authority)?;
        let sitting = self.docket.sitting(profile, submission, office, &self.now_in(office));
        self.prepared_at(submission, sitting.as_ref())
    }

    fn prepared_at<'c>(
        &'c self,
        submission: &'c Submission,
        sitting: Option<&Sitting>,
    ) -> Result<Option<Prepared<'c>>, Failure> {
        let Some(profile) = profile_of(self.installation, submission) else { return Ok(None) };
        let Installation { rules, ledger, .. } = self.installation;
        let authority = &submission.authority;
        let office = rules.office(authority)?;
        let now = self.now_in(office);
        let form = rules.mappings.form(authority, &submission.form, &submission.version);
        let fields = form.map(crate::mapping::FormMapping::field_rules).unwrap_or_default();
        let slot = sitting.and_then(|sitting| self.docket.slot(profile, submission, sitting, office));
        let said = self.stated_about(&submission.id)?;
        let kept = ledger.kept_papers(&submission.id)?;
        let mut children = Vec::new();
        for person in &submission.people {
            let mut documents = ledger.documents(authority, *person)?;
            let own = kept.iter().filter(|row| row.document.person == *person);
            documents.extend(own.map(|row| pack::as_kept(row, office)));
            let events = ledger.events(authority, *person)?;
            let heard = ledger.heard_before(&profile.name, *person, &submission.id)?;
            let answers = form.map(|form| form.facts(submission)).unwrap_or_default();
            let on = sitting.map_or_else(|| now.date(), |sitting| sitting.date);
            children.push(Child {
                person: *person,
                documents,
                facts: KnownFacts::gather(profile, answers, &events, heard, &said, on),
                others: self.others(profile, submission, *person)?,
                waivers: ledger.waivers(&submission.id, *person)?,
            });
        }
        Ok(Some(Prepared { submission, profile, office, fields, now, sitting: sitting.cloned(), slot, children }))
    }

    fn stated_about(&self, id: &SubmissionId) -> Result<Vec<Stated>, Failure> {
        let known = self.installation.ledger.stated_facts(id)?.into_iter();
        let known = known.filter(|(name, _)| self.stated.iter().all(|fact| fact.name != *name));
        Ok(known.map(|(name, value)| Stated { name, value }).chain(self.stated.iter().cloned()).collect())
    }

    /// What else is open about a child: requests that came before this one and ask the same panel the same, and forms.
    fn others(&self, profile: &Profile, submission: &Submission, person: PersonId) -> Result<Others, Failure> {
        let ledger = &self.installation.ledger;
        let mut found = Others::default();
        let others = ledger.submissions_about(&submission.authority, person)?;
        for other in others.into_iter().filter(|other| *other != submission.id) {
            let Some(row) = ledger.submission(&other)? else { continue };
            let other = row.submission;
            let is_decided = || {
                let outcomes = ledger.outcomes(Some(&other.id))?;
                Ok::<_, Failure>(outcomes.iter().any(|row| row.outcome.state == OutcomeState::Approved))
            };
            if !other.status.is_request() || is_decided()? {
                continue;
            }
            found.forms.push(other.form.clone());
            let (own, theirs) = (profile.requests.choices(submission), profile.requests.choices(&other));
            let same = own == theirs || own.iter().any(|kind| theirs.contains(kind));
            // The one that was started first is the one that counts.
            let before = (other.started_on, &other.id) < (submission.started_on, &submission.id);
            if other.panel.as_ref() == Some(&profile.name) && same && before {
                found.twins.push(other.id);
            }
        }
        Ok(found)
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
        let mut advice = self.requests_in_short();
        if !self.mistakes.is_empty() {
            let mistakes = report::count(self.mistakes.len(), "mistake");
            advice.push(format!(
                "{mistakes} in mapping files: requests that hang on them were not checked. `tessera mappings verify` says more."
            ));
        }
        advice
    }

    fn requests_in_short(&self) -> Vec<String> {
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
