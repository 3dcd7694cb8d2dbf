//! A span of a recording at the member who records it, as a pure function (TOWNHALL section 6). A new roster is a new span.
//!
//! ```text
//! Off ──started──► Proposed ──agreed──► Collecting ──authorised──► Active ──changed──► Sealing ──anchored──► Anchored
//!  ▲                  │                   │    ▲                     │ │                  ▲
//!  └───────over───────┘                   │    └──────reverted───────┘ └───────over───────┘
//!  └────────────changed, over─────────────┘
//! ```
//!
//! An input that is not listed changes nothing:
//!
//! | state | input | state | outputs |
//! |---|---|---|---|
//! | Off | started | Proposed | notice: propose |
//! | Proposed | agreed | Collecting | notice: roster; own consent |
//! | Proposed | changed | Proposed | notice: propose, to those who are there now |
//! | Proposed | over | Off | notice: stop |
//! | Collecting | signed | Collecting | question: submit |
//! | Collecting | authorised | Active | active: the recorder takes its seat |
//! | Collecting | changed | Off | paused; the next span begins |
//! | Collecting | over | Off | notice: stop |
//! | Active | reverted | Collecting | paused; question: submit |
//! | Active | changed | Sealing | paused, seal; the next span begins |
//! | Active | over | Sealing | notice: stop; seal |
//! | Sealing | sealed | Sealing | question: anchor |
//! | Sealing | anchored | Anchored | state |

/// What a span is at the member who records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpanState {
    /// Nothing, or given up before anything was recorded.
    #[default]
    Off,
    /// Everybody is asked.
    Proposed,
    /// Everybody signs, and the chain is waited for.
    Collecting,
    /// The consent is final.
    Active,
    /// Its files are being finished.
    Sealing,
    /// The chain names what was recorded.
    Anchored,
}

/// What changes a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanInput {
    /// Its member wants to record.
    Started,
    /// Everybody has agreed.
    Agreed,
    /// Every key has signed.
    Signed,
    /// The consent is final on chain.
    Authorised,
    /// It was, and is no more.
    Reverted,
    /// Somebody came, went, or took the consent back.
    Changed,
    /// Its member stops, or its time is over.
    Over,
    /// Its files are finished.
    Sealed,
    /// The anchor is final on chain.
    Anchored,
}

impl SpanState {
    /// The state after an input.
    #[must_use]
    pub const fn after(self, input: SpanInput) -> Self {
        match (self, input) {
            (Self::Off, SpanInput::Started) => Self::Proposed,
            (Self::Proposed, SpanInput::Agreed) | (Self::Active, SpanInput::Reverted) => Self::Collecting,
            (Self::Proposed, SpanInput::Over) | (Self::Collecting, SpanInput::Changed | SpanInput::Over) => Self::Off,
            (Self::Collecting, SpanInput::Authorised) => Self::Active,
            (Self::Active, SpanInput::Changed | SpanInput::Over) => Self::Sealing,
            (Self::Sealing, SpanInput::Anchored) => Self::Anchored,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SOURCE: &str = include_str!("state.rs");
    const STATES: [SpanState; 6] = [
        SpanState::Off,
        SpanState::Proposed,
        SpanState::Collecting,
        SpanState::Active,
        SpanState::Sealing,
        SpanState::Anchored,
    ];
    const INPUTS: [SpanInput; 9] = [
        SpanInput::Started,
        SpanInput::Agreed,
        SpanInput::Signed,
        SpanInput::Authorised,
        SpanInput::Reverted,
        SpanInput::Changed,
        SpanInput::Over,
        SpanInput::Sealed,
        SpanInput::Anchored,
    ];

    /// Cells of the table of this file's head.
    fn rows() -> Vec<[String; 4]> {
        let head = SOURCE.lines().take_while(|line| line.starts_with("//!"));
        let rows = head.filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
        let cells = rows.map(|row| row.split(" | ").map(str::to_owned).collect::<Vec<_>>());
        cells.filter_map(|cells| cells.try_into().ok()).filter(|row: &[String; 4]| row[0] != "state").collect()
    }

    #[test]
    fn a_span_does_what_its_table_says_and_nothing_else() {
        let rows = rows();
        let mut walked = 0;
        for state in STATES {
            for input in INPUTS {
                let is_it = |row: &&[String; 4]| {
                    row[0] == format!("{state:?}") && row[1] == format!("{input:?}").to_lowercase()
                };
                let listed = rows.iter().find(is_it);
                walked += usize::from(listed.is_some());
                let expected = listed.map_or_else(|| format!("{state:?}"), |row| row[2].clone());
                assert_eq!(format!("{:?}", state.after(input)), expected, "{state:?} {input:?}");
            }
        }
        assert_eq!((walked, rows.len()), (13, 13), "every row of the table was walked");
    }

    #[test]
    fn the_picture_shows_the_inputs_that_change_a_state_and_no_others() {
        let picture = SOURCE.split("```").nth(1).expect("a picture").trim_start_matches("text");
        let words = picture.split(|letter: char| !letter.is_ascii_alphabetic());
        let shown: BTreeSet<_> = words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).collect();
        let rows = rows();
        let changes: BTreeSet<_> = rows.iter().filter(|row| row[0] != row[2]).map(|row| row[1].as_str()).collect();
        assert_eq!(shown, changes);
    }

    #[test]
    fn nothing_is_active_without_a_final_consent() {
        for state in STATES {
            for input in INPUTS {
                let begins = state != SpanState::Active && state.after(input) == SpanState::Active;
                assert!(!begins || input == SpanInput::Authorised, "{state:?} {input:?}");
            }
        }
    }
}
