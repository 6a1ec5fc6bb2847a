//! What pages are made of, after the patterns of the GOV.UK Design System: lists, tags, fields, findings.

use maud::{Markup, html};

use super::Visitor;
use super::posted::CSRF;
use super::shell::FieldError;
use crate::domain::{FindingSeverity, PanelName, SignInRole, Verdict};
use crate::operation::{Finding, Wording};

/// The field by which a form shows that it came from this session.
pub(super) fn csrf(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(CSRF) value=(visitor.csrf); }
}

/// A verdict: complete is plain, because it asks nothing of anybody.
pub(super) fn verdict(verdict: Verdict, missing: usize) -> Markup {
    match verdict {
        Verdict::Complete => html! { span { "Complete" } },
        Verdict::Incomplete => html! { span.tag.red { "Incomplete" @if missing > 0 { " (" (missing) ")" } } },
        Verdict::Late => html! { span.tag.red { "Late" } },
        Verdict::Unknown => html! { span.tag.yellow { "Not known yet" } },
    }
}

/// How strongly a finding speaks.
pub(super) fn severity(severity: FindingSeverity) -> Markup {
    match severity {
        FindingSeverity::Blocking => html! { span.tag.red { "Blocking" } },
        FindingSeverity::Warning => html! { span.tag.yellow { "Warning" } },
        FindingSeverity::Advice => html! { span.tag.grey { "Advice" } },
    }
}

/// A finding: what is wrong, what to do and who, and the clause.
pub(super) fn finding(finding: &Finding) -> Markup {
    html! {
        li.finding {
            p { (severity(finding.severity)) " " strong { (super::failure::sentence(&finding.message())) } }
            p { (help(finding)) }
            p.small {
                a href={ "/explain/" (finding.code()) } { (finding.code()) }
                @if !finding.policy.is_empty() { ". " (finding.policy) }
                @if let Some(source) = &finding.source { ". Read at " (source) }
            }
        }
    }
}

/// What to do about a finding, for whoever sits at the pages: the terminal names an option.
pub(super) fn help(finding: &Finding) -> String {
    match finding.code().as_str() {
        "fact-unknown" => "Answer it under “Facts” on the page of the request, or on the form in Mosaic.".to_owned(),
        _ => super::failure::sentence(&finding.help()),
    }
}

/// A list of names and values.
pub(super) fn summary(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.summary {
            @for (name, value) in rows.iter().filter(|(_, value)| !value.0.is_empty()) { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// A table that can be scrolled to by keyboard where it is wider than the screen.
pub(super) fn table(caption: &str, columns: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for column in columns { th scope="col" { (heading(column)) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (at, cell) in row.iter().enumerate() {
                                @let length = length_of(cell);
                                @if at == 0 { th scope="row" class=[length] { (cell) } } @else { td class=[length] { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How much a cell holds: what is short is not broken, and what is long reads badly in a narrow column.
fn length_of(cell: &Markup) -> Option<&'static str> {
    // Behind each `<`, what stands in the tag does not count.
    let pieces = cell.0.split('<').enumerate();
    let texts =
        pieces.map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) });
    match texts.map(|text| text.chars().count()).sum::<usize>() {
        0 => None,
        1..=20 => Some("short"),
        21..=40 => Some("middling"),
        _ => Some("long"),
    }
}

/// A column without a heading holds what can be done with a row.
fn heading(column: &str) -> Markup {
    html! { @if column.is_empty() { span.hidden { "What to do" } } @else { (column) } }
}

/// The way to the rows after these.
pub(super) fn next(address: Option<String>) -> Markup {
    html! {
        @if let Some(address) = address {
            nav.next aria-label="More" { a href=(address) rel="next" { "Next page" } }
        }
    }
}

/// What is wrong with a field, beside it.
pub(super) fn error(errors: &[FieldError], field: &str) -> Markup {
    let own = errors.iter().find(|error| error.field == field);
    html! {
        @if let Some(error) = own {
            p.error id={ (field) "-error" } { span.hidden { "Error: " } (error.message) }
        }
    }
}

/// What stands round whatever takes an answer: the label, the hint, and what is wrong with what was entered.
pub(super) struct Field<'f> {
    pub(super) id: &'f str,
    pub(super) label: Markup,
    pub(super) hint: &'f str,
    pub(super) errors: &'f [FieldError],
}

impl Field<'_> {
    /// Whether something is wrong with it.
    pub(super) fn is_wrong(&self) -> bool {
        self.errors.iter().any(|error| error.field == self.id)
    }

    /// The ids of what it is described by: what is asked for, and what is wrong with what was entered.
    pub(super) fn described(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id));
        let error = self.is_wrong().then(|| format!("{}-error", self.id));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// The field round what takes the answer.
    pub(super) fn round(&self, input: &Markup) -> Markup {
        html! {
            div.field.wrong[self.is_wrong()] {
                label for=(self.id) { (self.label) }
                @if !self.hint.is_empty() { p.hint id={ (self.id) "-hint" } { (self.hint) } }
                (error(self.errors, self.id))
                (input)
            }
        }
    }
}

/// A field of one line.
pub(super) struct Line<'l> {
    pub(super) name: &'l str,
    pub(super) label: &'l str,
    pub(super) hint: &'l str,
    pub(super) kind: &'l str,
    pub(super) value: &'l str,
    pub(super) autocomplete: &'l str,
}

impl Line<'_> {
    /// The field under another id than its name: where a page has several of a name.
    pub(super) fn with_id(&self, id: &str, errors: &[FieldError]) -> Markup {
        let Self { name, label, hint, kind, value, autocomplete } = self;
        let own = Field { id, label: html! { (label) }, hint, errors };
        own.round(&html! {
            input id=(id) name=(name) type=(kind) value=(value) autocomplete=(autocomplete) spellcheck="false"
                aria-describedby=[own.described()] aria-invalid=[own.is_wrong().then_some("true")];
        })
    }

    /// The field with its label, its hint and what is wrong with it.
    pub(super) fn show(&self, errors: &[FieldError]) -> Markup {
        self.with_id(self.name, errors)
    }
}

