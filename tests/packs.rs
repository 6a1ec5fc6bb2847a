//! Packs from outside: what each kind of file, honest or hostile, is told to be. Nothing crashes or hangs, the rest of
//! the pack is read, and nothing of a document is said or kept beyond what the finding must say.

#[path = "pack/build.rs"]
mod build;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::build::{Member, bomb, docx, msg, page, paragraphs, pdf, raw_zip, stream, written, xlsx, zipped};
use crate::runner::{Tessera, repository};

/// A request for two children, brothers or sisters, that lacks a chronology for one and an assessment for the other.
const REQUEST: &str = "lincolnshire-700002";
const CHILD: usize = 0;
const SIBLING: usize = 1;

/// Words that stand in the documents, and may not stand anywhere else.
const SECRETS: [&str; 4] = ["periwinkle", "Sample Child", "15/04/2010", "2010-04-15"];

/// Questions whose answer makes the panel ask for further papers.
const ASKED: [&str; 5] = ["directWorkDone", "fgcHeld", "safetyPlanAgreed", "legalAdviceGiven", "sosMappingDone"];

fn samples() -> Tessera {
    let tessera = Tessera::on_samples();
    let export = tessera.path("exports/lincolnshire/c0343.xml");
    let mut forms = fs::read_to_string(&export).unwrap();
    for question in ASKED {
        let answered = |answer| format!("questionUserCode=\"{question}\" answerDatatype=\"BOOLEAN\">{answer}<");
        forms = forms.replace(&answered("no"), &answered("yes"));
    }
    fs::write(&export, forms).unwrap();
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    tessera
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository().join("tests/pack/files").join(name)).unwrap()
}

/// What a check says of a pack, for each child.
struct Checked(Value);

/// Checks the request with the pack; it takes no longer than anybody would wait, and says nothing that it must not.
fn checked(tessera: &Tessera, pack: &Path) -> Checked {
    let began = Instant::now();
    let pack = pack.to_str().unwrap();
    let ran = tessera.run(&["--rehearsal", "check", REQUEST, "--pack", pack, "--json"]);
    assert!(began.elapsed() < Duration::from_secs(10), "{pack} took {:?}", began.elapsed());
    assert!([0, 3].contains(&ran.code), "{}", ran.all());
    for secret in SECRETS {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "“{secret}” is said: {}", ran.all());
    }
    Checked(serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{}", ran.all())))
}

/// Checks the request with a folder of these files, and a good one that must be read whatever the others are.
fn checked_files(tessera: &Tessera, files: &[(&str, &[u8])]) -> Checked {
    let folder = tempfile::tempdir_in(tessera.path("")).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    fs::write(folder.path().join("zz good.pdf"), written(&["Legal advice", "Mosaic ID: 100002", "Dated 9/11/2026"]))
        .unwrap();
    let checked = checked(tessera, folder.path());
    assert_eq!(checked.paper(CHILD, "legal-advice").0, "zz good.pdf", "{}", checked.0);
    checked
}

impl Checked {
    /// Code, severity and subject of each finding about a file.
    fn about(&self, child: usize, source: &str) -> Vec<(&str, &str, &str)> {
        let text = |finding: &'static str, value: &Value| value[finding].as_str().unwrap().to_owned();
        let findings = self.0[child]["findings"].as_array().unwrap().iter();
        findings
            .filter(|finding| finding["source"].as_str() == Some(source))
            .inspect(|finding| assert!(!text("help", finding).is_empty() && !text("policy", finding).is_empty()))
            .map(|finding| {
                (
                    finding["code"].as_str().unwrap(),
                    finding["severity"].as_str().unwrap(),
                    finding["subject"].as_str().unwrap(),
                )
            })
            .collect()
    }

