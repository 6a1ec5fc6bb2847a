//! Who may approve an outcome.

/// Why somebody may not approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// The authority asks for a second person.
    #[error("who loads an outcome cannot approve it: this authority asks for a second person")]
    SamePerson,
}

/// Whether `approver` may approve what `loaded_by` has loaded. An actor is a role and an account: the same account in
/// another role is the same person.
pub fn may_approve(loaded_by: &str, approver: &str, second_person: bool) -> Result<(), NotApproved> {
    if second_person && is_same_person(loaded_by, approver) { Err(NotApproved::SamePerson) } else { Ok(()) }
}

/// Whether two actors are one person, as far as can be told. Where one of them has no account, only the same words are.
fn is_same_person(one: &str, other: &str) -> bool {
    match (account(one), account(other)) {
        // Not every system that people sign in to tells capitals apart.
        (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
        _ => one == other,
    }
}

/// The account of an actor: what stands behind the role.
fn account(actor: &str) -> Option<&str> {
    actor.split_once(':').map(|(_, account)| account.trim()).filter(|account| !account.is_empty())
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

    #[test]
    fn the_same_account_in_another_role_is_the_same_person() {
        for (loaded_by, approver, is_same) in [
            ("administrator:sam", "approver:sam", true),
            ("administrator:Sam", "approver:sam ", true),
            ("administrator:a:sam", "approver:sam", false),
            ("administrator:a:sam", "approver:a:sam", true),
            ("administrator:sam", "administrator:alex", false),
            // Whose account is not known is known by the role alone.
            ("administrator", "administrator", true),
            ("administrator", "approver", false),
            ("administrator", "administrator:sam", false),
            ("administrator:", "administrator:", true),
            ("administrator:", "approver:", false),
        ] {
            assert_eq!(may_approve(loaded_by, approver, true).is_err(), is_same, "{loaded_by} and {approver}");
            assert_eq!(may_approve(approver, loaded_by, true).is_err(), is_same, "{approver} and {loaded_by}");
            assert_eq!(may_approve(loaded_by, approver, false), Ok(()));
        }
    }
}
