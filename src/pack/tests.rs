//! Files as each program writes them, opened in memory; and processes that die and hang.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use jiff::civil::date;
use zip::write::SimpleFileOptions;

use super::reader::{Patience, read_within};
use super::{Contents, open};
use crate::domain::DocumentTrouble;

/// A file of `tests/pack/files`, which says what wrote each.
fn file(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pack/files").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn opened(name: &str) -> Contents {
    let mut opened = open(name, &file(name));
    assert_eq!(opened.len(), 1, "{name}");
    opened.remove(0)
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn lines(contents: &Contents) -> Vec<&str> {
    contents.lines().collect()
}

#[test]
fn every_program_s_file_gives_the_lines_that_a_person_reads() {
    let named = |title, id: &'static str, dated: &'static str| [title, id, dated];
    for (name, expected) in [
        ("chronology-libreoffice.pdf", named("Chronology", "Mosaic ID 100002", "Date of report 20/11/2026")),
        ("chronology-owner-password.pdf", named("Chronology", "Mosaic ID 100002", "Date of report 20/11/2026")),
        (
            "direct-ghostscript.pdf",
            named("Direct work with the child", "Mosaic ID: 100002", "Date of report: 5/11/2026"),
        ),
        ("mapping-bundled.pdf", named("Signs of Safety mapping", "Mosaic ID: 100002", "Date of report: 4/11/2026")),
        ("form-reportlab.pdf", named("Section 20 consent", "Mosaic ID: 100002", "Date of report: 16/11/2026")),
        (
            "viability-searchable.pdf",
            named("Viability assessment", "Mosaic ID: 100002", "Date of assessment: 3/11/2026"),
        ),
        ("chronology-libreoffice.xlsx", named("Chronology", "Mosaic ID 100002", "Date of report 2026-11-20")),
        ("supervision.txt", named("Supervision record", "Mosaic ID 100002", "Dated 13/11/2026")),
        ("plan-word.docx", named("Family Group Conference Plan", "100002", "10/11/2026")),
        ("assessment-libreoffice.docx", named("Child and family assessment", "100003", "12/11/2026")),
    ] {
        let contents = opened(name);
        assert_eq!(contents.trouble, None, "{name}");
        assert_eq!(lines(&contents)[0], expected[0], "{name}");
        for line in expected {
            assert!(lines(&contents).contains(&line), "{name}: {line}: {:?}", lines(&contents));
        }
    }
}

#[test]
fn pages_titles_and_days_are_read_where_a_file_has_them() {
    assert_eq!(opened("pages-500-reportlab.pdf").pages, Some(500));
    let word = opened("plan-word.docx");
    assert_eq!((word.pages, word.changed), (Some(1), Some(date(2026, 11, 20))));
    assert_eq!(word.running.expose().trim(), "OFFICIAL-SENSITIVE");
    let again = opened("assessment-saved-again.docx");
    let first = opened("assessment-libreoffice.docx");
    assert!(again.sha256 != first.sha256 && again.words_sha256.is_some());
    assert_eq!(again.words_sha256, first.words_sha256);
    // Two long documents that begin with the same words may end with others.
    assert!(opened("pages-500-reportlab.pdf").words_sha256.is_none());
    assert_eq!(opened("note.eml").changed, Some(date(2026, 11, 20)));
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    for (name, trouble) in [
        ("assessment-libreoffice.doc", DocumentTrouble::Unsupported),
        ("assessment-locked.docx", DocumentTrouble::Encrypted),
        ("blank-libreoffice.pdf", DocumentTrouble::Empty),
        ("chronology-user-password.pdf", DocumentTrouble::Encrypted),
        ("eco-map-scan.pdf", DocumentTrouble::Scanned),
        ("genogram-photo.jpg", DocumentTrouble::Scanned),
        ("genogram.png", DocumentTrouble::Scanned),
    ] {
        assert_eq!(opened(name).trouble, Some(trouble), "{name}");
    }
    let text = open("notes.txt", b"\xFF\xFEC\0h\0r\0o\0n\0o\0l\0o\0g\0y\0");
    assert_eq!(text[0].trouble, None);
}

#[test]
fn a_document_of_office_may_name_its_parts_as_it_likes() {
    let body = b"<document><body><p><r><t>Chrono</t></r><r><t>logy &amp; more</t></r></p>\
        <p><AlternateContent><Choice><t>once</t></Choice><Fallback><t>twice</t></Fallback></AlternateContent></p>\
        <p><del><delText>gone</delText></del><t>12</t><noBreakHyphen/><t>3</t></p></body></document>";
    let relations = b"<Relationships><Relationship Type=\"http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument\" \
        Target=\"/word/document2.xml\"/></Relationships>";
    let document =
        zipped(&[("[Content_Types].xml", b"<Types/>"), ("_rels/.rels", relations), ("word\\Document2.xml", body)]);
    let contents = open("a.docx", &document);
    assert_eq!(lines(&contents[0]), ["Chronology & more", "once", "12-3"]);
}

#[test]
fn pictures_below_a_signature_are_no_papers_and_messages_may_carry_messages() {
    let logo = b"GIF89a\x50\0\x28\0\0\0\0;";
    let encoded = "R0lGODlhUAAoAAAAADs=";
    let mail = |parts: &str| {
        format!(
            "From: a@b.example\nSubject: Papers\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n"
        )
    };
    let picture =
        format!("--b\nContent-Type: image/gif; name=logo.gif\nContent-Transfer-Encoding: base64\n\n{encoded}\n");
    let advice = "--b\nContent-Type: text/plain; name=\"../Legal advice.txt\"\nContent-Disposition: attachment\n\nLegal advice\n";
    let inner = format!(
        "--b\nContent-Type: message/rfc822\n\n{}\n",
        mail(advice).replace("boundary=b", "boundary=c").replace("--b", "--c")
    );
    let names = |mail: &str| -> Vec<String> {
        open("m.eml", mail.as_bytes()).iter().map(|contents| contents.name.expose().clone()).collect()
    };
    assert!(super::picture::is_decoration(logo));
    assert_eq!(names(&mail(&picture)), ["m.eml"]);
    // A name that climbs is not taken over.
    assert_eq!(names(&mail(&format!("{picture}{advice}"))), ["m.eml/attachment 1"]);
    assert_eq!(names(&mail(&inner)), ["m.eml/attachment 1.eml/attachment 1"]);
}

#[test]
fn names_are_shown_without_what_a_terminal_would_obey() {
    let shown = super::shown::shown;
    assert_eq!(shown("Chronology – Ünal’s.pdf"), "Chronology – Ünal’s.pdf");
    assert_eq!(shown("a\n\u{1b}[2J\u{202e}fdp.exe"), "a\u{fffd}\u{fffd}[2J\u{fffd}fdp.exe");
    let long = shown(&format!("{}.pdf", "ü".repeat(5_000)));
    assert!(long.chars().count() == 160 && long.ends_with("ü.pdf") && long.contains('…'), "{long}");
}

#[cfg(target_os = "linux")]
mod processes {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    use super::*;

    const SHORT: Patience = Patience { document: Duration::from_millis(300), pack: Duration::from_secs(20) };

    /// A pack of so many files, and a program that is to open them.
    fn pack(files: usize, script: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let pack = folder.path().join("pack");
        std::fs::create_dir(&pack).unwrap();
        for number in 0..files {
            std::fs::write(pack.join(format!("{number}.pdf")), b"%PDF-1.7").unwrap();
        }
        let program = folder.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        (folder, pack, program)
    }

    fn read(pack: &Path, program: &Path, patience: Patience) -> Vec<(String, Option<DocumentTrouble>)> {
        let mut read = Vec::new();
        let mut take = |contents: Contents| read.push((contents.name.expose().clone(), contents.trouble));
        read_within(pack, program, "read-documents", patience, &mut take).unwrap();
        read
    }

    fn stuck(name: &str) -> (String, Option<DocumentTrouble>) {
        (name.to_owned(), Some(DocumentTrouble::Stuck))
    }

    #[test]
    fn a_process_that_dies_hangs_or_talks_nonsense_costs_one_finding_a_file() {
        for script in ["exit 1", "sleep 60", "echo nonsense; sleep 60", "kill -9 $$", "cat"] {
            let (_folder, pack, program) = pack(2, script);
            let began = Instant::now();
            assert_eq!(read(&pack, &program, SHORT), [stuck("0.pdf"), stuck("1.pdf")], "{script}");
            assert!(began.elapsed() < Duration::from_secs(5), "{script}");
        }
    }

    #[test]
    fn another_process_goes_on_after_the_document_that_brought_one_down() {
        let good = serde_json::to_string(&Contents::of("/c.pdf", b"").with_text("Chronology".to_owned())).unwrap();
        let script = format!(
            "over=$(head -z -n 2 | tail -z -n 1 | tr -d '\\0')\n\
             if [ \"$over\" = 0 ]; then echo '{{\"Opening\":\"/a.pdf\"}}'; exit 1; fi\n\
             if [ \"$over\" = 1 ]; then echo '{{\"Opening\":\"/b.pdf\"}}'; sleep 60; fi\n\
             echo '{{\"Opening\":\"/c.pdf\"}}'; echo '{{\"Opened\":{good}}}'; echo"
        );
        let (_folder, pack, program) = pack(1, &script);
        let expected = [stuck("0.pdf/a.pdf"), stuck("0.pdf/b.pdf"), ("0.pdf/c.pdf".to_owned(), None)];
        assert_eq!(read(&pack, &program, SHORT), expected);
    }

    #[test]
    fn a_file_that_brings_down_one_process_after_another_is_given_up_and_so_is_a_pack() {
        let (_folder, pack, program) = pack(1, "head -z -n 2 >&2; echo '{\"Opening\":\"/a.pdf\"}'; exit 1");
        assert_eq!(read(&pack, &program, SHORT), vec![stuck("0.pdf/a.pdf"); 3]);
        let (_folder, pack, program) = self::pack(30, "sleep 60");
        let began = Instant::now();
        let patience = Patience { pack: Duration::from_secs(1), ..SHORT };
        assert_eq!(read(&pack, &program, patience).len(), 30);
        assert!(began.elapsed() < Duration::from_secs(8));
    }

    #[test]
    fn each_document_is_handed_over_before_the_next_is_opened() {
        let good = serde_json::to_string(&Contents::of("", b"").with_text("Chronology".to_owned())).unwrap();
        // The second document is not said before the mark is there, which only a reader who has the first can make.
        let script = format!(
            "for number in 0 1; do\n\
             echo '{{\"Opening\":\"\"}}'; echo '{{\"Opened\":{good}}}'; echo\n\
             while [ ! -e \"$(dirname \"$0\")/mark\" ]; do sleep 0.01; done\n\
             done; sleep 60"
        );
        let (folder, pack, program) = pack(2, &script);
        let mut read = Vec::new();
        let mut take = |contents: Contents| {
            std::fs::write(folder.path().join("mark"), "").unwrap();
            read.push((contents.name.expose().clone(), contents.trouble));
        };
        let patience = Patience { document: Duration::from_secs(5), ..SHORT };
        read_within(&pack, &program, "read-documents", patience, &mut take).unwrap();
        assert_eq!(read, [("0.pdf".to_owned(), None), ("1.pdf".to_owned(), None)]);
    }
}
