//! A command of one person on a terminal of 80 columns, by `script` of util-linux: what a person would see.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{parsctl::Parsctl, tool};

/// Everything that was drawn, escapes included, by a command that must succeed.
///
/// # Errors
/// `script` is not there, or the command failed.
pub fn screen(person: &Parsctl, words: &[impl AsRef<str>]) -> Result<String> {
    let arguments = person.arguments(words).into_iter().filter(|word| word != "--json");
    let program = person.program.display().to_string();
    let line: Vec<_> = std::iter::once(program).chain(arguments).map(|word| quoted(&word)).collect();
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("stty cols 80 rows 24; exec {}", line.join(" ")))
        .arg("/dev/null")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .context("`script` of util-linux could not be started")?;
    ensure!(output.status.success(), "on a terminal: {}", tool::said(&output));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gives_quoted_words_back() {
        for word in ["plain", "two words", "it's", "$HOME `x` \"y\"", ""] {
            let told = Command::new("sh").args(["-c", &format!("printf %s {}", quoted(word))]).output().unwrap();
            assert_eq!(told.stdout, word.as_bytes());
        }
    }
}
