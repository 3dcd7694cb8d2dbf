//! What logs and a media server's dump must not hold: tokens, secrets, and whatever names somebody who entered without a name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::{
    capture::{
        Capture,
        tunnel::{self, Kind},
    },
    hall::{Hall, Member},
    jwt,
    parsctl::text,
    report::Facts,
};

/// Logs of the chain and of its index, where accounts and commitments are public.
const PUBLIC: [&str; 2] = ["devnet.log", "indexer.log"];

/// A value that is looked for, in the forms in which programs write values (THREATS section 1, "Canary"): as it is, in hexadecimal
/// digits, in base64 and base64url behind and before anything, in UTF-16. Each character of a form is one byte.
#[derive(Debug, Clone)]
pub struct Trace {
    what: String,
    /// With small letters, and found with any: wallets write accounts with large and small ones.
    folded: BTreeSet<String>,
    /// Found only so.
    exact: BTreeSet<String>,
}

impl Trace {
    /// A value that is text, or bytes written in hexadecimal digits. Fails if it has less than 16 characters.
    pub fn new(what: impl Into<String>, value: &str) -> Result<Self> {
        let what = what.into();
        let value = value.trim().trim_start_matches("0x");
        ensure!(value.len() >= 16, "{what} is too short to be looked for: {} characters, not 16", value.len());
        Ok(Self::of(what, value))
    }

    /// What it is.
    pub fn what(&self) -> &str {
        &self.what
    }

    fn of(what: impl Into<String>, value: &str) -> Self {
        Self { what: what.into(), folded: BTreeSet::new(), exact: BTreeSet::new() }.or(value)
    }

    /// One more value, as the same is written elsewhere.
    #[must_use]
    pub fn or(mut self, value: &str) -> Self {
        let small = value.to_lowercase();
        for text in [value, &small] {
            let utf16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
            let digits = hex::encode(text).into_bytes();
            for form in [text.as_bytes().to_vec(), digits, utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
                self.folded.insert(characters(&form).to_ascii_lowercase());
            }
        }
        // The bytes that its digits stand for.
        let meant = hex::decode(&small).ok();
        self.exact.extend(meant.as_deref().map(characters));
        for bytes in [Some(value.as_bytes().to_vec()), Some(small.into_bytes()), meant].into_iter().flatten() {
            for before in 0..3 {
                let digits = base64(&bytes, before);
                self.exact.insert(digits.replace('-', "+").replace('_', "/"));
                self.exact.insert(digits);
            }
        }
        self
    }
}

/// Bytes, each as one character.
fn characters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The digits in base64url that bytes have behind so many of something else, and before anything else.
fn base64(bytes: &[u8], before: usize) -> String {
    let digits = jwt::base64url(&[&vec![0; before], bytes].concat());
    // A digit is 6 bits: those that hold bits of a neighbour are left out.
    digits.chars().take((before + bytes.len()) * 8 / 6).skip((before * 8).div_ceil(6)).collect()
}

/// Bytes that are searched: as they are, and with small letters.
struct Searched {
    exact: String,
    folded: String,
}

impl Searched {
    fn new(bytes: &[u8]) -> Self {
        let exact = characters(bytes);
        Self { folded: exact.to_ascii_lowercase(), exact }
    }

    fn holds(&self, trace: &Trace) -> bool {
        trace.folded.iter().any(|form| self.folded.contains(form))
            || trace.exact.iter().any(|form| self.exact.contains(form))
    }
}

/// Fails if a file holds one of them; counts its lines.
fn search(file: &Path, traces: &[Trace]) -> Result<usize> {
    let content = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let name = file.file_name().unwrap_or(file.as_os_str()).display();
    search_bytes(&name.to_string(), &content, traces)?;
    Ok(String::from_utf8_lossy(&content).lines().count())
}

/// Which of them bytes hold, by what they are.
pub fn found<'a>(bytes: &[u8], traces: &'a [Trace]) -> impl Iterator<Item = &'a str> {
    let searched = Searched::new(bytes);
    traces.iter().filter(move |trace| searched.holds(trace)).map(|trace| &*trace.what)
}

/// Fails if bytes hold one of them.
pub fn search_bytes(name: &str, bytes: &[u8], traces: &[Trace]) -> Result<()> {
    let searched = Searched::new(bytes);
    for trace in traces {
        ensure!(!searched.holds(trace), "{name} holds {}", trace.what);
    }
    Ok(())
}

