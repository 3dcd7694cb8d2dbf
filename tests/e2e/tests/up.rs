//! `stack`, the program behind `cargo xtask up`, as its user meets it when something is wrong: one sentence, a failure, and nothing
//! left running. Programs that it starts are scripts here; `deep` runs the whole network.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use pars_e2e::{
    browser::{
        Browser, Opening,
        hall::{Device, Form, HallPage},
    },
    process::signal,
    sound::{self, Piece},
    stack::Places,
    wait,
};
use serde_json::Value;
use tempfile::TempDir;

/// Says it is ready and stays.
const STAYS: &str = "echo '{\"ready\":true,\"rpc\":\"http://127.0.0.1:9\"}'; while true; do sleep 0.05; done";
/// The same, and does not end when it is asked.
const STUBBORN: &str =
    "trap '' TERM INT; echo '{\"ready\":true,\"rpc\":\"http://127.0.0.1:9\"}'; while true; do sleep 0.05; done";
/// Never gets ready.
const SILENT: &str = "while true; do sleep 0.05; done";

/// A copy of the program with scripts in place of those that it starts, and a directory of state in which the contracts stand.
struct Bench {
    root: TempDir,
}

impl Bench {
    fn new(scripts: &[(&str, &str)]) -> Self {
        let bench = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir_all(bench.state()).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_stack"), bench.root.path().join("stack")).unwrap();
        for (name, script) in scripts {
            let path = bench.root.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        for file in [".pars-stack", "deployment.json"] {
            fs::write(bench.state().join(file), "{}").unwrap();
        }
        bench
    }

    fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    /// The program, at ports that were free a moment ago.
    fn command(&self) -> Command {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let mut command = Command::new(self.root.path().join("stack"));
        command.arg("--dir").arg(self.state()).args(["--rpc-port", &free(), "--api-port", &free()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self) -> Child {
        self.command().spawn().unwrap()
    }

    /// Waits until a script has been started.
    fn begun(&self, log: &str) {
        wait::until(log, || Ok(self.state().join(log).exists().then_some(()))).unwrap();
    }
}

/// Command lines of what runs on a directory of state, but for `stack` itself, by process id.
fn running(state: &Path) -> Vec<(String, String)> {
    let inside = format!("{}/", fs::canonicalize(state).unwrap().display());
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let line = |path: &Path| String::from_utf8_lossy(&fs::read(path.join("cmdline")).unwrap_or_default()).into_owned();
    let id = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    processes.map(|path| (id(&path), line(&path))).filter(|(_, line)| line.contains(&inside)).collect()
}

fn interrupt(child: &Child) {
    assert!(signal("INT", &child.id().to_string()));
}

/// The one sentence with which it failed.
fn sentence(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success() && text.lines().count() == 1, "{output:?}");
    text.trim().strip_prefix("error: ").unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn a_port_that_is_taken_is_told_before_any_state_is_thrown_away() {
    let bench = Bench::new(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut command = Command::new(bench.root.path().join("stack"));
    command.arg("--dir").arg(bench.state()).args(["--fresh", "--rpc-port", &port.to_string()]);
    let told = sentence(&command.output().unwrap());
    assert_eq!(
        told,
        format!("port {port} is taken by another program: end that, or choose another port with --rpc-port")
    );
    assert!(bench.state().join("deployment.json").exists());
}

#[test]
fn what_does_not_start_is_told_in_its_own_words_with_what_to_do() {
    let damaged = "echo 'INFO opening' >&2; echo 'devnet: the journal chain.redb is damaged' >&2; exit 1";
    let bench = Bench::new(&[("devnet", damaged)]);
    let told = sentence(&bench.command().output().unwrap());
    let state = fs::canonicalize(bench.state()).unwrap();
    let expected = format!(
        "the chain does not start: devnet: the journal chain.redb is damaged; logs lie in {}, and `--fresh` throws this \
         state away and begins anew",
        state.display()
    );
    assert_eq!(told, expected);
}

#[test]
fn ctrl_c_while_it_starts_ends_it_and_all_that_it_started_and_a_second_network_waits_its_turn() {
    let bench = Bench::new(&[("devnet", STAYS), ("indexer", SILENT)]);
    let first = bench.start();
    bench.begun("indexer.log");
    let told = sentence(&bench.command().arg("--fresh").output().unwrap());
    assert!(told.starts_with("a network runs in ") && told.contains("Ctrl-C"), "{told}");
    assert!(bench.state().join("deployment.json").exists(), "the running network's state is as it was");
    interrupt(&first);
    let told = sentence(&first.wait_with_output().unwrap());
    assert_eq!(told, "ended before the network was ready; the next run goes on from here");
    assert_eq!(running(&bench.state()), Vec::new());
}

#[test]
fn a_second_ctrl_c_ends_what_does_not_want_to_end() {
    let bench = Bench::new(&[("devnet", STUBBORN), ("indexer", SILENT)]);
    let mut stack = bench.start();
    bench.begun("indexer.log");
    interrupt(&stack);
    // It says so when it has begun to end things.
    let mut said = String::new();
    let mut stdout = stack.stdout.take().unwrap();
    while !said.contains("Ctrl-C again") {
        let mut piece = [0; 256];
        let read = stdout.read(&mut piece).unwrap();
        assert!(read > 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    interrupt(&stack);
    assert!(!stack.wait().unwrap().success());
    assert_eq!(running(&bench.state()), Vec::new());
}

/// A whole network of built programs, and what it said until it was ready.
struct Up {
    child: Child,
    said: String,
}

impl Up {
    fn start(state: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        command.arg("--dir").arg(state).args(["--rpc-port", &free(), "--api-port", &free()]).args(more);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut said, mut stdout) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
        while !said.contains("Ctrl-C ends the network") {
            assert!(stdout.read_line(&mut said).unwrap() > 0, "{said}");
        }
        // Whoever closes the pipe ends nothing.
        Self { child, said }
    }

    /// The commands that a member is to type between two sentences.
    fn typed(&self, after: &str, before: &str) -> String {
        let (_, rest) = self.said.split_once(after).unwrap_or_else(|| panic!("{after:?} is not in {}", self.said));
        let (section, _) = rest.split_once(before).unwrap_or_else(|| panic!("{before:?} is not in {rest}"));
        section.lines().filter(|line| line.starts_with("  ")).fold(String::new(), |all, line| all + line + "\n")
    }
}

fn bash(script: &str) -> Child {
    let mut command = Command::new("bash");
    command.args(["-e", "-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn output(of: Child) -> String {
    let output = of.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a member's terminal says to commands.
fn says(state: &Path, member: char, commands: &str) -> String {
    output(bash(&format!("source {}/env-{member}\n{commands}", state.display())))
}

/// The running sittings of all rooms, by room.
fn sittings(state: &Path) -> BTreeMap<String, Option<u64>> {
    let listed: Value = serde_json::from_str(&says(state, 'a', "parsctl --json room list")).unwrap();
    let of = |room: &Value| (room["roomId"].as_str().unwrap().to_owned(), room["sitting"]["sittingId"].as_u64());
    listed["rooms"].as_array().unwrap().iter().map(of).collect()
}

/// What was printed behind a name.
fn printed(said: &str, name: &str) -> String {
    let line = said.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in {said}")).trim().to_owned()
}

/// Whose voices sound in what a member has played of the newest recording, into the folder that was printed.
fn voices(state: &Path, member: char) -> BTreeSet<String> {
    let asked = |words: &str| -> Value { serde_json::from_str(&says(state, member, words)).unwrap() };
    let listed = asked("parsctl --json recording list");
    let span = listed["recordings"][0]["span"].as_str().unwrap();
    let played = state.join(format!("home-{member}")).join(span);
    let sounds = |track: &&Value| {
        let file = played.join(format!("track-{:04}.webm", track["track"].as_u64().unwrap()));
        sound::pieces(&file).unwrap().iter().any(Piece::is_heard)
    };
    let told = asked(&format!("parsctl --json recording tracks {span}"));
    let tracks = told["tracks"].as_array().unwrap().iter();
    tracks.filter(sounds).map(|track| track["pseudonym"].as_str().unwrap().to_owned()).collect()
}

/// Two windows, opened by the links that were printed, hold a call in the Open Forum, and what is printed of recording is typed.
fn two_windows_hold_a_call_that_is_recorded(up: &Up, state: &Path) {
    let said = &up.said;
    let bin = Path::new(env!("CARGO_BIN_EXE_stack")).parent().map(PathBuf::from);
    let tones = state.with_extension("wav");
    fs::write(&tones, sound::wave(&[440.0, 0.0, 880.0, 0.0])).unwrap();
    let browser = Browser::start(&Places::here(bin, None, false).unwrap(), "up", Some(&tones)).unwrap();
    let [(a, as_a), (b, as_b)] = ["member-a", "member-b"].map(|name| {
        let page = HallPage::open(&browser, name, &printed(said, name), &Opening::Plain).unwrap();
        let seat = page.enter(&printed(said, "open-forum"), Form::Anonymous).unwrap();
        (page, seat.identity)
    });
    let hear_each_other = || {
        for (speaker, identity, listener) in [(&a, &as_a, &b), (&b, &as_b, &a)] {
            speaker.switch(Device::Microphone, true).unwrap();
            listener.receives(identity, Device::Microphone).unwrap();
        }
    };
    hear_each_other();
    says(state, 'a', &up.typed("on their pages; as member A:\n", "As member B, whose page asks too"));
    b.asked_to_record().unwrap();
    says(state, 'b', &up.typed("As member B, whose page asks too:\n", "When enough was said"));
    for page in [&a, &b] {
        page.sees_recording(true).unwrap();
    }
    // The recorder's connection for media may stand a moment later than its seat.
    (0..5).for_each(|_| hear_each_other());
    says(state, 'a', &up.typed("When enough was said, as member A:\n", "As either of them"));
    for page in [&a, &b] {
        page.sees_recording(false).unwrap();
    }
    let commands = up.typed("B fetches from A what it has not:\n", "Ctrl-C ends the network");
    for member in ['a', 'b'] {
        // A name on the chain is final some blocks later.
        wait::until("the anchor", || {
            let listed: Value = serde_json::from_str(&says(state, member, "parsctl --json recording list"))?;
            Ok((listed["recordings"][0]["state"] == "anchored").then_some(()))
        })
        .unwrap();
        let told = says(state, member, &commands);
        let heard = voices(state, member);
        assert_eq!(heard, BTreeSet::from([as_a.clone(), as_b.clone()]), "{told}");
    }
}

#[test]
#[ignore = "starts the whole network three times: a stage of `deep`"]
fn what_is_printed_can_be_typed_and_a_killed_network_goes_on_where_it_was() {
    let root = tempfile::tempdir().unwrap();
    let state = root.path().join("state");
    let mut up = Up::start(&state, &[]);
    // The executor has greeted both when the network is ready: A's message is B's second.
    let tail = bash(&up.typed("as member B:\n", "In a third").replace("session tail", "session tail --count 2"));
    let (code, _) = up.said.split_once("pars://session/").unwrap();
    assert!(code.lines().filter(|line| line.contains('█')).count() > 10, "no QR code of B's link: {code}");
    // What is recorded needs two pages in a room.
    let said = output(bash(&up.typed("In a third, as member A:\n", "Record the Open Forum")));
    assert!(said.contains("Accepted here and by the contract") && said.contains("this daemon hosts it"), "{said}");
    let told = output(tail);
    assert!(told.contains(": Hello B"), "{told}");
    let mut before = sittings(&state);
    assert!(before.len() == 4 && before.values().all(Option::is_some), "{before:?}");
    // Of one of them the sitting is over when the network is killed: the next run opens another.
    let forum = printed(&up.said, "open-forum");
    says(&state, 'a', &format!("parsctl --dev-account 1 room sitting close {forum}"));
    wait::until("the end of the sitting", || Ok(sittings(&state)[&forum].is_none().then_some(()))).unwrap();

    up.child.kill().unwrap();
    up.child.wait().unwrap();
    assert_eq!(running(&state).len(), 11, "a network that is killed cannot end its programs");
    let mut up = Up::start(&state, &[]);
    assert!(up.said.starts_with("ending 11 programs of a run that was killed\n"), "{}", up.said);
    before.entry(forum).and_modify(|sitting| *sitting = sitting.map(|id| id + 1));
    assert_eq!(sittings(&state), before);
    two_windows_hold_a_call_that_is_recorded(&up, &state);

    let node = running(&state).into_iter().find(|(_, line)| line.contains("/node-3\0")).unwrap();
    assert!(signal("KILL", &node.0));
    let mut told = String::new();
    up.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(!up.child.wait().unwrap().success());
    assert!(
        told.starts_with("error: node-3 ended by itself (signal: 9 (SIGKILL)), so all was ended: its log is"),
        "{told}"
    );
    assert_eq!(running(&state), Vec::new());

    let mut up = Up::start(&state, &["--fresh"]);
    assert!(up.said.starts_with("deploying the contracts\n"), "{}", up.said);
    assert_eq!(sittings(&state).len(), 3);
    interrupt(&up.child);
    assert!(up.child.wait().unwrap().success());
    assert_eq!(running(&state), Vec::new());
}