    fn message(&self, child: usize, source: &str) -> &str {
        let findings = self.0[child]["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["source"].as_str() == Some(source));
        found.unwrap_or_else(|| panic!("nothing about {source}: {}", self.0))["message"].as_str().unwrap()
    }

    /// Source, date and evidence of a paper.
    fn paper(&self, child: usize, kind: &str) -> (&str, &str, String) {
        let papers = self.0[child]["papers"].as_array().unwrap();
        let paper = papers.iter().find(|paper| paper["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {}", self.0));
        let evidence = paper["evidence"].as_array().into_iter().flatten().map(|line| line.as_str().unwrap());
        let text = |key: &str| paper[key].as_str().unwrap_or_default();
        (text("source"), text("dated"), evidence.collect::<Vec<_>>().join("; "))
    }

    /// Files that a finding is about.
    fn sources(&self, child: usize) -> Vec<&str> {
        let findings = self.0[child]["findings"].as_array().unwrap().iter();
        findings.filter_map(|finding| finding["source"].as_str()).collect()
    }
}

/// What a finding about a file is expected to be: code, severity, subject, and a piece of its message.
type Expected<'e> = (&'e str, &'e str, &'e str, &'e str);

const BROKEN: Expected<'_> = ("document-unreadable", "warning", "document", "broken or cut short");
const TOO_LARGE: Expected<'_> = ("document-unreadable", "warning", "document", "larger than is sane");
const UNSUPPORTED: Expected<'_> =
    ("document-unreadable", "warning", "document", "of a type that tessera does not open");
const SCAN: Expected<'_> = ("document-unreadable", "warning", "document", "a scan without text");
const EMPTY: Expected<'_> = ("document-empty", "warning", "document", "has nothing in it");
const ENCRYPTED: Expected<'_> = ("document-encrypted", "warning", "document", "locked with a password");
const MACRO: Expected<'_> = ("document-unreadable", "warning", "document", "holds a macro");

/// The same about a document whose kind is known by its name or its words.
const fn of_kind<'e>(kind: &'e str, expected: Expected<'e>) -> Expected<'e> {
    (expected.0, expected.1, kind, expected.3)
}

/// The same where a paper that the panel asks for hangs on it.
const fn blocking(expected: Expected<'_>) -> Expected<'_> {
    (expected.0, "blocking", expected.2, expected.3)
}

/// Each file is told to be what is expected, in a pack of all of them.
fn expect(files: &[(&str, Vec<u8>, Expected<'_>)]) {
    let tessera = samples();
    let pack: Vec<(&str, &[u8])> = files.iter().map(|(name, content, _)| (*name, content.as_slice())).collect();
    let checked = checked_files(&tessera, &pack);
    let mut wrong = Vec::new();
    for (name, _, (code, severity, subject, message)) in files {
        let found = checked.about(CHILD, name);
        if found != [(*code, *severity, *subject)] || !checked.message(CHILD, name).contains(message) {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), checked.0);
}

#[test]
fn papers_are_found_in_every_format_with_the_evidence() {
    let tessera = samples();
    let named = "it names person 100002";
    for (file, child, kind, dated, evidence) in [
        ("chronology-libreoffice.pdf", CHILD, "chronology", "2026-11-20", named),
        ("chronology-libreoffice.xlsx", CHILD, "chronology", "2026-11-20", named),
        ("chronology-owner-password.pdf", CHILD, "chronology", "2026-11-20", named),
        ("assessment-libreoffice.docx", SIBLING, "social-care-assessment", "2026-11-12", "it names person 100003"),
        ("assessment-saved-again.docx", SIBLING, "social-care-assessment", "2026-11-12", "it names person 100003"),
        ("plan-word.docx", CHILD, "family-group-conference-plan", "2026-11-10", named),
        ("direct-ghostscript.pdf", CHILD, "direct-work", "2026-11-05", named),
        ("mapping-bundled.pdf", CHILD, "signs-of-safety-mapping", "2026-11-04", named),
        ("pages-500-reportlab.pdf", CHILD, "legal-advice", "2026-11-09", named),
        ("papers.eml/Legal advice.docx", CHILD, "legal-advice", "2026-11-17", named),
        ("wrong-birth-word.docx", CHILD, "family-safety-plan", "2026-11-02", "its heading says “family safety plan”"),
    ] {
        let path = repository().join("tests/pack/files").join(file.split('/').next().unwrap());
        let checked = checked(&tessera, &path);
        let (source, day, said) = checked.paper(child, kind);
        assert_eq!((source, day), (file, dated), "{}", checked.0);
        assert!(said.contains(evidence) && said.contains(&format!("its text dates it {dated}")), "{file}: {said}");
        // What is the brother's is not looked for, nor missed, in the pack of the other.
        assert!(!checked.sources(1 - child).contains(&file) || child == CHILD, "{}", checked.0);
    }
}

#[test]
fn what_real_files_lack_is_said() {
    let scan = |kind| of_kind(kind, SCAN);
    let files = [
        ("assessment-libreoffice.doc", UNSUPPORTED),
        ("assessment-locked.docx", ENCRYPTED),
        ("blank-libreoffice.pdf", EMPTY),
        ("chronology-user-password.pdf", blocking(of_kind("chronology", ENCRYPTED))),
        ("eco-map-scan.pdf", scan("eco-map")),
        ("genogram-photo.jpg", scan("genogram")),
        ("genogram.png", scan("genogram")),
        ("note.eml", ("document-kind-unclear", "warning", "document", "nothing in it says what it is")),
        ("another-child-reportlab.pdf", ("document-wrong-child", "blocking", "chronology", "names person 100009")),
        (
            "wrong-birth-word.docx",
            ("document-wrong-child", "warning", "family-safety-plan", "a date of birth that is not"),
        ),
    ];
    expect(&files.map(|(name, expected)| (name, fixture(name), expected)));
}

#[test]
fn what_is_broken_empty_or_not_what_its_name_says_is_said() {
    let program = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    let cut = |bytes: &[u8], part: usize| bytes[..bytes.len() * part / 10].to_vec();
    let types = b"<Types><Override ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/></Types>";
    expect(&[
        ("empty.pdf", Vec::new(), EMPTY),
        ("blanks.docx", b" \r\n ".to_vec(), EMPTY),
        ("no words.docx", docx("<w:p/>", &[]), EMPTY),
        ("cut.pdf", cut(&fixture("chronology-libreoffice.pdf"), 3), BROKEN),
        ("cut.docx", cut(&fixture("plan-word.docx"), 5), BROKEN),
        ("cut.png", cut(&fixture("genogram.png"), 5), BROKEN),
        ("cut.xlsx", cut(&fixture("chronology-libreoffice.xlsx"), 5), BROKEN),
        ("noughts.pdf", vec![0; 4096], BROKEN),
        ("sign-in page.docx", b"<!DOCTYPE html><html>Sign in</html>".to_vec(), BROKEN),
        ("macro.docm", docx("<w:p/>", &[("word/vbaProject.bin", &program)]), MACRO),
        ("hidden macro.docx", docx("<w:p/>", &[("word/vbaproject.bin", &program)]), MACRO),
        ("said macro.docx", zipped(&[("[Content_Types].xml", types), ("word/document.xml", b"<w/>")]), MACRO),
        ("program.exe", b"MZ\0\0".to_vec(), UNSUPPORTED),
        ("old.rtf", b"{\\rtf1 Chronology}".to_vec(), UNSUPPORTED),
        ("only a picture.docx", docx("<w:p><w:r><w:drawing/></w:r></w:p>", &[("word/media/a.png", b"x")]), SCAN),
        ("Genogram.heic", b"\0\0\0\x18ftypheic\0\0\0\0heicmif1".to_vec(), of_kind("genogram", BROKEN)),
    ]);
}

#[test]
fn a_file_is_opened_by_what_it_is_and_not_by_its_name() {
    let tessera = samples();
    let chronology = written(&["Chronology", "Mosaic ID: 100002", "Date of report: 20/11/2026"]);
    let plan = docx(&paragraphs(&["Family safety plan", "Mosaic ID: 100002", "Dated 2/11/2026"]), &[]);
    let checked =
        checked_files(&tessera, &[("a.docx", &chronology), ("b.pdf", &plan), ("c", &fixture("plan-word.docx"))]);
    assert_eq!(checked.paper(CHILD, "chronology").0, "a.docx", "{}", checked.0);
    assert_eq!(checked.paper(CHILD, "family-safety-plan").0, "b.pdf", "{}", checked.0);
    assert_eq!(checked.paper(CHILD, "family-group-conference-plan").0, "c", "{}", checked.0);
}

#[test]
fn messages_are_opened_and_what_they_carry_is_looked_at() {
    let tessera = samples();
    let advice = written(&["Legal advice", "Mosaic ID: 100002", "Dated 19/11/2026"]);
    let folder = tempfile::tempdir_in(tessera.path("")).unwrap();
    let outlook = msg("Papers", "Please find them attached.", &[("advice.pdf", &advice), ("old.doc", b"\xD0\xCF")]);
    fs::write(folder.path().join("papers.msg"), &outlook).unwrap();
    fs::write(folder.path().join("note.msg"), msg("Chronology to follow", "Tomorrow.", &[])).unwrap();
    fs::write(folder.path().join("sent.zip"), zipped(&[("mail/papers.msg", &outlook)])).unwrap();
    let deep = format!(
        "From: a@b.example\nMIME-Version: 1.0\n{}",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(20_000)
    );
    fs::write(folder.path().join("deep.eml"), deep).unwrap();
    fs::write(folder.path().join("no mail.eml"), "Chronology\n").unwrap();
    let checked = checked(&tessera, folder.path());
    let (source, dated, evidence) = checked.paper(CHILD, "legal-advice");
    assert_eq!((source, dated), ("sent.zip/mail/papers.msg/advice.pdf", "2026-11-19"), "{}", checked.0);
    assert!(evidence.contains("it names person 100002"), "{evidence}");
    assert_eq!(
        checked.about(CHILD, "sent.zip/mail/papers.msg/advice.pdf"),
        [("document-duplicate", "advice", "legal-advice")]
    );
    // A letter is a paper, of the day on which it was sent.
    let letter =
        tessera.write("letter.msg", msg("Legal advice", &"I advise, of person 100002, as follows. ".repeat(20), &[]));
    let letter = self::checked(&tessera, &letter);
    let (source, dated, _) = letter.paper(CHILD, "legal-advice");
    assert_eq!((source, dated), ("letter.msg", "2026-11-18"));
    // A few lines that speak of a paper are not that paper.
    assert_eq!(checked.about(CHILD, "note.msg"), [("document-kind-unclear", "warning", "document")]);
    assert_eq!(checked.paper(CHILD, "chronology").0, "", "{}", checked.0);
    for (file, message) in [("papers.msg/old.doc", "tessera does not open"), ("no mail.eml", "broken or cut short")] {
        assert!(checked.message(CHILD, file).contains(message), "{}", checked.0);
    }
    assert!(!checked.about(CHILD, "deep.eml").is_empty(), "{}", checked.0);
}

#[test]
fn the_same_paper_twice_is_said_once() {
    let tessera = samples();
    let again = fixture("assessment-saved-again.docx");
    let first = fixture("assessment-libreoffice.docx");
    let checked = checked_files(&tessera, &[("a.docx", &first), ("b.docx", &first), ("c.docx", &again)]);
    let twice = [("document-duplicate", "advice", "social-care-assessment")];
    for (file, expected) in [("a.docx", &twice[..0]), ("b.docx", &twice[..]), ("c.docx", &twice[..])] {
        assert_eq!(checked.about(SIBLING, file), expected, "{}", checked.0);
        assert!(checked.about(CHILD, file).is_empty(), "the sibling's paper is looked at for the child: {}", checked.0);
    }
    // Two files in which nothing is, or that cannot be opened, are no such pair.
    let checked =
        checked_files(&tessera, &[("a.pdf", b""), ("b.pdf", b""), ("c.pdf", b"%PDF-1.7"), ("d.pdf", b"%PDF-1.7")]);
    for file in ["a.pdf", "b.pdf", "c.pdf", "d.pdf"] {
        assert_eq!(checked.about(CHILD, file).len(), 1, "{}", checked.0);
    }
}

#[test]
fn an_archive_is_read_and_what_is_hostile_in_it_refused_by_itself() {
    let tessera = samples();
    let good = written(&["Legal advice", "Mosaic ID: 100002", "Dated 9/11/2026"]);
    let plan = fixture("plan-word.docx");
    let inner = zipped(&[("chronology.pdf", &fixture("chronology-libreoffice.pdf"))]);
    let archive = zipped(&[
        ("papers/one/Legal advice.pdf", &good),
        ("papers/plan.docx", &plan),
        ("__MACOSX/papers/._plan.docx", b"x"),
        ("papers/Thumbs.db", b"x"),
        ("papers/inner.zip", &inner),
        ("papers/empty.pdf", b""),
    ]);
    let path = tessera.write("pack/papers.zip", &archive);
    for (pack, prefix) in [(path.as_path(), "papers.zip/papers"), (path.parent().unwrap(), "papers.zip/papers")] {
        let checked = checked(&tessera, pack);
        assert_eq!(checked.paper(CHILD, "legal-advice").0, format!("{prefix}/one/Legal advice.pdf"), "{}", checked.0);
        assert_eq!(checked.paper(CHILD, "family-group-conference-plan").0, format!("{prefix}/plan.docx"));
        assert!(checked.message(CHILD, &format!("{prefix}/inner.zip")).contains("an archive in an archive"));
        assert_eq!(checked.sources(CHILD).len(), 2, "{}", checked.0);
    }
}

#[test]
fn archives_that_climb_out_or_never_end_are_refused_and_their_neighbours_read() {
    let good = written(&["Direct work with the child", "Mosaic ID: 100002"]);
    let bomb = bomb();
    let claims =
        |name: &'static [u8]| Member { name, deflated: &bomb, claimed: u32::MAX - 1, overlaps: false, mode: 0o10_0644 };
    let honest = Member { name: b"honest.txt", deflated: &[3, 0], claimed: 0, overlaps: false, mode: 0o10_0644 };
    let named: Vec<String> = (0..900).map(|n| format!("bomb {n}.txt")).collect();
    let overlapping = std::iter::once(claims(b"bomb.txt"))
        .chain(named.iter().map(|name| Member { name: name.as_bytes(), overlaps: true, ..claims(b"") }))
        .collect::<Vec<_>>();
    let many: Vec<String> = (0..100_000).map(|n| format!("{n}.txt")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let link = Member { name: b"link.pdf", deflated: &[3, 0], claimed: 0, overlaps: false, mode: 0o12_0777 };
    // A method that is not Deflate, and a flag that says that a password is needed, in both of a member's headers.
    let changed = |at: usize, bit: u8| {
        let mut archive = zipped(&[("in/work.pdf", &good)]);
        let list = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        archive[at] = bit;
        archive[list + at + 2] = bit;
        archive
    };
    let (method, locked) = (changed(8, 14), changed(6, 1));
    let files = [
        ("climbing.zip", zipped(&[("../../climbed.pdf", &good), ("in/work.pdf", &good)])),
        ("absolute.zip", zipped(&[("/etc/cron.d/job.pdf", &good)])),
        ("drive.zip", zipped(&[("C:\\job.pdf", &good)])),
        ("control.zip", zipped(&[("\u{1b}[2Jjob.pdf", &good)])),
        ("link.zip", raw_zip(&[link])),
        ("bomb.zip", raw_zip(&[claims(b"bomb.txt"), honest])),
        ("overlapping.zip", raw_zip(&overlapping)),
        ("many.zip", zipped(&many)),
        ("no end.zip", zipped(&[("in/work.pdf", &good)])[..40].to_vec()),
        ("method.zip", method),
        ("locked.zip", locked),
        ("nothing.zip", zipped(&[])),
    ];
    let tessera = samples();
    let pack: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    let checked = checked_files(&tessera, &pack);
    for (source, message) in [
        ("climbing.zip/? (1)", "climbs out"),
        ("absolute.zip/? (1)", "climbs out"),
        ("drive.zip/? (1)", "climbs out"),
        ("control.zip/? (1)", "climbs out"),
        ("link.zip/? (1)", "climbs out"),
        ("bomb.zip/bomb.txt", "larger than is sane"),
        ("bomb.zip/honest.txt", "nothing in it"),
        ("overlapping.zip", "larger than is sane"),
        ("many.zip", "larger than is sane"),
        ("no end.zip", "broken or cut short"),
        ("method.zip/in/work.pdf", "tessera does not open"),
        ("locked.zip/in/work.pdf", "locked with a password"),
        ("nothing.zip", "nothing in it"),
    ] {
        assert!(checked.message(CHILD, source).contains(message), "{source}: {}", checked.message(CHILD, source));
    }
    assert_eq!(checked.paper(CHILD, "direct-work").0, "climbing.zip/in/work.pdf", "{}", checked.0);
    assert!(!tessera.path("climbed.pdf").exists() && checked.sources(CHILD).len() < 20, "{}", checked.0);
}

#[cfg(unix)]
#[test]
fn a_folder_may_hold_anything() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    let tessera = samples();
    let folder = tessera.path("pack");
    let good = written(&["Direct work with the child", "Mosaic ID: 100002"]);
    tessera.write("pack/sub/folder/Direct work.pdf", &good);
    tessera.write("pack/~$rect work.docx", b"x");
    fs::File::create(folder.join("sparse.pdf")).unwrap().set_len(500 << 20).unwrap();
    fs::File::create(folder.join("sparse.bin")).unwrap().set_len(90 << 20).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.join("pipe.pdf"), rustix::fs::Mode::RUSR).unwrap();
    symlink("/dev/zero", folder.join("zero.pdf")).unwrap();
    symlink(folder.join("nowhere"), folder.join("nowhere.pdf")).unwrap();
    symlink(&folder, folder.join("sub/round")).unwrap();
    fs::write(folder.join("two\nlines \u{1b}[31m\u{202e}fdp.docx"), b"").unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"not \xFF utf-8.pdf")), b"").unwrap();
    fs::write(folder.join(format!("{}.pdf", "x".repeat(251))), b"").unwrap();
    let deep = folder.join("deep/".repeat(40));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("lost.pdf"), b"x").unwrap();

    let checked = checked(&tessera, &folder);
    assert_eq!(checked.paper(CHILD, "direct-work").0, "sub/folder/Direct work.pdf", "{}", checked.0);
    let deepest = format!("{}deep", "deep/".repeat(16));
    let long = format!("{}…{}.pdf", "x".repeat(120), "x".repeat(35));
    for (source, message) in [
        ("sparse.pdf", "larger than is sane"),
        ("sparse.bin", "tessera does not open"),
        ("pipe.pdf", "tessera does not open"),
        ("zero.pdf", "climbs out"),
        ("nowhere.pdf", "climbs out"),
        ("sub/round", "climbs out"),
        ("two\u{fffd}lines \u{fffd}[31m\u{fffd}fdp.docx", "nothing in it"),
        ("not \u{fffd} utf-8.pdf", "nothing in it"),
        (&long, "nothing in it"),
        (&deepest, "larger than is sane"),
    ] {
        assert!(checked.message(CHILD, source).contains(message), "{source}: {}", checked.message(CHILD, source));
    }
    // A pack that is itself no file, and one that a link leads to.
    for (pack, source, message) in
        [("pipe.pdf", "pipe.pdf", "tessera does not open"), ("zero.pdf", "zero.pdf", "tessera does not open")]
    {
        assert!(self::checked(&tessera, &folder.join(pack)).message(CHILD, source).contains(message));
    }
    symlink(folder.join("sub/folder"), tessera.path("link")).unwrap();
    assert_eq!(self::checked(&tessera, &tessera.path("link")).paper(CHILD, "direct-work").0, "Direct work.pdf");
}

