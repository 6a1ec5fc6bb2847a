//! Documents, events and persons as XML: each element below the root is a row, its attributes and the elements
//! within it are the cells.

use std::sync::Arc;

use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};

use super::columns::Layout;
use super::headings::Dictionary;
use super::open::{AGAIN, Part, Progress, io_trouble};
use super::record::Row;
use super::relay::{Outlet, Stop};
use super::text::Text;
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Reads the rows of an XML extract.
pub(super) fn read(
    part: &Part,
    progress: &Progress,
    dictionary: &Dictionary,
    outlet: &mut Outlet<Row>,
) -> Result<(), Stop> {
    let text = Text::new(part.source(progress)?).map_err(|error| io_trouble(&error, Place::Whole))?;
    outlet.opened(Layout::Xml)?;
    let mut reading = Reading { reader: Reader::from_reader(text), dictionary, depth: 0, row: None, fault: None };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        reading.reader.get_mut().begin_piece();
        match reading.reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => reading.start(&element)?,
            Ok(Event::Empty(element)) => {
                reading.start(&element)?;
                reading.end(outlet)?;
            }
            Ok(Event::End(_)) => reading.end(outlet)?,
            Ok(Event::Text(text)) => reading.text(&text.xml10_content()),
            Ok(Event::CData(text)) => reading.text(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => {
                match (resolve_predefined_entity(&reference), reference.resolve_char_ref()) {
                    (Some(text), _) => reading.text(text),
                    (None, Ok(Some(found))) => reading.text(found.encode_utf8(&mut [0; 4])),
                    (None, _) => reading.refuse(Reason::XmlForbidden, "an entity that XML itself does not define"),
                }
            }
            Ok(Event::DocType(_)) => {
                let message = "the file has a document type definition, which is not read";
                return Err(reading.trouble(Reason::XmlForbidden, message).into());
            }
            Ok(Event::PI(_) | Event::Decl(_) | Event::Comment(_)) => {}
            Ok(Event::Eof) if reading.depth > 0 => return Err(reading.cut().into()),
            Ok(Event::Eof) => return Ok(()),
            Err(Error::Io(error)) => {
                let line = reading.reader.get_mut().line();
                return Err(io_trouble(&error, Place::Line(line)).into());
            }
            Err(Error::Syntax(_)) => return Err(reading.cut().into()),
            Err(_) => return Err(reading.trouble(Reason::XmlBroken, "the XML is not well formed from here on").into()),
        }
    }
}

struct Reading<'r> {
    reader: Reader<Text>,
    dictionary: &'r Dictionary,
    /// Elements that are open; the root is the first.
    depth: usize,
    row: Option<OpenRow>,
    fault: Option<Trouble>,
}

struct OpenRow {
    place: Place,
    cells: Vec<(Arc<str>, String)>,
    bytes: usize,
    /// The cell whose element is open, and its text so far.
    cell: Option<(Arc<str>, String)>,
}

impl Reading<'_> {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Stop> {
        self.depth += 1;
        let name: &str = element.local_name().into_inner();
        let line = self.reader.get_mut().line();
        match self.depth {
            1 => {}
            2 => {
                let position = self.reader.get_mut().position();
                self.reader.get_mut().broken_before(position);
                let place = Place::Element { line, path: name.into() };
                self.row = Some(OpenRow { place, cells: Vec::new(), bytes: 0, cell: None });
                self.attributes(element);
            }
            3 => {
                let name = self.name(name);
                if let Some(row) = &mut self.row {
                    row.cell = Some((name, String::new()));
                }
            }
            depth if depth > limit::XML_DEPTH_LOST => {
                return Err(self.trouble(Reason::TooLarge, "elements are nested beyond all measure").into());
            }
            _ => self.refuse(Reason::ValueUnreadable, "a cell of the row has elements of its own"),
        }
        Ok(())
    }

    fn attributes(&mut self, element: &BytesStart<'_>) {
        for attribute in element.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                return self.refuse(Reason::XmlBroken, "an attribute is not well formed");
            };
            let Ok(value) = unescape(&attribute.value) else {
                return self.refuse(Reason::XmlForbidden, "an entity that XML itself does not define");
            };
            let name = self.name(attribute.key.local_name().into_inner());
            self.cell(name, value.trim().to_owned());
        }
    }

    fn end(&mut self, outlet: &mut Outlet<Row>) -> Result<(), Stop> {
        self.depth = self.depth.saturating_sub(1);
        match self.depth {
            1 => {
                let position = self.reader.get_mut().position();
                if self.reader.get_mut().broken_before(position) {
                    self.refuse(Reason::EncodingBroken, "the row holds bytes that are no characters in its encoding");
                }
                let Some(row) = self.row.take() else { return Ok(()) };
                let item = match self.fault.take() {
                    Some(trouble) => Err(trouble),
                    None => Ok(Row { place: row.place, cells: row.cells }),
                };
                outlet.put(item, row.bytes)
            }
            2 => {
                if let Some((name, text)) = self.row.as_mut().and_then(|row| row.cell.take()) {
                    self.cell(name, text.trim().to_owned());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str) {
        let Some(row) = &mut self.row else { return };
        row.bytes += text.len();
        if row.bytes > limit::RECORD_BYTES_MAX {
            return self.refuse(Reason::TooLarge, "the row is longer than is read");
        }
        if let Some((_, cell)) = &mut row.cell {
            cell.push_str(text);
        }
    }

    /// Adds a cell that has a value. Two of the same name are two values for one thing.
    fn cell(&mut self, name: Arc<str>, text: String) {
        let Some(row) = &mut self.row else { return };
        if text.is_empty() {
            return;
        }
        if row.cells.len() >= limit::COLUMNS_MAX {
            return self.refuse(Reason::TooLarge, "the row has more cells than are read");
        }
        let doubled = row.cells.iter().any(|(known, value)| *known == name && *value != text);
        row.bytes += text.len();
        row.cells.push((name, text));
        if doubled {
            self.refuse(Reason::ColumnAmbiguous, "the row has two values for the same column");
        }
    }

    fn name(&self, name: &str) -> Arc<str> {
        self.dictionary.code(name).unwrap_or(name).into()
    }

    fn refuse(&mut self, reason: Reason, message: &str) {
        if self.fault.is_none() {
            self.fault = Some(self.trouble(reason, message));
        }
    }

    fn trouble(&mut self, reason: Reason, message: &str) -> Trouble {
        let place = match &self.row {
            Some(row) => row.place.clone(),
            None => Place::Line(self.reader.get_mut().line()),
        };
        Trouble { place, reason, message: message.to_owned(), help: AGAIN.to_owned() }
    }

    fn cut(&mut self) -> Trouble {
        let line = self.reader.get_mut().line();
        self.trouble(Reason::FileTruncated, &format!("the file ends on line {line}, before its last element is closed"))
    }
}
