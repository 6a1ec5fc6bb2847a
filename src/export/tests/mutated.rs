//! Whatever the bytes, a reader ends and accounts for what it read.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic_or_go_on_for_ever(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let outcome = forms("a.dat", &bytes);
        prop_assert!(!outcome.records.is_empty() || !outcome.troubles.is_empty() || !outcome.layouts.is_empty());
    }

    #[test]
    fn a_mutated_export_is_accounted_for(
        which in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut bytes = match which {
            0 => WIDE.as_bytes().to_vec(),
            1 => LONG.as_bytes().to_vec(),
            2 => XML.as_bytes().to_vec(),
            3 => sheet_of(WIDE),
            4 => gzip(XML.as_bytes()),
            _ => zipped(&[("a.csv", LONG.as_bytes()), ("b.xlsx", &sheet_of(LONG))]),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let dir = TempDir::new().unwrap();
        for part in parts(&file(&dir, "a.dat", &bytes)).0 {
            for extract in [ExtractType::Documents, ExtractType::Persons] {
                // What cannot be opened is a trouble; what can must come to its end.
                let count = part.rows(extract, &Headings::default()).map(Iterator::count);
                prop_assert!(count.is_ok() || count.is_err_and(|trouble| !trouble.help.is_empty()));
            }
        }
        let outcome = forms("a.dat", &bytes);
        let stopped = outcome.messages.iter().any(|message| message.contains("the reader of the file stopped"));
        prop_assert!(!stopped, "{:?}", outcome.messages);
        prop_assert!(!outcome.records.is_empty() || !outcome.troubles.is_empty() || !outcome.layouts.is_empty());
    }
}
