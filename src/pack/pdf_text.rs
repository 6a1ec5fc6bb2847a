//! The text of a PDF's pages in the order in which it is drawn (ISO 32000-1, 8 and 9).
//!
//! A PDF has no lines and no words, only strings at places: what goes on where the last string ended is one word, what
//! is further along is the next, what is above or below is another line.

use std::collections::HashMap;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::pdf_font::Font;
use crate::domain::limit;

/// Operations of one document that are followed: a page of text has some thousands.
const OPERATIONS_MAX: usize = 2_000_000;

/// How deep forms may lie in each other.
const FORMS_DEPTH_MAX: usize = 8;

/// Forms that are drawn in one document: every page of a merged bundle is one.
const FORMS_MAX: usize = 2_000;

/// Annotations of one page that are read.
const ANNOTATIONS_MAX: usize = 1_000;

/// What stands on pages, as far as it has been drawn.
#[derive(Debug)]
pub(super) struct Pages<'d> {
    document: &'d Document,
    /// The text.
    pub(super) text: String,
    /// Pictures that are drawn.
    pub(super) pictures: usize,
    /// Lines and areas that are drawn, and strings that no one can search.
    pub(super) marks: usize,
    /// Whether something grew beyond all measure.
    pub(super) is_too_large: bool,
    /// Whether something could not be followed.
    pub(super) is_broken: bool,
    pen: Option<Pen>,
    operations: usize,
    forms: usize,
}

/// Where the last string ended, which way it ran, and how large it was.
#[derive(Debug, Clone, Copy)]
struct Pen {
    x: f32,
    y: f32,
    along: (f32, f32),
    size: f32,
}

/// The graphics state, as far as text hangs on it.
#[derive(Debug, Clone)]
struct State {
    /// From where things are drawn to the page.
    page: Matrix,
    font: Vec<u8>,
    size: f32,
    character_gap: f32,
    word_gap: f32,
    stretch: f32,
    leading: f32,
}

/// The place of text: where the line began, and where the pen is.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: Matrix,
    here: Matrix,
}

/// What a content stream may name: its own resources first.
type Resources<'d> = Vec<&'d Dictionary>;

impl<'d> Pages<'d> {
    pub(super) const fn new(document: &'d Document) -> Self {
        Self {
            document,
            text: String::new(),
            pictures: 0,
            marks: 0,
            is_too_large: false,
            is_broken: false,
            pen: None,
            operations: 0,
            forms: 0,
        }
    }

    /// Draws a page: its text, and what was written into its form.
    pub(super) fn draw(&mut self, page: ObjectId) {
        let resources = self.document.get_page_resources(page).map(|(own, ids)| {
            let others = ids.into_iter().filter_map(|id| self.document.get_dictionary(id).ok());
            own.into_iter().chain(others).collect::<Resources<'d>>()
        });
        self.is_broken |= self.is_lost(page);
        match self.document.get_page_content_with_limit(page, limit::PACK_PDF_STREAM_BYTES_MAX) {
            Ok(content) => self.run(&content, &resources.unwrap_or_default(), Matrix::ONE, 0),
            Err(error) => self.failed(&error),
        }
        self.pen = None;
        self.end_line();
        let annotations = self.document.get_page_annotations(page).unwrap_or_default();
        for annotation in annotations.into_iter().take(ANNOTATIONS_MAX) {
            self.written_in(annotation);
        }
    }

    /// Whether a page has content that is not where it should be: that is not the same as none.
    fn is_lost(&self, page: ObjectId) -> bool {
        let content = self.document.get_dictionary(page).and_then(|page| page.get_deref(b"Contents", self.document));
        let is_lost = |content: &Object| {
            let Ok((_, Object::Stream(stream))) = self.document.dereference(content) else { return true };
            let length = stream.dict.get_deref(b"Length", self.document).and_then(Object::as_i64);
            stream.content.is_empty() && !matches!(length, Ok(0))
        };
        match content {
            Ok(Object::Array(pieces)) => pieces.iter().any(is_lost),
            Ok(content) => is_lost(content),
            Err(lopdf::Error::DictKey(_)) => false,
            Err(_) => true,
        }
    }

