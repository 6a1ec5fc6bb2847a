//! The `xml` layout: one element a submission, answers within.
//!
//! Element names count in any case. Elements that nobody knows are passed over and named in the remarks. A mistake
//! of form costs the step it stands in; reading goes on with the next one.

use std::sync::{Arc, Mutex, PoisonError};

use super::columns::Layout;
use super::headings::Dictionary;
use super::open::{Part, Progress, io_trouble};
use super::record::Draft;
use super::relay::{Outlet, Stop};
use super::text::Text;
use super::xml_chunks::Chunks;
use super::xml_piece::Parser;
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble};

/// Reads the submissions of an XML export.
///
/// The reader cuts the file between submissions; whoever has time, reader or listener, makes records of the pieces.
pub(super) fn read(
    part: &Part,
    progress: &Progress,
    dictionary: Dictionary,
    outlet: &mut Outlet<Draft>,
) -> Result<(), Stop> {
    let text = Text::new(part.source(progress)?).map_err(|error| io_trouble(&error, Place::Whole))?;
    let mut chunks = Chunks::new(text.leave_utf8());
    let Some(first) = chunks.next()? else { return Err(no_submissions().into()) };
    let mut parser = Parser::new();
    let (batch, outline) = parser.parse(&first, &dictionary, None);
    match batch.stop {
        Some(trouble) if batch.items.is_empty() => return Err(trouble.into()),
        _ if batch.items.is_empty() && !outline.known_root => return Err(no_submissions().into()),
        _ => outlet.opened(Layout::Xml)?,
    }
    outlet.put_task(Box::new(move || batch))?;
    let shared = Arc::new((dictionary, outline.root, Mutex::new(vec![parser])));
    while let Some(chunk) = chunks.next()? {
        let shared = Arc::clone(&shared);
        outlet.put_task(Box::new(move || {
            let (dictionary, root, idle) = &*shared;
            let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let parser = idle().pop();
            let mut parser = parser.unwrap_or_else(Parser::new);
            let (batch, _) = parser.parse(&chunk, dictionary, root.as_deref());
            idle().push(parser);
            batch
        }))?;
    }
    Ok(())
}

/// The trouble of XML that is something else.
pub(super) fn no_submissions() -> Trouble {
    Trouble {
        place: Place::Whole,
        reason: Reason::HeaderMissing,
        message: "the XML holds no `WorkflowStep` and no `Form`".to_owned(),
        help: "export submissions in the layout that `mappings/README.md` describes".to_owned(),
    }
}
