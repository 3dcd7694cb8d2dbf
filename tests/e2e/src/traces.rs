//! What logs and a media server's dump must not hold: tokens, secrets, and whatever names somebody who entered without a name.

use std::{
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
    parsctl::text,
    report::Facts,
};

/// Logs of the chain and of its index, where accounts and commitments are public.
const PUBLIC: [&str; 2] = ["devnet.log", "indexer.log"];

/// A value that is looked for.
#[derive(Debug, Clone)]
pub struct Trace {
    what: String,
    /// Its forms as text, lower case.
    forms: Vec<String>,
}

impl Trace {
    /// A value that is text, or bytes written in hexadecimal digits.
    pub fn new(what: impl Into<String>, value: &str) -> Result<Self> {
        let what = what.into();
        let value = value.trim().trim_start_matches("0x").to_lowercase();
        ensure!(value.len() >= 16, "{what} is too short to be looked for: {value:?}");
        Ok(Self { what, forms: vec![value] })
    }

    /// One more form, as the same value is written elsewhere.
    #[must_use]
    pub fn or(mut self, form: &str) -> Self {
        self.forms.push(form.to_lowercase());
        self
    }

    /// Whether a text, all in lower case, holds it.
    fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form.as_str()))
    }

    /// Whether bytes, in hexadecimal digits, hold it: as text, or as the bytes that its digits stand for.
    fn is_in_bytes(&self, digits: &str) -> bool {
        let written = |form: &String| digits.contains(&hex::encode(form));
        self.forms.iter().any(|form| written(form) || (hex::decode(form).is_ok() && digits.contains(form.as_str())))
    }
}

/// Fails if a file holds one of them; counts its lines.
fn search(file: &Path, traces: &[Trace]) -> Result<usize> {
    let content = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let content = String::from_utf8_lossy(&content).to_lowercase();
    let name = file.file_name().unwrap_or(file.as_os_str()).display();
    for trace in traces {
        ensure!(!trace.is_in(&content), "{name} holds {}", trace.what);
    }
    Ok(content.lines().count())
}

/// Fails if bytes hold one of them, as text or as what its digits stand for.
pub fn search_bytes(name: &str, bytes: &[u8], traces: &[Trace]) -> Result<()> {
    let digits = hex::encode(bytes);
    for trace in traces {
        ensure!(!trace.is_in_bytes(&digits), "{name} holds {}", trace.what);
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
    let digits = hex::encode(&seen);
    let known = Trace::new("what the media server must know", known)?;
    ensure!(known.is_in_bytes(&digits), "the dump does not even hold the name that the media server was given");
    search_bytes("what the media server saw", &seen, traces)?;
    facts.add("dumpBytes", seen.len());
    Ok(())
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
        let (digits, text) = (hex::encode(carried), String::from_utf8_lossy(carried).to_lowercase());
        let holds = |trace: &Trace| trace.is_in_bytes(&digits) || trace.is_in(&text);
        for trace in traces {
            ensure!(!holds(trace), "a tunnel carried {}", trace.what);
        }
        found += usize::from(holds(&known));
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
            Trace { what: "a pass in an address".into(), forms: vec!["access_token=".into()] },
            Trace { what: "a page's token in an address".into(), forms: vec!["#token=".into()] },
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

    #[test]
    fn a_value_is_found_in_every_form() {
        let trace = Trace::new("an account", "0x00112233445566778899AABBCCDDEEFF").unwrap().or("Ocean Of Sand");
        assert!(trace.is_in("… 00112233445566778899aabbccddeeff …") && trace.is_in("ocean of sand"));
        let bytes: Vec<u8> = (0..16_u8).map(|place| place * 0x11).collect();
        for seen in [[b"x", &bytes[..]].concat(), b"at 00112233445566778899aabbccddeeff".to_vec()] {
            assert!(trace.is_in_bytes(&hex::encode(seen)));
        }
        assert!(!trace.is_in_bytes(&hex::encode(b"nothing here")) && !trace.is_in("nothing here"));
        assert!(Trace::new("nothing", "0x1234").is_err(), "short values are found everywhere");
    }

    #[test]
    fn a_log_that_holds_a_value_is_told_by_name() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("host.log"), "one\nGET /rtc?ACCESS_TOKEN=abc\n").unwrap();
        fs::write(directory.path().join("host.txt"), "").unwrap();
        let found = logs(directory.path()).unwrap();
        assert_eq!(found.len(), 1);
        let token = Trace { what: "a pass in an address".into(), forms: vec!["access_token=".into()] };
        let told = search(&found[0], &[token]).unwrap_err().to_string();
        assert_eq!(told, "host.log holds a pass in an address");
        assert_eq!(search(&found[0], &[Trace::new("more", "0123456789abcdef").unwrap()]).unwrap(), 2);
    }
}
