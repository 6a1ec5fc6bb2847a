//! Where a command speaks: the answer to standard output, the talk to standard error.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::diagnostic::render;
use crate::operation::{Failure, Mistake};

/// The two voices of a command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    json: bool,
    quiet: bool,
    colour: bool,
}

impl Out {
    pub(super) fn new(json: bool, quiet: bool, no_colour: bool) -> Self {
        Self { json, quiet, colour: !no_colour && io::stderr().is_terminal() }
    }

    /// Prints what was asked for: one JSON document, or text for a person.
    pub(super) fn answer<T: Serialize + ?Sized>(
        &self,
        answer: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return print(&text(answer));
        }
        let mut document = serde_json::to_string_pretty(answer)
            .map_err(|error| Failure::failed(error, "report this: the answer could not be written as JSON"))?;
        document.push('\n');
        print(&document)
    }

    /// Says something about what was done.
    pub(super) fn say(&self, text: fmt::Arguments<'_>) {
        if !self.quiet {
            talk(text);
        }
    }

    /// Says why nothing was done, or not all of it.
    pub(super) fn failure(&self, failure: &Failure) {
        self.mistakes(&failure.mistakes);
        talk(format_args!("Failed: {failure}."));
        if let Some(help) = &failure.help {
            talk(format_args!("What to do: {help}"));
        }
    }

    /// Draws mistakes in files.
    pub(super) fn mistakes(&self, mistakes: &[Mistake]) {
        for mistake in mistakes {
            let drawn = render(&mistake.diagnostic, mistake.source.as_deref(), self.colour);
            talk(format_args!("{drawn}\n"));
        }
    }

    /// Whether a progress bar has somebody to see it.
    pub(super) fn has_watcher(&self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }
}

/// A pipe that nobody reads any more is not an error: `tessera … | head`.
fn print(text: &str) -> Result<(), Failure> {
    let mut standard_output = io::stdout().lock();
    let written = standard_output
        .write_all(text.as_bytes())
        .and_then(|()| if text.is_empty() || text.ends_with('\n') { Ok(()) } else { standard_output.write_all(b"\n") });
    match written.and_then(|()| standard_output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(error, "look at where standard output goes: its disk may be full"))
        }
        _ => Ok(()),
    }
}

/// Standard error is where trouble is told; if it is gone, there is nobody left to tell.
fn talk(text: fmt::Arguments<'_>) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
