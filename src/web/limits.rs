//! How often somebody may ask, so that nobody guesses passwords and no runaway script takes the pages from others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::AccountName;

/// Requests of one address: a page has three, and an office behind one proxy some dozens of people.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("it is not zero");
const REQUESTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(200).expect("it is not zero");
/// Wrong passwords of one account: five at once, then one every half minute.
const WRONG_AT_ONCE: u32 = 5;
const WRONG_EVERY: Duration = Duration::from_secs(30);
/// Tries of one address, right or wrong, whatever the account: an office behind one proxy signs in in the morning.
const TRIES_OF_ADDRESS: NonZeroU32 = NonZeroU32::new(60).expect("it is not zero");
const TRY_OF_ADDRESS_EVERY: Duration = Duration::from_secs(10);

/// Sign-ins begun from one address, an office behind one proxy perhaps: a session is kept for each.
const STARTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).expect("it is not zero");
const START_EVERY: Duration = Duration::from_secs(2);

/// The limits.
pub(super) struct Limits {
    requests: DefaultKeyedRateLimiter<IpAddr>,
    wrong: Wrong,
    tries_of_address: DefaultKeyedRateLimiter<IpAddr>,
    starts: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        let every =
            |time, at_once| Quota::with_period(time).map_or(Quota::per_minute(at_once), |q| q.allow_burst(at_once));
        Self {
            requests: RateLimiter::keyed(Quota::per_second(REQUESTS_PER_SECOND).allow_burst(REQUESTS_AT_ONCE)),
            wrong: Wrong::default(),
            tries_of_address: RateLimiter::keyed(every(TRY_OF_ADDRESS_EVERY, TRIES_OF_ADDRESS)),
            starts: RateLimiter::keyed(every(START_EVERY, STARTS_AT_ONCE)),
        }
    }
}

impl Limits {
    /// Whether an address may ask once more.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        self.requests.check_key(&address).is_ok()
    }

    /// Whether somebody may try a password of an account once more. It counts as wrong until it is said to be right, so
    /// that many at once are no way round.
    pub(super) fn allows_try(&self, name: &AccountName, address: IpAddr) -> bool {
        self.tries_of_address.check_key(&address).is_ok() && self.wrong.begin(name, Instant::now())
    }

    /// That the password which was tried was right: it does not count.
    pub(super) fn was_right(&self, name: &AccountName) {
        self.wrong.take_back(name);
    }

    /// Whether somebody may set out for the council's own sign-in once more.
    pub(super) fn allows_start(&self, address: IpAddr) -> bool {
        self.starts.check_key(&address).is_ok()
    }

    /// Forgets whoever has been quiet for long enough to be allowed everything again.
    pub(super) fn forget(&self) {
        self.requests.retain_recent();
        self.wrong.forget(Instant::now());
        self.tries_of_address.retain_recent();
        self.starts.retain_recent();
    }
}

/// Wrong passwords by account: when each account will be allowed everything again.
#[derive(Default)]
struct Wrong(Mutex<HashMap<AccountName, Instant>>);

impl Wrong {
    /// Whether one more is allowed; it counts from now on.
    fn begin(&self, name: &AccountName, now: Instant) -> bool {
        let mut known = self.known();
        let clear = known.get(name).copied().unwrap_or(now).max(now) + WRONG_EVERY;
        let is_allowed = clear <= now + WRONG_EVERY * WRONG_AT_ONCE;
        if is_allowed {
            known.insert(name.clone(), clear);
        }
        is_allowed
    }

    /// One that has begun does not count: those before it do.
    fn take_back(&self, name: &AccountName) {
        if let Some(clear) = self.known().get_mut(name) {
            *clear = clear.checked_sub(WRONG_EVERY).unwrap_or(*clear);
        }
    }

    fn forget(&self, now: Instant) {
        self.known().retain(|_, clear| *clear > now);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<AccountName, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn named(name: &str) -> AccountName {
        AccountName::parse(name).unwrap()
    }

    #[test]
    fn a_password_is_not_tried_for_ever() {
        let limits = Limits::default();
        let tried = (0..10).filter(|_| limits.allows_try(&named("sam"), HERE)).count();
        assert_eq!(tried, 5);
        assert!(limits.allows_try(&named("alex"), HERE), "others are not locked out");
    }

    #[test]
    fn whoever_knows_the_password_may_come_as_often_as_they_like() {
        let (limits, sam) = (Limits::default(), named("sam"));
        for _ in 0..20 {
            assert!(limits.allows_try(&sam, HERE));
            limits.was_right(&sam);
        }
        // A right one takes back itself, and no wrong one before it.
        assert!((0..4).all(|_| limits.allows_try(&sam, HERE)));
        assert!(limits.allows_try(&sam, HERE));
        limits.was_right(&sam);
        assert!(limits.allows_try(&sam, HERE));
        assert!(!limits.allows_try(&sam, HERE));
        // One address is not let try account after account.
        let others = (0..100).filter(|number| limits.allows_try(&named(&format!("a-{number}")), HERE)).count();
        assert!(others < 60, "{others}");
    }

    #[test]
    fn a_wrong_password_is_forgotten_after_half_a_minute() {
        let (wrong, sam, now) = (Wrong::default(), named("sam"), Instant::now());
        assert_eq!((0..9).filter(|_| wrong.begin(&sam, now)).count(), 5);
        assert!(!wrong.begin(&sam, now + WRONG_EVERY / 2));
        assert!(wrong.begin(&sam, now + WRONG_EVERY));
        assert!(!wrong.begin(&sam, now + WRONG_EVERY));
        wrong.forget(now + WRONG_EVERY * 6);
        assert!(wrong.known().is_empty());
    }
}
