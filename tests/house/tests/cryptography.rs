//! The product's cryptography is what SESSION SD9 allows, and nothing else (docs/design/SESSION.md): read from the graph of
//! normal dependencies as it is built for Linux, and from what each crate of the product declares.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use pars_house::{read, root};

/// Words by which a crate calls itself cryptography.
const KEYWORDS: [&str; 12] = [
    "aead",
    "cipher",
    "crypto",
    "cryptography",
    "dtls",
    "encryption",
    "kem",
    "post-quantum",
    "signature",
    "srtp",
    "ssl",
    "tls",
];
/// And by its name, whatever it calls itself.
const NAMES: [&str; 21] = [
    "-lc-",
    "argon",
    "blake",
    "boring",
    "cert",
    "chacha",
    "crux",
    "crypt",
    "curve",
    "dtls",
    "equix",
    "hashx",
    "jwt",
    "jsonweb",
    "libsignal",
    "noise",
    "pgp",
    "sodium",
    "spqr",
    "srtp",
    "ssl",
];

/// Primitives of SD9 with what they are made of: named by `pars-crypto` alone.
const PRIMITIVES: &[&str] = &[
    "aead",
    "aes",
    "aes-gcm",
    "blake3",
    "cipher",
    "ctr",
    "curve25519-dalek",
    "ed25519",
    "ed25519-dalek",
    "ghash",
    "hkdf",
    "hmac",
    "keccak",
    "kem",
    "libcrux-intrinsics",
    "libcrux-ml-dsa",
    "libcrux-ml-kem",
    "libcrux-platform",
    "libcrux-secrets",
    "libcrux-sha3",
    "libcrux-traits",
    "ml-dsa",
    "ml-kem",
    "module-lattice",
    "polyval",
    "sha2",
    "sha3",
    "shake",
    "sponge-cursor",
    "universal-hash",
    "x25519-dalek",
];
/// What holds no primitive: traits, encodings of keys, comparing and wiping without traces, words.
const PLUMBING: &[&str] = &[
    "base16ct",
    "bip39",
    "bitcoin_hashes",
    "block-buffer",
    "cmov",
    "const-oid",
    "constant_time_eq",
    "crypto-bigint",
    "crypto-common",
    "ctutils",
    "der",
    "digest",
    "pem",
    "pkcs8",
    "serdect",
    "signature",
    "spki",
    "subtle",
    "zeroize",
];
/// Exception "TLS/DTLS/SRTP": links, discovery, the media server's transport and LiveKit's tokens.
const TRANSPORT: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "ccm",
    "futures-rustls",
    "jsonwebtoken",
    "libp2p-identity",
    "md-5",
    "ring",
    "rtc-crypto",
    "rtc-dtls",
    "rtc-srtp",
    "rustls",
    "rustls-pki-types",
    "rustls-webpki",
    "sha1",
    "x509-parser",
];
/// Exception "on chain": accounts, the EVM's precompiles, the proof.
const CHAIN: &[&str] = &[
    "ark-bls12-381",
    "ark-bn254",
    "ark-crypto-primitives",
    "ark-ec",
    "ark-ff",
    "ark-groth16",
    "ark-poly",
    "ark-r1cs-std",
    "ark-relations",
    "ark-serialize",
    "ark-snark",
    "ark-std",
    "blake2",
    "blst",
    "ecdsa",
    "elliptic-curve",
    "k256",
    "light-poseidon",
    "merlin",
    "p256",
    "primeorder",
    "rfc6979",
    "ripemd",
    "sec1",
];
/// Sources of randomness in tables and tests of dependencies; no key comes from them.
const RANDOM: &[&str] = &["chacha20", "ppv-lite86", "rand_chacha", "siphasher"];

/// Who else than `pars-crypto` declares cryptography of its own, and what for.
const DECLARED: &[(&str, &[&str])] = &[
    // Content ids of blocks are SHA2-256 by their own standard.
    ("pars-blocks", &["sha2"]),
    // The precompile of the development chain: the other back end than the one that signs.
    ("pars-chain", &["ml-dsa"]),
    // keccak of statements, as the contract takes it.
    (
        "pars-circuits",
        &[
            "ark-bn254",
            "ark-ec",
            "ark-ff",
            "ark-groth16",
            "ark-poly",
            "ark-r1cs-std",
            "ark-relations",
            "ark-std",
            "light-poseidon",
            "rand_chacha",
            "sha3",
            "zeroize",
        ],
    ),
    ("pars-cli", &["zeroize"]),
    ("pars-daemon", &["rustls"]),
    ("pars-identity", &["bip39", "zeroize"]),
    ("pars-keyfile", &["zeroize"]),
    // Consent keys sign on secp256k1, as the contract recovers.
    ("pars-proto", &["k256", "zeroize"]),
    ("pars-rpc", &["zeroize"]),
    ("pars-sfu", &["zeroize"]),
];

