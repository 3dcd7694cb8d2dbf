//! What the daemon refuses to start with, each by a sentence that names it.

use std::path::{Path, PathBuf};

use pars_daemon::args::Settings;
use pars_daemon::config::{Config, ConfigError, ConsentKeyKind};
use serde_json::json;

/// Settings that would start, but for what a test changes.
fn settings(dir: &Path, network: &str, chain_id: u64) -> Settings {
    let address = format!("0x{}", "11".repeat(20));
    let mut deployment =
        json!({"chainId": chain_id, "block": 1, "devKey": true, "verifierKeyHash": format!("0x{}", "22".repeat(32))});
    for name in [
        "pars",
        "votingEscrow",
        "eligibilityRegistry",
        "groth16Verifier",
        "townHall",
        "recordingConsent",
        "sessionTrigger",
        "serviceNodeRegistry",
        "mldsa",
        "mldsaErc7913",
        "poseidonT2",
        "poseidonT3",
        "poseidonT5",
    ] {
        deployment[name] = json!(address);
    }
    let file = dir.join("deployment.json");
    std::fs::write(&file, deployment.to_string()).unwrap();
    Settings {
        network: Some(network.into()),
        listen: Some("/ip4/127.0.0.1/tcp/0".into()),
        rpc: Some("http://127.0.0.1:1".into()),
        deployment: Some(file),
        bootstrap: vec!["/ip4/127.0.0.1/tcp/2".into()],
        ..Settings::default()
    }
}

fn refusal(change: impl FnOnce(&mut Settings)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path(), "dev", 7072);
    change(&mut settings);
    Config::check(dir.path().into(), settings).unwrap_err().to_string()
}

#[test]
fn complete_settings_of_dev_are_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::check(dir.path().into(), settings(dir.path(), "dev", 7072)).unwrap();
    assert!(config.http.ip().is_loopback() && config.service.is_none() && config.executor.is_none());
}

#[test]
fn recordings_go_where_the_settings_say() {
    let dir = tempfile::tempdir().unwrap();
    let id = format!("05{}", "ab".repeat(32));
    let settings = Settings {
        recordings_through: Some(id.clone()),
        blocks_from: vec!["http://127.0.0.1:8080".into(), "http://[::1]:1/ipfs".into()],
        blocks_to: vec!["http://127.0.0.1:5001".into()],
        consent_key: Some("ml-dsa".into()),
        ..settings(dir.path(), "dev", 7072)
    };
    let config = Config::check(dir.path().into(), settings).unwrap();
    assert_eq!(config.recordings_through.map(|id| id.to_string()), Some(id));
    let shown = |urls: &[_]| urls.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&config.blocks_from), ["http://127.0.0.1:8080/", "http://[::1]:1/ipfs"]);
    assert_eq!(shown(&config.blocks_to), ["http://127.0.0.1:5001/"]);
    assert_eq!(config.consent_key, ConsentKeyKind::MlDsa);
}

#[test]
fn what_is_missing_is_named_with_its_flag() {
    for (change, flag) in [
        ((|s: &mut Settings| s.rpc = None) as fn(&mut Settings), "--rpc"),
        (|s| s.deployment = None, "--deployment"),
        (|s| s.bootstrap = Vec::new(), "--bootstrap"),
        (|s| s.listen = None, "--listen"),
        (|s| s.network = None, "--network"),
        (|s| s.service = true, "--account-file"),
        (|s| s.executor = true, "--account-file"),
    ] {
        let sentence = refusal(change);
        assert!(sentence.contains(flag), "{flag}: {sentence}");
    }
}

#[test]
fn the_first_service_node_of_dev_needs_no_bootstrap() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path(), "dev", 7072);
    (settings.bootstrap, settings.service, settings.dev_account) = (Vec::new(), true, Some(1));
    assert_eq!(Config::check(dir.path().into(), settings).unwrap().service, Some(None));
}

#[test]
fn dev_refuses_to_listen_beyond_loopback() {
    for listen in ["/ip4/0.0.0.0/tcp/9000", "/ip4/192.168.1.5/tcp/9000", "/ip6/::/tcp/9000"] {
        let sentence = refusal(|settings| settings.listen = Some(listen.into()));
        assert!(sentence.contains("loopback"), "{sentence}");
    }
    let sentence = refusal(|settings| settings.http = Some("0.0.0.0:80".parse().unwrap()));
    assert!(sentence.contains("loopback"), "{sentence}");
    let sentence = refusal(|settings| settings.gateway = Some("0.0.0.0:80".parse().unwrap()));
    assert!(sentence.contains("--gateway") && sentence.contains("loopback"), "{sentence}");
}

#[test]
fn other_networks_wait_for_the_vault_and_refuse_what_is_for_dev() {
    for (network, chain_id) in [("mainnet", 7070), ("testnet", 7071)] {
        let dir = tempfile::tempdir().unwrap();
        let check = |settings| Config::check(dir.path().into(), settings).unwrap_err();
        let error = check(settings(dir.path(), network, chain_id));
        assert!(matches!(error, ConfigError::NoVault(_)) && error.to_string().contains("not supported yet"), "{error}");
        let capture = Settings { capture: Some(PathBuf::from("file")), ..settings(dir.path(), network, chain_id) };
        assert!(matches!(check(capture), ConfigError::DevOnly { flag: "--capture" }));
        let tunnels = Some(PathBuf::from("file"));
        let tunnels = Settings { capture_tunnels: tunnels, ..settings(dir.path(), network, chain_id) };
        assert!(matches!(check(tunnels), ConfigError::DevOnly { flag: "--capture-tunnels" }));
        let account = Settings { dev_account: Some(0), ..settings(dir.path(), network, chain_id) };
        assert!(matches!(check(account), ConfigError::DevOnly { flag: "--dev-account" }));
        let other = check(settings(dir.path(), network, 7072));
        assert!(matches!(other, ConfigError::OtherChain { found: 7072, .. }));
    }
}

#[test]
fn nonsense_is_refused_with_what_would_be_right() {
    assert!(refusal(|s| s.network = Some("moon".into())).contains("mainnet, testnet or dev"));
    assert!(refusal(|s| s.listen = Some("127.0.0.1:80".into())).contains("/ip4/127.0.0.1/tcp/9000"));
    assert!(refusal(|s| s.bootstrap = vec!["/dns4/example/tcp/1".into()]).contains("--bootstrap"));
    assert!(refusal(|s| s.rpc = Some("ftp://example".into())).contains("http"));
    assert!(refusal(|s| s.delay = Some("slow".into())).contains("fast, default or private"));
    assert!(refusal(|s| s.consent_key = Some("rsa".into())).contains("secp256k1 or ml-dsa"));
    for through in ["", "05", "06abababababababababababababababababababababababababababababababab"] {
        let sentence = refusal(|s| s.recordings_through = Some(through.into()));
        assert!(sentence.contains("--recordings-through") && sentence.contains("05…"), "{sentence}");
    }
    for url in ["", "127.0.0.1:8080", "https://example", "http://", "file:///etc"] {
        let from = refusal(|s| s.blocks_from = vec!["http://127.0.0.1:1".into(), url.into()]);
        assert!(from.contains("--blocks-from") && from.contains("gateway"), "{from}");
        let to = refusal(|s| s.blocks_to = vec![url.into()]);
        assert!(to.contains("--blocks-to") && to.contains("IPFS node"), "{to}");
    }
    let both = refusal(|s| (s.account_file, s.dev_account) = (Some("key".into()), Some(1)));
    assert!(both.contains("not both"));
}
