//! Makes records of one piece of an XML export.

use std::borrow::Cow;
use std::iter::{Copied, Peekable};
use std::sync::Arc;

use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};

use super::gather::{is_everybody, too_large};
use super::headings::Dictionary;
use super::open::AGAIN;
use super::record::{At, Column, Draft, Frame, Room};
use super::relay::{Batch, Remarks};
use super::xml_chunks::Chunk;
use super::xml_form::{Answer, Attributes, Form, Lines, Step};
use super::xml_names::{Attribute, Names, NodeId, Tag, is_record, is_step};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Makes records of pieces of one file; what it learns of the file's names serves for the next piece.
pub(super) struct Parser {
    names: Names,
    /// The paths of the names, as far as they were known when it was made.
    frame: Arc<Frame>,
    /// What the last form needed, for the next.
    room: Room,
}

/// What the first piece says of the whole file.
#[derive(Default)]
pub(super) struct Outline {
    /// The name of the root, where it is not a submission itself.
    pub(super) root: Option<String>,
    /// Whether the root is that of an export, which may hold no submissions.
    pub(super) known_root: bool,
}

impl Parser {
    /// Knows no names yet.
    pub(super) fn new() -> Self {
        Self { names: Names::new(), frame: Arc::new(Frame::Elements(Vec::new())), room: Room::default() }
    }

    /// Makes records of a piece. `root` is the file's root element, which the last piece must close.
    pub(super) fn parse(
        &mut self,
        chunk: &Chunk,
        dictionary: &Dictionary,
        root: Option<&str>,
    ) -> (Batch<Draft>, Outline) {
        let mut reader = Reader::from_str(&chunk.text);
        let config = reader.config_mut();
        config.trim_text_start = true;
        // A piece does not hold the elements around its submissions; names are checked here.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let mut reading = Reading {
            reader,
            chunk,
            dictionary,
            names: &mut self.names,
            room: &mut self.room,
            lines: Lines { newlines: memchr::memchr_iter(b'\n', chunk.text.as_bytes()).peekable(), line: chunk.line },
            broken: chunk.broken.iter().copied().peekable(),
            open: Vec::new(),
            deeper: 0,
            outline: Outline::default(),
            lost: false,
            mistaken: false,
            step: None,
            step_head: Draft::default(),
            form: None,
            finished: Vec::new(),
            leaf: String::new(),
            items: Vec::new(),
            remarks: Remarks::default(),
        };
        let stop = reading.read(root).err();
        let Reading { items, remarks, outline, .. } = reading;
        if !matches!(&*self.frame, Frame::Elements(paths) if paths.len() == self.names.len()) {
            self.frame = Arc::new(Frame::Elements(self.names.paths()));
        }
        (Batch { frame: Arc::clone(&self.frame), items, remarks, stop }, outline)
    }
}

/// A piece as far as it has been read.
struct Reading<'c, 'p> {
    reader: Reader<&'c [u8]>,
    chunk: &'c Chunk,
    dictionary: &'p Dictionary,
    names: &'p mut Names,
    room: &'p mut Room,
    lines: Lines<'c>,
    /// Where something is not valid in the file's encoding.
    broken: Peekable<Copied<std::slice::Iter<'c, usize>>>,
    /// The elements that are open, from the submission inwards.
    open: Vec<NodeId>,
    /// Elements open within the innermost of `open` that are too deep to be told apart.
    deeper: usize,
    outline: Outline,
    /// Whether elements are passed over until the next submission begins.
    lost: bool,
    /// Whether anything in the piece was not well formed.
    mistaken: bool,
    step: Option<Step>,
    /// The head of the step, which every form of it takes over.
    step_head: Draft,
    form: Option<Form>,
    /// Forms of the open step that have ended.
    finished: Vec<Result<Draft, Trouble>>,
    /// The text of an element of the head.
    leaf: String,
    items: Vec<Result<Draft, Trouble>>,
    remarks: Remarks,
}

