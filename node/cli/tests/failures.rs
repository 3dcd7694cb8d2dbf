//! What a failure looks like: one document, a stable code, an exit status.

mod support;

use support::{chain_of_id, code, document, parsctl};

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
