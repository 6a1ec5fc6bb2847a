//! Names of files as they may be shown: somebody else has chosen them.

/// Characters of a name that are shown.
const CHARACTERS_MAX: usize = 160;

/// A name without what a terminal would obey or a reader could not see, and not longer than a line or two.
pub(super) fn shown(name: &str) -> String {
    let clean: Vec<char> = name.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect();
    let over = clean.len().saturating_sub(CHARACTERS_MAX);
    if over == 0 {
        return clean.into_iter().collect();
    }
    // The end says what type it is.
    let (front, back) = (CHARACTERS_MAX * 3 / 4, CHARACTERS_MAX / 4 - 1);
    let end = clean.len() - back;
    clean.iter().take(front).chain(&['…']).chain(clean.iter().skip(end)).collect()
}

/// Control characters, marks that turn the direction of writing, and characters without width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
