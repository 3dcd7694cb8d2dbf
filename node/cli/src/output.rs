//! What a command hands back, and how it reaches the terminal: one JSON document or plain sentences.

use std::io::Write;

use serde_json::{Value, json};

use crate::error::Error;

/// The result of a command, in both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The document for `--json`.
    pub document: Value,
    /// Sentences for people, without the final line break.
    pub text: String,
}

impl Report {
    /// A report of a document and its sentences.
    pub fn new(document: Value, text: impl Into<String>) -> Self {
        Self { document, text: text.into() }
    }

    /// Nothing is left to say.
    pub const fn silent() -> Self {
        Self { document: Value::Null, text: String::new() }
    }

    fn is_silent(&self) -> bool {
        self.document.is_null() && self.text.is_empty()
    }
}

/// The document of a failure: `{"error":{"code","message","details"?}}`.
pub fn error_document(error: &Error) -> Value {
    let mut body = json!({"code": error.code(), "message": error.to_string()});
    if let Some(details) = error.details() {
        body["details"] = details.clone();
    }
    json!({"error": body})
}

/// Writes the outcome and returns the exit status. A closed pipe ends the program quietly.
pub fn print(outcome: &Result<Report, Error>, as_json: bool) -> u8 {
    let written = match outcome {
        Ok(report) => emit(report, as_json),
        Err(error) if as_json => writeln!(std::io::stdout(), "{}", error_document(error)),
        Err(error) => writeln!(std::io::stderr(), "{}: {}", error.code(), printable(&error.to_string())),
    };
    match (outcome, written) {
        (Err(error), _) => error.exit_status(),
        (Ok(_), Err(_)) => 1,
        (Ok(_), Ok(())) => 0,
    }
}

/// Writes one report and flushes it. A silent one writes nothing.
pub fn emit(report: &Report, as_json: bool) -> std::io::Result<()> {
    if report.is_silent() {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", report.document)?;
    } else {
        writeln!(out, "{}", printable(&report.text))?;
    }
    out.flush()
}

/// Text with every control character but the line break made visible: foreign text cannot steer a terminal (THREATS L7).
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if c.is_control() || is_bidi_control(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Characters that reorder the text around them.
const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_reordering_characters_are_made_visible() {
        assert_eq!(printable("a\u{1b}[31mb\n\u{202e}c"), "a\\u{1b}[31mb\n\\u{202e}c");
        assert_eq!(printable("اتاق شماره ۷"), "اتاق شماره ۷");
    }

    #[test]
    fn a_failure_is_one_document_with_code_and_message() {
        let error = Error::Usage("give --room".into());
        assert_eq!(error_document(&error), json!({"error": {"code": "usage", "message": "give --room"}}));
    }
}
