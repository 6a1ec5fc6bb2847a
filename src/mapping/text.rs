//! Text as it comes out of Mosaic: compared without regard to its looks, and freed of its markup.

/// A wording as it is compared: small letters, single spaces, plain quotes, no mark at the end.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '’' | '‘' => folded.push('\''),
            '–' | '—' | '-' | '_' => folded.push('-'),
            character if character.is_whitespace() || character == '\u{a0}' => {
                if !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            character => folded.extend(character.to_lowercase()),
        }
    }
    folded.trim().trim_end_matches([':', '?', '*', '.']).trim_end().to_owned()
}

/// Text without its markup: paragraphs and breaks become line ends, list items begin with a dash, entities are
/// decoded. Text without markup only loses carriage returns and white space around it.
pub(super) fn plain(text: &str) -> String {
    if is_plain(text) {
        return text.trim().to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&', '\r', '\u{a0}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        rest = match from.chars().next() {
            Some('<') => tag(from, &mut plain),
            Some('&') => entity(from, &mut plain),
            Some('\r') => {
                if !from.starts_with("\r\n") {
                    plain.push('\n');
                }
                from.trim_start_matches('\r')
            }
            _ => {
                plain.push(' ');
                from.trim_start_matches('\u{a0}')
            }
        };
    }
    plain.push_str(rest);
    tidy(&plain)
}

/// Whether there is surely nothing to take out. A no-break space is C2 A0 in UTF-8, as is every other letter that
/// begins with C2: those few take the longer way.
fn is_plain(text: &str) -> bool {
    memchr::memchr3(b'<', b'&', b'\r', text.as_bytes()).is_none() && memchr::memchr(0xC2, text.as_bytes()).is_none()
}

/// Whether text ends in the middle of a tag or an entity: the sign of a cut.
pub(super) fn ends_in_markup(text: &str) -> bool {
    let open_tag = text.rfind('<').is_some_and(|at| {
        let rest = text.get(at..).unwrap_or("");
        !rest.contains('>') && rest.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic() || c == '/')
    });
    let open_entity = text.rfind('&').is_some_and(|at| {
        let rest = text.get(at + 1..).unwrap_or("");
        !rest.is_empty() && rest.len() < 8 && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
    });
    open_tag || open_entity && text.contains('<')
}

/// Passes over the tag at the start of `text`; what is no tag stays as it is.
fn tag<'t>(text: &'t str, plain: &mut String) -> &'t str {
    let name = text.get(1..).unwrap_or("").trim_start_matches('/');
    let looks_like_one = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!');
    let Some(end) = text.find('>').filter(|_| looks_like_one) else {
        plain.push('<');
        return text.get(1..).unwrap_or("");
    };
    let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
    match name.to_ascii_lowercase().as_str() {
        "li" if !text.starts_with("</") => plain.push_str("\n- "),
        "p" | "div" | "br" | "tr" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "table" => plain.push('\n'),
        "td" | "th" => plain.push(' '),
        _ => {}
    }
    text.get(end + 1..).unwrap_or("")
}

fn entity<'t>(text: &'t str, plain: &mut String) -> &'t str {
    let end = text.find(';').filter(|end| *end <= 10);
    let decoded = end.and_then(|end| decoded(text.get(1..end)?));
    match (decoded, end) {
        (Some(character), Some(end)) => {
            plain.push(character);
            text.get(end + 1..).unwrap_or("")
        }
        _ => {
            plain.push('&');
            text.get(1..).unwrap_or("")
        }
    }
}

fn decoded(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace());
    }
    Some(match name {
        "nbsp" => ' ',
        "pound" => '£',
        "euro" => '€',
        "rsquo" | "lsquo" => '\'',
        "ldquo" => '“',
        "rdquo" => '”',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "bull" => '•',
        "eacute" => 'é',
        name => return quick_xml::escape::resolve_predefined_entity(name)?.chars().next(),
    })
}

/// Lines without white space at their ends, and never two empty ones together.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            tidy.push_str(line.trim_start());
            tidy.push('\n');
        }
    }
    tidy.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_plain_text() {
        let pairs = [
            ("plain", "plain"),
            ("<p>One &amp; two</p><p>Three</p>", "One & two\n\nThree"),
            ("a<br/>b\r\nc", "a\nb\nc"),
            ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
            ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
            ("&pound;2,000&nbsp;a week", "£2,000 a week"),
            ("fish & chips", "fish & chips"),
            ("&#163;5 &#x41;", "£5 A"),
            ("<script>x", "x"),
        ];
        for (markup, text) in pairs {
            assert_eq!(plain(markup), text, "{markup}");
        }
    }

    #[test]
    fn a_cut_in_markup_is_seen() {
        for cut in ["<p>Some text<b", "<p>Some text</", "<p>Fish &am"] {
            assert!(ends_in_markup(cut), "{cut}");
        }
        for whole in ["<p>Some text</p>", "5 < 6", "fish & chips", "R&D", "<p>R&amp;D</p>"] {
            assert!(!ends_in_markup(whole), "{whole}");
        }
    }

    #[test]
    fn wordings_are_compared_without_regard_to_looks() {
        assert_eq!(folded("  What  is\u{a0}working well? "), folded("what is working well"));
        assert_eq!(folded("Children’s plan"), folded("children's plan"));
    }
}
