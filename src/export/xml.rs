//! The `xml` layout: one element a submission, answers within.
//!
//! Element names count in any case. Elements that nobody knows are passed over and named in the remarks. A mistake
//! of form costs the step it stands in; reading goes on with the next one.

use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};

use super::columns::Layout;
use super::gather::{is_everybody, too_large};
use super::headings::Dictionary;
use super::open::{AGAIN, Part, Progress, io_trouble};
use super::reading::{Outlet, Stop};
use super::record::{At, Column, Draft, Frame, KeptAnswer, Span};
use super::text::Text;
use super::xml_names::{Attribute, Names, NodeId, Tag, is_step};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Reads the submissions of an XML export.
pub(super) fn read(
    part: &Part,
    progress: &Progress,
    dictionary: &Dictionary,
    outlet: &mut Outlet<Draft>,
) -> Result<(), Stop> {
    let text = Text::new(part.source(progress)?).map_err(|error| io_trouble(&error, Place::Whole))?;
    let mut reader = Reader::from_reader(text);
    reader.config_mut().trim_text_start = true;
    let mut reading = Reading {
        reader,
        dictionary,
        outlet,
        names: Names::new(),
        names_sent: 0,
        open: Vec::new(),
        opened: false,
        known_root: false,
        mistakes: 0,
        lost: false,
        step: None,
        step_head: Draft::default(),
        form: None,
        finished: Vec::new(),
        last: Draft::default(),
        leaf: String::new(),
    };
    let mut buffer = Vec::with_capacity(1 << 12);
    while reading.event(&mut buffer)? {}
    reading.end_of_file()
}

/// An XML file as far as it has been read.
struct Reading<'r> {
    reader: Reader<Text>,
    dictionary: &'r Dictionary,
    outlet: &'r mut Outlet<Draft>,
    names: Names,
    /// Names whose paths the outlet has.
    names_sent: usize,
    /// The elements that are open.
    open: Vec<NodeId>,
    /// Whether the outlet knows the layout.
    opened: bool,
    known_root: bool,
    /// Mistakes of form so far.
    mistakes: u64,
    /// Whether elements are passed over until the next step begins.
    lost: bool,
    step: Option<Step>,
    /// The head of the step, which every form of it takes over.
    step_head: Draft,
    form: Option<Form>,
    /// Forms of the open step that have ended.
    finished: Vec<Result<Draft, Trouble>>,
    /// The last form that ended, for the room the next will need.
    last: Draft,
    /// The text of an element of the head.
    leaf: String,
}

struct Step {
    at: At,
    fault: Option<Trouble>,
}

struct Form {
    draft: Draft,
    fault: Option<Trouble>,
    /// What answers are part of, innermost last.
    groups: Vec<Group>,
    answer: Option<Answer>,
    /// Bytes of the last value taken.
    value_len: usize,
}

#[derive(Default, Clone, Copy)]
struct Group {
    collection: Option<Span>,
    row: Option<Span>,
    about: Option<Span>,
}

/// An answer that has begun; its value is the draft's text from `value` on.
#[derive(Clone, Copy)]
struct Answer {
    at: At,
    code: Span,
    wording: Option<Span>,
    datatype: Option<Span>,
    group: Group,
    value: usize,
    nil: bool,
    /// Whether look-ups have been taken.
    looked_up: bool,
}