    fn failed(&mut self, error: &lopdf::Error) {
        match error {
            lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. }) => self.is_too_large = true,
            _ => self.is_broken = true,
        }
    }

    fn run(&mut self, content: &[u8], resources: &Resources<'d>, page: Matrix, depth: usize) {
        let mut fonts: HashMap<Vec<u8>, Font> = HashMap::new();
        let mut state = State::new(page);
        let mut saved = Vec::new();
        let mut place = Place::START;
        for operation in Content::decode_iter(content) {
            self.operations += 1;
            if self.operations > OPERATIONS_MAX {
                self.is_too_large = true;
                return;
            }
            let Ok(Operation { operator, operands }) = operation else {
                self.is_broken = true;
                return;
            };
            match operator.as_str() {
                "q" if saved.len() < 1_000 => saved.push(state.clone()),
                "Q" => state = saved.pop().unwrap_or(state),
                "cm" => state.page = Matrix::of(&operands).map_or(state.page, |by| by.then(state.page)),
                "BT" => place = Place::START,
                "Do" => self.draw_object(operands.first(), resources, &state, depth),
                "BI" | "sh" => self.pictures += 1,
                "S" | "s" | "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" => self.marks += 1,
                "Tj" | "TJ" | "'" | "\"" => {
                    if matches!(operator.as_str(), "'" | "\"") {
                        place.next_line(0.0, -state.leading);
                    }
                    let font = fonts.get(&state.font);
                    self.show(&operands, font, &state, &mut place);
                }
                "Tf" => {
                    state.set(&operator, &operands);
                    let found = self.named(resources, b"Font", &state.font).and_then(|font| font.as_dict().ok());
                    if let Some(font) = found.filter(|_| !fonts.contains_key(&state.font)) {
                        fonts.insert(state.font.clone(), Font::new(font, self.document));
                    }
                }
                "Td" | "TD" | "Tm" | "T*" => place.moved(&operator, &operands, &mut state),
                _ => state.set(&operator, &operands),
            }
        }
    }

    /// What resources have under a name.
    fn named(&self, resources: &Resources<'d>, kind: &[u8], name: &[u8]) -> Option<&'d Object> {
        let kinds = resources.iter().filter_map(|one| self.document.get_dict_in_dict(one, kind).ok());
        kinds.filter_map(|kind| kind.get_deref(name, self.document).ok()).next()
    }

    /// A picture, or a form: a piece of content of its own.
    fn draw_object(&mut self, name: Option<&Object>, resources: &Resources<'d>, state: &State, depth: usize) {
        let Some(Ok(name)) = name.map(Object::as_name) else { return };
        let Some(Object::Stream(stream)) = self.named(resources, b"XObject", name) else { return };
        let is_form = stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Form");
        if !is_form {
            self.pictures += 1;
            return;
        }
        self.forms += 1;
        if depth >= FORMS_DEPTH_MAX || self.forms > FORMS_MAX {
            self.is_too_large = true;
            return;
        }
        match plain(stream) {
            Ok(content) => {
                let own = self.document.get_dict_in_dict(&stream.dict, b"Resources").ok();
                let resources = own.into_iter().chain(resources.iter().copied()).collect();
                let matrix = stream.dict.get_deref(b"Matrix", self.document).and_then(Object::as_array);
                let matrix = matrix.ok().and_then(|numbers| Matrix::of(numbers)).unwrap_or(Matrix::ONE);
                self.run(&content, &resources, matrix.then(state.page), depth + 1);
            }
            Err(error) => self.failed(&error),
        }
    }

    /// Shows strings: `(text)` or `[(te) -20 (xt)]`; the numbers move the pen back, in thousandths.
    fn show(&mut self, operands: &[Object], font: Option<&Font>, state: &State, place: &mut Place) {
        // Of `"`, the last operand is the string.
        let Some(last) = operands.last() else { return };
        let pieces = match last {
            Object::Array(pieces) => pieces.as_slice(),
            one => std::slice::from_ref(one),
        };
        for piece in pieces {
            if let Ok(codes) = piece.as_str() {
                self.show_string(codes, font, state, place);
            } else if let Ok(back) = piece.as_float() {
                place.on(-back / 1000.0 * state.size * state.stretch);
            }
        }
    }

    fn show_string(&mut self, codes: &[u8], font: Option<&Font>, state: &State, place: &mut Place) {
        if codes.is_empty() {
            return;
        }
        let said = font.and_then(|font| font.text(codes));
        let text = said.clone().unwrap_or_default();
        let (advance, count, blanks) = font.map_or((0.0, 0, 0), |font| font.advance(codes, &text));
        let gaps = state.character_gap * usual(count) + state.word_gap * usual(blanks);
        let from = place.here.then(state.page);
        place.on((advance * state.size + gaps) * state.stretch);
        if said.is_none() {
            self.marks += 1;
            return;
        }
        let size = (state.size * from.c.hypot(from.d)).abs();
        let length = from.a.hypot(from.b);
        let along = if length > 0.0 { (from.a / length, from.b / length) } else { (1.0, 0.0) };
        self.separate(&Pen { x: from.e, y: from.f, along, size });
        self.text.push_str(&text);
        let to = place.here.then(state.page);
        self.pen = Some(Pen { x: to.e, y: to.f, along, size });
    }

    /// Nothing, a blank or a new line between what was drawn last and what is drawn next.
    fn separate(&mut self, next: &Pen) {
        /// In sizes of the font: most blanks are a quarter of one, and letters of a word are closer than a tenth.
        const BLANK: f32 = 0.15;
        const LINE: f32 = 0.5;
        const BACK: f32 = 1.0;
        let Some(last) = self.pen else { return };
        let (x, y) = (next.x - last.x, next.y - last.y);
        let size = last.size.max(next.size).max(0.01);
        let turned = (last.along.0 - next.along.0).abs() + (last.along.1 - next.along.1).abs() > 0.1;
        let along = (x * last.along.0 + y * last.along.1) / size;
        let across = (y * last.along.0 - x * last.along.1) / size;
        if turned || across.abs() > LINE || along < -BACK {
            self.end_line();
        } else if along > BLANK && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }

    fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// What somebody has written into a field of a form, or typed onto the page.
    fn written_in(&mut self, annotation: &Dictionary) {
        let kind = annotation.get(b"Subtype").and_then(Object::as_name).unwrap_or_default();
        let parent = self.document.get_dict_in_dict(annotation, b"Parent").ok();
        let text = |key: &[u8]| {
            let found = annotation.get_deref(key, self.document).ok();
            let found = found.or_else(|| parent?.get_deref(key, self.document).ok());
            found.and_then(super::pdf::string)
        };
        let written = match kind {
            b"Widget" => text(b"V").map(|value| format!("{}: {value}", text(b"T").unwrap_or_default())),
            b"FreeText" => text(b"Contents"),
            _ => None,
        };
        if let Some(written) = written {
            self.text.push_str(&written.replace('\r', "\n"));
            self.end_line();
        }
    }
}

