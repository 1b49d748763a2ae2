//! Randomness that can be replayed.

/// Random numbers for one test. The seed is printed, and `BACKHAUL_SEED` sets it.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// A new seed, or the one in the environment.
    ///
    /// # Panics
    /// When `BACKHAUL_SEED` is not a number.
    pub fn new() -> Self {
        use std::hash::{BuildHasher, Hasher};
        let seed = match std::env::var("BACKHAUL_SEED") {
            Ok(text) => text.parse().expect("BACKHAUL_SEED is a number"),
            // The standard library's own randomness suffices.
            Err(_) => std::hash::RandomState::new().build_hasher().finish(),
        };
        println!("replay with BACKHAUL_SEED={seed}");
        Self(seed)
    }

    /// A number from 0 to below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let index = self.below(all.len() as u64);
        &all[usize::try_from(index).expect("below a length")]
    }

    /// The output of SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}
