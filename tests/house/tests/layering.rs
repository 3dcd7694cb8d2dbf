//! Directions: only downward, never sideways (ARCHITECTURE.md). Read from *declared* dependencies, because feature
//! unification hides the truth, and from the sources of the cores.

use cargo_metadata::DependencyKind;
use pars_house::{files, metadata, shipped};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// Layer of every crate of the workspace; a crate that is not here fails the test.
const LAYERS: [(&str, u8); 26] = [
    ("pars-wire", 0),
    ("pars-crypto", 1),
    ("pars-keyfile", 1),
    ("pars-blocks", 1),
    ("pars-identity", 1),
    ("pars-proto", 2),
    ("pars-engine", 3),
    ("pars-rpc", 3),
    ("pars-bindings", 1),
    ("pars-circuits", 1),
    ("pars-chain", 1),
    ("pars-indexer-core", 2),
    ("pars-indexer", 4),
    ("pars-sfu-core", 2),
    ("pars-sfu", 4),
    ("pars-devnet", 4),
    ("pars-blobs", 4),
    ("pars-recorder", 4),
    ("pars-daemon", 4),
    ("pars-cli", 4),
    ("pars-sim", 5),
    ("pars-fuzz", 5),
    ("pars-e2e", 5),
    ("pars-bench", 5),
    ("pars-liar", 5),
    ("pars-house", 5),
];

/// Crates without I/O: folder and name.
const CORES: [(&str, &str); 12] = [
    ("node/wire", "pars-wire"),
    ("node/blocks", "pars-blocks"),
    ("node/crypto", "pars-crypto"),
    ("node/identity", "pars-identity"),
    ("node/proto", "pars-proto"),
    ("node/engine", "pars-engine"),
    ("node/rpc", "pars-rpc"),
    ("contracts/bindings", "pars-bindings"),
    ("circuits", "pars-circuits"),
    ("node/chain", "pars-chain"),
    ("indexer/core", "pars-indexer-core"),
    ("sfu/core", "pars-sfu-core"),
];

/// What only shells, and tests, may depend on: sockets, files, processes, terminals, clocks, runtimes, the system's randomness.
const SHELL_ONLY: [&str; 36] = [
    "alloy",
    "allocation-counter",
    "anyhow",
    "axum",
    "cargo_metadata",
    "clap",
    "cpu-time",
    "ctrlc",
    "futures",
    "getrandom",
    "hyper",
    "hyper-util",
    "indicatif",
    "libp2p",
    "livekit-token",
    "matroska-demuxer",
    "nix",
    "proptest",
    "quinn",
    "redb",
    "reqwest",
    "rqrr",
    "rtc",
    "rustix",
    "rustls",
    "socket2",
    "sqlx",
    "tempfile",
    "tokio",
    "tokio-tungstenite",
    "toml",
    "tower",
    "tower-http",
    "tracing-subscriber",
    "webm-iterable",
    "webrtc",
];

/// What a core may depend on besides crates of the workspace: computations over what they are given.
const PURE: [&str; 54] = [
    "aes",
    "aes-gcm",
    "alloy-consensus",
    "alloy-eips",
    "alloy-primitives",
    "alloy-rlp",
    "alloy-sol-types",
    "alloy-trie",
    "ark-bn254",
    "ark-ec",
    "ark-ff",
    "ark-groth16",
    "ark-poly",
    "ark-r1cs-std",
    "ark-relations",
    "ark-std",
    "base64",
    "bip39",
    "blake3",
    "bytes",
    "cbor4ii",
    "chacha20",
    "ctr",
    "ed25519-dalek",
    "fearless_simd",
    "flate2",
    "hex",
    "hkdf",
    "hmac",
    "k256",
    "libcrux-ml-dsa",
    "libcrux-ml-kem",
    "light-poseidon",
    "livekit-protocol",
    "ml-dsa",
    "ml-kem",
    "prost",
    "qrcode",
    "rand_chacha",
    "rand_core",
    "rayon",
    "revm",
    "schemars",
    "serde",
    "serde_json",
    "sha2",
    "sha3",
    "shake",
    "subtle",
    "thiserror",
    "tracing",
    "x-wing",
    "x25519-dalek",
    "zeroize",
];

