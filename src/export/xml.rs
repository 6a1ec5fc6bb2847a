//! The `xml` layout: one element a submission (mosaic.md, A.4; an assumption, as no public sample exists).
//!
//! ```text
//! WorkflowStep ─┬─ Subjects ── Subject
//!               └─ Form ─┬─ TemplateMetaData ── TemplateUserCode, Version, Title
//!                        ├─ Answer (─ Lookup …)
//!                        └─ QuestionCollection ── Row ── Answer
//! ```
//!
//! Element names are known in any case; elements that are not known are passed over. A DTD or an entity of the
//! file's own is refused.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::forms::Sink;
use super::headings::{Headings, Meaning};
use super::long::{proved, too_large};
use super::open::Part;
use super::{Column, RawAnswer, RawValue, Record, RecordBuilder};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

const BUFFER_BYTES: usize = 256 << 10;

/// Reads every submission of the part.
pub(super) fn read(part: &Part, headings: &Headings, sink: &mut Sink<Record>) -> Result<(), Trouble> {
    let text = part.text()?;
    let source = LineCounter { inner: BufReader::with_capacity(BUFFER_BYTES, text.reader), line: 1 };
    let mut reader = Reader::from_reader(source);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.trim_markup_names_in_closing_tags = false;
    let mut state = State::new(headings, text.damaged);
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    loop {
        buffer.clear();
        let line = reader.get_ref().line;
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => {
                let at_end = reader.get_mut().fill_buf().is_ok_and(<[u8]>::is_empty);
                return Err(state.broken(part, &error, line, at_end));
            }
        };
        match event {
            Event::Start(element) => state.start(&element, line)?,
            Event::End(_) => {
                if state.end(sink).is_err() {
                    return Ok(());
                }
            }
            Event::Text(text) => state.text(&text),
            Event::CData(text) => state.text(&text),
            Event::GeneralRef(reference) => state.reference(&reference, line),
            Event::DocType(_) => return Err(forbidden(line, "the file has a document type definition")),
            Event::Eof => return state.over(line),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
        }
    }
}

/// The elements that mean something by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Step,
    Subject,
    Form,
    Answer,
    Lookup,
    Collection,
    Row,
    /// A leaf with a part of the head: `TemplateUserCode`, `Version`.
    Head(Column),
    /// Anything else: looked into, but not read itself.
    Other,
}

fn element(name: &str, headings: &Headings) -> Element {
    const KNOWN: [(&str, Element); 7] = [
        ("Answer", Element::Answer),
        ("Lookup", Element::Lookup),
        ("Row", Element::Row),
        ("QuestionCollection", Element::Collection),
        ("Form", Element::Form),
        ("WorkflowStep", Element::Step),
        ("Subject", Element::Subject),
    ];
    if let Some((_, element)) = KNOWN.iter().find(|(known, _)| *known == name) {
        return *element;
    }
    if let Some((_, element)) = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return *element;
    }
    match headings.form(name) {
        Some(Meaning::Head(column)) => Element::Head(column),
        _ => Element::Other,
    }
}

/// The answer whose element is open. Its texts keep their room from one answer to the next.
#[derive(Default)]
struct OpenAnswer {
    open: bool,
    code: String,
    wording: String,
    datatype: String,
    subject: String,
    line: u64,
    /// A `Lookup` has been read: the answer's own text is only white space.
    ticked: bool,
}

/// What has been read of the step that is open.
struct State<'h> {
    headings: &'h Headings,
    damaged: bool,
    stack: Vec<Element>,
    step: Vec<(Column, String)>,
    forms: Vec<RecordBuilder>,
    step_line: u64,
    form_open: bool,
    answer: OpenAnswer,
    collection: String,
    row: String,
    handler: String,
    text: String,
    /// Why the step cannot be taken.
    trouble: Option<Trouble>,
    paths: Paths,
}

/// The paths that places name, shared by all places.
struct Paths {
    step: Arc<str>,
    form: Arc<str>,
    answer: Arc<str>,
    row_answer: Arc<str>,
}

