//! Packs that are checked as they are read, and what was read of them kept with the request; facts that a person states.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use tessera::calendar::Clock;
use tessera::config::Configuration;
use tessera::domain::{FindingSeverity, SubmissionId};
use tessera::operation::{
    self, Actor, FactShown, Failure, KeptPaper, PackChecked, PackPaper, StatedFact, WaiverGiven, Workplace,
};

use crate::runner::{Tessera, repository};

/// A request for two children, and one for one child that asks questions.
const REQUEST: &str = "lincolnshire-700002";
const CHILD: usize = 0;
const SIBLING: usize = 1;

/// A rehearsal, as a page looks at it.
struct Page {
    tessera: Tessera,
    workplace: Workplace,
    actor: Actor,
}

impl Page {
    fn new() -> Self {
        let tessera = Tessera::on_samples();
        let ran = tessera.run(&["sync", "--rehearse"]);
        assert!(ran.well(), "{}", ran.all());
        let configuration = Configuration::load(&tessera.path("tessera.toml")).unwrap().rehearsed();
        let workplace = Workplace::new(configuration).with_pack_reader(env!("CARGO_BIN_EXE_tessera").into());
        Self { tessera, workplace, actor: Actor::new("administrator", Some("a.person")) }
    }

    fn clock(&self) -> Clock {
        Clock::Fixed(self.workplace.configuration().rehearsal.as_at.unwrap())
    }

    fn pack_check(&self, path: &Path, told: &mut dyn FnMut(&PackPaper)) -> PackChecked {
        self.workplace.open(self.clock(), &self.actor).unwrap().pack_check(&id(), path, told).unwrap()
    }

    fn keep(&self, path: &Path) -> PackChecked {
        self.workplace.open(self.clock(), &self.actor).unwrap().pack_keep(&id(), path).unwrap()
    }

    fn kept(&self) -> Vec<KeptPaper> {
        self.workplace.open(self.clock(), &self.actor).unwrap().pack_kept(&id()).unwrap()
    }

    fn forget(&self, key: &str, reason: &str) -> Result<(), Failure> {
        self.workplace.open(self.clock(), &self.actor).unwrap().pack_forget(&id(), key, reason)
    }

    fn facts(&self) -> Vec<FactShown> {
        self.workplace.open(self.clock(), &self.actor).unwrap().request_page(&id()).unwrap().facts
    }

    fn fact(&self, name: &str) -> FactShown {
        self.facts().into_iter().find(|fact| fact.fact == name).unwrap_or_else(|| panic!("{name}: {:?}", self.facts()))
    }

    /// What a check says now, for each child.
    fn checked(&self) -> Value {
        self.tessera.json(&["--rehearsal", "check", REQUEST])
    }

