//! Plots of bars, as SVG in the page.

use maud::{Markup, html};

/// A part of a bar.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) value: u64,
    /// Its colour in the style sheet.
    pub(super) class: &'static str,
    /// What it counts.
    pub(super) label: &'static str,
}

/// A bar with its label.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) parts: Vec<Part>,
}

/// The lay-out, in units of the drawing: a label stands above its bar, so that a plot is read on a narrow screen too.
const WIDTH: f64 = 640.0;
const ROW: f64 = 46.0;
const LABEL: f64 = 16.0;
const BAR: f64 = 18.0;
/// What is left for the number at a bar's end.
const NUMBER: f64 = 60.0;
/// Letters of a label that fit.
const LETTERS: usize = 78;

/// Bars one below the other, each in parts. The table behind says the same.
pub(super) fn bars(title: &str, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(Bar::in_all).max().unwrap_or(0).max(1);
    let count = u32::try_from(bars.len()).unwrap_or(u32::MAX);
    let height = f64::from(count) * ROW;
    html! {
        figure {
            (key(bars))
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label={ (title) ": the numbers are in the table below" } {
                @for (number, bar) in (0_u32..).zip(bars) { (drawn(bar, f64::from(number) * ROW, most)) }
            }
        }
    }
}

impl Bar {
    fn in_all(&self) -> u64 {
        self.parts.iter().map(|part| part.value).sum()
    }
}

fn drawn(bar: &Bar, top: f64, most: u64) -> Markup {
    let mut left = 0.0;
    let mut rectangles = Vec::new();
    for part in bar.parts.iter().filter(|part| part.value > 0) {
        let width = share(part.value, most) * (WIDTH - NUMBER);
        rectangles.push((left, width, part));
        left += width;
    }
    let label: String = bar.label.chars().take(LETTERS).collect();
    let cut = if bar.label.chars().count() > LETTERS { "…" } else { "" };
    html! {
        text x="0" y=(top + LABEL - 3.0) { (label) (cut) }
        @for (left, width, part) in rectangles {
            rect class=(part.class) x=(tenth(left)) y=(top + LABEL + 2.0) width=(tenth(width)) height=(BAR) {
                title { (part.value) " " (part.label) }
            }
        }
        text x=(tenth(left + 6.0)) y=(top + LABEL + BAR - 3.0) { (bar.in_all()) }
    }
}

/// A share of the most, from 0 to 1, to a thousandth: finer is not seen.
fn share(value: u64, most: u64) -> f64 {
    let thousandths = u128::from(value).saturating_mul(1000) / u128::from(most.max(1));
    f64::from(u32::try_from(thousandths).unwrap_or(u32::MAX)) / 1000.0
}

fn tenth(number: f64) -> String {
    format!("{number:.1}")
}

/// What each colour stands for, in the order of the parts.
fn key(bars: &[Bar]) -> Markup {
    let parts = bars.first().map(|bar| bar.parts.as_slice()).unwrap_or_default();
    html! {
        @if parts.len() > 1 {
            ul.key {
                @for part in parts {
                    li { svg viewBox="0 0 10 10" aria-hidden="true" { rect class=(part.class) width="10" height="10" {} } (part.label) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_number() {
        let bar = |label: &str, value| Bar {
            label: label.to_owned(),
            parts: vec![Part { value, class: "plain", label: "x" }],
        };
        let drawn = bars("t", &[bar("a <b>", 10), bar("b", 5)]).into_string();
        assert!(drawn.contains("width=\"580.0\"") && drawn.contains("width=\"290.0\""), "{drawn}");
        assert!(drawn.contains("a &lt;b&gt;") && !drawn.contains("style="), "{drawn}");
        assert!(bars("t", &[bar("none", 0)]).into_string().contains(">0</text>"));
    }
}
