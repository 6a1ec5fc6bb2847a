//! The near miss: what somebody probably meant.

/// The candidate that is one or two slips away from `word`, if one is.
///
/// Case, spaces, hyphens and underscores do not count as slips.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(word);
    let slips_max = match wanted.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let names = ["question", "questions", "collection"];
        assert_eq!(nearest("qestion", names), Some("question"));
        assert_eq!(nearest("Questions", names), Some("questions"));
        assert_eq!(nearest("panel", names), None);
    }
}