    /// The findings of the last check that is kept, by child.
    fn last_checks(&self) -> Vec<String> {
        let key = fs::read_to_string(self.tessera.path("state/rehearsal/ledger.key")).unwrap();
        let connection = Connection::open(self.tessera.path("state/rehearsal/ledger.db")).unwrap();
        connection.pragma_update(None, "key", format!("x'{}'", key.trim())).unwrap();
        let mut query =
            connection.prepare("SELECT payload FROM checked WHERE submission = ?1 ORDER BY person").unwrap();
        let rows = query.query_map([REQUEST], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn files(&self, files: &[(&str, &[u8])]) -> PathBuf {
        let folder = tempfile::tempdir_in(self.tessera.path("")).unwrap().keep();
        files.iter().for_each(|(name, content)| fs::write(folder.join(name), content).unwrap());
        folder
    }

    fn is_whole(&self) -> bool {
        let ran = self.tessera.run(&["--rehearsal", "audit", "verify"]);
        assert!(ran.code == 0 || ran.code == 1, "{}", ran.all());
        ran.code == 0
    }
}

fn id() -> SubmissionId {
    SubmissionId::new(REQUEST)
}

fn sample_pack() -> PathBuf {
    repository().join("samples/packs").join(REQUEST)
}

/// How a paper stands.
fn state(checked: &Value, child: usize, kind: &str) -> String {
    let papers = checked[child]["papers"].as_array().unwrap();
    papers.iter().find(|paper| paper["kind"] == kind).unwrap()["state"].as_str().unwrap().to_owned()
}

fn codes(paper: &PackPaper) -> Vec<&str> {
    paper.findings.iter().map(|finding| finding.code().as_str()).collect()
}

const TEXT: &str = "Chronology\nMosaic ID: 100002\nDate of report: 20/11/2026\n";

#[test]
fn a_pack_is_told_as_it_is_read_and_ends_with_what_the_command_says() {
    let page = Page::new();
    let mut told: Vec<PackPaper> = Vec::new();
    let checked = page.pack_check(&sample_pack(), &mut |paper| told.push(paper.clone()));
    let told: Vec<&str> = told.iter().map(|paper| paper.file.as_str()).collect();
    let at_the_end: Vec<&str> = checked.papers.iter().map(|paper| paper.file.as_str()).collect();
    assert_eq!(told, at_the_end);
    let paper = |file: &str| checked.papers.iter().find(|paper| paper.file.starts_with(file)).unwrap();
    let assessment = paper("Child and family assessment");
    assert_eq!(
        (assessment.kind.as_deref(), assessment.child.as_deref()),
        (Some("social-care-assessment"), Some("100003"))
    );
    assert!(assessment.dated.is_some() && assessment.trouble.is_none() && !assessment.refused, "{assessment:?}");
    let chronology = paper("Case chronology");
    assert!(chronology.refused && chronology.child.is_none(), "{chronology:?}");
    assert!(codes(chronology).contains(&"document-wrong-child"), "{chronology:?}");
    let picture = paper("Genogram");
    assert_eq!(picture.trouble.as_deref(), Some("a scan: look at it yourself"));
    assert_eq!(codes(picture), ["document-unreadable"]);
    let path = sample_pack();
    let command = page.tessera.json(&["--rehearsal", "check", REQUEST, "--pack", path.to_str().unwrap()]);
    assert_eq!(serde_json::to_value(&checked.requests).unwrap(), command);
}

#[test]
fn what_is_certain_about_a_document_is_told_with_it() {
    let page = Page::new();
    let locked = fs::read(repository().join("tests/pack/files/chronology-user-password.pdf")).unwrap();
    let pack = page.files(&[
        ("1 locked chronology.pdf", locked.as_slice()),
        ("2 other.txt", TEXT.replace("100002", "100009").as_bytes()),
        ("3 empty.txt", b""),
        ("4 good.txt", TEXT.as_bytes()),
        ("5 good again.txt", TEXT.as_bytes()),
    ]);
    let mut told: Vec<PackPaper> = Vec::new();
    let checked = page.pack_check(&pack, &mut |paper| told.push(paper.clone()));
    let early: Vec<Vec<&str>> = told.iter().map(codes).collect();
    let expected: [&[&str]; 5] = [
        &["document-encrypted"; 2],
        // Once for each child of the request.
        &["document-wrong-child"; 2],
        &["document-empty"],
        &[],
        &["document-duplicate"],
    ];
    assert_eq!(early, expected, "{told:?}");
    let blocks = |paper: &PackPaper| paper.findings.iter().any(|one| one.severity == FindingSeverity::Blocking);
    assert!(blocks(&told[0]) && blocks(&told[1]) && told[1].refused, "{told:?}");
    // With another one there for the child that lacks it, nothing hangs on the locked one any more.
    assert!(!blocks(&checked.papers[0]), "{:?}", checked.papers[0]);
    assert_eq!(checked.papers[2].trouble.as_deref(), Some("nothing in it"));
}

/// The findings that are told with a document are those of a whole check with the documents read by then, whatever
/// lies before it.
#[test]
fn what_is_told_early_is_what_a_check_of_so_much_says() {
    let page = Page::new();
    let text = |kind: &str, id: &str, dated: &str| format!("{kind}\nMosaic ID: {id}\nDate of report: {dated}\n");
    let mut files: Vec<(String, String)> = Vec::new();
    for (at, (kind, id, dated)) in [
        ("Chronology", "100002", "1/11/2020"),
        ("Chronology", "100002", "1/11/2019"),
        ("Chronology", "100003", "1/11/2020"),
        ("Genogram", "100002", "1/11/2026"),
        ("Chronology", "100009", "1/11/2026"),
        ("Chronology", "100002", "1/11/2020"),
        ("A letter", "100002", "1/11/2026"),
        ("Legal advice", "100002", "1/11/2020"),
        ("Chronology", "100002", "1/11/2026"),
    ]
    .into_iter()
    .enumerate()
    {
        files.push((format!("{at}.txt"), text(kind, id, dated)));
    }
    for so_many in 1..=files.len() {
        let files: Vec<(&str, &[u8])> =
            files[..so_many].iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        let mut last = None;
        let checked = page.pack_check(&page.files(&files), &mut |paper| last = Some(paper.clone()));
        assert_eq!(last.as_ref(), checked.papers.last(), "{so_many}");
    }
}

/// What is put in the place of a file while the first is told is what is read of it: nothing waits for the end.
#[test]
fn the_first_of_twenty_documents_is_told_before_the_next_is_opened() {
    let page = Page::new();
    let bundle = fs::read(repository().join("tests/pack/files/pages-500-reportlab.pdf")).unwrap();
    let names: Vec<String> = (0..20).map(|number| format!("{number:02} paper.pdf")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), bundle.as_slice())).collect();
    let pack = page.files(&files);
    let mut told = Vec::new();
    page.pack_check(&pack, &mut |paper| {
        let next = pack.join(&names[(told.len() + 1) % 20]);
        fs::write(next, TEXT).unwrap();
        told.push(paper.kind.clone());
    });
    // Text is no PDF: what was put there says nothing.
    let expected = |at: usize| (at == 0).then(|| "legal-advice".to_owned());
    assert_eq!(told, (0..20).map(expected).collect::<Vec<_>>());
}

