//! The replay window of one key and SSRC: 1,024 counters back from the highest one.

const WORDS: usize = 16;
const SPAN: u64 = 64 * WORDS as u64;

/// Which of the last 1,024 counters were seen.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// The highest counter; none before the first.
    top: Option<u64>,
    /// Bit `c mod 1,024`: counter c, not farther than 1,023 below the top, was seen.
    seen: [u64; WORDS],
}

impl Window {
    /// How many counters it spans.
    pub const SPAN: u64 = SPAN;

    /// Whether a counter is new enough and was not seen.
    pub fn is_new(&self, counter: u64) -> bool {
        match self.top {
            None => true,
            Some(top) if counter > top => true,
            Some(top) => top - counter < SPAN && self.word(counter) & bit(counter) == 0,
        }
    }

    /// Remember a counter that [`Window::is_new`].
    pub fn note(&mut self, counter: u64) {
        let top = self.top.unwrap_or(counter);
        if counter > top {
            let passed = (counter - top).min(SPAN);
            (0..passed).for_each(|back| self.set(counter - back, false));
        }
        self.set(counter, true);
        self.top = Some(top.max(counter));
    }

    fn word(&self, counter: u64) -> u64 {
        self.seen.get(place(counter)).copied().unwrap_or_default()
    }

    fn set(&mut self, counter: u64, value: bool) {
        if let Some(word) = self.seen.get_mut(place(counter)) {
            *word = if value { *word | bit(counter) } else { *word & !bit(counter) };
        }
    }
}

const fn place(counter: u64) -> usize {
    ((counter % SPAN) / 64) as usize
}

const fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_window_agrees_with_a_list_of_all_counters() {
        let (mut window, mut list) = (Window::default(), BTreeSet::new());
        let mut state = 7_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let near = list.last().copied().unwrap_or(5_000_u64);
            let counter = (near + (state >> 33) % 1_600).saturating_sub(1_500 - (state & 1));
            let top = list.last().copied();
            let new = !list.contains(&counter) && top.is_none_or(|top| counter > top || top - counter < 1_024);
            assert_eq!(window.is_new(counter), new, "{counter} under {top:?}");
            if new {
                window.note(counter);
                list.insert(counter);
            }
        }
    }

    #[test]
    fn a_jump_to_the_end_of_counting_is_taken_once() {
        let mut window = Window::default();
        window.note(0);
        assert!(window.is_new(u64::MAX));
        window.note(u64::MAX);
        assert!(!window.is_new(u64::MAX) && !window.is_new(0) && window.is_new(u64::MAX - 1_023));
    }
}
