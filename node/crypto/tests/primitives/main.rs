//! The primitives against published answers, against each other, and against an attacker. One behaviour per file.

mod back_ends_agree;
mod bad_keys_are_refused;
mod common;
mod generate;
mod known_answers;
mod sealing;
mod signatures;
mod vectors;