#[test]
fn a_kept_pack_counts_in_every_later_check_and_is_kept_once() {
    let page = Page::new();
    let before = page.checked();
    assert_eq!(state(&before, SIBLING, "social-care-assessment"), "document-missing");
    assert!(page.last_checks()[SIBLING].contains("\"social-care-assessment\""));
    let path = sample_pack();
    let keep = ["--rehearsal", "check", REQUEST, "--pack", path.to_str().unwrap(), "--keep"];
    let ran = page.tessera.run(&keep);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("Kept what was read of") && ran.stderr.contains("another child"), "{}", ran.all());
    let after = page.checked();
    assert_eq!(state(&after, SIBLING, "social-care-assessment"), "there");
    assert_eq!(state(&after, CHILD, "chronology"), "document-missing", "another child's paper was kept");
    let agenda = page.tessera.run(&["--rehearsal", "agenda", "support-panel", "2026-12-02", "--json"]);
    assert!(agenda.stdout.contains("Genogram.png, kept on 2026-11-27"), "{}", agenda.all());
    assert!(!page.last_checks()[SIBLING].contains("\"social-care-assessment\""), "the list would not agree");
    let story = page.tessera.json(&["--rehearsal", "submissions", "show", REQUEST]);
    let kept = story["kept"].as_array().unwrap();
    assert!(kept.iter().all(|paper| paper["file"] != "Case chronology.pdf"), "{story}");
    for key in ["key", "file", "title", "people", "sha256", "kept_by", "kept_at"] {
        assert!(!kept[0][key].is_null(), "{key} in {}", kept[0]);
    }
    assert!(page.tessera.run(&keep).code == 3 && page.tessera.run(&["sync", "--rehearse"]).well());
    assert_eq!(page.kept().len(), kept.len());
    // A check with the same pack again says the same as one without it, of everything but the refused paper.
    let again = page.pack_check(&path, &mut |_| {});
    assert!(again.papers.iter().all(|paper| !codes(paper).contains(&"document-duplicate")), "{:?}", again.papers);
    assert!(again.papers.iter().any(|paper| codes(paper) == ["document-unreadable"]), "{:?}", again.papers);
    assert!(page.is_whole());
}

#[test]
fn a_kept_paper_that_comes_onto_the_record_is_no_duplicate() {
    let page = Page::new();
    page.keep(&page.files(&[("chronology.txt", TEXT.as_bytes())]));
    assert_eq!(state(&page.checked(), CHILD, "chronology"), "there");
    let export = page.tessera.path("exports/lincolnshire");
    let register = fs::read_dir(export).unwrap().map(|entry| entry.unwrap().path());
    let register = register.into_iter().find(|path| path.to_str().unwrap().contains("documents")).unwrap();
    let text = fs::read_to_string(&register).unwrap();
    // The chronology of the other child of the samples, as if it were this one's.
    let row = text.lines().find(|line| line.to_lowercase().contains("chronology")).unwrap();
    let new = row.replace("100001", "100002").replace("100003", "100002");
    fs::write(&register, format!("{}\n{}\n", text.trim_end(), new.replacen("9000", "9900", 1))).unwrap();
    let ran = page.tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    let checked = page.checked();
    assert_eq!(state(&checked, CHILD, "chronology"), "there", "{checked}");
    assert!(!checked.to_string().contains("document-duplicate"), "{checked}");
    assert!(page.is_whole());
    page.forget(&page.kept()[0].key, "it is on the record").unwrap();
    assert_eq!(state(&page.checked(), CHILD, "chronology"), "there", "it did not come onto the record");
}