#[test]
fn a_pack_of_more_files_than_any_is_said_and_not_read_to_its_end() {
    let tessera = samples();
    for number in 0..1_200 {
        tessera.write(&format!("pack/{number}/empty.pdf"), b"");
    }
    let checked = checked(&tessera, &tessera.path("pack"));
    assert_eq!(checked.about(CHILD, "pack"), [("document-unreadable", "warning", "document")], "{}", checked.0);
    assert_eq!(checked.sources(CHILD).len(), 1_001);
    fs::create_dir_all(tessera.path("bare/folder")).unwrap();
    assert_eq!(
        self::checked(&tessera, &tessera.path("bare")).about(CHILD, "bare"),
        [("document-empty", "warning", "document")]
    );
}

/// What each of some hostile files is told to be, in a pack of its own; `None` where it is read as the chronology.
fn expect_each(files: Vec<(&str, Vec<u8>, Option<Expected<'_>>)>) {
    let tessera = samples();
    for (name, content, expected) in files {
        let checked = checked_files(&tessera, &[(name, &content)]);
        let found = checked.about(CHILD, name);
        let Some((code, severity, subject, message)) = expected else {
            assert!(found.is_empty(), "{name}: {found:?}");
            assert_eq!(checked.paper(CHILD, "chronology").0, name);
            continue;
        };
        assert_eq!(found, [(code, severity, subject)], "{name}");
        assert!(checked.message(CHILD, name).contains(message), "{}", checked.message(CHILD, name));
    }
}

#[test]
fn pdfs_that_grow_or_turn_in_circles_end_in_a_finding() {
    let text = b"BT /F1 11 Tf 50 800 Td (Chronology) Tj ET";
    let said = String::from_utf8_lossy(text);
    let zlib = [b"\x78\x9c".to_vec(), bomb()].concat();
    let flate = "/Filter /FlateDecode";
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    let length = |length: &str| format!("<< /Length {length} >>\nstream\n{said}\nendstream").into_bytes();
    let itself = "/XObject << /X 6 0 R >>";
    let form = format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << {itself} >>");
    let form = stream(&form, "/X Do ".repeat(100).as_bytes());
    let catalog = || b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
    let circle = b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 2 0 R] /Count 2147483647 >>".to_vec();
    let in_itself =
        stream("/Type /ObjStm /N 2 /First 8 /Extends 2 0 R", b"2 0 5 9 << /Type /Pages /Kids [3 0 R] /Count 1 >>");
    let columns =
        "/W [1 2 2] /Size 99999999 /Index [0 2147483647] /DecodeParms << /Predictor 12 /Columns 2147483647 >>";
    let fonts = vec![
        b"<< /Type /Font /W [0 65535 500 0 99999999999 5] /DescendantFonts [6 0 R] >>".to_vec(),
        stream("", b"1 beginbfrange <0000> <ffffffff> <0041> endbfrange"),
        b"<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 7 0 R /DescendantFonts [6 0 R] >>".to_vec(),
    ];
    let ranges = page(stream("", b"BT /F2 9 Tf <00410042> Tj ET"), "/Font << /F2 8 0 R >>", fonts);
    let chain = b"%PDF-1.7\ntrailer << /Root 1 0 R /Prev 9 /Size 9 >>\nstartxref\n9\n%%EOF".to_vec();
    let lock = b"%PDF-1.7\n1 0 obj << /V 5 /R 6 /Filter /Standard /O () /U () /P 0 >> endobj\n\
        trailer << /Encrypt 1 0 R /Root 1 0 R >>\nstartxref\n9\n%%EOF";
    expect_each(vec![
        ("bomb.pdf", page(stream(flate, &zlib), "", vec![]), Some(TOO_LARGE)),
        (
            "objects.pdf",
            pdf(&[catalog(), stream(&format!("/Type /ObjStm /N 1 /First 4 {flate}"), &zlib)]),
            Some(TOO_LARGE),
        ),
        ("nested.pdf", page(stream("", text), "", vec![nested(1_000_000)]), None),
        ("nested content.pdf", page(stream("", &nested(1_000_000)), "", vec![]), Some(BROKEN)),
        ("length.pdf", page(length("99999999999"), "", vec![]), None),
        ("length of itself.pdf", page(length("4 0 R"), "", vec![]), Some(BROKEN)),
        ("lost.pdf", page(b"<< >>".to_vec(), "", vec![]), Some(BROKEN)),
        ("circle.pdf", pdf(&[catalog(), circle]), Some(BROKEN)),
        ("in itself.pdf", pdf(&[catalog(), in_itself]), Some(BROKEN)),
        ("form in itself.pdf", page(stream("", b"/X Do"), itself, vec![form]), Some(TOO_LARGE)),
        ("ranges.pdf", ranges, Some(("document-kind-unclear", "warning", "document", "nothing in it says"))),
        ("states.pdf", page(stream("", &b"q ".repeat(2_000_000)), "", vec![]), Some(EMPTY)),
        ("chain.pdf", chain, Some(BROKEN)),
        ("columns.pdf", pdf(&[catalog(), stream(&format!("/Type /XRef {columns}"), b"x")]), Some(BROKEN)),
        ("lock.pdf", lock.to_vec(), Some(ENCRYPTED)),
    ]);
}