impl Reading<'_, '_> {
    fn read(&mut self, root: Option<&str>) -> Result<(), Trouble> {
        if self.chunk.endless {
            self.items.push(Err(too_large(Place::Line(self.chunk.line))));
        }
        while self.event()? {}
        self.end_of_piece(root)
    }

    /// Reads one event; `false` at the end of the piece.
    fn event(&mut self) -> Result<bool, Trouble> {
        match self.reader.read_event() {
            Ok(Event::Start(element)) => self.start(&element, 0),
            Ok(Event::Empty(element)) => {
                self.start(&element, 1);
                self.end(None);
            }
            Ok(Event::End(element)) => self.end(Some(element.name().as_ref())),
            Ok(Event::Text(text)) => self.text(&text.xml10_content()),
            Ok(Event::CData(text)) => self.text(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => match resolve_predefined_entity(&reference) {
                Some(text) => self.text(text),
                None => match reference.resolve_char_ref() {
                    Ok(Some(found)) => self.text(found.encode_utf8(&mut [0; 4])),
                    _ => self.refuse(Reason::XmlForbidden, "an entity that XML itself does not define", NO_ENTITIES),
                },
            },
            Ok(Event::DocType(_)) => {
                let message = "the file has a document type definition, which is not read";
                return Err(self.trouble(Reason::XmlForbidden, message, NO_ENTITIES));
            }
            Ok(Event::PI(_)) => self.refuse(Reason::XmlForbidden, "a processing instruction", NO_ENTITIES),
            Ok(Event::Decl(_) | Event::Comment(_)) => {}
            Ok(Event::Eof) => return Ok(false),
            Err(error) => return self.mistake(&error),
        }
        Ok(true)
    }

    fn start(&mut self, element: &BytesStart<'_>, slash: usize) {
        let name = element.name();
        let name = name.as_ref();
        let Some(parent) = self.open.last().copied() else { return self.start_outside(name, element, slash) };
        if (self.deeper > 0 || self.open.len() >= limit::XML_DEPTH_MAX) && !is_step(name) {
            self.deeper += 1;
            return self.refuse(Reason::TooLarge, "elements are nested more deeply than any form", AGAIN);
        }
        let node = self.names.child(parent, name, self.dictionary);
        self.open.push(node);
        match self.names.tag(node) {
            Tag::Outside | Tag::Answers | Tag::Known => {}
            Tag::Step => {
                // Whatever was open has not been closed, and the step that begins here is another.
                self.lose("a submission begins in the middle of another");
                self.start_outside(name, element, slash);
            }
            Tag::Form => self.start_form(node, element, slash),
            Tag::Subject => self.start_subject(node, element),
            Tag::Group | Tag::Leaf(_) => self.start_head(node, element),
            Tag::Collection | Tag::Row => self.start_group(node, element),
            Tag::Answer => self.start_answer(node, element),
            Tag::Lookup => self.start_lookup(),
            Tag::Unknown => self.remarks.count_unknown(&self.names.path(node), 1),
        }
    }

    /// Begins a submission; what else stands around submissions is passed over.
    fn start_outside(&mut self, name: &str, element: &BytesStart<'_>, slash: usize) {
        if !is_record(name) || (self.lost && !is_step(name)) {
            if self.chunk.first && self.outline.root.is_none() {
                let local = element.local_name();
                self.outline.known_root = local.as_ref().eq_ignore_ascii_case("MosaicForms");
                // An empty element is closed already.
                let root = if slash == 0 { element.name().as_ref().to_owned() } else { String::new() };
                self.outline.root = Some(root);
            }
            return;
        }
        self.lost = false;
        let node = self.names.child(Names::OUTSIDE, name, self.dictionary);
        self.open.push(node);
        if is_step(name) {
            self.start_step(node, element, slash);
        } else {
            self.start_form(node, element, slash);
        }
    }

    fn end(&mut self, name: Option<&str>) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let Some(node) = self.open.pop() else { return };
        if name.is_some_and(|name| name != self.names.name(node)) {
            self.open.push(node);
            return self.lose("an element is closed that is not the one open");
        }
        match self.names.tag(node) {
            Tag::Step => self.end_step(),
            Tag::Form => self.end_form(),
            Tag::Leaf(column) => self.end_leaf(column),
            Tag::Subject => self.end_leaf(Column::PersonId),
            Tag::Collection | Tag::Row => {
                if let Some(form) = &mut self.form {
                    form.groups.pop();
                }
            }
            Tag::Answer => self.end_answer(),
            Tag::Lookup => self.end_lookup(),
            Tag::Outside | Tag::Group | Tag::Answers | Tag::Known | Tag::Unknown => {}
        }
    }