/// Fails if the logs of daemons and media server hold one of them, or if there are none. With `all` those of chain and index too.
pub fn search_logs(hall: &Hall, traces: &[Trace], all: bool, facts: &mut Facts) -> Result<()> {
    let (mut files, mut lines) = (0, 0);
    for file in logs(&hall.stack.path(""))? {
        let is_public = PUBLIC.iter().any(|name| file.ends_with(name));
        if all || !is_public {
            files += 1;
            lines += search(&file, traces)?;
        }
    }
    ensure!(files >= 4 && lines > 50, "there are only {files} logs of {lines} lines: nothing was searched");
    facts.add("logs", files);
    facts.add("lines", lines);
    facts.add("lookedFor", traces.len());
    Ok(())
}

fn logs(directory: &Path) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let files: Result<Vec<PathBuf>> = files.collect();
    Ok(files?.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "log")).collect())
}

/// Fails if what the media server saw holds one of them; `known` must be found, so that something was searched.
pub fn search_dump(hall: &Hall, traces: &[Trace], known: &str, facts: &mut Facts) -> Result<()> {
    let seen = hall.dump()?;
    let known = Trace::new("what the media server must know", known)?;
    let holds = Searched::new(&seen).holds(&known);
    ensure!(holds, "the dump does not even hold the name that the media server was given");
    search_bytes("what the media server saw", &seen, traces)?;
    facts.add("dumpBytes", seen.len());
    Ok(())
}

/// What the media server wrote down, kind and bytes in their order: `\n== KIND LENGTH\n` and the bytes, again and again.
pub fn records(mut seen: &[u8]) -> Vec<(String, &[u8])> {
    let mut all = Vec::new();
    let mark = b"\n== ";
    while let Some(at) = seen.windows(mark.len()).position(|window| window == mark) {
        seen = seen.get(at + mark.len()..).unwrap_or_default();
        let Some(end) = seen.iter().take(40).position(|byte| *byte == b'\n') else { continue };
        let (head, rest) = seen.split_at(end);
        let head = String::from_utf8_lossy(head);
        let Some((kind, Ok(length))) = head.rsplit_once(' ').map(|(kind, length)| (kind, length.parse::<usize>()))
        else {
            continue;
        };
        let Some(bytes) = rest.get(1..=length) else { continue };
        all.push((kind.to_owned(), bytes));
        seen = rest.get(1 + length..).unwrap_or_default();
    }
    all
}

/// What browsers draw anew for each connection.
#[derive(Debug, Default)]
struct Drawn {
    /// Prints of certificates and names of ICE, as lines of descriptions; each with its connections, by their `o=` (RFC 8866).
    lines: BTreeMap<String, BTreeSet<String>>,
    connections: BTreeSet<String>,
    /// Clients that came, and did not only come back.
    joins: usize,
}

impl Drawn {
    /// Of the descriptions that clients sent.
    fn of(seen: &[u8]) -> Self {
        let mut drawn = Self::default();
        for (_, bytes) in records(seen).into_iter().filter(|(kind, _)| matches!(&**kind, "join" | "signal in")) {
            // A join is written down as Rust shows it.
            let text = String::from_utf8_lossy(bytes).replace("\\r\\n", "\n");
            drawn.joins += usize::from(text.contains("resume: None"));
            let mut connection = String::new();
            for line in text.lines() {
                if let Some(origin) = line.strip_prefix("o=") {
                    origin.split(' ').nth(1).unwrap_or_default().clone_into(&mut connection);
                    drawn.connections.insert(connection.clone());
                } else if line.starts_with("a=fingerprint:") || line.starts_with("a=ice-ufrag:") {
                    drawn.lines.entry(line.to_owned()).or_default().insert(connection.clone());
                }
            }
        }
        drawn
    }

    /// Fails if one of them stands in two connections, which would say that both are one browser's.
    fn differ(&self) -> Result<()> {
        let Self { lines, connections, joins } = self;
        let twice = lines.iter().find(|(_, connections)| connections.len() > 1);
        ensure!(twice.is_none(), "it stands in more than one connection: {twice:?}");
        let known = connections.len();
        // Who is sent away before it offers has none.
        ensure!(known * 2 > *joins, "{joins} clients came, and only {known} connections are told apart");
        for kind in ["a=fingerprint:", "a=ice-ufrag:"] {
            let of_kind = lines.keys().filter(|line| line.starts_with(kind)).count();
            ensure!(of_kind >= known, "only {of_kind} lines `{kind}` of {known} connections");
        }
        Ok(())
    }
}

