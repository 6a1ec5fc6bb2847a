//! Misbehaviour by a seed: the same seed, the same requests in the same order, the same faults.

use serde::{Deserialize, Serialize};

use super::fault::{FaultAim, FaultKind, FaultOperation, RetryAfter};

/// Milliseconds by which an answer of a script is late.
const SLOW_MILLISECONDS: u64 = 30;

/// Milliseconds within which what a script does late is done, unless something else is said.
const LATE_MILLISECONDS: u64 = 200;

/// Misbehaviour that a seed decides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultScript {
    /// The seed.
    pub seed: u64,
    /// The share of requests that go wrong, 0 to 1.
    pub rate: f64,
    /// At what requests; every other one goes well.
    #[serde(default = "any")]
    pub aim: FaultAim,
    /// Within how many milliseconds what is done late is done; 0: nothing is done late.
    #[serde(default = "late_milliseconds")]
    pub late_milliseconds: u64,
    /// Whether writes may be done twice: no client can keep that from happening.
    #[serde(default)]
    pub duplicates: bool,
}

const fn any() -> FaultAim {
    FaultAim::Any
}

const fn late_milliseconds() -> u64 {
    LATE_MILLISECONDS
}

impl FaultScript {
    /// Every kind of misbehaviour that a client can be right in spite of, at every kind of request.
    pub const fn new(seed: u64, rate: f64) -> Self {
        Self { seed, rate, aim: any(), late_milliseconds: late_milliseconds(), duplicates: false }
    }
}

/// A script that is followed.
#[derive(Debug)]
pub(super) struct Generator {
    script: FaultScript,
    random: SplitMix,
}

impl Generator {
    pub(super) const fn new(script: FaultScript) -> Self {
        Self { script, random: SplitMix(script.seed) }
    }

    /// What becomes of the next request. Each takes three numbers whatever becomes of it, so that a higher rate adds
    /// faults to those of a lower one and moves none.
    pub(super) fn next(&mut self, operation: FaultOperation) -> Option<FaultKind> {
        let (hit, which, how) = (self.random.share(), self.random.next(), self.random.next());
        if hit >= self.script.rate || !self.script.aim.at(operation) {
            return None;
        }
        let kinds = self.kinds(operation, how);
        let at = usize::try_from(which % u64::try_from(kinds.len()).unwrap_or(1)).unwrap_or(0);
        kinds.get(at).copied()
    }

    /// What may go wrong with an operation; `how` decides the particulars.
    fn kinds(&self, operation: FaultOperation, how: u64) -> Vec<FaultKind> {
        const AFTER: [RetryAfter; 6] = [
            RetryAfter::Seconds(1),
            RetryAfter::Date(1),
            RetryAfter::Seconds(0),
            RetryAfter::Seconds(-5),
            RetryAfter::Date(-60),
            RetryAfter::Garbage,
        ];
        let after = usize::try_from(how % 6).ok().and_then(|at| AFTER.get(at)).copied();
        let after = after.unwrap_or(RetryAfter::Garbage);
        let mut kinds = vec![
            FaultKind::CutBefore,
            FaultKind::CutMidway,
            FaultKind::Status(503),
            FaultKind::RetryAfter { status: if how & 64 == 0 { 429 } else { 503 }, after },
            FaultKind::Garbage,
            FaultKind::OtherRequest,
            FaultKind::Slow(1 + how % SLOW_MILLISECONDS),
            FaultKind::Redirect,
        ];
        if operation != FaultOperation::Token {
            kinds.extend([FaultKind::TokenRefused, FaultKind::TokensExpired]);
        }
        if operation.writes() {
            let after = [FaultKind::CutAfter, FaultKind::StatusAfter(500), FaultKind::StatusAfter(408)];
            kinds.extend(after);
            kinds.push(FaultKind::OtherPerson);
            let late = self.script.late_milliseconds;
            if late > 0 {
                let milliseconds = 1 + how % late;
                kinds.extend([None, Some(500)].map(|status| FaultKind::Late { milliseconds, status }));
            }
            kinds.extend(self.script.duplicates.then_some(FaultKind::Duplicate));
        }
        if operation == FaultOperation::AnswerForm {
            kinds.extend([FaultKind::ChangedMeanwhile, FaultKind::Status(412), FaultKind::Status(423)]);
        }
        kinds
    }
}

/// Steele, Lea and Flood's splitmix64: small, of full period, and the same for ever.
#[derive(Debug)]
struct SplitMix(u64);

impl SplitMix {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to 1, of 32 bits.
    fn share(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(high) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: [FaultOperation; 5] = [
        FaultOperation::Token,
        FaultOperation::Person,
        FaultOperation::FindNotes,
        FaultOperation::AddNote,
        FaultOperation::AnswerForm,
    ];

    fn fates(script: FaultScript) -> Vec<Option<FaultKind>> {
        let mut generator = Generator::new(script);
        (0..2_000).map(|at| generator.next(OPERATIONS[at % OPERATIONS.len()])).collect()
    }

    #[test]
    fn the_generator_is_the_one_that_is_published() {
        let mut random = SplitMix(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_seed_decides_everything() {
        assert_eq!(fates(FaultScript::new(7, 0.3)), fates(FaultScript::new(7, 0.3)));
        assert_ne!(fates(FaultScript::new(7, 0.3)), fates(FaultScript::new(8, 0.3)));
        let hit = fates(FaultScript::new(7, 0.3)).iter().flatten().count();
        assert!((500..700).contains(&hit), "{hit}");
        assert_eq!(fates(FaultScript::new(7, 0.0)).iter().flatten().count(), 0);
        assert_eq!(fates(FaultScript::new(7, 1.0)).iter().flatten().count(), 2_000);
    }

    #[test]
    fn a_higher_rate_adds_faults_and_moves_none() {
        let (few, many) = (fates(FaultScript::new(7, 0.1)), fates(FaultScript::new(7, 0.4)));
        assert!(few.iter().zip(&many).all(|(few, many)| few.is_none() || few == many));
    }

    #[test]
    fn what_a_script_leaves_out_never_happens() {
        let script = FaultScript { late_milliseconds: 0, aim: FaultAim::Writes, ..FaultScript::new(7, 1.0) };
        for (at, fate) in fates(script).into_iter().enumerate() {
            assert_eq!(fate.is_some(), OPERATIONS[at % OPERATIONS.len()].writes());
            assert!(!matches!(fate, Some(FaultKind::Late { .. } | FaultKind::Duplicate)), "{fate:?}");
        }
        let script = FaultScript { duplicates: true, ..FaultScript::new(7, 1.0) };
        assert!(fates(script).contains(&Some(FaultKind::Duplicate)));
    }
}
