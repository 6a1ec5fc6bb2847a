//! Every panel's profile, proved: for each kind of request a pack that is complete, and one for each thing that can be
//! missing or wrong, with exactly what the check says of it. All of it is made from the profiles and forms themselves,
//! so that a profile that cannot be tried fails, and one more profile is one more proof.

mod dates;
mod followed;
mod paper;
mod trial;
mod year;

use jiff::tz::TimeZone;
use jiff::{ToSpan as _, ZonedDateTime};

use self::paper::{Sheet, docx};
use self::trial::{Asked, Trial};
use super::installation::Rulebook;
use crate::domain::{FactValue, FindingSeverity, Value, Verdict};
use crate::mapping::{FieldType, FormMapping};
use crate::pack::Vocabulary;
use crate::panel::{Hearing, Paper, Profile, RequestKind};

fn rules() -> Rulebook {
    let rules = Rulebook::of(None).unwrap();
    assert!(rules.mistakes.is_empty(), "{:?}", rules.mistakes);
    rules
}

fn now() -> ZonedDateTime {
    "2027-02-03T09:00:00Z"
        .parse::<jiff::Timestamp>()
        .unwrap()
        .to_zoned_datetime(TimeZone::get("Europe/London").unwrap())
}

/// Shows every way in which a panel can be asked: each form, each version, each kind of request that it can name.
fn each_way<'w>(rules: &'w Rulebook, profile: &'w Profile, mut take: impl FnMut(Asked<'w>)) {
    let authority = rules.authority(&profile.name.authority()).unwrap();
    let office = rules.office(&profile.name.authority()).unwrap();
    for form in rules.mappings.forms(&authority.name).filter(|form| form.panels().any(|panel| *panel == profile.name)) {
        let mut asked = |kind: Option<&'w RequestKind>| take(Asked { profile, form, kind, authority, office });
        match &profile.requests.field {
            None => asked(None),
            Some(field) => kinds_on(profile, form, field).into_iter().for_each(|kind| asked(Some(kind))),
        }
    }
}

/// The kinds of request that a form can name.
fn kinds_on<'p>(profile: &'p Profile, form: &FormMapping, field: &str) -> Vec<&'p RequestKind> {
    let choices = form.fields.iter().find(|known| *known.name == *field).map(|known| known.choices.as_slice());
    let choices = choices.unwrap_or_default();
    let named = profile.requests.kinds.iter().filter(|kind| choices.iter().any(|(_, choice)| **choice == *kind.name));
    named.collect()
}

/// What a finding is known by.
type Told = (String, String, FindingSeverity, String);

fn told(trial: &Trial<'_>) -> (Verdict, Vec<Told>) {
    let checked = trial.check();
    let findings = checked.findings.into_iter();
    let findings =
        findings.map(|one| (one.code().as_str().to_owned(), one.subject.to_string(), one.severity, one.policy));
    (checked.verdict, findings.collect())
}

/// A trial, what was done to it, and what is to be said of it.
struct Proof {
    mistakes: Vec<String>,
    tried: usize,
}

impl Proof {
    fn hold(&mut self, trial: &Trial<'_>, what: &str, mut wanted: Vec<Told>) {
        self.tried += 1;
        wanted.sort();
        let (verdict, mut found) = told(trial);
        // What is good to know whatever the pack holds is not what is tried here.
        let is_by_the_way =
            |told: &Told| ["wrong-panel", "outside-sittings", "retrospective-due"].contains(&told.0.as_str());
        found.retain(|told| told.2 != FindingSeverity::Advice || !is_by_the_way(told));
        found.sort();
        let blocks = wanted.iter().any(|(_, _, severity, _)| *severity == FindingSeverity::Blocking);
        let is_asked = |told: &Told| told.0 == "fact-unknown" || told.2 != FindingSeverity::Blocking;
        let expected = match blocks {
            _ if wanted.iter().any(|told| told.0 == "late-submission") => Verdict::Late,
            false => Verdict::Complete,
            true if wanted.iter().all(is_asked) => Verdict::Unknown,
            true => Verdict::Incomplete,
        };
        if found != wanted || verdict != expected {
            let Asked { profile, form, kind, .. } = trial.asked;
            let kind = kind.map(|kind| kind.name.as_str()).unwrap_or_default();
            self.mistakes.push(format!(
                "{} {kind} on {}: {what}: wanted {expected} {wanted:?}, found {verdict} {found:?}",
                profile.name, form.path
            ));
        }
    }
}