#[test]
fn office_files_that_grow_or_define_entities_end_in_a_finding() {
    let words = paragraphs(&["Chronology", "Mosaic ID: 100002"]);
    let bomb = bomb();
    let claims = |name: &'static [u8]| Member { name, deflated: &bomb, claimed: 9, overlaps: false, mode: 0 };
    let types = claims(b"[Content_Types].xml");
    let honest = Member { deflated: &[3, 0], claimed: 0, ..claims(b"[Content_Types].xml") };
    let grows = Member { claimed: u32::MAX - 1, ..claims(b"word/document.xml") };
    let honest_too = Member { deflated: &[3, 0], claimed: 0, ..claims(b"[Content_Types].xml") };
    let book = Member { deflated: &[3, 0], claimed: 0, ..claims(b"xl/workbook.xml") };
    let strings_grow = Member { claimed: u32::MAX - 1, ..claims(b"xl/sharedStrings.xml") };
    let document = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "word/document.xml",
            b"<!DOCTYPE d [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>\
              <d><p><t>Chronology &b;</t></p></d>",
        ),
    ]);
    let deep = format!("{words}{}{}", "<w:p>".repeat(1_000_000), "</w:p>".repeat(1_000_000));
    let far = "<dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is>\
        <t>Chronology</t></is></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData>";
    let strings = b"<sst><si><t>x</t></si></sst>";
    let entities = b"<!DOCTYPE s [<!ENTITY a \"aaaa\">]><sst><si><t>&a;</t></si></sst>";
    let long = paragraphs(&["Chronology"]) + &paragraphs(&["x".repeat(50 << 20).as_str()]);
    expect_each(vec![
        ("claims.docx", raw_zip(&[types, claims(b"word/document.xml")]), Some(BROKEN)),
        ("bomb.docx", raw_zip(&[honest, grows]), Some(TOO_LARGE)),
        ("entities.docx", document, Some(BROKEN)),
        ("deep.docx", docx(&deep, &[]), None),
        ("long.docx", docx(&long, &[]), None),
        ("unclosed.docx", docx("<w:p><w:t>", &[]), Some(BROKEN)),
        ("no document.docx", zipped(&[("[Content_Types].xml", b"<Types/>")]), Some(UNSUPPORTED)),
        (
            "slides.pptx",
            zipped(&[("[Content_Types].xml", b"<Types/>"), ("ppt/presentation.xml", b"<p/>")]),
            Some(UNSUPPORTED),
        ),
        ("far.xlsx", xlsx(far, strings), None),
        ("entities.xlsx", xlsx("<sheetData/>", entities), Some(BROKEN)),
        ("strings.xlsx", raw_zip(&[strings_grow, honest_too, book]), Some(TOO_LARGE)),
    ]);
}