    fn start_step(&mut self, node: NodeId, element: &BytesStart<'_>, slash: usize) {
        let at = self.at(node, element, slash);
        // What is not valid before the step is in no record.
        self.broken_before(self.tag_start(element, slash));
        self.step = Some(Step { at, fault: None });
        self.step_head = Draft::default();
        self.start_head(node, element);
    }

    fn start_form(&mut self, node: NodeId, element: &BytesStart<'_>, slash: usize) {
        if self.form.is_some() {
            return self.refuse(Reason::XmlBroken, "a form stands within a form", AGAIN);
        }
        let at = self.at(node, element, slash);
        if self.broken_before(self.tag_start(element, slash)) && self.step.is_some() {
            self.refuse_encoding();
        }
        let draft = Draft::with_room(*self.room, at);
        self.form = Some(Form { draft, fault: None, groups: Vec::new(), answer: None, value_len: 0 });
        self.start_head(node, element);
    }

    /// Takes the attributes of an element of the head.
    fn start_head(&mut self, node: NodeId, element: &BytesStart<'_>) {
        self.leaf.clear();
        for attribute in Attributes(element.attributes_raw()) {
            let Some((meaning, value)) = self.attribute(node, attribute) else { continue };
            if let Attribute::Head(column) = meaning {
                self.head(column, &value);
            }
        }
    }

    /// A person the step is about; subjects of other kinds, households for instance, are none.
    fn start_subject(&mut self, node: NodeId, element: &BytesStart<'_>) {
        self.leaf.clear();
        let (mut person, mut is_person) = (String::new(), true);
        for attribute in Attributes(element.attributes_raw()) {
            match self.attribute(node, attribute) {
                Some((Attribute::SubjectType, kind)) => is_person = kind.eq_ignore_ascii_case("PER"),
                Some((Attribute::Head(Column::PersonId), id)) => person.push_str(&id),
                _ => {}
            }
        }
        if is_person {
            self.head(Column::PersonId, &person);
        }
    }

    fn start_group(&mut self, node: NodeId, element: &BytesStart<'_>) {
        if self.form.as_ref().is_none_or(|form| form.fault.is_some()) {
            return;
        }
        let mut group = self.form.as_ref().and_then(|form| form.groups.last()).copied().unwrap_or_default();
        for attribute in Attributes(element.attributes_raw()) {
            let Some((meaning, value)) = self.attribute(node, attribute) else { continue };
            let Some(form) = &mut self.form else { return };
            match meaning {
                Attribute::Collection => group.collection = Some(form.draft.keep(&value)),
                Attribute::Row => group.row = Some(form.draft.keep(&value)),
                Attribute::About if !is_everybody(&value) => group.about = Some(form.draft.keep(&value)),
                _ => {}
            }
        }
        if let Some(form) = &mut self.form {
            form.groups.push(group);
        }
    }