fn plain(stream: &Stream) -> lopdf::Result<Vec<u8>> {
    stream.get_plain_content_with_limit(limit::PACK_PDF_STREAM_BYTES_MAX)
}

/// A small number as a measure.
#[expect(clippy::cast_precision_loss, reason = "the codes of a string are few")]
const fn usual(count: usize) -> f32 {
    count as f32
}

impl State {
    const fn new(page: Matrix) -> Self {
        Self { page, font: Vec::new(), size: 1.0, character_gap: 0.0, word_gap: 0.0, stretch: 1.0, leading: 0.0 }
    }

    fn set(&mut self, operator: &str, operands: &[Object]) {
        let number = || operands.last().and_then(|last| last.as_float().ok());
        match operator {
            "Tf" => {
                self.font = operands.first().and_then(|name| name.as_name().ok()).unwrap_or_default().to_vec();
                self.size = number().unwrap_or(self.size);
            }
            "Tc" => self.character_gap = number().unwrap_or(0.0),
            "Tw" => self.word_gap = number().unwrap_or(0.0),
            "Tz" => self.stretch = number().map_or(1.0, |percent| percent / 100.0),
            "TL" => self.leading = number().unwrap_or(0.0),
            _ => {}
        }
    }
}

impl Place {
    const START: Self = Self { line: Matrix::ONE, here: Matrix::ONE };

    fn moved(&mut self, operator: &str, operands: &[Object], state: &mut State) {
        let number = |at: usize| operands.get(at).and_then(|number| number.as_float().ok()).unwrap_or(0.0);
        match operator {
            "Td" => self.next_line(number(0), number(1)),
            "TD" => {
                state.leading = -number(1);
                self.next_line(number(0), number(1));
            }
            "Tm" => {
                let matrix = Matrix::of(operands).unwrap_or(self.line);
                *self = Self { line: matrix, here: matrix };
            }
            _ => self.next_line(0.0, -state.leading),
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix { e: x, f: y, ..Matrix::ONE }.then(self.line);
        self.here = self.line;
    }

    /// Moves along the line.
    fn on(&mut self, x: f32) {
        self.here = Matrix { e: x, ..Matrix::ONE }.then(self.here);
    }
}

/// A transformation, as `[a b c d e f]` writes it.
#[derive(Debug, Clone, Copy)]
struct Matrix {
    a: f32,
    b: f32,
    c: f32,
    d: f32,
    e: f32,
    f: f32,
}

impl Matrix {
    const ONE: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    fn of(operands: &[Object]) -> Option<Self> {
        let numbers: Vec<f32> = operands.iter().map_while(|operand| operand.as_float().ok()).collect();
        let [a, b, c, d, e, f] = *numbers.as_slice() else { return None };
        Some(Self { a, b, c, d, e, f })
    }

    fn then(self, next: Self) -> Self {
        Self {
            a: self.a * next.a + self.b * next.c,
            b: self.a * next.b + self.b * next.d,
            c: self.c * next.a + self.d * next.c,
            d: self.c * next.b + self.d * next.d,
            e: self.e * next.a + self.f * next.c + next.e,
            f: self.e * next.b + self.f * next.d + next.f,
        }
    }
}
