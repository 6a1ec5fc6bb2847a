//! Bytes as people and files write them down.

/// Bytes as hexadecimal digits, two small ones for each.
pub(crate) fn hexadecimal<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}
