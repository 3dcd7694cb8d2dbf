//! A town hall for a journey: chain, indexer, one service node, the SFU, the host's daemon and those of members, each with its page.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Opening, hall::HallPage},
    daemon::{Daemon, Site},
    parsctl::{Parsctl, text},
    report::Facts,
    sfu::Sfu,
    stack::{Places, Stack},
    wait,
};

/// Account of the host's daemon: creator of every room, so its moderator.
pub const HOST: usize = 1;
/// Account of the service node, which keeps metadata objects.
const NODE: usize = 4;

/// How much is written down for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The logs that any user has.
    Usual,
    /// These, and the SFU's dump of all it sees.
    Dump,
    /// The dump, and logs at their most talkative but for single packets.
    All,
}

impl Told {
    const fn level(self) -> Option<&'static str> {
        match self {
            Self::Usual | Self::Dump => None,
            Self::All => Some("debug"),
        }
    }
}

/// What the SFU saw, if it writes that down.
const DUMP: &str = "sfu.dump";

/// A running town hall. Dropping it ends all of it.
#[derive(Debug)]
pub struct Hall {
    /// The host.
    pub host: Member,
    /// The SFU.
    pub sfu: Sfu,
    /// Where daemons run.
    site: Site,
    node: Daemon,
    page: PathBuf,
    /// Chain and indexer, which outlive the daemons.
    pub stack: Stack,
}

/// A person with a daemon.
#[derive(Debug)]
pub struct Member {
    /// The daemon.
    pub daemon: Daemon,
    /// The same person's command line.
    pub person: Parsctl,
    /// The person's account, lower case.
    pub account: String,
}

/// A room as it is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// `town-hall`, `committee` or `open-forum`.
    pub kind: &'a str,
    /// Whose hourly slot pays.
    pub slot_of: usize,
    /// Further arguments of `room create`.
    pub more: &'a [&'a str],
}

impl Hall {
    /// Starts it; `holders` lock PARS and register a commitment.
    pub fn start(places: &Places, holders: &[usize], told: Told, facts: &mut Facts) -> Result<Self> {
        let page = places.repository()?.join("clients/web/dist");
        ensure!(page.join("index.html").exists(), "the page is not built: npm run build -w @pars/web");
        let stack = Stack::start(places, 7072)?;
        for holder in holders {
            let words = ["lock", "--amount", "1000", "--days", "1460", "--register"];
            stack.person(*holder).run(&words).with_context(|| format!("account {holder} locks nothing"))?;
        }
        let site = Site {
            bin: places.bin.clone(),
            directory: stack.path(""),
            rpc: stack.rpc.clone(),
            deployment: stack.path("deployment.json"),
            watched: false,
            level: told.level(),
        };
        let service = ["--service".to_owned(), "--dev-account".into(), NODE.to_string()];
        let node = site.start("node", service.to_vec())?;
        let sfu = match told {
            Told::Usual => Sfu::start(&places.bin, &stack.path(""))?,
            Told::Dump | Told::All => Sfu::dumping(&places.bin, &stack.path(""), &stack.path(DUMP), told.level())?,
        };
        let more = [sfu.arguments()?, vec!["--dev-account".into(), HOST.to_string()]].concat();
        let host = Member::start(&site, &stack, ("host", HOST), (&node, &page, more))?;
        facts.add("holders", holders.len());
        facts.add("sfu", sfu.url()?);
        Ok(Self { host, sfu, site, node, page, stack })
    }

    /// Starts the daemon of a person, with the secrets of an account's leaf if it has one.
    pub fn member(&self, name: &str, account: usize) -> Result<Member> {
        Member::start(&self.site, &self.stack, (name, account), (&self.node, &self.page, Vec::new()))
    }

    /// Everything that the SFU has seen so far.
    pub fn dump(&self) -> Result<Vec<u8>> {
        std::fs::read(self.stack.path(DUMP)).context("the SFU wrote nothing down")
    }

