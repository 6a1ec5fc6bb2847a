//! Every limit, named, in one place, with the sentence why. Reaching one is said, never passed over.

/// Digits of a Mosaic id: the vendor documents `NUMERIC(16)`.
pub const ID_DIGITS_MAX: usize = 16;

/// Bytes of one export as it lies on disk. A million submissions in XML are about 3 GB.
pub const EXPORT_BYTES_MAX: u64 = 16 << 30;

/// How many times larger a gzip or zip member may grow: text rarely passes 20, a bomb starts at 1,000.
pub const INFLATION_RATIO_MAX: u64 = 200;

/// Bytes that a wrapped export may grow to whatever its ratio, so that a small honest file is never a bomb.
pub const INFLATED_BYTES_FREE: u64 = 64 << 20;

/// Members of one zip: an export is wrapped alone or with a few companions.
pub const ZIP_MEMBERS_MAX: usize = 1_000;

/// Depth of nested XML elements: the deepest layout known has eight.
pub const XML_DEPTH_MAX: usize = 64;

/// Bytes of one XML element's text or one delimited cell: long text is unlimited in Mosaic, a megabyte is a book.
pub const CELL_BYTES_MAX: usize = 4 << 20;

/// Bytes of one record, so that an unclosed quote cannot take a whole file for one cell.
pub const RECORD_BYTES_MAX: usize = 32 << 20;

/// Answers of one submission: the largest assessment forms have a few hundred questions and some tables.
pub const ANSWERS_MAX: usize = 20_000;

/// People of one submission: the largest sibling groups have a dozen.
pub const PEOPLE_MAX: usize = 200;

/// Columns of a delimited or workbook row: XLSX itself ends at 16,384.
pub const COLUMNS_MAX: usize = 16_384;

/// Bytes of a workbook inside a gzip or zip file: reading one needs to move about in it, so it is held in memory.
pub const WRAPPED_WORKBOOK_BYTES_MAX: u64 = 128 << 20;

/// Depth of nested XML elements at which a reader gives the file up rather than the record.
pub const XML_DEPTH_LOST: usize = 4_096;

/// Kinds of unknown XML element that are told apart in a report; further ones are counted together.
pub const UNKNOWN_ELEMENTS_MAX: usize = 100;

/// Quotes never closed that a reader of delimited text steps over: each costs one more reading of the rest.
pub const OPEN_QUOTES_MAX: u32 = 16;

/// Form ids of a `long` export that are remembered to see whether one returns after it was left (18 MB of hashes).
pub const LONG_KEYS_MAX: usize = 1 << 20;

/// Bytes of rows held in memory before they are spilled to disk.
pub const SPILL_BUFFER_BYTES: usize = 16 << 20;

/// Title rows that may stand above a header.
pub const TITLE_ROWS_MAX: usize = 20;

/// Lengths at which exporters are known to cut text: Excel's 255 and 32,767, SQL Server's 4,000 and 8,000, and 8,192.
pub const TRUNCATION_LENGTHS: [usize; 5] = [255, 4_000, 8_000, 8_192, 32_767];

/// Bytes of a TOML file under `mappings/` or of the configuration.
pub const TOML_BYTES_MAX: u64 = 4 << 20;

/// Characters of a case note's title in Mosaic.
pub const NOTE_TITLE_CHARS_MAX: usize = 100;

/// Characters of a document's name in Mosaic.
pub const DOCUMENT_TITLE_CHARS_MAX: usize = 80;

/// Characters of a case note's type code in Mosaic.
pub const NOTE_TYPE_CHARS_MAX: usize = 16;

/// Bytes of one answer of Mosaic's web service that tessera is willing to read.
pub const HTTP_BODY_BYTES_MAX: usize = 16 << 20;

/// Bytes of an outcomes workbook: a sitting has at most some dozens of requests.
pub const WORKBOOK_BYTES_MAX: u64 = 32 << 20;

/// Files of one pack, an archive's counted with it: the thickest court bundles have some hundreds.
pub const PACK_FILES_MAX: usize = 1_000;

/// Bytes of one file of a pack: a scanned bundle of 500 pages has some 50 MB.
pub const PACK_FILE_BYTES_MAX: usize = 100 << 20;

/// Bytes that what is compressed in one file of a pack may grow to.
pub const PACK_INFLATED_BYTES_MAX: usize = 256 << 20;

/// Bytes of text of one document that are looked at.
pub const PACK_TEXT_BYTES_MAX: usize = 1 << 20;

/// Bytes of memory of the process that opens packs.
pub const PACK_PROCESS_BYTES_MAX: u64 = 2 << 30;

/// Files in one zip file of a pack, those of a document of Office among them: a workbook of a thousand sheets has some
/// thousands.
pub const PACK_ZIP_MEMBERS_MAX: usize = 10_000;

/// Bytes that one stream of a PDF may grow to, a picture aside: a page of text has some kilobytes, a map some megabytes.
pub const PACK_PDF_STREAM_BYTES_MAX: usize = 32 << 20;

/// Seconds that one document of a pack may take to open: a scanned bundle of 50 MB takes a tenth of one, on a slow machine more.
pub const PACK_DOCUMENT_SECONDS_MAX: u64 = 8;

/// Seconds that a whole pack may take to open: a thousand documents of five pages take about three.
pub const PACK_SECONDS_MAX: u64 = 180;

/// Bytes of a form of the pages: a sitting's outcomes are some dozens of texts.
pub const FORM_BYTES_MAX: usize = 2 << 20;

/// How long a page may take: after that somebody has long gone.
pub const PAGE_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(120);

/// How long whoever sends something may be silent, or come with less than [`BODY_BYTES_MIN`], so that nobody holds a
/// connection by sending a byte now and then.
pub const BODY_SILENT_MAX: std::time::Duration = std::time::Duration::from_secs(20);

/// Bytes that have to come in that time, unless they are the last: the slowest telephone line brings more.
pub const BODY_BYTES_MIN: usize = 16 << 10;

/// How long a browser may take to say what it wants.
pub const HEAD_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(10);

/// Bytes of a pack that is sent to the pages: some dozens of scans.
pub const PACK_UPLOAD_BYTES_MAX: usize = 512 << 20;

/// How long sending a pack may take: half a gigabyte from an office with a slow line.
pub const UPLOAD_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(30 * 60);

/// Bytes of an outcomes workbook that is sent to the pages, with what a form needs around it.
pub const WORKBOOK_UPLOAD_BYTES_MAX: usize = 33 << 20;

/// Bytes of one answer of the council's sign-in: a token with some hundreds of groups has some 20 KB.
pub const SIGN_IN_ANSWER_BYTES_MAX: usize = 1 << 20;

/// Months of figures that are told at a time: five years of sittings, as far back as anybody compares.
pub const FIGURES_MONTHS_MAX: i32 = 60;

/// Ids that one row beside the trail holds of what a long list has shown. Up to so many, each has a row of its own, which
/// an index finds; a check of everything would have two million.
pub const SHOWN_IDS_A_ROW: usize = 1_000;

/// Duties that one e-mail names: a team has some dozens; the rest of a first day is counted in it.
pub const REMINDER_DUTIES_MAX: usize = 200;