/// Sideways edges that the architecture allows.
const ALLOWED_SIDEWAYS: [(&str, &str); 5] = [
    ("pars-identity", "pars-crypto"),
    ("pars-daemon", "pars-indexer"),
    ("pars-daemon", "pars-blobs"),
    ("pars-daemon", "pars-recorder"),
    ("pars-recorder", "pars-blobs"),
];

/// What proves the cores without any shell, and the one exception: the recorder's file is a decoder of strangers' bytes too.
const WITHOUT_SHELLS: [&str; 2] = ["pars-sim", "pars-fuzz"];
const DECODES_IN_A_SHELL: (&str, &str) = ("pars-fuzz", "pars-recorder");

/// Words a core's sources may not hold: clocks, operating system, randomness, iteration in random order.
const FORBIDDEN_IN_CORES: [&str; 16] = [
    "Instant::now",
    "SystemTime",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::thread",
    "std::process",
    "std::env",
    "OsRng",
    "SysRng",
    "getrandom",
    "thread_rng",
    "HashMap",
    "HashSet",
];

#[test]
fn dependencies_point_downward_only() {
    let layers: BTreeMap<_, _> = LAYERS.into_iter().collect();
    let mut sideways = BTreeSet::new();
    for package in metadata().workspace_packages() {
        let name = package.name.as_str();
        let own =
            *layers.get(name).unwrap_or_else(|| panic!("{name} has no layer: add it to LAYERS and to ARCHITECTURE.md"));
        for dependency in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development) {
            let Some((&to, &other)) = layers.get_key_value(dependency.name.as_str()) else { continue };
            let without_shells = WITHOUT_SHELLS.contains(&name) && (name, to) != DECODES_IN_A_SHELL;
            assert!(!without_shells || other < 4, "{name} proves cores: it must not depend on the shell {to}");
            if other >= own {
                assert!(ALLOWED_SIDEWAYS.contains(&(name, to)), "{name} (L{own}) must not depend on {to} (L{other})");
                sideways.insert((name.to_owned(), to));
            }
        }
    }
    assert_eq!(sideways.len(), ALLOWED_SIDEWAYS.len(), "an allowed edge that nobody uses goes: {sideways:?} are used");
}

/// A crate that forgets its two lines is built without the house's lints.
#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for package in metadata().workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path).expect("a manifest is readable");
        let lints = manifest.split("[lints]").nth(1).and_then(|part| part.trim_start().lines().next());
        assert_eq!(lints, Some("workspace = true"), "{}: write [lints] and workspace = true", package.manifest_path);
    }
}

/// So that the chores build in seconds, and never change the features of what they build.
#[test]
fn xtask_is_a_workspace_of_its_own() {
    let own = pars_house::read("xtask/Cargo.toml");
    assert!(own.lines().any(|line| line.trim() == "[workspace]"), "xtask/Cargo.toml: write [workspace]");
    assert!(!own.contains("path ="), "xtask/Cargo.toml: xtask builds nothing of the project");
    let root = pars_house::read("Cargo.toml");
    let excluded = root.lines().find_map(|line| line.strip_prefix("exclude = ")).unwrap_or_default();
    assert!(excluded.contains("\"xtask\""), "Cargo.toml: exclude xtask, not only {excluded:?}");
    assert!(metadata().workspace_packages().iter().all(|package| package.name.as_str() != "xtask"));
}

#[test]
fn the_end_to_end_driver_links_nothing_of_the_project() {
    let metadata = metadata();
    let driver =
        metadata.workspace_packages().into_iter().find(|p| p.name.as_str() == "pars-e2e").expect("pars-e2e exists");
    let linked: Vec<_> = driver.dependencies.iter().filter(|d| d.name.starts_with("pars-")).map(|d| &d.name).collect();
    assert!(linked.is_empty(), "pars-e2e starts binaries, it must not link {linked:?}");
}

/// The dependencies of others that the workspace names.
fn named_by_the_workspace() -> Vec<String> {
    let manifest = pars_house::read("Cargo.toml");
    let part = manifest.split("[workspace.dependencies]").nth(1).expect("the workspace has dependencies");
    let part = part.split("\n[").next().unwrap_or_default();
    let names = part.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with("pars-")).collect()
}

#[test]
fn every_dependency_is_known_to_do_input_and_output_or_not() {
    let named = named_by_the_workspace();
    assert!(named.len() > 60, "{} dependencies: were they read?", named.len());
    for name in named {
        let lists = [SHELL_ONLY.contains(&&*name), PURE.contains(&&*name)];
        assert!(lists[0] != lists[1], "{name}: put it into SHELL_ONLY, or into PURE if it does no I/O");
    }
}

