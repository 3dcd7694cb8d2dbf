//! Keys: where they are accepted, and that they never show.

mod support;

use std::{fs, os::unix::fs::PermissionsExt};

use support::{chain_of_id, code, document, parsctl};

/// A key that would show in any output.
const CANARY: &str = "0xc0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

#[test]
fn a_dev_account_is_refused_off_the_development_networks() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    for chain_id in [1, 7070, 7071] {
        let refused = parsctl(&home, &["--json", "--rpc", &chain_of_id(chain_id), "--dev-account", "0", "register"]);
        assert_eq!((refused.status.code(), code(&refused).as_str()), (Some(1), "dev_account_refused"));
        assert!(document(&refused)["error"]["message"].as_str().unwrap().contains(&chain_id.to_string()));
    }
}

#[test]
fn a_key_file_that_others_may_read_or_that_is_a_link_is_refused_and_its_key_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let (home, rpc) = (directory.path().join("home"), chain_of_id(7072));
    let (open, link) = (directory.path().join("open"), directory.path().join("link"));
    fs::write(&open, CANARY).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&open, &link).unwrap();
    for (path, expected) in [(&open, "file_too_open"), (&link, "not_a_plain_file")] {
        for json in [&["--json"][..], &[]] {
            let words = [json, &["--rpc", &rpc, "--account-file", path.to_str().unwrap(), "register"]].concat();
            let refused = parsctl(&home, &words);
            assert_eq!(refused.status.code(), Some(1));
            let said = String::from_utf8([refused.stdout, refused.stderr].concat()).unwrap();
            assert!(said.contains(expected), "{said}");
            assert!(!said.contains("c0ffee"), "{said}");
        }
    }
}

#[test]
fn a_private_key_file_is_accepted_on_any_chain() {
    let directory = tempfile::tempdir().unwrap();
    let (home, key) = (directory.path().join("home"), directory.path().join("key"));
    fs::write(&key, CANARY).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let words = ["--json", "--rpc", &chain_of_id(7070), "--account-file", key.to_str().unwrap(), "register"];
    // The signer is accepted; what is missing next is the deployment file.
    assert_eq!(code(&parsctl(&home, &words)), "file_unusable");
}

#[test]
fn nothing_is_created_in_the_home_by_a_command_that_fails() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    parsctl(&home, &["--json", "--rpc", &chain_of_id(7072), "--dev-account", "0", "register"]);
    assert!(!home.exists());
}
