//! The key of a write-back, and the reference by which it is found again.

use jiff::civil::Date;
use uuid::Uuid;

use crate::domain::{AuthorityName, PersonId, Reference, SubmissionId, WriteBackId, WriteBackKind};

/// The namespace of tessera's keys (RFC 9562, section 5.5): fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x6e1b_0a5c_3f0d_5c5e_9a53_7c1f_2b54_e5aa);

/// Letters and digits that cannot be mistaken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The key of the write-back of a kind for one child, of one revision of one outcome: fixed for ever. `part` tells
/// several of one kind apart; it is empty where there can be only one.
pub fn write_back_id(
    authority: &AuthorityName,
    submission: &SubmissionId,
    person: PersonId,
    sitting: Date,
    (kind, part): (WriteBackKind, &str),
    revision: u32,
) -> WriteBackId {
    let kind = if part.is_empty() { kind.as_str().to_owned() } else { format!("{}/{part}", kind.as_str()) };
    let parts = [
        authority.as_str().to_owned(),
        submission.as_str().to_owned(),
        person.to_string(),
        sitting.to_string(),
        kind,
        revision.to_string(),
    ];
    // Each part with its length before it, so that no two effects share a key.
    let name: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    WriteBackId(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

/// The reference of a key: 45 bits of it and a check letter, `TES-7F3K-2Q9M-4T`.
pub fn reference_of(id: WriteBackId) -> Reference {
    let bits = id.0.as_u128() >> (128 - 45);
    let digits: Vec<usize> =
        (0..9).rev().map(|place| usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0)).collect();
    let check = digits.iter().enumerate().map(|(at, digit)| (at + 3) * digit).sum::<usize>() % 31;
    let letters: String =
        digits.iter().chain([&check]).map(|digit| char::from(ALPHABET.get(*digit).copied().unwrap_or(b'0'))).collect();
    let (first, rest) = letters.split_at(4);
    let (second, last) = rest.split_at(4);
    Reference(format!("TES-{first}-{second}-{last}"))
}

/// How the ids of the keys with a reference begin, in either case of letters; `None` where the text is no reference.
pub fn beginning_of_id(reference: &str) -> Option<String> {
    let mut parts = reference.split('-');
    let is_ours = parts.next().is_some_and(|part| part.eq_ignore_ascii_case("TES"));
    let letters: String = parts.collect();
    if !is_ours || letters.chars().count() != 10 {
        return None;
    }
    let mut bits: u64 = 0;
    for letter in letters.bytes().take(9) {
        let digit = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits = bits << 5 | u64::try_from(digit).ok()?;
    }
    // Eleven hexadecimal digits of the 45 bits, with the hyphen after the eighth.
    let digits = format!("{:011x}", bits >> 1);
    let (first, rest) = digits.split_at_checked(8)?;
    Some(format!("{first}-{rest}"))
}

/// Whether a text holds the reference, whatever Mosaic has done to tags, white space and case.
pub fn is_in(reference: &Reference, text: &str) -> bool {
    squeezed(text).contains(&squeezed(&reference.0))
}

/// How often a text holds the reference: a note that was appended to twice holds it twice.
pub fn times_in(reference: &Reference, text: &str) -> usize {
    squeezed(text).matches(&squeezed(&reference.0)).count()
}

/// Letters and digits only, in capitals, tags and entities taken out.
pub fn squeezed(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let skipped = match character {
            '<' if rest.chars().nth(1).is_some_and(|next| next.is_ascii_alphabetic() || next == '/') => {
                rest.find('>').map(|end| end + 1)
            }
            '&' => rest.find(';').filter(|end| *end <= 10).map(|end| end + 1),
            _ => None,
        };
        if let Some(length) = skipped {
            rest = rest.get(length..).unwrap_or("");
            continue;
        }
        if character.is_ascii_alphanumeric() {
            kept.push(character.to_ascii_uppercase());
        }
        rest = rest.get(character.len_utf8()..).unwrap_or("");
    }
    kept
}

/// Text of a person with every reference of ours in it made harmless, so that it cannot pass for another note.
pub(super) fn without_references(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_uppercase().find("TES-") {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        // A letter between the two parts is what a search for letters and digits stumbles over.
        kept.push_str("TES reference ");
        rest = from.get(4..).unwrap_or("");
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(revision: u32, person: &str) -> WriteBackId {
        let (authority, submission) = (AuthorityName::new("a"), SubmissionId::new("a-1"));
        let person = person.parse().unwrap();
        write_back_id(
            &authority,
            &submission,
            person,
            jiff::civil::date(2026, 12, 2),
            (WriteBackKind::CaseNote, ""),
            revision,
        )
    }

    #[test]
    fn a_reference_tells_how_its_key_begins() {
        for (revision, person) in [(1, "100001"), (2, "100001"), (7, "999999999")] {
            let id = id(revision, person);
            let reference = reference_of(id).0;
            for text in [reference.clone(), reference.to_lowercase()] {
                let beginning = beginning_of_id(&text).unwrap();
                assert_eq!(beginning.len(), 12);
                assert!(id.to_string().starts_with(&beginning), "{id} {text} {beginning}");
            }
        }
        for text in ["", "TES", "TES-7F3K-2Q9M-4", "TEX-7F3K-2Q9M-4T", "TES-7F3K-2Q9I-4T", "TES-\u{e9}F3K-2Q9M-4T"] {
            assert_eq!(beginning_of_id(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_fixed_for_ever_and_differs_with_every_part() {
        assert_eq!(id(1, "100001").to_string(), "221c988c-1218-5646-99b1-759f206ee6e1");
        assert_ne!(id(1, "100001"), id(2, "100001"));
        assert_ne!(id(1, "100001"), id(1, "100002"));
        assert_eq!(reference_of(id(1, "100001")).0.len(), "TES-7F3K-2Q9M-4T".len());
    }

    #[test]
    fn a_reference_survives_what_mosaic_does_to_notes() {
        let reference = reference_of(id(1, "100001"));
        let plain = reference.0.clone();
        let (one, two) = plain.split_at(8);
        for text in [
            format!("Body\nRef: {plain}"),
            format!("<p>Body</p><p>Ref: {one}<b>{two}</b></p>"),
            format!("Ref:&nbsp;{}", plain.to_lowercase()),
            format!("Ref: {}", plain.replace('-', " - ")),
            format!("Ref: {one}\u{200b}{two}"),
        ] {
            assert!(is_in(&reference, &text), "{text}");
        }
        let mut other = plain.clone();
        other.replace_range(4..5, if plain.as_bytes()[4] == b'0' { "1" } else { "0" });
        assert!(!is_in(&reference, &other));
        assert!(!is_in(&reference, &without_references(&plain)));
    }

    proptest! {
        #[test]
        fn two_keys_never_share_a_reference_by_nearness(one in 1_u32..5_000, other in 1_u32..5_000) {
            prop_assume!(one != other);
            prop_assert_ne!(reference_of(id(one, "100001")), reference_of(id(other, "100001")));
        }
    }
}
