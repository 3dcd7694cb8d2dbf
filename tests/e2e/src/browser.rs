//! Chromium with the pages of several people, driven through `tests/e2e/browser/pages.mjs`.
//!
//! | Module | Holds |
//! |---|---|
//! | [`element`] | what is looked for on a page |
//! | [`hall`] | the town hall's page as its user sees it |
//! | [`operator`] | a media server's operator who lies |

pub mod element;
pub mod hall;
pub mod operator;

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use self::element::Element;
use crate::stack::Places;

/// Where Debian puts it; `CHROMIUM` names another.
const CHROMIUM: &str = "/usr/bin/chromium";

/// A running browser. Its pages share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Browser {
    wire: Arc<Mutex<Wire>>,
    pictures: PathBuf,
}

/// How a page is opened beside its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// As its user opens it.
    Plain,
    /// It is noted which epochs' keys its daemon gives to it.
    Noted,
    /// Its daemon seems to give it keys of others of which one bit is wrong.
    WrongKeys,
    /// Its daemon seems to say that it is a presenter.
    Promoted,
    /// It does not hear that its seat has ended, nor that its connections for signalling have.
    Deaf,
    /// Its daemon seems to give it another pass to the media server.
    Pass(String),
    /// Its connections for signalling can be cut.
    Severable,
    /// Without the policy that it came with: for programs that are put into it.
    WithoutPolicy,
}

impl Opening {
    fn lies(&self) -> Value {
        match self {
            Self::WrongKeys => json!({"wrongKeys": true}),
            Self::Promoted => json!({"promoted": true}),
            Self::Deaf => json!({"deaf": true}),
            Self::Pass(token) => json!({"token": token}),
            Self::Severable => json!({"severable": true}),
            Self::Noted => json!({}),
            Self::Plain | Self::WithoutPolicy => Value::Null,
        }
    }
}

/// What a page's receivers got, as WebRTC's statistics tell it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Received {
    /// Energy of the sound that was decoded.
    pub energy: f64,
    /// Samples of sound that were played and not made up.
    pub samples: u64,
    /// Pictures that were decoded.
    pub frames: u64,
    /// Packets that arrived.
    pub packets: u64,
}

/// What a media element has played from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// Seconds that went by in it while it played: a place that was only jumped to is none.
    pub seconds: f64,
    /// Bytes of sound that Chromium has decoded for it.
    pub decoded: u64,
    /// What the browser found wrong with its file.
    pub error: Option<String>,
}

impl Received {
    /// What came after an earlier count. A connection that was made anew counts from zero.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            energy: (self.energy - before.energy).max(0.0),
            samples: self.samples.saturating_sub(before.samples),
            frames: self.frames.saturating_sub(before.frames),
            packets: self.packets.saturating_sub(before.packets),
        }
    }
}

#[derive(Debug)]
struct Wire {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    last: u64,
}

impl Browser {
    /// Starts it. `pictures` is emptied and takes the screenshots, `sound` is what every microphone hears.
    pub fn start(places: &Places, pictures: &str, sound: Option<&Path>) -> Result<Self> {
        let directory = places.bin.join("journeys-pictures").join(pictures);
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
        let program = PathBuf::from(env::var_os("CHROMIUM").unwrap_or_else(|| CHROMIUM.into()));
        let by_hand = "Chromium is missing: install it (Debian: apt-get install chromium), or name it by CHROMIUM";
        ensure!(program.exists(), "{by_hand}; looked for {}", program.display());
        let script = places.repository()?.join("tests/e2e/browser/pages.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(program).args(sound).stdin(Stdio::piped()).stdout(Stdio::piped());
        let log = fs::File::create(directory.join("browser.log"))?;
        let mut child = command.stderr(log).spawn().context("node could not be started")?;
        let requests = child.stdin.take().ok_or_else(|| anyhow!("no standard input"))?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(|| anyhow!("no standard output"))?);
        let mut wire = Wire { child, requests, answers, last: 0 };
        let ready = wire.read().context("the browser does not start")?;
        ensure!(ready.get("ready") == Some(&Value::Bool(true)), "the browser is not ready: {ready}");
        Ok(Self { wire: Arc::new(Mutex::new(wire)), pictures: directory })
    }