/// Rows beyond all count bring the library that reads workbooks down, in builds that look for overflow.
#[test]
fn a_document_that_brings_the_reader_down_takes_nothing_with_it() {
    let tessera = samples();
    let row = "<sheetData><row r=\"99999999999\"><c><v>1</v></c></row></sheetData>";
    let crash = xlsx(row, b"<sst/>");
    let good = |words: &str| written(&[words, "Mosaic ID: 100002"]);
    let archive = zipped(&[
        ("a.pdf", &good("Chronology")),
        ("crash 1.xlsx", &crash),
        ("b.pdf", &good("Direct work with the child")),
        ("crash 2.xlsx", &crash),
        ("c.pdf", &good("Family safety plan")),
    ]);
    let checked = checked_files(&tessera, &[("archive.zip", &archive), ("crash.xlsx", &crash)]);
    for (kind, source) in [("chronology", "a.pdf"), ("direct-work", "b.pdf"), ("family-safety-plan", "c.pdf")] {
        assert_eq!(checked.paper(CHILD, kind).0, format!("archive.zip/{source}"), "{}", checked.0);
    }
    for source in ["archive.zip/crash 1.xlsx", "archive.zip/crash 2.xlsx", "crash.xlsx"] {
        assert_eq!(checked.about(CHILD, source).len(), 1, "{source}: {}", checked.0);
    }
}

