//! What a failure looks like: one document, a stable code, an exit status.

mod support;

use std::{net::TcpListener, process::Output};

use support::{chain_of_id, code, command, document, parsctl};

const NOBODY: &str = "http://127.0.0.1:9";

#[test]
fn wrong_usage_is_status_2_and_with_json_one_document() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    for words in [vec!["lock"], vec!["no-such-command"], vec!["room", "create", "--kind", "ballroom"], vec![]] {
        let with_json = parsctl(&home, &[&["--json"], &words[..]].concat());
        assert_eq!((with_json.status.code(), code(&with_json).as_str()), (Some(2), "usage"), "{words:?}");
        let plain = parsctl(&home, &words);
        assert_eq!(plain.status.code(), Some(2));
        assert!(plain.stdout.is_empty() && !plain.stderr.is_empty());
    }
}

#[test]
fn help_and_version_succeed() {
    let directory = tempfile::tempdir().unwrap();
    for words in [["--help"], ["--version"]] {
        assert!(parsctl(&directory.path().join("home"), &words).status.success());
    }
}

#[test]
fn an_endpoint_out_of_reach_is_status_3() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let chain = parsctl(&home, &["--json", "--rpc", NOBODY, "chain", "status"]);
    assert_eq!((chain.status.code(), code(&chain).as_str()), (Some(3), "chain_unreachable"));
    let indexer = parsctl(&home, &["--json", "--indexer", NOBODY, "room", "list"]);
    assert_eq!((indexer.status.code(), code(&indexer).as_str()), (Some(3), "indexer_unreachable"));
}

#[test]
fn a_chain_that_answers_with_an_error_is_not_called_out_of_reach() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let refused = parsctl(&home, &["--json", "--rpc", &chain_of_id(7072), "chain", "status"]);
    assert_eq!((refused.status.code(), code(&refused).as_str()), (Some(1), "chain_refused"));
    assert!(document(&refused)["error"]["message"].as_str().unwrap().contains("no such method"));
}

#[test]
fn an_endpoint_out_of_reach_is_told_by_its_cause_and_a_key_in_its_url_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let key = format!("{NOBODY}/v3/c0ffee");
    for words in [["--rpc", &key, "chain", "status"], ["--indexer", &key, "room", "list"]] {
        for json in [&["--json"][..], &[]] {
            let Output { stdout, stderr, .. } = parsctl(&home, &[json, &words].concat());
            let said = String::from_utf8([stdout, stderr].concat()).unwrap();
            assert!(said.contains("refused") && !said.contains("c0ffee"), "{said}");
        }
    }
}

/// Who lives behind a censor's line often has a proxy in the environment: it has no business with this machine's endpoints.
#[test]
fn endpoints_of_this_machine_are_reached_without_the_proxy_of_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let run = |words: &[&str]| command(&home, words).env("ALL_PROXY", &url).output().unwrap();
    assert_eq!(code(&run(&["--json", "--rpc", &chain_of_id(7072), "chain", "status"])), "chain_refused");
    let room = format!("0x{}", "11".repeat(32));
    assert_eq!(code(&run(&["--json", "--indexer", NOBODY, "room", "show", &room])), "indexer_unreachable");
    assert!(proxy.accept().is_err(), "the proxy was asked");
}

#[test]
fn a_signing_command_without_a_signer_and_a_bad_url_are_usage_errors() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let unsigned = parsctl(&home, &["--json", "--rpc", &chain_of_id(7072), "register"]);
    assert_eq!((unsigned.status.code(), code(&unsigned).as_str()), (Some(2), "no_signer"));
    let bad = parsctl(&home, &["--json", "--rpc", "nonsense", "chain", "status"]);
    assert_eq!((bad.status.code(), code(&bad).as_str()), (Some(2), "bad_url"));
}

#[test]
fn a_deployment_file_of_another_chain_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let rpc = chain_of_id(7072);
    let missing =
        parsctl(&home, &["--json", "--rpc", &rpc, "lock", "show", "--account", &format!("0x{}", "11".repeat(20))]);
    assert_eq!((missing.status.code(), code(&missing).as_str()), (Some(1), "file_unusable"));
    let file = directory.path().join("deployment.json");
    std::fs::write(&file, "{\"chainId\": 7072}").unwrap();
    let path = file.display().to_string();
    let rubbish = parsctl(
        &home,
        &[
            "--json",
            "--rpc",
            &rpc,
            "--deployment",
            &path,
            "lock",
            "show",
            "--account",
            &format!("0x{}", "11".repeat(20)),
        ],
    );
    assert_eq!((rubbish.status.code(), code(&rubbish).as_str()), (Some(1), "file_content"));
    assert!(document(&rubbish)["error"]["message"].as_str().unwrap().contains("deployment"));
}
