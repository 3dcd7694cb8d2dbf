//! A span of a recording at the member who records it, as a pure function (TOWNHALL section 6). A new roster is a new span.
//!
//! ```text
//! Off ──started──► Proposed ──agreed──► Collecting ──authorised──► Active ──changed──► Sealing ──anchored──► Anchored
//!  ▲                  │                   │    ▲                     │ │                  ▲ │
//!  └───────over───────┘                   │    └──────reverted───────┘ └───over, failed───┘ │
//!  └────────changed, over, failed─────────┘                                                 │
//!  └─────────────────────────────────────────failed────────────────────────────────────────┘
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
//! | Collecting | failed | Off | paused; notice: stop |
//! | Active | reverted | Collecting | paused; question: submit |
//! | Active | changed | Sealing | paused, seal; the next span begins |
//! | Active | over | Sealing | notice: stop; seal |
//! | Active | failed | Sealing | paused; notice: stop; seal |
//! | Sealing | sealed | Sealing | question: anchor |
//! | Sealing | failed | Off | not sealed |
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
    /// Its recorder gets no seat, or its files cannot be written.
    Failed,
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
            (Self::Proposed, SpanInput::Over)
            | (Self::Collecting, SpanInput::Changed | SpanInput::Over | SpanInput::Failed)
            | (Self::Sealing, SpanInput::Failed) => Self::Off,
            (Self::Collecting, SpanInput::Authorised) => Self::Active,
            (Self::Active, SpanInput::Changed | SpanInput::Over | SpanInput::Failed) => Self::Sealing,
            (Self::Sealing, SpanInput::Anchored) => Self::Anchored,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::table::{check_picture, check_walk, rows};

    const SOURCE: &str = include_str!("state.rs");
    const STATES: [SpanState; 6] = [
        SpanState::Off,
        SpanState::Proposed,
        SpanState::Collecting,
        SpanState::Active,
        SpanState::Sealing,
        SpanState::Anchored,
    ];
    const INPUTS: [(&str, SpanInput); 10] = [
        ("started", SpanInput::Started),
        ("agreed", SpanInput::Agreed),
        ("signed", SpanInput::Signed),
        ("authorised", SpanInput::Authorised),
        ("reverted", SpanInput::Reverted),
        ("changed", SpanInput::Changed),
        ("over", SpanInput::Over),
        ("failed", SpanInput::Failed),
        ("sealed", SpanInput::Sealed),
        ("anchored", SpanInput::Anchored),
    ];

    #[test]
    fn a_span_does_what_its_table_says_and_nothing_else() {
        let walked = check_walk(SOURCE, (&STATES, &INPUTS), SpanState::after);
        assert_eq!((walked, rows(SOURCE).len()), (16, 16), "every row was walked");
    }

    #[test]
    fn the_picture_shows_the_inputs_that_change_a_state_and_no_others() {
        check_picture(SOURCE, &[]);
    }

    #[test]
    fn nothing_is_active_without_a_final_consent() {
        for state in STATES {
            for (_, input) in INPUTS {
                let begins = state != SpanState::Active && state.after(input) == SpanState::Active;
                assert!(!begins || input == SpanInput::Authorised, "{state:?} {input:?}");
            }
        }
    }
}
