//! How often somebody may ask, so that nobody guesses passwords and no runaway script takes the pages from others.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::AccountName;

/// Requests of one address: a page has three, and an office behind one proxy some dozens of people.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("it is not zero");
const REQUESTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(200).expect("it is not zero");
/// Tries of one account: five at once, then one every half minute.
const TRIES_AT_ONCE: NonZeroU32 = NonZeroU32::new(5).expect("it is not zero");
const TRY_EVERY: Duration = Duration::from_secs(30);
/// Tries of one address, whatever the account.
const TRIES_OF_ADDRESS: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");

/// Sign-ins begun from one address, an office behind one proxy perhaps: a session is kept for each.
const STARTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).expect("it is not zero");
const START_EVERY: Duration = Duration::from_secs(2);

/// The limits.
pub(super) struct Limits {
    requests: DefaultKeyedRateLimiter<IpAddr>,
    tries: DefaultKeyedRateLimiter<AccountName>,
    tries_of_address: DefaultKeyedRateLimiter<IpAddr>,
    starts: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        let every =
            |time, at_once| Quota::with_period(time).map_or(Quota::per_minute(at_once), |q| q.allow_burst(at_once));
        Self {
            requests: RateLimiter::keyed(Quota::per_second(REQUESTS_PER_SECOND).allow_burst(REQUESTS_AT_ONCE)),
            tries: RateLimiter::keyed(every(TRY_EVERY, TRIES_AT_ONCE)),
            tries_of_address: RateLimiter::keyed(every(TRY_EVERY, TRIES_OF_ADDRESS)),
            starts: RateLimiter::keyed(every(START_EVERY, STARTS_AT_ONCE)),
        }
    }
}

impl Limits {
    /// Whether an address may ask once more.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        self.requests.check_key(&address).is_ok()
    }

    /// Whether somebody may try to sign in once more.
    pub(super) fn allows_try(&self, name: &AccountName, address: IpAddr) -> bool {
        self.tries_of_address.check_key(&address).is_ok() && self.tries.check_key(name).is_ok()
    }

    /// Whether somebody may set out for the council's own sign-in once more.
    pub(super) fn allows_start(&self, address: IpAddr) -> bool {
        self.starts.check_key(&address).is_ok()
    }

    /// Forgets whoever has been quiet for long enough to be allowed everything again.
    pub(super) fn forget(&self) {
        self.requests.retain_recent();
        self.tries.retain_recent();
        self.tries_of_address.retain_recent();
        self.starts.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_tried_for_ever() {
        let (limits, address) = (Limits::default(), IpAddr::from([127, 0, 0, 1]));
        let name = AccountName::parse("sam").unwrap();
        let tried = (0..10).filter(|_| limits.allows_try(&name, address)).count();
        assert_eq!(tried, 5);
        assert!(limits.allows_try(&AccountName::parse("alex").unwrap(), address), "others are not locked out");
    }
}