impl<'h> State<'h> {
    fn new(headings: &'h Headings, damaged: bool) -> Self {
        Self {
            headings,
            damaged,
            stack: Vec::new(),
            step: Vec::new(),
            forms: Vec::new(),
            step_line: 0,
            form_open: false,
            answer: OpenAnswer::default(),
            collection: String::new(),
            row: String::new(),
            handler: String::new(),
            text: String::new(),
            trouble: None,
            paths: Paths {
                step: "WorkflowStep".into(),
                form: "WorkflowStep/Form".into(),
                answer: "WorkflowStep/Form/Answer".into(),
                row_answer: "WorkflowStep/Form/QuestionCollection/Row/Answer".into(),
            },
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, line: u64) -> Result<(), Trouble> {
        if self.stack.len() >= limit::XML_DEPTH_MAX {
            let place = Place::Element { line, path: self.paths.step.clone() };
            let message = "elements are nested deeper than an export nests them".to_owned();
            let help = "look at where the file comes from".to_owned();
            return Err(Trouble { place, reason: Reason::TooLarge, message, help });
        }
        let element = element(start.name().as_ref(), self.headings);
        self.stack.push(element);
        self.text.clear();
        match element {
            Element::Step => {
                self.begin_step(line);
                self.heads(start);
            }
            Element::Form => {
                if self.stack.iter().all(|above| *above != Element::Step) {
                    self.begin_step(line);
                }
                self.form_open = true;
                let path = self.paths.form.clone();
                self.forms.push(RecordBuilder::new(Place::Element { line, path }));
                self.heads(start);
            }
            Element::Subject | Element::Other => self.heads(start),
            Element::Answer => self.begin_answer(start, line),
            Element::Collection => copy_attribute(start, &mut self.collection, &["id", "questioncollectionid"]),
            Element::Row => {
                copy_attribute(start, &mut self.row, &["formanswerrowid"]);
                copy_attribute(start, &mut self.handler, &["handlerrowidentifier"]);
            }
            Element::Lookup | Element::Head(_) => {}
        }
        Ok(())
    }

    fn begin_step(&mut self, line: u64) {
        self.step.clear();
        self.forms.clear();
        self.step_line = line;
        self.trouble = None;
        self.form_open = false;
    }

    fn begin_answer(&mut self, start: &BytesStart<'_>, line: u64) {
        let answer = &mut self.answer;
        answer.open = true;
        answer.ticked = false;
        answer.line = line;
        for text in [&mut answer.code, &mut answer.wording, &mut answer.datatype, &mut answer.subject] {
            text.clear();
        }
        for attribute in start.attributes().with_checks(false).flatten() {
            let name = attribute.key.as_ref();
            let target = match name {
                "questionUserCode" => &mut answer.code,
                "answerDatatype" => &mut answer.datatype,
                _ if name.eq_ignore_ascii_case("questionUserCode") => &mut answer.code,
                _ if name.eq_ignore_ascii_case("answerDatatype") => &mut answer.datatype,
                _ if name.eq_ignore_ascii_case("questionText") => &mut answer.wording,
                _ if name.eq_ignore_ascii_case("subjectPersonId") => &mut answer.subject,
                _ => continue,
            };
            match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => target.push_str(&value),
                Err(_) => self.trouble = Some(bad_entity(line)),
            }
        }
    }