    fn start_answer(&mut self, node: NodeId, element: &BytesStart<'_>) {
        // White space counts in an answer.
        self.reader.config_mut().trim_text_start = false;
        let at = self.at(node, element, 0);
        let Some(form) = self.form.as_ref().filter(|form| form.fault.is_none()) else { return };
        let (mut code, mut wording, mut datatype, mut nil) = (None, None, None, false);
        let mut group = form.groups.last().copied().unwrap_or_default();
        for attribute in Attributes(element.attributes_raw()) {
            let Some((meaning, value)) = self.attribute(node, attribute) else { continue };
            let Some(form) = &mut self.form else { return };
            match meaning {
                Attribute::Code => code = Some(form.draft.keep(&value)),
                Attribute::Wording => wording = Some(form.draft.keep(&value)),
                Attribute::Datatype => datatype = Some(form.draft.keep(&value)),
                Attribute::Collection => group.collection = Some(form.draft.keep(&value)),
                Attribute::Row => group.row = Some(form.draft.keep(&value)),
                Attribute::About if !is_everybody(&value) => group.about = Some(form.draft.keep(&value)),
                Attribute::Nil => nil = matches!(&*value, "true" | "1"),
                Attribute::About | Attribute::Head(_) | Attribute::SubjectType | Attribute::Other => {}
            }
        }
        let Some(code) = code.or(wording) else {
            return self.refuse(Reason::ValueUnreadable, "an answer has no question", "export the form again");
        };
        if let Some(form) = &mut self.form {
            let value = form.draft.text_len();
            form.answer = Some(Answer { at, code, wording, datatype, group, value, nil, looked_up: false });
        }
    }

    fn start_lookup(&mut self) {
        let Some(form) = &mut self.form else { return };
        if let Some(mut answer) = form.answer.take() {
            form.take_value(&mut answer, true);
            form.answer = Some(answer);
        }
    }

    fn end_lookup(&mut self) {
        let Some(form) = &mut self.form else { return };
        if let Some(mut answer) = form.answer.take() {
            answer.looked_up = true;
            form.take_value(&mut answer, false);
            form.answer = Some(answer);
        }
        self.hold_to_limits();
    }

    fn end_answer(&mut self) {
        self.reader.config_mut().trim_text_start = true;
        let Some(form) = &mut self.form else { return };
        let Some(mut answer) = form.answer.take() else { return };
        let only_space = answer.looked_up || answer.nil;
        form.take_value(&mut answer, only_space);
        self.hold_to_limits();
    }

    fn hold_to_limits(&mut self) {
        let Some(form) = &self.form else { return };
        let draft = &form.draft;
        if draft.answers_len() > limit::ANSWERS_MAX || draft.text_len() > limit::RECORD_BYTES_MAX {
            let place = self.place(draft.at);
            self.refuse_with(too_large(place));
        } else if form.value_len > limit::CELL_BYTES_MAX {
            self.refuse(Reason::TooLarge, "an answer is longer than is read", "look at the answer in Mosaic");
        }
    }

    fn end_leaf(&mut self, column: Column) {
        let leaf = std::mem::take(&mut self.leaf);
        self.head(column, leaf.trim());
        self.leaf = leaf;
        self.leaf.clear();
    }

    fn end_form(&mut self) {
        if self.broken_before(self.position()) {
            self.refuse_encoding();
        }
        let Some(Form { draft, fault, .. }) = self.form.take() else { return };
        *self.room = draft.room();
        let finished = match fault {
            Some(trouble) => Err(trouble),
            None => Ok(draft),
        };
        let items = if self.step.is_some() { &mut self.finished } else { &mut self.items };
        items.push(finished);
    }