    /// Makes a room of the host's account and gives its id.
    pub fn room(&self, plan: Plan<'_>) -> Result<String> {
        let mut words: Vec<String> = ["room", "create", "--kind", plan.kind]
            .into_iter()
            .chain(plan.more.iter().copied())
            .map(Into::into)
            .collect();
        if plan.slot_of != HOST {
            let slot = self.stack.person(plan.slot_of).run(&["room", "slot", "--creator", &self.host.account])?;
            let deadline = slot.get("deadline").and_then(Value::as_u64).unwrap_or_default().to_string();
            words.extend(["--slot-of".into(), text(&slot, "/holder")?, "--deadline".into(), deadline]);
            words.extend(["--slot-signature".into(), text(&slot, "/signature")?]);
        }
        text(&self.host.person.run(&words)?, "/roomId")
    }

    /// Opens a sitting that the host's daemon hosts.
    pub fn sit(&self, room: &str, title: &str) -> Result<()> {
        let words = ["room", "host", room, "--hours", "3", "--title", title, "--agenda", "5:Welcome"];
        self.host.person.run(&words).map(drop)
    }
}

impl Member {
    fn start(
        site: &Site,
        stack: &Stack,
        (name, account): (&str, usize),
        (node, page, mut more): (&Daemon, &Path, Vec<String>),
    ) -> Result<Self> {
        let home = stack.path(&format!("home-{account}"));
        more.extend(["--bootstrap".into(), node.address("listen")?, "--page".into(), page.display().to_string()]);
        more.extend(["--home".into(), home.display().to_string()]);
        let daemon = site.start(name, more)?;
        let person = stack.person(account).with_daemon(&daemon.datadir);
        Ok(Self { account: stack.cast.account(account)?.to_lowercase(), daemon, person })
    }

    /// Makes the identity without which nobody enters by name, if there is none.
    pub fn identify(&self) -> Result<()> {
        let rpc = self.daemon.rpc()?;
        let without = rpc.call("status.get", &json!({}))?.get("state") == Some(&json!("noIdentity"));
        if without { rpc.call("identity.create", &json!({})).map(drop) } else { Ok(()) }
    }

    /// Opens this person's page.
    pub fn open(&self, browser: &Browser, opening: &Opening) -> Result<HallPage> {
        let link = text(&self.person.run(&["page"])?, "/link")?;
        HallPage::open(browser, &self.daemon.name, &link, opening)
    }

    /// Enters a room by proof without a page; the seat is there until the daemon ends.
    pub fn sit_anonymously(&self, room: &str) -> Result<Value> {
        let rpc = self.daemon.rpc()?;
        let prepared = rpc.call("room.prepare", &json!({"room": room, "form": "anonymous", "textOnly": true}))?;
        rpc.call("room.join", &json!({"attempt": prepared.get("attempt")}))
    }

    /// Enters a room by name without a page, signed by the built-in wallet.
    pub fn sit_by_name(&self, room: &str) -> Result<Value> {
        let rpc = self.daemon.rpc()?;
        let params = json!({"room": room, "form": "known", "account": self.account, "textOnly": true});
        let prepared = rpc.call("room.prepare", &params)?;
        let params = json!({"account": self.account, "typedData": prepared.get("typedData")});
        let signed = rpc.call("dev.sign", &params)?;
        let (attempt, signature) = (prepared.get("attempt"), signed.get("signature"));
        rpc.call("room.join", &json!({"attempt": attempt, "walletSignature": signature}))
    }

    /// Leaves a room that was entered without a page.
    pub fn leave(&self, room: &str) -> Result<()> {
        self.daemon.rpc()?.call("room.leave", &json!({"room": room})).map(drop)
    }

    /// Waits until this daemon's own index shows a room with a sitting and a host.
    pub fn knows(&self, room: &str) -> Result<()> {
        let rpc = self.daemon.rpc()?;
        wait::until(&format!("{} to see the sitting", self.daemon.name), || {
            let lobby = rpc.call("room.lobby", &json!({"room": room}))?;
            let there = lobby.get("sitting").is_some_and(Value::is_object);
            Ok((there && lobby.get("host") == Some(&Value::Bool(true))).then_some(()))
        })
    }
}