/// The field that asks why something is done: a line that is a person's own words.
pub(super) fn why(id: &str, label: &str, hint: &str, value: &str, errors: &[FieldError]) -> Markup {
    let own = Field { id, label: html! { (label) }, hint, errors };
    own.round(&html! {
        input id=(id) name="reason" type="text" value=(value) maxlength="500" autocomplete="off"
            aria-describedby=[own.described()] aria-invalid=[own.is_wrong().then_some("true")];
    })
}

/// A button that does one thing: a form of its own.
pub(super) fn button(visitor: &Visitor, address: &str, label: &str, fields: &[(&str, &str)]) -> Markup {
    html! {
        form.inline action=(address) method="post" {
            (csrf(visitor))
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button.secondary { (label) }
        }
    }
}

/// What a list says that is empty: why, and what to do.
pub(super) fn empty(text: &str) -> Markup {
    html! { p.empty { (text) } }
}

/// The choice of a panel, or of all.
pub(super) fn panel_choice(wording: &Wording, chosen: &str) -> Markup {
    html! {
        div.field {
            label for="panel" { "Panel" }
            select #panel name="panel" {
                option value="" { "All panels" }
                @for (panel, title) in wording.panels() {
                    option value=(panel) selected[panel.as_str() == chosen] {
                        (title) @if let Some(whose) = wording.whose(panel) { " (" (whose) ")" }
                    }
                }
            }
        }
    }
}

/// A panel by its title, which leads to it.
pub(super) fn panel(wording: &Wording, panel: &PanelName) -> Markup {
    html! { a href=(super::address::panel(panel)) { (wording.panel(panel)) } }
}

/// Which authority a panel is of, on a line of its own, where more than one is served.
pub(super) fn whose(wording: &Wording, panel: &PanelName) -> Markup {
    html! { @if let Some(whose) = wording.whose(panel) { span.hint.whose { (whose) } } }
}

/// Who did something, as a person says it: the account, and the role in which it acted.
pub(super) fn who(actor: &str) -> String {
    match actor.split_once(':') {
        Some((role, account)) => format!("{account} ({})", role.replace('-', " ")),
        None => actor.replace('-', " "),
    }
}

/// Who is meant by what [`who`] says, or by what stands in the ledger.
pub(super) fn actor(said: &str) -> String {
    let said = said.trim();
    match said.strip_suffix(')').and_then(|said| said.rsplit_once(" (")) {
        Some((account, role)) => format!("{}:{account}", role.replace(' ', "-")),
        None if said.contains(':') => said.to_owned(),
        None => said.replace(' ', "-"),
    }
}

/// A message that names people as the ledger does, as a person says it.
pub(super) fn with_people(message: &str) -> String {
    let is_person = |word: &str| {
        let named = word.split_once(':').filter(|(_, account)| !account.is_empty());
        named.is_some_and(|(role, _)| SignInRole::parse(role).is_some())
    };
    let words = message.split(' ').map(|word| if is_person(word) { who(word) } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

/// A value for the query of an address.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_given_room_and_an_id_is_not_broken() {
        let length = |cell: Markup| length_of(&cell);
        assert_eq!(length(html! { "The file holds nothing: " strong { "run the report again" } }), Some("long"));
        assert_eq!(
            length(html! { a href="/requests/an/address/that/is/long" { "lincolnshire-700001" } }),
            Some("short")
        );
        assert_eq!((length(html! { "Friday 27 November 2026" }), length(html! {})), (Some("middling"), None));
    }

    #[test]
    fn people_are_said_and_found_again() {
        for (actor, said) in [
            ("systems:ada", "ada (systems)"),
            ("first-link", "first link"),
            ("panel-lead:sam@council.example", "sam@council.example (panel lead)"),
        ] {
            assert_eq!((who(actor).as_str(), super::actor(said).as_str()), (said, actor));
        }
        assert_eq!(super::actor(" systems:ada "), "systems:ada");
        assert_eq!(with_people("held back by systems:max"), "held back by max (systems)");
        assert_eq!(with_people("Mosaic answered 400: wrong id"), "Mosaic answered 400: wrong id");
    }
}