fn blocking(code: &str, subject: impl ToString, policy: &str) -> Told {
    (code.to_owned(), subject.to_string(), FindingSeverity::Blocking, policy.to_owned())
}

fn of(code: &str, paper: &Paper, severity: FindingSeverity) -> Told {
    (code.to_owned(), paper.kinds[0].to_string(), severity, paper.policy.clone())
}

/// A request with the pack that it needs; nothing where this kind always belongs elsewhere.
fn complete<'w>(asked: Asked<'w>, condition: Option<&crate::panel::Condition>) -> Option<Trial<'w>> {
    let mut trial = Trial::new(asked, &now());
    if !trial.settle() || condition.is_some_and(|condition| !trial.make(condition)) || !trial.settle() {
        return None;
    }
    trial.bring_all();
    Some(trial)
}

#[test]
fn every_panel_can_be_asked_and_every_kind_can_be_named() {
    let rules = rules();
    for (name, profile) in &rules.panels {
        let mut named: Vec<String> = Vec::new();
        let mut ways = 0;
        each_way(&rules, profile, |asked| {
            ways += 1;
            named.extend(asked.kind.map(|kind| kind.name.clone()));
        });
        let tracks_only = profile.requests.kinds.is_empty() && profile.requests.paperwork.is_empty();
        assert!(ways > 0 || tracks_only, "no form asks {name}");
        if profile.requests.field.is_some() {
            for kind in &profile.requests.kinds {
                assert!(named.contains(&kind.name), "no form of {name} can name {}", kind.name);
            }
        }
        assert!(profile.schedule.is_some(), "{name} has no schedule");
        for paper in profile.requests.kinds.iter().flat_map(|kind| &kind.paperwork).chain(&profile.requests.paperwork) {
            assert!(!paper.policy.is_empty(), "{name}: {} has no clause", paper.title);
        }
    }
}

#[test]
fn every_name_of_a_document_is_recognised_as_what_it_is() {
    let rules = rules();
    for authority in rules.mappings.authorities() {
        let vocabulary = Vocabulary::new(authority.document_names());
        for (name, kind) in authority.document_names() {
            assert_eq!(vocabulary.kind_of(name), Some(kind), "{}: {name}", authority.name);
        }
    }
}

#[test]
fn every_kind_of_request_has_a_pack_that_is_complete() {
    let (rules, mut proof) = (rules(), Proof { mistakes: Vec::new(), tried: 0 });
    for profile in rules.panels.values() {
        each_way(&rules, profile, |asked| match complete(asked, None) {
            Some(trial) => proof.hold(&trial, "complete", Vec::new()),
            None => proof.mistakes.push(format!(
                "{} {:?}: never the right panel",
                profile.name,
                asked.kind.map(|kind| &kind.name)
            )),
        });
    }
    assert!(proof.mistakes.is_empty(), "{}", proof.mistakes.join("\n"));
    assert!(proof.tried >= 70, "only {} kinds of request", proof.tried);
}

#[test]
fn every_paper_that_is_missing_or_wrong_is_said() {
    let (rules, mut proof) = (rules(), Proof { mistakes: Vec::new(), tried: 0 });
    for profile in rules.panels.values() {
        each_way(&rules, profile, |asked| {
            let Some(base) = complete(asked, None) else { return };
            for paper in base.all_papers() {
                let is_the_form = paper.forms.iter().any(|form| **form == *asked.form.form);
                let Some(trial) = complete(asked, Some(&paper.condition)).filter(|_| !is_the_form) else { continue };
                proof.hold(&trial, &format!("with {}", paper.title), Vec::new());
                wrong_papers(&trial, paper, &mut proof);
                unknown_need(&trial, paper, &mut proof);
            }
        });
    }
    assert!(proof.mistakes.is_empty(), "{} of {}:\n{}", proof.mistakes.len(), proof.tried, proof.mistakes.join("\n"));
    assert!(proof.tried > 1_000, "only {} packs", proof.tried);
}

