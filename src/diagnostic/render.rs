//! One look for every message about a file.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::Place;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The file works, and a person should look.
    Warning,
    /// The file cannot be used as it is.
    Error,
}

/// One thing to say about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The file, as the user would name it.
    pub file: String,
    /// Where in the file.
    pub place: Place,
    /// What is wrong, a lowercase fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The bytes of the file that are meant, for drawing.
    #[serde(skip)]
    pub span: Option<Range<usize>>,
}

/// Draws a diagnostic: with the line of `source` it points at, where there is one.
pub fn render(diagnostic: &Diagnostic, source: Option<&str>, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level.primary_title(diagnostic.message.as_str());
    let mut group = match (source, &diagnostic.span) {
        (Some(source), Some(span)) if span.end <= source.len() => title.element(
            Snippet::source(source)
                .path(diagnostic.file.as_str())
                .annotation(AnnotationKind::Primary.span(span.clone())),
        ),
        _ => {
            Group::with_title(title).element(Level::NOTE.message(format!("{}: {}", diagnostic.file, diagnostic.place)))
        }
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}