    /// Takes the attributes that are parts of the head.
    fn heads(&mut self, start: &BytesStart<'_>) {
        for attribute in start.attributes().with_checks(false).flatten() {
            let Some(Meaning::Head(column)) = self.headings.form(attribute.key.as_ref()) else { continue };
            let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
                self.trouble = Some(bad_entity(self.step_line));
                continue;
            };
            self.head(column, &value);
        }
    }

    fn head(&mut self, column: Column, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        match self.forms.last_mut().filter(|_| self.form_open) {
            Some(form) => form.head(column, value),
            None => self.step.push((column, value.to_owned())),
        }
    }

    fn text(&mut self, text: &str) {
        let wanted = matches!(self.stack.last(), Some(Element::Answer | Element::Lookup | Element::Head(_)));
        if wanted {
            self.text.push_str(text);
        }
        if self.text.len() > limit::CELL_BYTES_MAX {
            self.text.clear();
            self.trouble = Some(too_large(Place::Element { line: self.step_line, path: self.paths.step.clone() }));
        }
        if self.damaged && wanted && text.contains('\u{fffd}') {
            self.trouble = Some(Trouble {
                place: Place::Element { line: self.step_line, path: self.paths.step.clone() },
                reason: Reason::EncodingBroken,
                message: "the submission holds bytes that are not in the encoding that the file declares".to_owned(),
                help: "have the report written in the encoding that its first line names".to_owned(),
            });
        }
    }

    /// A character by number, or one of the five that XML itself names.
    fn reference(&mut self, reference: &BytesRef<'_>, line: u64) {
        if let Ok(Some(character)) = reference.resolve_char_ref() {
            return self.text(character.encode_utf8(&mut [0; 4]));
        }
        match quick_xml::escape::resolve_predefined_entity(reference) {
            Some(text) => self.text(text),
            None => self.trouble = Some(bad_entity(line)),
        }
    }

    fn end(&mut self, sink: &mut Sink<Record>) -> Result<(), super::forms::Gone> {
        match self.stack.pop() {
            Some(Element::Lookup) if self.answer.open => {
                self.answer.ticked = true;
                self.put_answer();
            }
            Some(Element::Answer) => {
                if !self.answer.ticked {
                    self.put_answer();
                }
                self.answer.open = false;
            }
            Some(Element::Head(column)) => {
                let text = std::mem::take(&mut self.text);
                self.head(column, &text);
                self.text = text;
            }
            Some(Element::Collection) => self.collection.clear(),
            Some(Element::Row) => {
                self.row.clear();
                self.handler.clear();
            }
            Some(Element::Form) => {
                self.form_open = false;
                if self.stack.iter().all(|above| *above != Element::Step) {
                    return self.hand_on(sink);
                }
            }
            Some(Element::Step) => return self.hand_on(sink),
            Some(Element::Subject | Element::Other | Element::Lookup) | None => {}
        }
        self.text.clear();
        Ok(())
    }

    fn put_answer(&mut self) {
        let Some(form) = self.forms.last_mut().filter(|_| self.form_open) else { return };
        let record = form.so_far();
        if record.answers().len() >= limit::ANSWERS_MAX || record.text_bytes() >= limit::RECORD_BYTES_MAX {
            self.trouble = Some(too_large(record.place().clone()));
            return;
        }
        let some = |text: &'_ str| (!text.is_empty()).then_some(()).is_some();
        let (answer, in_row) = (&self.answer, some(&self.row));
        let subject = if some(&self.handler) { &self.handler } else { &answer.subject };
        let path = if in_row { &self.paths.row_answer } else { &self.paths.answer };
        form.answer(RawAnswer {
            code: &answer.code,
            wording: some(&answer.wording).then_some(&answer.wording),
            datatype: some(&answer.datatype).then_some(&answer.datatype),
            value: RawValue::Text(&self.text),
            collection: some(&self.collection).then_some(&self.collection),
            row: in_row.then_some(&self.row),
            subject: some(subject).then_some(subject),
            place: &Place::Element { line: answer.line, path: path.clone() },
        });
    }

    /// A step is over: each of its forms is a submission; a step without a form is one by itself.
    fn hand_on(&mut self, sink: &mut Sink<Record>) -> Result<(), super::forms::Gone> {
        if let Some(trouble) = self.trouble.take() {
            self.forms.clear();
            return sink.put(Err(trouble));
        }
        if self.forms.is_empty() {
            let path = self.paths.step.clone();
            self.forms.push(RecordBuilder::new(Place::Element { line: self.step_line, path }));
        }
        for mut form in self.forms.drain(..) {
            for (column, value) in &self.step {
                form.head(*column, value);
            }
            sink.put(proved(form.finish()))?;
        }
        Ok(())
    }

    /// The file is over.
    fn over(&self, line: u64) -> Result<(), Trouble> {
        if self.stack.is_empty() {
            return Ok(());
        }
        Err(Trouble {
            place: Place::Line(line),
            reason: Reason::FileTruncated,
            message: "the file ends in the middle of an element".to_owned(),
            help: "have the report run again and deliver the whole file".to_owned(),
        })
    }

    /// The file cannot be read further: it ends too early, or is not well formed.
    fn broken(&self, part: &Part, error: &quick_xml::Error, line: u64, at_end: bool) -> Trouble {
        let place = Place::Line(line);
        if let quick_xml::Error::Io(error) = error {
            return Trouble { place, ..part.io_trouble(error) };
        }
        if at_end && let Err(trouble) = self.over(line) {
            return trouble;
        }
        Trouble {
            place,
            reason: Reason::XmlBroken,
            message: "the XML is not well formed from here on".to_owned(),
            help: "have the report run again; if it stays so, its writer does not escape < or &".to_owned(),
        }
    }
}

fn copy_attribute(start: &BytesStart<'_>, target: &mut String, names: &[&str]) {
    target.clear();
    for attribute in start.attributes().with_checks(false).flatten() {
        if names.iter().any(|name| attribute.key.as_ref().eq_ignore_ascii_case(name)) {
            target.push_str(&attribute.value);
        }
    }
}

fn bad_entity(line: u64) -> Trouble {
    forbidden(line, "the submission uses an entity that XML itself does not define")
}

fn forbidden(line: u64, message: &str) -> Trouble {
    Trouble {
        place: Place::Line(line),
        reason: Reason::XmlForbidden,
        message: message.to_owned(),
        help: "have the report written without; tessera never follows what such a file points to".to_owned(),
    }
}

/// Counts the lines of what has been read.
struct LineCounter<R> {
    inner: R,
    line: u64,
}

impl<R: BufRead> Read for LineCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), available.get(..length)) {
            to.copy_from_slice(from);
        }
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for LineCounter<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(buffer) = self.inner.fill_buf() {
            let lines = memchr::memchr_iter(b'\n', buffer.get(..amount).unwrap_or_default()).count();
            self.line += u64::try_from(lines).unwrap_or(0);
        }
        self.inner.consume(amount);
    }
}
