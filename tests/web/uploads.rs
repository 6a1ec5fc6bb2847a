//! Files that nobody should send, and that nothing of them is left.

use std::fs;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Pages, REQUEST, Somebody, multipart};
use crate::runner::repository;

/// A zip of one member that came from elsewhere.
fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn with_link() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("link.pdf", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    zip.add_symlink("up", "../../..", SimpleFileOptions::default()).unwrap();
    zip.start_file("up/slipped.pdf", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"%PDF-1.4 SLIPPED").unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn whatever_is_sent_is_read_within_bounds_and_nothing_is_left() {
    let mut pages = Pages::serve("");
    let owner = pages.owner();
    let before = pages.latest();
    let paper = fs::read(repository().join("samples/packs/lincolnshire-700002/Case chronology.pdf")).unwrap();
    names(&pages, &owner, &paper);
    archives(&pages, &owner, &paper);
    forms(&pages, &owner, &paper);
    too_large(&pages, &owner);
    not_theirs(&pages, &owner, &paper);

    pages.end();
    assert!(pages.left().is_empty(), "{:?}", pages.left());
    let said = format!("{}{:?}", pages.log(), pages.trail(before));
    for word in ["PLANTED-NAME", "PLANTED-TEXT", "SLIPPED", "slip.zip", "hidden"] {
        assert!(!said.contains(word), "the log or the trail holds {word}");
    }
}

/// Whether a file lies where none was sent to.
fn is_slipped(pages: &Pages) -> bool {
    ["SLIPPED.pdf", "tmp/SLIPPED.pdf", "tmp/absolute.pdf"].iter().any(|name| pages.tessera.path(name).exists())
}

/// Names that lead elsewhere: each is read, under a name in the folder that it was put in.
fn names(pages: &Pages, owner: &Somebody, paper: &[u8]) {
    let address = format!("{REQUEST}/pack");
    let absolute = pages.tessera.path("tmp/absolute.pdf").display().to_string();
    let long = "n".repeat(4_000);
    let wide = "\u{1f9d2}".repeat(300);
    let names: [&[u8]; 16] = [
        b"../../../SLIPPED.pdf",
        absolute.as_bytes(),
        b"..\\..\\SLIPPED.pdf",
        b"C:\\SLIPPED.pdf",
        b"..",
        b".",
        b"...",
        b"a/../../SLIPPED.pdf",
        b"nul\0byte.pdf",
        b".hidden",
        b"%2e%2e%2fSLIPPED.pdf",
        b"\xff\xfe.pdf",
        b"con.pdf",
        "\u{202e}fdp.exe".as_bytes(),
        long.as_bytes(),
        wide.as_bytes(),
    ];
    for name in names {
        let answer = owner.upload(&address, &[(name, paper)]);
        let shown = String::from_utf8_lossy(name).chars().take(30).collect::<String>();
        assert!([200, 400, 422].contains(&answer.status), "{shown:?} {}", answer.status);
        assert!(answer.status != 200 || answer.text().contains("With these papers"), "{shown:?}: {}", answer.text());
    }
    assert!(!is_slipped(pages));
}

/// Files that are none, and archives that are traps.
fn archives(pages: &Pages, owner: &Somebody, paper: &[u8]) {
    let address = format!("{REQUEST}/pack");
    let absolute = pages.tessera.path("tmp/absolute.pdf").display().to_string();
    let bomb = zipped(&[("bomb.txt", &vec![0; 300 << 20])]);
    let inside =
        zipped(&[("../../SLIPPED.pdf", paper), (&absolute, paper), ("deep/er/Plan of PLANTED-NAME.pdf", paper)]);
    let many: Vec<(String, Vec<u8>)> = (0..1_500).map(|number| (format!("{number}.txt"), Vec::new())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let files: [(&str, &[u8]); 9] = [
        ("bomb.zip", &bomb),
        ("nested.zip", &zipped(&[("in.zip", &bomb)])),
        ("slip.zip", &inside),
        ("link.zip", &with_link()),
        ("many.zip", &zipped(&many)),
        ("empty.pdf", b""),
        ("program.pdf", b"\x7fELF\x02\x01\x01"),
        ("page.pdf", b"<script>alert(1)</script>"),
        ("PLANTED-NAME.docx", b"PK\x03\x04PLANTED-TEXT"),
    ];
    for (name, content) in files {
        let answer = owner.upload(&address, &[(name.as_bytes(), content)]);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let text = answer.text();
        assert!(text.contains("With these papers") || text.contains("could not be checked"), "{name}: {text}");
        assert!(!text.contains("root:") && !text.contains("<script>alert"), "{name}: {text}");
    }
    assert!(!is_slipped(pages));
}

/// Forms without what they are for.
fn forms(pages: &Pages, owner: &Somebody, paper: &[u8]) {
    let address = format!("{REQUEST}/pack");
    let bomb = zipped(&[("bomb.txt", &vec![0; 300 << 20])]);
    for (address, body) in [
        (address.as_str(), multipart(Some(&owner.csrf.borrow()), &[])),
        ("/outcomes/upload", multipart(Some(&owner.csrf.borrow()), &[])),
    ] {
        assert_eq!(owner.send(owner.multipart(address).body(body)).status, 422, "no file");
    }
    for (name, content) in [
        ("a.xlsx", paper),
        ("a.xlsx", b"".as_slice()),
        ("a.xlsx", &bomb),
        ("a.csv", b"=1+1"),
        ("../a.xlsx", b"PK\x03\x04"),
    ] {
        let answer = owner.upload("/outcomes/upload", &[(name.as_bytes(), content)]);
        assert_eq!(answer.status, 422, "{name}: {}", answer.text());
    }
    let too_many: Vec<(&[u8], &[u8])> = (0..1_001).map(|_| (b"same.txt".as_slice(), b"x".as_slice())).collect();
    assert_eq!(owner.upload(&address, &too_many).status, 413);
    let odd = owner
        .ask(super::Method::POST, &address)
        .header("content-type", "multipart/form-data")
        .header("origin", &pages.url);
    let answer = owner.send(odd.body("x"));
    assert_eq!((answer.status, answer.heading().as_str()), (400, "This cannot be done"));
}

/// Somebody else's papers are not there for others, nor for another request, nor twice.
fn not_theirs(pages: &Pages, owner: &Somebody, paper: &[u8]) {
    let sent = || {
        let text = owner.upload(&format!("{REQUEST}/pack"), &[(b"a.pdf", paper)]).text();
        let mut actions = text.split("action=\"").filter_map(|part| part.split('"').next());
        actions.find(|action| action.ends_with("/keep")).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let sam = pages.with(owner, 3, "sam", &["administrator"]);
    assert_eq!(sam.post(&sent(), &[]).status, 400);
    assert_eq!(owner.post(&sent().replace("700001", "700003"), &[]).status, 400);
    let keep = sent();
    assert_ne!(owner.post(&keep, &[]).heading(), "This cannot be done");
    assert_eq!(owner.post(&keep, &[]).status, 400);
}

/// What is too large is refused before all of it is read: by what it says of itself, and by what it is.
fn too_large(pages: &Pages, owner: &Somebody) {
    let (host, cookie) = (pages.url.strip_prefix("http://").unwrap(), owner.cookie.borrow().clone().unwrap());
    let kind = format!("multipart/form-data; boundary={}", super::BOUNDARY);
    let head = format!("POST PATH HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: {kind}\r\n");
    for (address, length) in [(format!("{REQUEST}/pack"), 600_u64 << 20), ("/outcomes/upload".to_owned(), 40 << 20)] {
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let head = format!("{head}Content-Length: {length}\r\n\r\n");
        stream.write_all(head.replace("PATH", &address).as_bytes()).unwrap();
        let mut answer = [0; 12];
        std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413", "{address}");
    }
    // Without a word about its length: it is given up soon after there is too much of it.
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let head = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.replace("PATH", "/outcomes/upload").as_bytes()).unwrap();
    let start = multipart(Some(&owner.csrf.borrow()), &[(b"a.xlsx", b"")]);
    let (start, part) = (&start[..start.len() - 33], vec![b'x'; 64 << 10]);
    let mut sent = 0;
    for part in std::iter::once(start).chain(std::iter::repeat_n(part.as_slice(), 4_000)) {
        let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
        if stream.write_all(&chunk).is_err() {
            break;
        }
        sent += part.len();
    }
    assert!(sent < 60 << 20, "{sent} bytes were read");
    assert_eq!(owner.post("/outcomes/reject", &[("submission", "x"), ("reason", &"x".repeat(3 << 20))]).status, 413);
}