    /// Opens a page in a context of its own.
    pub fn open(&self, name: &str, url: &str, opening: &Opening) -> Result<Page> {
        let page = Page { browser: self.clone(), name: name.to_owned() };
        let bypass = *opening == Opening::WithoutPolicy;
        page.ask("open", json!({"url": url, "lies": opening.lies(), "bypassPolicy": bypass}))?;
        Ok(page)
    }

    /// The passes with which any page ever asked for a media server.
    pub fn every_pass(&self) -> Result<Vec<String>> {
        let passes = self.wire().ask(json!({"do": "everyPass"}))?;
        let all = passes.as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(all.map(str::to_owned).collect())
    }

    /// Where the pictures lie.
    pub fn pictures(&self) -> &Path {
        &self.pictures
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire {
    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the browser's driver ended; what it said stands in browser.log beside the pictures");
        }
        serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))
    }

    fn ask(&mut self, mut request: Value) -> Result<Value> {
        self.last += 1;
        request["id"] = self.last.into();
        writeln!(self.requests, "{request}")?;
        let mut answer = self.read()?;
        ensure!(answer.get("id") == Some(&json!(self.last)), "an answer to something else: {answer}");
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(anyhow!("{}", first_lines(error))),
            None => Ok(answer["result"].take()),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // Killing the driver alone would leave its browser behind: it closes that when it is asked for nothing more.
        let _ = writeln!(self.requests, "{}", json!({"id": 0, "do": "end"}));
        let _ = self.child.wait();
    }
}

/// What was wrong, without the log of how it was looked for.
fn first_lines(error: &str) -> String {
    error.lines().filter(|line| !line.trim().is_empty()).take(4).collect::<Vec<_>>().join(" ")
}

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    browser: Browser,
    name: String,
}

impl Page {
    fn ask(&self, what: &str, mut request: Value) -> Result<Value> {
        request["page"] = self.name.as_str().into();
        request["do"] = what.into();
        let told = || match request.get("selector").and_then(Value::as_str) {
            Some(selector) => format!("{}'s page: {what} {selector}", self.name),
            None => format!("{}'s page: {what}", self.name),
        };
        self.browser.wire().ask(request.clone()).with_context(told)
    }

    /// Waits until it is shown.
    pub fn wait(&self, element: &Element) -> Result<()> {
        self.ask("wait", json!({"selector": element.selector()})).map(drop)
    }

    /// Waits until it is there, shown or not.
    pub fn wait_attached(&self, element: &Element) -> Result<()> {
        self.ask("wait", json!({"selector": element.selector(), "state": "attached"})).map(drop)
    }

    /// Waits until it is shown with a text.
    pub fn wait_text(&self, element: &Element, text: &str) -> Result<()> {
        self.ask("wait", json!({"selector": element.selector(), "text": text})).map(drop)
    }

    /// Presses it.
    pub fn click(&self, element: &Element) -> Result<()> {
        self.ask("click", json!({"selector": element.selector()})).map(drop)
    }

    /// Writes into it.
    pub fn fill(&self, element: &Element, value: &str) -> Result<()> {
        self.ask("fill", json!({"selector": element.selector(), "value": value})).map(drop)
    }

    /// Chooses a value of a list.
    pub fn choose(&self, element: &Element, value: &str) -> Result<()> {
        self.ask("choose", json!({"selector": element.selector(), "value": value})).map(drop)
    }

    /// Presses a key.
    pub fn press(&self, key: &str) -> Result<()> {
        self.ask("press", json!({"key": key})).map(drop)
    }

    /// How many there are now.
    pub fn count(&self, element: &Element) -> Result<u64> {
        let count = self.ask("count", json!({"selector": element.selector()}))?;
        count.as_u64().ok_or_else(|| anyhow!("no number: {count}"))
    }