/// The ledger keeps what was found, and nothing of what was read.
#[test]
fn nothing_of_a_document_is_kept_or_logged() {
    let tessera = samples();
    let pack = repository().join("tests/pack/files");
    let mut command = tessera.command(&["--rehearsal", "check", REQUEST, "--pack", pack.to_str().unwrap()]);
    let said = command.env("TESSERA_LOG", "trace").output().unwrap();
    let said = [said.stdout, said.stderr].concat();
    let key = fs::read_to_string(tessera.path("state/rehearsal/ledger.key")).unwrap();
    let ledger = rusqlite::Connection::open(tessera.path("state/rehearsal/ledger.db")).unwrap();
    ledger.pragma_update(None, "key", format!("x'{}'", key.trim())).unwrap();
    let mut kept = String::new();
    for table in rows(&ledger, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
        kept.push_str(&rows(&ledger, &format!("SELECT * FROM \"{table}\"")).join("\n"));
    }
    assert!(kept.contains(REQUEST), "the ledger could not be read");
    for secret in ["periwinkle", "Synthetic narrative", "15/04/2011"] {
        assert!(!kept.contains(secret), "the ledger holds “{secret}”");
        assert!(!String::from_utf8_lossy(&said).contains(secret), "“{secret}” is said");
    }
}