/// Fails if the media server saw a certificate or a name of ICE of a client in two of its connections.
pub fn search_connections(hall: &Hall, facts: &mut Facts) -> Result<()> {
    let drawn = Drawn::of(&hall.dump()?);
    ensure!(drawn.connections.len() > 2, "these are not the connections of a journey: {drawn:?}");
    facts.add("joins", drawn.joins);
    facts.add("connections", drawn.connections.len());
    facts.add("drawn", drawn.lines.len());
    drawn.differ()
}

/// Fails if what went over the host's tunnels holds one of them; `known` must be found, so that something was searched.
pub fn search_tunnels(hall: &Hall, traces: &[Trace], known: &str, facts: &mut Facts) -> Result<()> {
    let streams = tunnel::streams(&Capture::read(&hall.tunnels())?)?;
    let count = |kind| streams.iter().filter(|stream| stream.kind == kind).count();
    let (control, signalling) = (count(Kind::Control), count(Kind::Signalling));
    ensure!(control >= 2 && signalling >= 2, "{control} and {signalling} streams are not those of two members");
    let known = Trace::new("what the media server must know", known)?;
    let (mut bytes, mut found) = (0, 0);
    for carried in streams.iter().flat_map(|stream| [&stream.came, &stream.sent]) {
        let searched = Searched::new(carried);
        for trace in traces {
            ensure!(!searched.holds(trace), "a tunnel carried {}", trace.what);
        }
        found += usize::from(searched.holds(&known));
        bytes += carried.len();
    }
    ensure!(found > 0, "the tunnels do not even hold the name that the media server was given");
    facts.add("tunnelBytes", bytes);
    facts.add("tunnelStreams", streams.len());
    Ok(())
}

impl Member {
    /// What names this person: account, commitment and its secret, Session ID.
    pub fn names(&self) -> Result<Vec<Trace>> {
        let of = |what: &str| format!("the {what} of {}", self.daemon.name);
        let id = text(&self.daemon.rpc()?.call("identity.get", &json!({}))?, "/id")?;
        // Its first two digits say the kind of id.
        let digits = id.get(2..).ok_or_else(|| anyhow!("no Session ID: {id}"))?;
        let mut all = vec![Trace::new(of("account"), &self.account)?, Trace::new(of("Session ID"), digits)?];
        let registered = self.person.run(&["register"])?;
        let commitment = Trace::new(of("commitment"), &text(&registered, "/commitment")?)?;
        let (file, secret) = self.secret()?;
        all.push(commitment.or(&file));
        all.push(Trace::new(of("secret"), &secret)?);
        Ok(all)
    }

    /// The file of the only leaf's secret, named by the commitment, and what it holds.
    fn secret(&self) -> Result<(String, String)> {
        let directory = self.person.home.join("identities").join("7072");
        let accounts = fs::read_dir(&directory).with_context(|| format!("{} is missing", directory.display()))?;
        let file = accounts
            .filter_map(|account| fs::read_dir(account.ok()?.path()).ok())
            .flat_map(|files| files.filter_map(|file| Some(file.ok()?.path())))
            .next()
            .context("no secret of a leaf")?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, fs::read_to_string(&file)?))
    }

    /// What only this daemon and its owner know: the token of its page and RPC, the key of its store.
    pub fn secrets(&self) -> Result<Vec<Trace>> {
        let of = |what: &str| format!("the {what} of {}", self.daemon.name);
        let bearer = self.daemon.rpc()?.bearer();
        let token = bearer.trim_start_matches("Bearer ");
        let key = fs::read_to_string(self.daemon.datadir.join("store.key")).context("no key of a store")?;
        Ok(vec![Trace::new(of("token"), token)?, Trace::new(of("store key"), &key)?])
    }
}

