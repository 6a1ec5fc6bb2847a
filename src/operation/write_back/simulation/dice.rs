//! Chance that is the same for the same seed on every machine.

/// A small generator (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(1))
    }

    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides.max(1)
    }

    /// Once in so many; never where that is nought.
    pub(super) fn once_in(&mut self, many: u64) -> bool {
        many > 0 && self.roll(many) == 0
    }

    pub(super) fn seconds(&mut self, at_most: u64) -> jiff::SignedDuration {
        jiff::SignedDuration::from_secs(i64::try_from(self.roll(at_most)).unwrap_or(0))
    }
}