/// Every row of a query, its columns as text.
fn rows(ledger: &rusqlite::Connection, query: &str) -> Vec<String> {
    let mut statement = ledger.prepare(query).unwrap();
    let columns = statement.column_count();
    let row = statement.query_map([], |row| {
        let column = |at| {
            row.get_ref(at).map(|value| match value {
                rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
                other => format!("{other:?}"),
            })
        };
        Ok((0..columns).map(column).collect::<Result<Vec<_>, _>>()?.join("\t"))
    });
    row.unwrap().map(Result::unwrap).collect()
}

/// The sample pack shows a newcomer what a pack is good for.
#[test]
fn the_sample_pack_shows_what_is_found_what_is_wrong_and_what_is_missing() {
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    let checked = checked(&tessera, &tessera.path(&format!("packs/{REQUEST}")));
    assert_eq!(checked.paper(SIBLING, "social-care-assessment").0, "Child and family assessment.docx", "{}", checked.0);
    for child in [CHILD, SIBLING] {
        assert_eq!(checked.about(child, "Case chronology.pdf"), [("document-wrong-child", "blocking", "chronology")]);
        assert_eq!(checked.about(child, "Genogram.png"), [("document-unreadable", "warning", "genogram")]);
        assert_eq!(checked.sources(child).len(), 2, "{}", checked.0);
    }
    assert_eq!(checked.paper(CHILD, "chronology").0, "", "{}", checked.0);
}