impl Hall {
    /// The media server's secret, what a token looks like in an address, and passes that were used.
    pub fn tokens(&self, passes: &[String]) -> Result<Vec<Trace>> {
        let key: Value = serde_json::from_slice(&fs::read(self.sfu.key_file())?)?;
        let mut all = vec![
            Trace::new("the media server's secret", &text(&key, "/secret")?)?,
            Trace::of("a pass in an address", "access_token="),
            Trace::of("a page's token in an address", "#token="),
        ];
        ensure!(!passes.is_empty(), "no pass was ever used");
        for pass in passes {
            all.push(Trace::new("a pass", pass)?);
            // The signature alone is as good as the whole; a pass with `alg: none` has none.
            let signature = pass.rsplit('.').next().unwrap_or_default();
            if !signature.is_empty() {
                all.push(Trace::new("a pass's signature", signature)?);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in(trace: &Trace, seen: &[u8]) -> bool {
        search_bytes("a block", seen, std::slice::from_ref(trace)).is_err()
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        let account = "0x00112233445566778899AAbbCCddEEff";
        let bytes: Vec<u8> = (0..16_u8).map(|place| place * 0x11).collect();
        let small = account.to_lowercase();
        for given in [account, &small] {
            let trace = Trace::new("an account", given).unwrap().or("Ocean Of Sand");
            let utf16 = |unit: fn(u16) -> [u8; 2]| account.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
            let mut forms = vec![[b"x", &bytes[..]].concat(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)];
            // As wallets write it, in other cases, as digits of digits; the bytes in base64 and base64url behind 0 to 2 others.
            for text in [
                "{\"account\":\"0x00112233445566778899AAbbCCddEEff\"}",
                "00112233445566778899aabbccddeeff",
                "00112233445566778899AABBCCDDEEFF",
                "3030313132323333343435353636373738383939616162626363646465656666",
                "in the ocean of sand",
                "OCEAN OF SAND",
                "ABEiM0RVZneImaq7zN3u/w==",
                "ABEiM0RVZneImaq7zN3u_w",
                "eAARIjNEVWZ3iJmqu8zd7v8=",
                "eHgAESIzRFVmd4iZqrvM3e7/",
                "eHgAESIzRFVmd4iZqrvM3e7_",
            ] {
                forms.push(text.into());
            }
            for form in forms {
                assert!(is_in(&trace, &form), "{}", String::from_utf8_lossy(&form));
            }
            for other in ["nothing here", "00112233445566778899aabbccddeefe", "ABEiM0RVZneImaq7zN3u+w=="] {
                assert!(!is_in(&trace, other.as_bytes()), "{other}");
            }
        }
        assert!(Trace::new("nothing", "0x1234").is_err(), "short values are found everywhere");
    }

    #[test]
    fn a_text_is_found_in_every_form() {
        let canary = Trace::of("what was written", "canary");
        // {"a":"canary"}, [  "canary"] and ["canary"].
        let base64 = ["eyJhIjoiY2FuYXJ5In0=", "WyAgImNhbmFyeSJd", "WyJjYW5hcnkiXQ=="];
        for seen in ["a canary!", "a Canary!", "63616e617279", "c\0a\0n\0a\0r\0y\0"].into_iter().chain(base64) {
            assert!(is_in(&canary, seen.as_bytes()), "{seen}");
        }
        assert!(!is_in(&canary, b"a can, ary"));
    }

    fn description(connection: &str, print: &str, name: &str) -> String {
        format!("v=0\r\no=- {connection} 2 IN IP4 127.0.0.1\r\na=ice-ufrag:{name}\r\na=fingerprint:sha-256 {print}\r\n")
    }

    fn written(kind: &str, bytes: &str) -> String {
        format!("\n== {kind} {}\n{bytes}", bytes.len())
    }

    #[test]
    fn a_certificate_or_a_name_of_ice_in_two_connections_is_told() {
        let join = |offer: &str| written("join", &format!("Join {{ resume: None, offer: Some({offer:?}) }}"));
        let first = [join(&description("1", "AA", "x")), written("signal in", &description("1", "AA", "y"))].concat();
        // What the server itself says has its one certificate each time.
        let server = written("signal out", &description("7", "SS", "s")).repeat(2);
        let all = |second: &str| Drawn::of([&*first, &server, &join(second)].concat().as_bytes());
        let good = all(&description("2", "BB", "z"));
        assert_eq!((good.joins, good.connections.len(), good.lines.len()), (2, 2, 5));
        good.differ().unwrap();
        for (print, name) in [("AA", "z"), ("BB", "y")] {
            let error = all(&description("2", print, name)).differ().unwrap_err().to_string();
            assert!(error.contains("more than one connection"), "{error}");
        }
        let unnamed = Drawn::of([&first[..], &join(""), &join(""), &join("")].concat().as_bytes());
        assert!(unnamed.differ().is_err(), "nothing to compare is no success");
    }

    #[test]
    fn a_log_that_holds_a_value_is_told_by_name() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("host.log"), "one\nGET /rtc?ACCESS_TOKEN=abc\n").unwrap();
        fs::write(directory.path().join("host.txt"), "").unwrap();
        let found = logs(directory.path()).unwrap();
        assert_eq!(found.len(), 1);
        let token = Trace::of("a pass in an address", "access_token=");
        let told = search(&found[0], &[token]).unwrap_err().to_string();
        assert_eq!(told, "host.log holds a pass in an address");
        assert_eq!(search(&found[0], &[Trace::new("more", "0123456789abcdef").unwrap()]).unwrap(), 2);
    }
}
