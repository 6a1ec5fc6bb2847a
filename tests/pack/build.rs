//! Hostile and broken files, built byte for byte: nobody would want them in a repository.

use std::io::{Cursor, Write as _};

use flate2::{Compress, Compression, FlushCompress};
use zip::write::SimpleFileOptions;

/// Bytes that a bomb claims, and grows to, where it is let.
pub(crate) const BOMB_BYTES: u64 = 10 << 30;

/// A zip file.
pub(crate) fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const TYPES: &str = "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
<Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>";

/// A DOCX with this body, and further parts.
pub(crate) fn docx(body: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let document = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body>{body}</w:body></w:document>"
    );
    let own = [("[Content_Types].xml", TYPES.as_bytes()), ("word/document.xml", document.as_bytes())];
    zipped(&[&own[..], parts].concat())
}

/// Paragraphs as DOCX writes them.
pub(crate) fn paragraphs(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("<w:p><w:r><w:t>{line}</w:t></w:r></w:p>")).collect()
}

/// An XLSX with one sheet of this XML, and these shared strings.
pub(crate) fn xlsx(sheet: &str, strings: &[u8]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{relation}\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/>\
         </sheets></workbook>"
    );
    let relations = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{relation}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" \
         Type=\"{relation}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    );
    let package = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{relation}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let sheet = format!("<worksheet xmlns=\"{main}\">{sheet}</worksheet>");
    zipped(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", package.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", strings),
    ])
}

/// A deflate stream of ten gigabytes of blanks, in ten megabytes: the same piece again and again.
pub(crate) fn bomb() -> Vec<u8> {
    const PIECE: usize = 1 << 20;
    let mut deflate = Compress::new(Compression::best(), false);
    let mut piece = Vec::with_capacity(PIECE);
    deflate.compress_vec(&vec![b' '; PIECE], &mut piece, FlushCompress::Full).unwrap();
    let times = usize::try_from(BOMB_BYTES).unwrap() / PIECE;
    // An empty last block ends it.
    [piece.repeat(times), vec![3, 0]].concat()
}

/// A member of a zip file whose header says what it likes.
pub(crate) struct Member<'m> {
    pub(crate) name: &'m [u8],
    pub(crate) deflated: &'m [u8],
    pub(crate) claimed: u32,
    /// Whether it stands for the bytes of the first member.
    pub(crate) overlaps: bool,
    /// The file mode of Unix.
    pub(crate) mode: u32,
}

/// A zip file, written by hand.
pub(crate) fn raw_zip(members: &[Member<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut list = Vec::new();
    let half = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let whole = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    for member in members {
        let offset = if member.overlaps { 0 } else { file.len() };
        let about = [
            &[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x5B, 0, 0, 0, 0][..],
            &whole(member.deflated.len()),
            &member.claimed.to_le_bytes(),
            &half(member.name.len()),
            &[0, 0],
        ]
        .concat();
        if !member.overlaps {
            file.extend([b"PK\x03\x04", &about[..], member.name, member.deflated].concat());
        }
        list.extend([b"PK\x01\x02\x14\x03", &about[..], &[0; 6]].concat());
        list.extend((member.mode << 16).to_le_bytes());
        list.extend([&whole(offset)[..], member.name].concat());
    }
    let count = half(members.len().min(0xFFFF));
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &whole(list.len()), &whole(file.len()), &[0, 0]].concat();
    [file, list, end].concat()
}

/// A PDF of these objects, from 1 on; the first is its catalog.
pub(crate) fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", at + 1).into_bytes());
        file.extend_from_slice(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").into_bytes());
    }
    let size = objects.len() + 1;
    file.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").into_bytes());
    file
}

/// A stream of a PDF.
pub(crate) fn stream(about: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {about} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A PDF of one page with this content, and further objects from 6 on.
pub(crate) fn page(content: Vec<u8>, resources: &str, more: Vec<Vec<u8>>) -> Vec<u8> {
    let font = "/Font << /F1 5 0 R >>";
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << {font} {resources} >> >>")
            .into_bytes(),
        content,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
    ];
    objects.extend(more);
    pdf(&objects)
}

/// A PDF of one page with these lines.
pub(crate) fn written(lines: &[&str]) -> Vec<u8> {
    let shown: String = lines.iter().map(|line| format!("({line}) Tj T* ")).collect();
    page(stream("", format!("BT /F1 11 Tf 14 TL 50 800 Td {shown}ET").as_bytes()), "", Vec::new())
}

/// An Outlook message: its subject and text, and what is attached to it ([MS-OXMSG]).
pub(crate) fn msg(subject: &str, body: &str, attachments: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut put = |path: &str, bytes: &[u8]| file.create_stream(path).unwrap().write_all(bytes).unwrap();
    // The entries of a property stream: type, tag, readable and writable, length of the text with its end.
    let entry = |tag: u16, kind: u16, length: usize| {
        let value = u32::try_from(length).unwrap();
        [&kind.to_le_bytes()[..], &tag.to_le_bytes(), &6_u32.to_le_bytes(), &value.to_le_bytes(), &[0; 4]].concat()
    };
    let text = |tag: u16, text: &str| entry(tag, 0x1F, wide(text).len() + 2);
    let count = u32::try_from(attachments.len()).unwrap();
    let head = [&[0; 8][..], &[0; 4], &count.to_le_bytes(), &[0; 4], &count.to_le_bytes(), &[0; 8]].concat();
    let class = "IPM.Note";
    // 18 November 2026, nine o'clock, in hundreds of nanoseconds since 1601.
    let sent =
        [&0x40_u16.to_le_bytes()[..], &[0x39, 0, 6, 0, 0, 0], &134_394_660_000_000_000_u64.to_le_bytes()].concat();
    let about = [head, text(0x1A, class), text(0x37, subject), sent, text(0x1000, body)];
    put("/__properties_version1.0", &about.concat());
    put("/__substg1.0_001A001F", &wide(class));
    put("/__substg1.0_0037001F", &wide(subject));
    put("/__substg1.0_1000001F", &wide(body));
    for (at, (name, content)) in attachments.iter().enumerate() {
        let storage = format!("/__attach_version1.0_#{at:08X}");
        file.create_storage(&storage).unwrap();
        let mut put = |path: String, bytes: &[u8]| file.create_stream(path).unwrap().write_all(bytes).unwrap();
        let method = entry(0x3705, 3, 1);
        let data = entry(0x3701, 0x102, content.len());
        put(format!("{storage}/__properties_version1.0"), &[vec![0; 8], method, data, text(0x3707, name)].concat());
        put(format!("{storage}/__substg1.0_3707001F"), &wide(name));
        put(format!("{storage}/__substg1.0_37010102"), content);
    }
    file.create_storage("/__nameid_version1.0").unwrap();
    for stream in ["00020102", "00030102", "00040102"] {
        file.create_stream(format!("/__nameid_version1.0/__substg1.0_{stream}")).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}
