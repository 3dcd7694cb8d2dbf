//! No daemon, one that refuses, one that dies, and something that is none.

use std::os::unix::fs::symlink;

use pars_rpc::{Code, RpcError};
use serde_json::json;

use crate::{
    SESSION, code,
    daemon::{Fake, rubbish},
    document, parsctl, parsctl_reading,
};

const SEND: [&str; 5] = ["--json", "session", "send", "--session", SESSION];

#[test]
fn without_a_daemon_every_verb_ends_with_status_3_and_says_how_to_start_one() {
    let directory = tempfile::tempdir().unwrap();
    for words in [&["status"][..], &["peers"], &["session", "list"], &["session", "tail"]] {
        let output = parsctl(directory.path(), &[&["--json"], words].concat());
        assert_eq!((output.status.code(), code(&output).as_str()), (Some(3), "no_daemon"), "{words:?}");
        let message = document(&output)["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("sessiond --datadir {}", directory.path().display())), "{message}");
    }
}

#[test]
fn a_socket_that_nobody_listens_at_any_more_is_no_daemon() {
    let directory = tempfile::tempdir().unwrap();
    drop(std::os::unix::net::UnixListener::bind(directory.path().join("sessiond.sock")).unwrap());
    assert_eq!(code(&parsctl(directory.path(), &["--json", "status"])), "no_daemon");
    let link = directory.path().join("link");
    symlink(directory.path(), &link).unwrap();
    assert_eq!(code(&parsctl(&link, &["--json", "status"])), "no_daemon");
}

#[test]
fn the_directory_is_an_option_as_well() {
    let (daemon, elsewhere) = (Fake::start(Vec::new(), |_, _| Ok(json!([]))), tempfile::tempdir().unwrap());
    let words = ["session", "list", "--datadir", daemon.datadir().to_str().unwrap()];
    assert_eq!(crate::text(&parsctl(elsewhere.path(), &words)), "There is no session yet.\n");
}

#[test]
fn a_refusal_of_the_daemon_keeps_its_sentence_and_has_the_stable_name_of_its_code() {
    for code_ in Code::ALL {
        let refusal = RpcError::new(*code_, "because of that");
        let daemon = Fake::start(Vec::new(), move |_, _| Err(refusal.clone()));
        let output = parsctl(daemon.datadir(), &["--json", "session", "list"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(code(&output).replace('_', ""), code_.name().to_lowercase());
        assert_eq!(document(&output)["error"]["message"], "the session daemon refused: because of that");
    }
}

#[test]
fn a_daemon_that_dies_in_the_middle_leaves_the_request_to_be_repeated() {
    let directory = rubbish(b"");
    let output = parsctl(directory.path(), &[&SEND[..], &["--message", "canary"]].concat());
    assert_eq!((output.status.code(), code(&output).as_str()), (Some(3), "daemon_gone"));
    let error = document(&output)["error"].clone();
    assert_eq!(error["details"]["clientId"].as_str().unwrap().len(), 32);
    assert!(error["message"].as_str().unwrap().contains("--client-id"));
    assert!(!error.to_string().contains("canary"));
}

#[test]
fn what_is_no_daemon_of_this_version_is_said_to_be_none() {
    let unauthorized = rubbish(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(code(&parsctl(unauthorized.path(), &["--json", "status"])), "daemon_wrong");
    assert_eq!(code(&parsctl(unauthorized.path(), &["--json", "session", "tail"])), "daemon_wrong");
    let daemon = Fake::start(Vec::new(), |_, _| Ok(json!({"network": "dev"})));
    assert_eq!(code(&parsctl(daemon.datadir(), &["--json", "status"])), "daemon_wrong");
}

#[test]
fn a_text_that_is_none_is_refused_before_the_daemon_is_asked() {
    let daemon = Fake::start(Vec::new(), |_, _| Ok(json!(null)));
    let binary = parsctl_reading(&[0xff, 0xfe], daemon.datadir(), &SEND);
    assert_eq!((binary.status.code(), code(&binary).as_str()), (Some(1), "file_content"));
    let missing = parsctl(daemon.datadir(), &[&SEND[..], &["--message-file", "/nonexistent"]].concat());
    assert_eq!(code(&missing), "file_unusable");
    assert_eq!(daemon.calls(), []);
}