    /// An attribute, waiting for the element.
    pub fn attribute(&self, element: &Element, name: &str) -> Result<String> {
        let value = self.ask("attribute", json!({"selector": element.selector(), "name": name}))?;
        value.as_str().map(str::to_owned).ok_or_else(|| anyhow!("{} has no {name}", element.selector()))
    }

    /// The text that is shown, waiting for the element.
    pub fn text(&self, element: &Element) -> Result<String> {
        let text = self.ask("text", json!({"selector": element.selector()}))?;
        text.as_str().map(str::to_owned).ok_or_else(|| anyhow!("no text: {text}"))
    }

    /// What its receivers got of a sender, by its identity, or of all.
    pub fn received(&self, identity: Option<&str>) -> Result<Received> {
        let all = self.ask("received", json!({"identity": identity}))?;
        let number = |name: &str| all.get(name).and_then(Value::as_u64).unwrap_or_default();
        let energy = all.get("energy").and_then(Value::as_f64).unwrap_or_default();
        let samples = number("samples").saturating_sub(number("concealed"));
        Ok(Received { energy, samples, frames: number("frames"), packets: number("packets") })
    }

    /// What each media element of these has played from a file.
    pub fn played(&self, element: &Element) -> Result<Vec<Played>> {
        let all = self.ask("played", json!({"selector": element.selector()}))?;
        let played = |one: &Value| Played {
            seconds: one.get("seconds").and_then(Value::as_f64).unwrap_or_default(),
            decoded: one.get("decoded").and_then(Value::as_u64).unwrap_or_default(),
            error: one.get("error").and_then(Value::as_str).map(str::to_owned),
        };
        Ok(all.as_array().into_iter().flatten().map(played).collect())
    }

    /// Presses an element and gives the milliseconds until somebody's sound was played.
    pub fn first_sound(&self, element: &Element) -> Result<f64> {
        let elapsed = self.ask("firstSound", json!({"selector": element.selector()}))?;
        elapsed.as_f64().ok_or_else(|| anyhow!("no time: {elapsed}"))
    }

    /// Cuts its connections for signalling, and gives what an attribute became until it was `last`.
    pub fn cut(&self, element: &Element, name: &str, last: &str) -> Result<Vec<String>> {
        let states = self.ask("cut", json!({"selector": element.selector(), "name": name, "last": last}))?;
        let states = states.as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(states.map(str::to_owned).collect())
    }

    /// Puts a script of a file into it.
    pub fn script(&self, file: &Path) -> Result<()> {
        self.ask("script", json!({"file": file.display().to_string()})).map(drop)
    }

    /// Runs a function of one value in it, and gives what it resolves to.
    pub fn run(&self, function: &str, value: &Value) -> Result<Value> {
        self.ask("evaluate", json!({"body": function, "value": value}))
    }

    /// Errors of its scripts, and what its policy refused.
    pub fn faults(&self) -> Result<Value> {
        self.ask("faults", json!({}))
    }

    /// The passes with which it asked for the media server, oldest first.
    pub fn passes(&self) -> Result<Vec<String>> {
        let passes = self.ask("passes", json!({}))?;
        let all = passes.as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(all.map(str::to_owned).collect())
    }

    /// The epochs whose keys its daemon gave to it, in the order in which they came.
    pub fn epochs(&self) -> Result<Vec<u64>> {
        let epochs = self.ask("epochs", json!({}))?;
        Ok(epochs.as_array().into_iter().flatten().filter_map(Value::as_u64).collect())
    }

    /// Takes a picture and gives its path.
    pub fn picture(&self, name: &str) -> Result<String> {
        let file = self.browser.pictures.join(format!("{name}.png")).display().to_string();
        self.ask("picture", json!({"file": file}))?;
        Ok(file)
    }

    /// Closes it, as a tab is closed.
    pub fn close(self) -> Result<()> {
        self.ask("close", json!({})).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_without_the_log_of_the_search() {
        let long = "locator.click: Timeout 90000ms exceeded.\nCall log:\n\n  - waiting for locator\n  - one\n  - two";
        assert_eq!(
            first_lines(long),
            "locator.click: Timeout 90000ms exceeded. Call log:   - waiting for locator   - one"
        );
    }
}
