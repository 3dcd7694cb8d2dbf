//! Licences, vectors, maps: papers that must stay true.

use pars_house::{files, metadata, read, root};
use std::fs;

#[test]
fn every_package_is_under_the_mit_licence() {
    assert!(read("LICENSE").starts_with("MIT License"));
    for package in metadata().workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("MIT"), "{}", package.name);
    }
    assert!(read("xtask/Cargo.toml").contains("license = \"MIT\""), "xtask/Cargo.toml");
    let packages = ["", "clients/typescript/", "clients/web/", "tests/ipfs/", "sfu/tests/livekit/"];
    for path in packages.map(|folder| format!("{folder}package.json")) {
        let package: serde_json::Value = serde_json::from_str(&read(&path)).expect("package.json is JSON");
        assert_eq!(package["license"], "MIT", "{path}");
    }
    for file in files("contracts", &[".sol"]) {
        let source = fs::read_to_string(&file).expect("a contract is readable");
        assert!(source.starts_with("// SPDX-License-Identifier: MIT"), "{}", file.display());
    }
}

/// A vector nobody reads proves nothing: each shared file is opened by Rust, Solidity and TypeScript tests.
#[test]
fn every_vector_file_is_read_in_three_languages() {
    let sources = |folder: &str, endings: &[&str]| -> String {
        files(folder, endings).iter().map(|file| fs::read_to_string(file).expect("a source is readable")).collect()
    };
    let (rust, node) = (sources("circuits", &[".rs"]), sources("node", &[".rs"]));
    let solidity = sources("contracts/test", &[".sol"]);
    let typescript = sources("clients", &[".mjs"]);
    let files = files("tests/vectors", &[".json"]);
    assert!(!files.is_empty());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_in = |folder: &str| file.components().any(|c| c.as_os_str() == folder);
        // The session layer is Rust alone until the client speaks it, and blocks are; rooms are Rust and the page; the rest is
        // on chain too.
        let (session, room) = (is_in("session") || name == "blocks.json", is_in("room"));
        assert!(if session || room { &node } else { &rust }.contains(&name), "{name} is read by no Rust test");
        let proven = ["poseidon.json", "eligibility.json"].contains(&name.as_str());
        let gadget = read("circuits/src/poseidon/gadget.rs");
        assert!(!proven || gadget.contains(&format!("/{name}\")")), "{name} is not read in the circuit");
        assert!(session || room || solidity.contains(&name), "{name} is read by no Solidity test");
        let stem = name.trim_end_matches(".json");
        let called = if room { format!("vectors(\"room/{stem}\")") } else { format!("vectors(\"{stem}\")") };
        let named = room && typescript.contains(&name);
        assert!(session || named || typescript.contains(&called), "{name} is read by no TypeScript test");
    }
}

/// `runs` of foundry.toml for each fuzz test, or what the test sets for itself, is what the papers promise.
#[test]
fn forge_makes_as_many_random_calls_as_the_papers_say() {
    const INLINE: &str = "/// forge-config: default.fuzz.runs = ";
    let settings = read("foundry.toml");
    let fuzz = settings.split("\n[fuzz]").nth(1).expect("foundry.toml has [fuzz]");
    let runs = fuzz.lines().find_map(|line| line.strip_prefix("runs = ")).expect("[fuzz] has runs");
    let number = |text: &str| text.trim().replace('_', "").parse::<u32>().expect("a number of runs");
    let mut calls = 0;
    for file in files("contracts/test", &[".sol"]) {
        let source = fs::read_to_string(&file).expect("a test is readable");
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        for at in (0..lines.len()).filter(|&at| lines[at].starts_with("function testFuzz")) {
            let mut above = lines[..at].iter().rev().take_while(|line| line.starts_with("///"));
            calls += number(above.find_map(|line| line.strip_prefix(INLINE)).unwrap_or(runs));
        }
    }
    assert!(settings.contains("# More than 10,000 random calls over the suite") && calls > 10_000, "{calls} calls");
    let threats = read("docs/threats.md");
    let chain = threats.split("\n## The chain line").nth(1).expect("docs/threats.md has the chain line");
    let quick = |line: &str| Some(line.split('|').nth(4)?.trim().split_once(" random ")?.0.to_owned());
    let told: Vec<_> = chain.lines().filter(|line| line.starts_with("| C")).filter_map(quick).collect();
    assert!(!told.is_empty() && told.iter().all(|told| told == runs), "docs/threats.md says {told:?}, not {runs}");
}

#[test]
fn the_architecture_names_every_crate() {
    let page = read("ARCHITECTURE.md");
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest has a folder");
        let folder = folder.strip_prefix(root().to_str().expect("the root is UTF-8")).expect("below the root");
        assert!(page.contains(&format!("`{folder}`")), "ARCHITECTURE.md has no line for `{folder}`");
    }
}

/// The page's paths exist, so that the map cannot rot.
#[test]
fn the_maps_lead_somewhere() {
    for page in ["README.md", "ARCHITECTURE.md"] {
        for target in read(page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            assert!(path.is_empty() || path.contains("://") || root().join(path).exists(), "{page} links to {target}");
        }
    }
}

#[test]
fn no_file_is_longer_than_the_house_allows() {
    for file in files("", &[".rs", ".sol", ".ts", ".mjs"]) {
        // What a program writes, nobody reads from end to end.
        if file.components().any(|part| part.as_os_str() == "generated") {
            continue;
        }
        let lines = fs::read_to_string(&file).expect("a source is readable").lines().count();
        assert!(lines <= 500, "{}: {lines} lines; split it", file.display());
    }
}