#[test]
fn cores_depend_on_nothing_that_does_input_or_output() {
    for package in metadata().workspace_packages() {
        if !CORES.iter().any(|(_, core)| *core == package.name.as_str()) {
            continue;
        }
        for dependency in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development) {
            let name = dependency.name.as_str();
            let core = CORES.iter().any(|(_, core)| *core == name);
            assert!(core || PURE.contains(&name), "core {} depends on {name}", package.name);
        }
    }
}

#[test]
fn cores_read_no_clock_no_disk_no_randomness() {
    for (folder, _) in CORES {
        for file in files(&format!("{folder}/src"), &[".rs"]) {
            let source = shipped(&fs::read_to_string(&file).expect("a source file is readable"));
            for word in FORBIDDEN_IN_CORES {
                assert!(!source.contains(word), "{}: a core must not use {word}", file.display());
            }
        }
    }
}

#[test]
fn machines_never_name_each_other() {
    let machines = ["session", "onion", "swarm", "action", "room", "signal", "media"];
    let root = pars_house::read("node/proto/src/lib.rs");
    let declared = root.lines().filter(|line| line.starts_with("pub mod ")).count();
    assert_eq!(declared, machines.len(), "node/proto/src/lib.rs has a machine that this test does not know");
    for own in machines {
        let sources = files(&format!("node/proto/src/{own}"), &[".rs"]);
        assert!(!sources.is_empty(), "node/proto/src/{own} has no sources");
        for file in sources {
            let source = fs::read_to_string(&file).expect("a source file is readable");
            for named in modules_of_the_crate(&source) {
                let other = machines.contains(&named.as_str()) && named != own;
                assert!(!other, "{}: names crate::{named}; the engine carries bytes between machines", file.display());
            }
        }
    }
}

/// The module behind each `crate::` outside of comments, the tests included; of `crate::{a::b, c}`, all names in the braces.
fn modules_of_the_crate(source: &str) -> Vec<String> {
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let mut named = Vec::new();
    for path in code.split("crate::").skip(1) {
        let end = if path.starts_with('{') { path.find(';') } else { path.find(|c: char| !is_name(c)) };
        let part = &path[..end.unwrap_or(path.len())];
        named.extend(part.split(|c| !is_name(c)).filter(|name| !name.is_empty()).map(str::to_owned));
    }
    named
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn cores_deny_panics_at_their_root() {
    for (folder, name) in CORES {
        let source = pars_house::read(&format!("{folder}/src/lib.rs"));
        for lint in ["clippy::unwrap_used", "clippy::expect_used", "clippy::panic", "clippy::indexing_slicing"] {
            assert!(source.contains(lint), "{name}: lib.rs must deny {lint}");
        }
    }
}

/// Contracts that no Rust calls by name: others are linked to them, or hold their address.
const UNNAMED: [&str; 4] = ["Groth16Verifier", "PoseidonT2", "PoseidonT3", "PoseidonT5"];

#[test]
fn the_bindings_are_made_from_the_artifacts_all_of_them() {
    let source = pars_house::read("contracts/bindings/src/contracts.rs");
    let made = source.split("\"../artifacts/").skip(1).filter_map(|rest| rest.split_once(".json\""));
    let mut made: BTreeSet<_> = made.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(source.matches("sol!(").count(), made.len(), "every binding names an artifact of its own");
    made.extend(UNNAMED.map(str::to_owned));
    let name = |file: std::path::PathBuf| file.file_stem().map(|name| name.to_string_lossy().into_owned());
    let artifacts: BTreeSet<_> = files("contracts/artifacts", &[".json"]).into_iter().filter_map(name).collect();
    assert_eq!(made, artifacts);
}

#[test]
fn only_the_bindings_name_an_abi() {
    for file in files("", &[".rs"]) {
        let path = file.strip_prefix(pars_house::root()).expect("below the root").to_string_lossy().into_owned();
        if path.starts_with("contracts/bindings/") || path.starts_with("tests/house/") || !path.contains("src/") {
            continue;
        }
        let source = shipped(&fs::read_to_string(&file).expect("a source file is readable"));
        assert!(!source.contains("sol! {") && !source.contains("sol!("), "{path}: ABI belongs to contracts/bindings");
    }
}
