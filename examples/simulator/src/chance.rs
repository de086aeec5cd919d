//! Chance that is the same on every machine and for ever: one small generator a purpose and a number.
//!
//! The numbers come from `oorandom` (PCG), whose sequence is fixed. What happens in a quarter hour is drawn from a
//! generator seeded by that quarter hour, not from one long sequence, so that any time can be looked at by itself.

use oorandom::Rand64;

/// What a number is drawn for; each purpose has sequences of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Identity,
    Weather,
    Machines,
    Noise,
    Outage,
    TimeChange,
    Synchronization,
}

/// Returns the generator for this purpose and number.
pub(crate) fn chance(seed: u64, purpose: Purpose, number: i64) -> Rand64 {
    let low = mix(seed ^ mix((purpose as u64).wrapping_add(1)));
    let high = mix(low ^ number.cast_unsigned());
    Rand64::new((u128::from(high) << 64) | u128::from(low))
}

/// Returns a number from `low` up to, but not including, `high`.
pub(crate) fn between(random: &mut Rand64, low: f64, high: f64) -> f64 {
    low + random.rand_float() * (high - low)
}

/// The finalizer of `SplitMix64`: neighbouring seeds become unlike ones.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_pinned() {
        let mut random = chance(1, Purpose::Noise, 1_700_000);
        assert_eq!(random.rand_u64(), 13_505_526_791_766_296);
    }

    #[test]
    fn purposes_and_numbers_have_sequences_of_their_own() {
        let first = |seed, purpose, number| chance(seed, purpose, number).rand_u64();
        let all = [
            first(1, Purpose::Noise, 1),
            first(1, Purpose::Noise, 2),
            first(1, Purpose::Noise, -1),
            first(1, Purpose::Outage, 1),
            first(2, Purpose::Noise, 1),
        ];
        let distinct: std::collections::BTreeSet<_> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