    fn end_step(&mut self) {
        if self.broken_before(self.position()) {
            self.refuse_encoding();
        }
        let Some(Step { at, fault }) = self.step.take() else { return };
        let mut finished = std::mem::take(&mut self.finished);
        if finished.is_empty() {
            // A step without a form still says what became of it: a cancelled one withdraws its request.
            finished.push(Ok(Draft::at(at)));
        }
        for form in finished.drain(..) {
            let form = match (form, &fault) {
                (Err(trouble), _) => Err(trouble),
                (Ok(_), Some(trouble)) => Err(trouble.clone()),
                (Ok(mut draft), None) => {
                    for (column, value) in self.step_head.all_heads() {
                        if !draft.heads(column).any(|known| known == value) {
                            draft.head(column, value);
                        }
                    }
                    Ok(draft)
                }
            };
            self.items.push(form);
        }
        self.finished = finished;
    }

    fn text(&mut self, text: &str) {
        match &mut self.form {
            Some(form) if form.fault.is_some() => {}
            Some(form) if form.answer.is_some() => form.draft.text_mut().push_str(text),
            _ if self.leaf.len() <= limit::CELL_BYTES_MAX => self.leaf.push_str(text),
            _ => {}
        }
    }

    /// Adds a value to the head of the form, or of the step where no form is open.
    fn head(&mut self, column: Column, value: &str) {
        if value.is_empty() || (column == Column::PersonId && is_everybody(value)) {
            return;
        }
        let draft = match &mut self.form {
            Some(form) => &mut form.draft,
            None => &mut self.step_head,
        };
        if draft.heads(column).any(|known| known == value) {
            return;
        }
        let known = draft.heads(column).count();
        if known == 0 || (column == Column::PersonId && known < limit::PEOPLE_MAX) {
            draft.head(column, value);
        } else if column == Column::PersonId {
            self.refuse(Reason::TooLarge, "the submission is about too many people", "look at the form in Mosaic");
        } else {
            let message = "the submission says two things about the same part of its head";
            self.refuse(Reason::RecordsDisagree, message, "look at the form in Mosaic and export it again");
        }
    }