#[test]
fn a_kept_paper_is_taken_away_with_a_reason_and_may_be_kept_again() {
    let page = Page::new();
    let pack = page.files(&[("Somebody Sample.txt", TEXT.as_bytes())]);
    page.keep(&pack);
    let [paper] = page.kept().try_into().unwrap();
    assert_eq!((paper.title.as_str(), paper.people.as_slice()), ("Chronology", ["100002".to_owned()].as_slice()));
    assert_eq!(paper.kept_by, page.actor.as_str());
    assert_eq!(page.forget(&paper.key, " ").unwrap_err().kind, operation::FailureKind::Invalid);
    assert_eq!(page.forget("another", "a reason").unwrap_err().kind, operation::FailureKind::NotFound);
    assert!(page.last_checks().iter().all(|findings| !findings.contains("\"chronology\"")));
    page.forget(&paper.key, "the wrong version").unwrap();
    assert!(page.kept().is_empty() && page.is_whole());
    assert_eq!(state(&page.checked(), CHILD, "chronology"), "document-missing");
    assert!(page.last_checks()[CHILD].contains("\"chronology\""), "the list would not agree");
    page.keep(&pack);
    assert_eq!(page.kept().len(), 1);
    page.forget(&paper.key, "the wrong version").unwrap();
    page.keep(&pack);
    assert!(page.is_whole());
    let trail = page.tessera.run(&["--rehearsal", "audit", "export"]);
    for action in ["pack-kept", "pack-forgotten"] {
        assert!(trail.stdout.contains(action), "{}", trail.all());
    }
    for secret in ["Somebody", "wrong version", "Chronology"] {
        assert!(!trail.stdout.contains(secret), "“{secret}” is in the trail");
    }
}

/// What findings are known by, as they are shown and as they are kept.
fn named(findings: Value) -> Vec<[String; 4]> {
    let findings = findings.as_array().unwrap().iter();
    let keys = ["code", "severity", "subject", "policy"];
    findings.map(|finding| keys.map(|key| finding[key].as_str().unwrap().to_owned())).collect()
}

#[test]
fn facts_are_asked_with_words_and_who_has_answered() {
    let page = Page::new();
    let facts = page.facts();
    assert!(facts.iter().all(|fact| fact.title.ends_with('?')), "{facts:?}");
    let legal = page.fact("legal-advice-given");
    assert_eq!((legal.value, legal.from.as_deref()), ("no", Some("the form")));
    assert!(legal.hangs_on_it.iter().any(|title| title.to_lowercase().contains("legal advice")), "{legal:?}");
    let unknown = facts.iter().find(|fact| fact.value == "unknown").unwrap();
    assert!(unknown.from.is_none(), "{unknown:?}");
    let stated = [StatedFact { name: unknown.fact.clone(), value: true }];
    let report = page.workplace.open(page.clock(), &page.actor).unwrap().state_facts(&id(), &stated).unwrap();
    let known = page.fact(&unknown.fact);
    assert_eq!((known.value, known.from.as_deref()), ("yes", Some("administrator:a.person")));
    for (request, kept) in report.requests.iter().zip(page.last_checks()) {
        assert_eq!(
            named(serde_json::to_value(&request.findings).unwrap()),
            named(serde_json::from_str(&kept).unwrap())
        );
    }
    let slip = [StatedFact { name: "nothing".to_owned(), value: true }];
    assert!(page.workplace.open(page.clock(), &page.actor).unwrap().state_facts(&id(), &slip).is_err());
}

#[test]
fn what_is_waived_is_waived_in_lists_at_once() {
    let page = Page::new();
    assert!(page.last_checks()[CHILD].contains("\"chronology\""));
    let given = WaiverGiven {
        code: "document-missing".to_owned(),
        subject: Some("chronology".to_owned()),
        person: None,
        role: "team-manager".to_owned(),
        reason: "Synthetic".into(),
        until: "2026-12-02".parse().unwrap(),
    };
    page.workplace.open(page.clock(), &page.actor).unwrap().waive(&id(), &given).unwrap().unwrap();
    assert!(!page.last_checks()[CHILD].contains("\"chronology\""));
}