/// Everything that can be wrong with one paper of a pack.
fn wrong_papers(trial: &Trial<'_>, paper: &Paper, proof: &mut Proof) {
    let title = &paper.title;
    let Some(kind) = trial.kind_of(paper) else {
        return proof.mistakes.push(format!("{}: nothing stands for {title}", trial.asked.profile.name));
    };
    // Papers that the same document stands for are found wrong together.
    let alike = |code: &str| -> Vec<Told> {
        let asked = trial.papers().into_iter().filter(|other| trial.kind_of(other).as_ref() == Some(&kind));
        let missed = asked.filter(|other| code != "document-missing" || !other.is_only_welcome());
        let mut told: Vec<Told> = missed.map(|other| of(code, other, other.severity)).collect();
        told.sort();
        told.dedup();
        told
    };
    let good: Sheet = trial.sheet(&kind);
    let with = |sheet: &Sheet| trial.with(&kind, Some(docx(sheet)));
    proof.hold(&trial.with(&kind, None), &format!("without {title}"), alike("document-missing"));
    ages(trial, paper, &good, proof, &alike, &with);
    if let Some(pages_max) = paper.pages_max {
        let long = with(&Sheet { pages: pages_max + 1, ..good.clone() });
        proof.hold(&long, &format!("{title} too long"), alike("document-too-long"));
    }
    let anothers = with(&Sheet { person: "100002".to_owned(), ..good.clone() });
    let mut told = alike("document-missing");
    told.push(blocking("document-wrong-child", &kind, &trial.asked.profile.policy));
    proof.hold(&anothers, &format!("another child's {title}"), told);
    let spoiled: [(&str, Vec<u8>); 3] = [
        ("document-empty", Vec::new()),
        ("document-unreadable", docx(&good).into_iter().take(300).collect()),
        ("document-encrypted", locked()),
    ];
    // One file has one such finding: about the paper that is asked for first.
    let hangs = trial.papers().into_iter().find(|other| trial.kind_of(other).as_ref() == Some(&kind));
    let (severity, policy) = hangs.map_or((paper.severity, &paper.policy), |first| (first.severity, &first.policy));
    for (code, bytes) in spoiled {
        let told = (code.to_owned(), kind.to_string(), severity, policy.clone());
        proof.hold(&trial.with(&kind, Some(bytes)), &format!("{title}: {code}"), vec![told]);
    }
    if let Some(file) = trial.files.iter().find(|file| file.kind == kind) {
        let mut twice = trial.clone();
        twice.files.push(trial::File { name: format!("Copy of {}", file.name), ..file.clone() });
        let told = ("document-duplicate".to_owned(), kind.to_string(), FindingSeverity::Advice, policy.clone());
        let (_, found) = self::told(&twice);
        proof.tried += 1;
        if !found.iter().any(|one| one.0 == told.0 && one.1 == told.1) {
            proof.mistakes.push(format!("{}: {title} twice: {found:?}", trial.asked.profile.name));
        }
    }
}

/// Too old by a day, and not yet; and without a date.
fn ages<'w>(
    trial: &Trial<'w>,
    paper: &Paper,
    good: &Sheet,
    proof: &mut Proof,
    alike: &dyn Fn(&str) -> Vec<Told>,
    with: &dyn Fn(&Sheet) -> Trial<'w>,
) {
    let (Some(fresh_for), Some(sitting)) = (paper.fresh_for, &trial.sitting) else { return };
    let title = &paper.title;
    let oldest = sitting.date.saturating_sub(fresh_for);
    let last_good = with(&Sheet { dated: Some(oldest.min(trial.now.date())), ..good.clone() });
    proof.hold(&last_good, &format!("{title} on its last good day"), Vec::new());
    if oldest <= trial.now.date() {
        let stale = with(&Sheet { dated: Some(oldest.saturating_sub(1.days())), ..good.clone() });
        proof.hold(&stale, &format!("{title} too old"), alike("document-stale"));
    }
    let undated = with(&Sheet { dated: None, ..good.clone() });
    let told = alike("document-undated").into_iter();
    let told =
        told.map(|(code, subject, severity, policy)| (code, subject, severity.max(FindingSeverity::Warning), policy));
    proof.hold(&undated, &format!("{title} without a date"), told.collect());
}

