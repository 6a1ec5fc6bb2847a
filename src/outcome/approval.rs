//! Who may approve an outcome.

/// Why somebody may not approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// The authority asks for a second person.
    #[error("who loads an outcome cannot approve it: this authority asks for a second person")]
    SamePerson,
}

/// Whether `approver` may approve what `loaded_by` has loaded.
pub fn may_approve(loaded_by: &str, approver: &str, second_person: bool) -> Result<(), NotApproved> {
    if second_person && loaded_by == approver { Err(NotApproved::SamePerson) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_person_approves_where_the_authority_asks_for_one() {
        assert_eq!(may_approve("administrator:a", "administrator:a", true), Err(NotApproved::SamePerson));
        assert_eq!(may_approve("administrator:a", "approver:b", true), Ok(()));
        assert_eq!(may_approve("administrator:a", "administrator:a", false), Ok(()));
    }
}