impl Reading<'_> {
    /// Reads one event; `false` at the end of the file.
    fn event(&mut self, buffer: &mut Vec<u8>) -> Result<bool, Stop> {
        buffer.clear();
        self.reader.get_mut().begin_piece();
        match self.reader.read_event_into(buffer) {
            Ok(Event::Start(element)) => self.start(&element)?,
            Ok(Event::Empty(element)) => {
                self.start(&element)?;
                self.end()?;
            }
            Ok(Event::End(_)) => self.end()?,
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
                return Err(self.trouble(Reason::XmlForbidden, message, NO_ENTITIES).into());
            }
            Ok(Event::PI(_)) if self.step.is_some() || self.form.is_some() => {
                self.refuse(Reason::XmlForbidden, "a processing instruction", NO_ENTITIES);
            }
            Ok(Event::PI(_) | Event::Decl(_) | Event::Comment(_)) => {}
            Ok(Event::Eof) => return Ok(false),
            Err(error) => self.mistake(&error)?,
        }
        Ok(true)
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Stop> {
        let name = element.local_name();
        if self.lost {
            if !is_step(name.as_ref()) {
                return Ok(());
            }
            // What was left open before the mistake is as good as closed.
            self.lost = false;
            self.open.truncate(1);
        }
        if self.open.len() >= limit::XML_DEPTH_LOST {
            return Err(self.trouble(Reason::TooLarge, "elements are nested beyond all measure", AGAIN).into());
        }
        let parent = self.open.last().copied().unwrap_or(Names::outside());
        let node = self.names.child(parent, name.as_ref(), self.dictionary);
        if self.open.is_empty() {
            self.known_root = name.as_ref().eq_ignore_ascii_case("MosaicForms");
        }
        self.open.push(node);
        if self.open.len() > limit::XML_DEPTH_MAX {
            self.refuse(Reason::TooLarge, "elements are nested more deeply than any form", AGAIN);
        }
        match self.names.tag(node) {
            Tag::Step => self.start_step(node, element),
            Tag::Form => self.start_form(node, element),
            Tag::Subject => self.start_subject(node, element),
            Tag::Group | Tag::Leaf(_) => self.start_head(node, element),
            Tag::Collection | Tag::Row => self.start_group(node, element),
            Tag::Answer => self.start_answer(node, element),
            Tag::Lookup => self.start_lookup(),
            Tag::Unknown => self.remark(node),
            Tag::Root | Tag::Answers | Tag::Known => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        if self.lost {
            return Ok(());
        }
        let Some(node) = self.open.pop() else { return Ok(()) };
        match self.names.tag(node) {
            Tag::Step => self.end_step()?,
            Tag::Form => self.end_form()?,
            Tag::Leaf(column) => self.end_leaf(column),
            Tag::Subject => self.end_leaf(Column::PersonId),
            Tag::Collection | Tag::Row => {
                if let Some(form) = &mut self.form {
                    form.groups.pop();
                }
            }
            Tag::Answer => self.end_answer(),
            Tag::Lookup => self.end_lookup(),
            Tag::Root | Tag::Group | Tag::Answers | Tag::Known | Tag::Unknown => {}
        }
        Ok(())
    }

    fn start_step(&mut self, node: NodeId, element: &BytesStart<'_>) {
        let at = self.at(node, element);
        // What is not valid before the step is in no record.
        self.broken_before(element);
        self.step = Some(Step { at, fault: None });
        self.step_head = Draft::default();
        self.start_head(node, element);
    }

    fn start_form(&mut self, node: NodeId, element: &BytesStart<'_>) {
        if self.form.is_some() {
            return self.refuse(Reason::XmlBroken, "a form stands within a form", AGAIN);
        }
        let at = self.at(node, element);
        if self.broken_before(element) && self.step.is_some() {
            self.refuse_encoding();
        }
        let draft = Draft::like(&self.last, at);
        self.form = Some(Form { draft, fault: None, groups: Vec::new(), answer: None, value_len: 0 });
        self.start_head(node, element);
    }

    /// Takes the attributes of an element of the head.
    fn start_head(&mut self, node: NodeId, element: &BytesStart<'_>) {
        self.leaf.clear();
        for attribute in element.attributes().with_checks(false) {
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
        for attribute in element.attributes().with_checks(false) {
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
        for attribute in element.attributes().with_checks(false) {
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
        let at = self.at(node, element);
        let Some(form) = self.form.as_ref().filter(|form| form.fault.is_none()) else { return };
        let (mut code, mut wording, mut datatype, mut nil) = (None, None, None, false);
        let mut group = form.groups.last().copied().unwrap_or_default();
        for attribute in element.attributes().with_checks(false) {
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

    fn end_form(&mut self) -> Result<(), Stop> {
        if self.broken_until_here() {
            self.refuse_encoding();
        }
        let Some(Form { draft, fault, .. }) = self.form.take() else { return Ok(()) };
        self.last = Draft::like(&draft, At::default());
        let finished = match fault {
            Some(trouble) => Err(trouble),
            None => Ok(draft),
        };
        if self.step.is_some() {
            self.finished.push(finished);
            return Ok(());
        }
        self.hand_over(finished)
    }

    fn end_step(&mut self) -> Result<(), Stop> {
        if self.broken_until_here() {
            self.refuse_encoding();
        }
        let Some(Step { at, fault }) = self.step.take() else { return Ok(()) };
        let mut finished = std::mem::take(&mut self.finished);
        if finished.is_empty() {
            // A step without a form still says what became of it: a cancelled one withdraws its request.
            let mut bare = Draft::default();
            bare.at = at;
            finished.push(Ok(bare));
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
            self.hand_over(form)?;
        }
        self.finished = finished;
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.lost {
            return;
        }
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
        attribute: Result<quick_xml::events::attributes::Attribute<'e>, quick_xml::events::attributes::AttrError>,
    ) -> Option<(Attribute, std::borrow::Cow<'e, str>)> {
        let Ok(attribute) = attribute else {
            self.refuse(Reason::XmlBroken, "an attribute is not well formed", AGAIN);
            return None;
        };
        let meaning = self.names.attribute(node, attribute.key.as_ref(), self.dictionary);
        if meaning == Attribute::Other {
            return None;
        }
        let value = match attribute.value {
            plain if memchr::memchr(b'&', plain.as_bytes()).is_none() => plain,
            escaped => match unescape(&escaped) {
                Ok(value) => std::borrow::Cow::Owned(value.into_owned()),
                Err(_) => {
                    self.refuse(Reason::XmlForbidden, "an entity that XML itself does not define", NO_ENTITIES);
                    return None;
                }
            },
        };
        Some((meaning, value))
    }

    fn at(&mut self, node: NodeId, element: &BytesStart<'_>) -> At {
        let within = memchr::memchr_iter(b'\n', element.as_bytes()).count();
        let line = self.reader.get_mut().line().saturating_sub(u64::try_from(within).unwrap_or(0));
        At { number: line, name: node.number() }
    }

    /// Whether there was something not valid before an element that has just begun.
    fn broken_before(&mut self, element: &BytesStart<'_>) -> bool {
        let text = self.reader.get_mut();
        // The element and its brackets; a slash more or less is no character that could be broken.
        let tag = u64::try_from(element.len() + "</>".len()).unwrap_or(u64::MAX);
        let start = text.position().saturating_sub(tag);
        text.broken_before(start)
    }

    fn broken_until_here(&mut self) -> bool {
        let text = self.reader.get_mut();
        let position = text.position();
        text.broken_before(position)
    }

    fn place(&self, at: At) -> Place {
        Frame::Elements(self.names.paths()).place(at)
    }

    /// A trouble where the reader stands.
    fn trouble(&mut self, reason: Reason, message: &str, help: &str) -> Trouble {
        let line = self.reader.get_mut().line();
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
            form.draft = Draft::like(&Draft::default(), form.draft.at);
            form.answer = None;
            form.groups.clear();
            form.fault.get_or_insert(trouble);
        } else if let Some(step) = &mut self.step {
            step.fault.get_or_insert(trouble);
        }
    }

    fn remark(&mut self, node: NodeId) {
        let known = &mut self.outlet.remarks.elements_unknown;
        let path = self.names.path(node);
        if let Some(count) = known.get_mut(&*path) {
            *count += 1;
        } else if known.len() < limit::UNKNOWN_ELEMENTS_MAX {
            known.insert(path.to_string(), 1);
        } else {
            *known.entry("…".to_owned()).or_default() += 1;
        }
    }

    /// What is not well formed costs the step it stands in, unless nothing can be made of what follows.
    fn mistake(&mut self, error: &Error) -> Result<(), Stop> {
        self.mistakes += 1;
        let message = match error {
            Error::Io(error) => {
                let place = self.trouble(Reason::FileUnreadable, "", "").place;
                return Err(io_trouble(error, place).into());
            }
            Error::Syntax(SyntaxError::InvalidBangMarkup) | Error::Encoding(_) => {
                return Err(self.trouble(Reason::XmlBroken, "what begins with `<!` here is no XML", AGAIN).into());
            }
            Error::Syntax(_) => return Err(self.cut().into()),
            Error::IllFormed(IllFormedError::UnclosedReference) => {
                self.refuse(Reason::XmlBroken, "an `&` stands alone", AGAIN);
                return Ok(());
            }
            Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
                "an element is closed that is not the one open"
            }
            _ => "the XML is not well formed",
        };
        if self.mistakes > limit::XML_MISTAKES_MAX {
            return Err(self.trouble(Reason::XmlBroken, "the XML is not well formed in too many places", AGAIN).into());
        }
        if self.step.is_some() || self.form.is_some() {
            let trouble = self.trouble(Reason::XmlBroken, message, AGAIN);
            self.lose(&trouble)?;
        } else if self.mistakes == 1 {
            let trouble = self.trouble(Reason::XmlBroken, message, AGAIN);
            self.hand_over(Err(trouble))?;
        }
        self.lost = true;
        Ok(())
    }

    /// Gives up the open step with everything in it.
    fn lose(&mut self, trouble: &Trouble) -> Result<(), Stop> {
        self.reader.config_mut().trim_text_start = true;
        self.step = None;
        let open = usize::from(self.form.take().is_some() || self.finished.is_empty());
        for _ in 0..self.finished.len() + open {
            self.hand_over(Err(trouble.clone()))?;
        }
        self.finished.clear();
        Ok(())
    }

    fn cut(&mut self) -> Trouble {
        let line = self.reader.get_mut().line();
        let (place, message) = match self.begun() {
            Some(at) => (self.place(at), format!("the file ends on line {line}, in the middle of this submission")),
            None => (Place::Line(line), "the file ends before its last element is closed".to_owned()),
        };
        Trouble { place, reason: Reason::FileTruncated, message, help: AGAIN.to_owned() }
    }

    fn end_of_file(&mut self) -> Result<(), Stop> {
        let open = self.step.is_some() || self.form.is_some();
        if open || (!self.open.is_empty() && self.mistakes == 0) {
            let trouble = self.cut();
            if !self.opened && !open {
                return Err(trouble.into());
            }
            self.finished.retain(Result::is_err);
            for finished in std::mem::take(&mut self.finished) {
                self.hand_over(finished)?;
            }
            return self.hand_over(Err(trouble));
        }
        if self.opened {
            return Ok(());
        }
        if self.known_root {
            return self.outlet.opened(Layout::Xml);
        }
        Err(Stop::Trouble(Trouble {
            place: Place::Whole,
            reason: Reason::HeaderMissing,
            message: "the XML holds no `WorkflowStep` and no `Form`".to_owned(),
            help: "export submissions in the layout that `mappings/README.md` describes".to_owned(),
        }))
    }

    fn hand_over(&mut self, form: Result<Draft, Trouble>) -> Result<(), Stop> {
        if !std::mem::replace(&mut self.opened, true) {
            self.outlet.opened(Layout::Xml)?;
        }
        if self.names_sent < self.names.len() {
            self.names_sent = self.names.len();
            self.outlet.frame(Frame::Elements(self.names.paths()))?;
        }
        let bytes = form.as_ref().map_or(0, Draft::weight);
        self.outlet.put(form, bytes)
    }
}

impl Form {
    /// Takes the text so far as a value of the answer, unless it is only white space between look-ups.
    fn take_value(&mut self, answer: &mut Answer, unless_space: bool) {
        let text = self.draft.text_mut();
        let value = text.get(answer.value..).unwrap_or_default();
        self.value_len = value.len();
        if unless_space && value.trim().is_empty() {
            text.truncate(answer.value);
            return;
        }
        let kept = KeptAnswer {
            code: answer.code,
            wording: answer.wording,
            datatype: answer.datatype,
            value: self.draft.span_since(answer.value),
            collection: answer.group.collection,
            row: answer.group.row,
            subject: answer.group.about,
        };
        self.draft.kept_answer(kept, answer.at);
        answer.value = self.draft.text_len();
    }
}

const NO_ENTITIES: &str = "export plain XML, without a document type and without entities of its own";