/// A document of Office with a password: a compound file that holds an encrypted package ([MS-OFFCRYPTO], 2.3.4).
fn locked() -> Vec<u8> {
    use std::io::Write as _;
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    file.create_stream("/EncryptionInfo").unwrap().write_all(&[4, 0, 4, 0]).unwrap();
    file.create_stream("/EncryptedPackage").unwrap().write_all(&[0; 64]).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// Where it is not known whether a paper is needed, it is asked, and only of what hangs on it.
fn unknown_need(trial: &Trial<'_>, paper: &Paper, proof: &mut Proof) {
    let Some(fact) = paper.condition.when.iter().find(|fact| {
        let only = crate::panel::Condition { when: vec![(*fact).clone()], unless: Vec::new() };
        trial.holds(&only) == FactValue::Yes
    }) else {
        return;
    };
    let mut open = trial.clone();
    open.files.retain(|file| !paper.kinds.contains(&file.kind));
    if !open.leave_open(fact) {
        return;
    }
    let (verdict, found) = told(&open);
    proof.tried += 1;
    let asked = (String::from("fact-unknown"), fact.clone(), paper.severity, paper.policy.clone());
    let is_unknown = paper.severity != FindingSeverity::Blocking || verdict != Verdict::Complete;
    if paper.severity != FindingSeverity::Advice && (!found.contains(&asked) || !is_unknown) {
        proof
            .mistakes
            .push(format!("{}: {} without {fact}: {verdict} {found:?}", trial.asked.profile.name, paper.title));
    }
}

#[test]
fn every_answer_that_a_form_must_give_is_asked_for() {
    let (rules, mut proof) = (rules(), Proof { mistakes: Vec::new(), tried: 0 });
    for profile in rules.panels.values() {
        each_way(&rules, profile, |asked| {
            let Some(base) = complete(asked, None) else { return };
            for field in asked.form.fields.iter().filter(|field| !field.is_outcome && field.kind != FieldType::Table) {
                let when = crate::panel::Condition { when: field.required_when.clone(), unless: Vec::new() };
                let is_asked_when = !field.required_when.is_empty();
                let mut trial = base.clone();
                let is_asked = field.required || (is_asked_when && trial.make(&when) && trial.settle());
                if !is_asked {
                    continue;
                }
                trial.bring_all();
                trial.answers.insert(field.name.clone(), Value::Blank);
                let (_, found) = told(&trial);
                proof.tried += 1;
                let wanted = |told: &Told| told.0 == "answer-missing" && told.1 == *field.name;
                if !found.iter().any(wanted) {
                    proof.mistakes.push(format!("{}: nobody asks for {}: {found:?}", asked.form.path, field.name));
                }
            }
        });
    }
    assert!(proof.mistakes.is_empty(), "{}", proof.mistakes.join("\n"));
    assert!(proof.tried > 300, "only {} answers", proof.tried);
}

#[test]
fn approvals_cutoffs_and_sittings_are_held_to() {
    let (rules, mut proof) = (rules(), Proof { mistakes: Vec::new(), tried: 0 });
    for profile in rules.panels.values() {
        each_way(&rules, profile, |asked| {
            let Some(base) = complete(asked, None) else { return };
            approvals(&base, &mut proof);
            cutoffs(&base, &mut proof);
        });
    }
    assert!(proof.mistakes.is_empty(), "{}", proof.mistakes.join("\n"));
    assert!(proof.tried > 150, "only {} requests", proof.tried);
}

fn approvals(base: &Trial<'_>, proof: &mut Proof) {
    let Some(approval) = &base.asked.profile.approval else { return };
    if base.holds(&approval.condition) != FactValue::Yes {
        return;
    }
    let mut refused = base.clone();
    refused.answers.insert(approval.field.as_str().into(), Value::YesNo(false));
    proof.hold(&refused, "not approved", vec![blocking("approval-missing", "approval", &approval.policy)]);
    if let Some(field) = &approval.role_field {
        let mut wrong = base.clone();
        wrong.answers.insert(field.as_str().into(), Value::Choice("caretaker".into()));
        proof.hold(
            &wrong,
            "approved in a wrong role",
            vec![blocking("approval-wrong-role", "approval", &approval.policy)],
        );
    }
    let cutoff = base.sitting.as_ref().and_then(|sitting| sitting.cutoff.as_ref());
    if let (Some(field), Some(cutoff)) = (&approval.on_field, cutoff) {
        let mut after = base.clone();
        after.answers.insert(field.as_str().into(), Value::DateTime(cutoff.at.datetime().saturating_add(1.minutes())));
        let (_, found) = told(&after);
        proof.tried += 1;
        if !found.iter().any(|told| told.0 == "approval-after-cutoff") {
            proof.mistakes.push(format!("{}: approved after the cutoff: {found:?}", base.asked.profile.name));
        }
    }
}

fn cutoffs(base: &Trial<'_>, proof: &mut Proof) {
    let profile = base.asked.profile;
    let Some(sitting) = &base.sitting else { return };
    let date = sitting.date.to_string();
    let mut cancelled = base.clone();
    cancelled.sitting.iter_mut().for_each(|sitting| sitting.cancelled = Some("no chair".to_owned()));
    proof.hold(&cancelled, "the sitting falls away", vec![blocking("sitting-cancelled", &date, &profile.policy)]);
    let Some(cutoff) = &sitting.cutoff else { return };
    let mut late = base.clone();
    late.completed_on = Some(cutoff.at.datetime().saturating_add(1.minutes()));
    proof.hold(&late, "handed in late", vec![blocking("late-submission", &date, &profile.cutoff_policy)]);
    let mut in_time = base.clone();
    in_time.completed_on = Some(cutoff.at.datetime());
    proof.hold(&in_time, "handed in at the last minute", Vec::new());
    if let Some(field) = profile.requests.field.as_ref() {
        let mut unnamed = base.clone();
        unnamed.answers.remove(field.as_str());
        let (_, found) = told(&unnamed);
        proof.tried += 1;
        if !found.iter().any(|told| told.0 == "request-kind-unknown") {
            proof.mistakes.push(format!("{}: no kind: {found:?}", profile.name));
        }
    }
}

#[test]
fn every_way_round_a_panel_and_every_other_panel_is_said() {
    let (rules, mut proof) = (rules(), Proof { mistakes: Vec::new(), tried: 0 });
    let mut never: Vec<String> = Vec::new();
    for profile in rules.panels.values() {
        let mut said: Vec<String> = Vec::new();
        each_way(&rules, profile, |asked| special(asked, &mut proof, &mut said));
        let exempt = profile.exempt.iter().map(|one| format!("exempt.{}", one.name));
        let routes = profile.routes.iter().map(|one| format!("routes.{}", one.name));
        let elsewhere = profile.elsewhere.iter().map(|one| format!("elsewhere.{}", one.title));
        let thresholds = profile.thresholds.iter().map(|one| format!("thresholds.{}", one.title));
        let all = exempt.chain(routes).chain(elsewhere).chain(thresholds);
        never.extend(all.filter(|one| !said.contains(one)).map(|one| format!("{}: {one}", profile.name)));
    }
    assert!(never.is_empty(), "said of no request:\n{}", never.join("\n"));
    assert!(proof.mistakes.is_empty(), "{}", proof.mistakes.join("\n"));
}

fn special(asked: Asked<'_>, proof: &mut Proof, said: &mut Vec<String>) {
    let profile = asked.profile;
    let made = |condition: &crate::panel::Condition| {
        let mut trial = Trial::new(asked, &now());
        (trial.settle() && trial.make(condition)).then_some(trial)
    };
    let mut expect = |trial: &Trial<'_>, code: &str, what: String| {
        let (_, found) = told(trial);
        proof.tried += 1;
        if found.iter().any(|told| told.0 == code) {
            said.push(what);
        } else {
            proof.mistakes.push(format!("{}: {what}: no {code} in {found:?}", profile.name));
        }
    };
    for exempt in &profile.exempt {
        if let Some(trial) = made(&exempt.condition) {
            expect(&trial, "not-required", format!("exempt.{}", exempt.name));
        }
    }
    for other in &profile.elsewhere {
        if let Some(trial) = made(&other.condition) {
            expect(&trial, "wrong-panel", format!("elsewhere.{}", other.title));
        }
    }
    for route in &profile.routes {
        let Some(mut trial) = made(&route.condition) else { continue };
        trial.decide_outside(route, trial.now.date());
        let what = format!("routes.{}", route.name);
        match route.hearing {
            Hearing::AtOnce => expect(&trial, "outside-sittings", what),
            Hearing::NotNeeded => expect(&trial, "not-required", what),
            Hearing::NextSitting => {
                expect(&trial, "retrospective-due", what.clone());
                if route.decided_on.is_none() {
                    continue;
                }
                trial.decide_outside(route, trial.now.date().saturating_sub(70.days()));
                expect(&trial, "retrospective-overdue", what);
            }
        }
    }
    for threshold in &profile.thresholds {
        let is_about = asked.kind.is_none_or(|kind| threshold.kinds.is_empty() || threshold.kinds.contains(&kind.name));
        let Some(mut trial) = Some(Trial::new(asked, &now())).filter(|_| is_about) else { continue };
        trial.amounts(threshold.over);
        expect(&trial, "below-threshold", format!("thresholds.{}", threshold.title));
        trial.amounts(threshold.over + 1);
        let (_, found) = told(&trial);
        assert!(found.iter().all(|told| told.0 != "below-threshold"), "{}: {found:?}", profile.name);
    }
}
