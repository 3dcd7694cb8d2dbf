//! `clicks [--runs N] [--bin-dir DIR]`: how long somebody waits in Chromium between the press on "Enter" and the first sound. One
//! JSON object a press on standard output: `{"ms":812.4}`. What is measured from it says `bench demo`.
//!
//! One member speaks in an Open Forum, a constant tone; another enters it without a name again and again, through daemons of their
//! own. Each press takes all that a first entry takes: keys, a real proof, the join over the host, everybody's verification,
//! an epoch, a connection to the media server. The first press is not told: it also makes the proving key, once for each daemon.

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;
use pars_e2e::{
    browser::{
        Browser, Opening,
        hall::{Device, Form},
    },
    hall::{Hall, Plan, Told},
    report::Facts,
    sound,
    stack::Places,
    wait,
};
use serde_json::json;

/// Who speaks and who enters; the host's account is 1.
const SPEAKER: usize = 2;
const LISTENER: usize = 3;
/// After somebody left, before the next press: a room makes at most one epoch a second, and the leaver's comes first.
const PAUSE: Duration = Duration::from_secs(2);
/// The tone's pitch in Hz.
const PITCH: f64 = 440.0;

/// Measures presses.
#[derive(Debug, Parser)]
#[command(name = "clicks", version)]
struct Arguments {
    /// Presses that are told.
    #[arg(long, default_value_t = 20)]
    runs: usize,
    /// Directory of the binaries [default: where this program lies].
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clicks: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { runs, bin_dir }: Arguments) -> Result<()> {
    let places = Places::here(bin_dir, None, false)?;
    let hall = Hall::start(&places, &[1, SPEAKER, LISTENER], Told::Usual, &mut Facts::default())?;
    let room = hall.room(Plan { kind: "open-forum", slot_of: 1, more: &[] })?;
    hall.sit(&room, "A tone")?;
    let sound = hall.stack.path("tone.wav");
    fs::write(&sound, sound::wave(&[PITCH]))?;
    let browser = Browser::start(&places, "clicks", Some(&sound))?;
    let (speaker, listener) = (hall.member("speaker", SPEAKER)?, hall.member("listener", LISTENER)?);
    speaker.knows(&room)?;
    let voice = speaker.open(&browser, &Opening::Plain)?;
    voice.enter(&room, Form::Anonymous)?;
    voice.switch(Device::Microphone, true)?;
    listener.knows(&room)?;
    let page = listener.open(&browser, &Opening::Plain)?;
    for press in 0..=runs {
        wait::moment(PAUSE);
        page.choose(&room)?;
        let elapsed = page.go_and_hear(Form::Anonymous)?;
        if press > 0 {
            println!("{}", json!({"ms": elapsed}));
        }
        page.seated()?;
        page.leave()?;
    }
    Ok(())
}