/// Whether a crate is cryptography, by what it says of itself or by its name.
fn is_cryptography(name: &str, package: Option<&Package>) -> bool {
    let said = package.is_some_and(|package| {
        package.categories.iter().any(|category| category == "cryptography")
            || package.keywords.iter().any(|word| KEYWORDS.contains(&word.to_lowercase().as_str()))
    });
    said || NAMES.iter().any(|part| name.contains(part))
}

/// Every package that Cargo knows, by name; of several versions one stands for all.
fn packages() -> BTreeMap<String, Package> {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().expect("cargo metadata answers");
    metadata.packages.into_iter().map(|package| (package.name.to_string(), package)).collect()
}

/// The product: every crate of ours that is no proof.
fn product(packages: &BTreeMap<String, Package>) -> BTreeSet<String> {
    let tests = root().join("tests");
    let ours =
        packages.values().filter(|package| package.source.is_none() && !package.manifest_path.starts_with(&tests));
    ours.map(|package| package.name.to_string()).collect()
}

/// What is linked into the product. `cargo metadata` also lists what no feature asks for; `cargo tree` does not.
fn linked(product: &BTreeSet<String>) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root()).args(["tree", "--edges", "normal,no-proc-macro", "--target", "x86_64-unknown-linux-gnu"]);
    tree.args(["--prefix", "none", "--format", "{p}"]);
    for name in product {
        tree.args(["--package", name]);
    }
    let output = tree.output().expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("names are text");
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn no_cryptography_outside_the_policy_is_linked_into_the_product() {
    let packages = packages();
    let linked = linked(&product(&packages));
    let allowed: BTreeSet<_> = [PRIMITIVES, PLUMBING, TRANSPORT, CHAIN, RANDOM].concat().into_iter().collect();
    let found: BTreeSet<_> = linked
        .iter()
        .map(String::as_str)
        .filter(|name| !name.starts_with("pars-") && is_cryptography(name, packages.get(*name)))
        .collect();
    assert!(found.len() > 80, "{} crates of cryptography: the graph is not read", found.len());
    for name in &found {
        assert!(
            allowed.contains(name),
            "{name} is cryptography outside SD9's policy. `cargo tree -i {name}` says who asks for it: switch that feature \
             off, or use what pars-crypto offers. If the policy is to allow it, write so in docs/design/SESSION.md, SD9, \
             and add it to its list in this test"
        );
    }
    let gone: Vec<_> = allowed.iter().filter(|name| !linked.contains(**name)).collect();
    assert!(gone.is_empty(), "{gone:?} are not linked any more: take them out of the lists of this test");
}

#[test]
fn only_the_crypto_crate_declares_primitives() {
    let packages = packages();
    let declared: BTreeMap<_, _> = DECLARED.iter().copied().collect();
    for name in product(&packages) {
        if name == "pars-crypto" {
            continue;
        }
        let allowed = declared.get(name.as_str()).copied().unwrap_or_default();
        let normal = packages[&name].dependencies.iter().filter(|of| of.kind == DependencyKind::Normal);
        let found = normal.map(|of| of.name.as_str()).filter(|of| !of.starts_with("pars-"));
        let found: BTreeSet<_> = found.filter(|of| is_cryptography(of, packages.get(*of))).collect();
        for primitive in &found {
            assert!(
                allowed.contains(primitive),
                "{name} names {primitive} itself: cryptography belongs into pars-crypto, behind a label (SD9). Use what it \
                 offers; an exception that SD9 lists goes into DECLARED of this test"
            );
        }
        let gone: Vec<_> = allowed.iter().filter(|of| !found.contains(**of)).collect();
        assert!(gone.is_empty(), "{name} does not declare {gone:?} any more: take them out of DECLARED");
    }
}

/// TH-N2: how long a wrong token takes says nothing of the right one.
#[test]
fn the_token_is_compared_in_constant_time_alone() {
    let hash = read("node/crypto/src/hash.rs");
    let equal =
        hash.split("pub fn equal(").nth(1).and_then(|text| text.split("\n}").next()).expect("a function `equal`");
    assert!(equal.contains("ct_eq("), "{equal}");
    let auth = pars_house::shipped(&read("node/daemon/src/rpc/auth.rs"));
    let token = auth.split("impl Token {").nth(1).and_then(|text| text.split("\n}").next()).expect("a Token");
    assert!(token.contains("equal(self.0.as_bytes(), other.as_bytes())"), "{token}");
    assert_eq!(auth.matches(".0.as_bytes()").count(), 1, "the token's digits are looked at in one place");
    assert!(!token.contains("=="), "{token}");
    let reveals = auth.matches(".reveal()").count();
    assert_eq!(reveals, 0, "whoever reveals a token may compare it otherwise");
}
