//! A log of fixed size.

/// The newest `N` entries of a log, which number from 1 without a gap.
#[derive(Debug, Clone)]
pub struct Ring<T, const N: usize> {
    entries: [Option<T>; N],
    newest: u32,
}

impl<T: Copy, const N: usize> Ring<T, N> {
    /// Makes an empty log.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: [None; N], newest: 0 }
    }

    /// Returns the index of the newest entry; 0 if there is none.
    #[must_use]
    pub const fn newest(&self) -> u32 {
        self.newest
    }

    /// Returns the index of the oldest entry that is still there; 1 if there is none.
    #[must_use]
    pub const fn oldest(&self) -> u32 {
        if self.newest < N as u32 { 1 } else { self.newest - N as u32 + 1 }
    }

    /// Adds an entry, in place of the oldest if all places are taken.
    pub fn push(&mut self, entry: T) {
        self.newest += 1;
        self.entries[self.newest as usize % N] = Some(entry);
    }

    /// Returns an entry; `None` if it is not there any more, or not yet.
    #[must_use]
    pub const fn get(&self, index: u32) -> Option<T> {
        if index < self.oldest() || index > self.newest { None } else { self.entries[index as usize % N] }
    }
}

impl<T: Copy, const N: usize> Default for Ring<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round() {
        let mut ring = Ring::<u32, 4>::new();
        assert_eq!((ring.oldest(), ring.newest(), ring.get(0), ring.get(1)), (1, 0, None, None));
        for index in 1..=10 {
            ring.push(index * 7);
            assert_eq!(ring.newest(), index);
            assert_eq!(ring.oldest(), index.saturating_sub(3).max(1));
            for other in 0..12 {
                let is_there = (ring.oldest()..=ring.newest()).contains(&other);
                assert_eq!(ring.get(other), is_there.then_some(other * 7));
            }
        }
    }
}