    /// The meaning and value of an attribute; one that cannot be read spoils the record.
    fn attribute<'e>(
        &mut self,
        node: NodeId,
        attribute: Option<(&'e str, &'e str)>,
    ) -> Option<(Attribute, Cow<'e, str>)> {
        let Some((name, value)) = attribute else {
            self.refuse(Reason::XmlBroken, "an attribute is not well formed", AGAIN);
            return None;
        };
        let meaning = self.names.attribute(node, name, self.dictionary);
        if meaning == Attribute::Other {
            return None;
        }
        if memchr::memchr(b'&', value.as_bytes()).is_none() {
            return Some((meaning, Cow::Borrowed(value)));
        }
        let Ok(value) = unescape(value) else {
            self.refuse(Reason::XmlForbidden, "an entity that XML itself does not define", NO_ENTITIES);
            return None;
        };
        Some((meaning, value))
    }

    /// Where an element that has just begun begins.
    fn at(&mut self, node: NodeId, element: &BytesStart<'_>, slash: usize) -> At {
        At { number: self.lines.at(self.tag_start(element, slash)), name: node.number() }
    }

    fn tag_start(&self, element: &BytesStart<'_>, slash: usize) -> usize {
        self.position().saturating_sub(element.len() + "<>".len() + slash)
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// Whether there was something not valid before `offset`, since it was last asked.
    fn broken_before(&mut self, offset: usize) -> bool {
        let mut broken = false;
        while self.broken.next_if(|at| *at < offset).is_some() {
            broken = true;
        }
        broken
    }

    fn place(&self, at: At) -> Place {
        Frame::Elements(self.names.paths()).place(at)
    }

    /// A trouble where the reader stands.
    fn trouble(&mut self, reason: Reason, message: &str, help: &str) -> Trouble {
        let line = self.lines.at(self.position());
        let path = self.open.last().map(|node| self.names.path(*node)).filter(|path| !path.is_empty());
        let place = path.map_or(Place::Line(line), |path| Place::Element { line, path });
        Trouble { place, reason, message: message.to_owned(), help: help.to_owned() }
    }

    fn refuse(&mut self, reason: Reason, message: &str, help: &str) {
        let trouble = self.trouble(reason, message, help);
        self.refuse_with(trouble);
    }

    fn refuse_encoding(&mut self) {
        let place = self.begun().map_or(Place::Whole, |at| self.place(at));
        self.refuse_with(Trouble {
            place,
            reason: Reason::EncodingBroken,
            message: "the submission holds bytes that are no characters in the file's encoding".to_owned(),
            help: "export it again as UTF-8".to_owned(),
        });
    }

    /// Where the open submission begins.
    fn begun(&self) -> Option<At> {
        self.form.as_ref().map(|form| form.draft.at).or(self.step.as_ref().map(|step| step.at))
    }

    /// Refuses the open form, or the step where no form is open. The first reason stands.
    fn refuse_with(&mut self, trouble: Trouble) {
        if let Some(form) = &mut self.form {
            form.draft = Draft::at(form.draft.at);
            form.answer = None;
            form.groups.clear();
            form.fault.get_or_insert(trouble);
        } else if let Some(step) = &mut self.step {
            step.fault.get_or_insert(trouble);
        }
    }

    /// What is not well formed costs the submission it stands in. A piece that ends in the middle of something is
    /// the end of the file, or its submissions are told apart wrongly: nothing more can be made of it.
    fn mistake(&mut self, error: &Error) -> Result<bool, Trouble> {
        match error {
            Error::IllFormed(IllFormedError::UnclosedReference) => {
                self.refuse(Reason::XmlBroken, "an `&` stands alone", AGAIN);
                Ok(true)
            }
            Error::Syntax(SyntaxError::InvalidBangMarkup) => {
                self.items.extend(self.finished.drain(..).filter(Result::is_err));
                Err(self.trouble(Reason::XmlBroken, "what begins with `<!` here is no XML", AGAIN))
            }
            Error::Syntax(_) if self.chunk.last => Err(self.cut()),
            _ => {
                self.lose("the XML is not well formed");
                Ok(true)
            }
        }
    }

    /// Gives up the open submission with everything in it, and passes over what follows until the next.
    fn lose(&mut self, message: &str) {
        let open = self.step.is_some() || self.form.is_some();
        if open || !std::mem::replace(&mut self.mistaken, true) {
            let trouble = self.trouble(Reason::XmlBroken, message, AGAIN);
            let unfinished = usize::from(self.form.is_some() || self.finished.is_empty());
            for _ in 0..self.finished.len() + unfinished {
                self.items.push(Err(trouble.clone()));
            }
        }
        (self.step, self.form, self.lost, self.mistaken, self.deeper) = (None, None, true, true, 0);
        self.finished.clear();
        self.open.clear();
        self.reader.config_mut().trim_text_start = true;
    }

    fn cut(&mut self) -> Trouble {
        let line = self.lines.at(self.chunk.text.len());
        let (place, message) = match self.begun() {
            Some(at) => (self.place(at), format!("the file ends on line {line}, in the middle of this submission")),
            None => (Place::Line(line), "the file ends before its last element is closed".to_owned()),
        };
        // Forms of the open step that have ended lack what the step says behind them.
        self.items.extend(self.finished.drain(..).filter(Result::is_err));
        Trouble { place, reason: Reason::FileTruncated, message, help: AGAIN.to_owned() }
    }

    fn end_of_piece(&mut self, root: Option<&str>) -> Result<(), Trouble> {
        let open = self.step.is_some() || self.form.is_some();
        if !self.chunk.last {
            if open {
                self.lose("a submission is never closed");
            }
            return Ok(());
        }
        let root = root.or(self.outline.root.as_deref());
        let closed = |root: &str| self.chunk.text.contains(&format!("</{root}")) || root.is_empty();
        if open || !(self.mistaken || self.chunk.endless || root.is_none_or(closed)) {
            return Err(self.cut());
        }
        Ok(())
    }
}

const NO_ENTITIES: &str = "export plain XML, without a document type and without entities of its own";
