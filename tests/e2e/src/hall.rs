//! A town hall for a journey: chain, indexer, one service node or six, the SFU, the host's daemon and those of members, each with
//! its page.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Opening, hall::HallPage},
    daemon::{Daemon, Site},
    network::{Account, EXECUTOR, Nodes, roll_epoch},
    parsctl::{Parsctl, text},
    report::Facts,
    sfu::Sfu,
    stack::{Places, Stack},
    wait,
    withheld::Withheld,
};

/// Account of the host's daemon: creator of every room, so its moderator.
pub const HOST: usize = 1;
/// The request by which a host has somebody removed.
const REMOVE: &str = "/RemoveParticipant";
/// Account of the service node, which keeps metadata objects, where there is one alone.
const NODE: usize = 4;

/// How much is written down for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The logs that any user has.
    Usual,
    /// These, and the SFU's dump of all it sees.
    Dump,
    /// The dump, what the host's tunnels carry, and logs at their most talkative but for single packets.
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
/// What the host's tunnels carried, if it writes that down.
const TUNNELS: &str = "host.tunnels";

/// A running town hall. Dropping it ends all of it.
#[derive(Debug)]
pub struct Hall {
    /// The host.
    pub host: Member,
    /// The SFU.
    pub sfu: Sfu,
    /// What stands between host and SFU, if something does.
    pub withheld: Option<Withheld>,
    /// Service nodes: one that keeps metadata objects, or six of which one carries out actions.
    pub nodes: Nodes,
    /// Where daemons run.
    site: Site,
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
        Self::over(places, (holders, told, None), facts, |site, _| one_node(site))
    }

    /// The same with a media server that does not hear of who is to be removed.
    pub fn that_removes_nobody(places: &Places, holders: &[usize], told: Told, facts: &mut Facts) -> Result<Self> {
        Self::over(places, (holders, told, Some(REMOVE)), facts, |site, _| one_node(site))
    }

    /// The same with six service nodes, so that members can write messages, also to one that carries out actions.
    pub fn with_executor(places: &Places, holders: &[usize], told: Told, facts: &mut Facts) -> Result<Self> {
        Self::over(places, (holders, told, None), facts, |site, stack| {
            let nodes = Nodes::start(site, None)?;
            nodes.registered(stack.proxy.url())?;
            roll_epoch(&stack.person(0))?;
            Ok(nodes)
        })
    }

    fn over(
        places: &Places,
        (holders, told, withheld): (&[usize], Told, Option<&'static str>),
        facts: &mut Facts,
        nodes: impl FnOnce(&Site, &Stack) -> Result<Nodes>,
    ) -> Result<Self> {
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
        let nodes = nodes(&site, &stack)?;
        let sfu = match told {
            Told::Usual => Sfu::start(&places.bin, &stack.path(""))?,
            Told::Dump | Told::All => Sfu::dumping(&places.bin, &stack.path(""), &stack.path(DUMP), told.level())?,
        };
        let withheld = withheld.map(|method| Withheld::start(&sfu.url()?, method)).transpose()?;
        let way = withheld.as_ref().map_or_else(|| sfu.arguments(), |between| sfu.arguments_by(between.url()))?;
        let mut more = [way, vec!["--dev-account".into(), HOST.to_string()]].concat();
        if told == Told::All {
            more.extend(["--capture-tunnels".into(), stack.path(TUNNELS).display().to_string()]);
        }
        let host = Member::start(&site, &stack, ("host", HOST), (&nodes, &page, more))?;
        facts.add("holders", holders.len());
        facts.add("sfu", sfu.url()?);
        Ok(Self { host, sfu, withheld, nodes, site, page, stack })
    }

    /// The service node that carries out actions, with an identity.
    pub fn executor(&self) -> Result<Account> {
        self.nodes.executor(&self.stack.person(0).at_home(&self.stack.path(&format!("home-{EXECUTOR}"))))
    }

    /// Starts the daemon of a person, with the secrets of an account's leaf if it has one.
    pub fn member(&self, name: &str, account: usize) -> Result<Member> {
        self.member_with(name, account, Vec::new())
    }

    /// The same with further arguments.
    pub fn member_with(&self, name: &str, account: usize, more: Vec<String>) -> Result<Member> {
        Member::start(&self.site, &self.stack, (name, account), (&self.nodes, &self.page, more))
    }

    /// The capture of the host's tunnels.
    pub fn tunnels(&self) -> PathBuf {
        self.stack.path(TUNNELS)
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

/// A service node that keeps metadata objects.
fn one_node(site: &Site) -> Result<Nodes> {
    let service = ["--service".to_owned(), "--dev-account".into(), NODE.to_string()];
    Ok(Nodes { all: vec![site.start("node", service.to_vec())?], taps: None })
}

impl Member {
    fn start(
        site: &Site,
        stack: &Stack,
        (name, account): (&str, usize),
        (nodes, page, mut more): (&Nodes, &Path, Vec<String>),
    ) -> Result<Self> {
        let home = stack.path(&format!("home-{account}"));
        more.extend(nodes.bootstrap()?);
        more.extend(["--page".into(), page.display().to_string()]);
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
        self.sit_signed(room, &self.account, |typed| {
            let params = json!({"account": self.account, "typedData": typed});
            text(&self.daemon.rpc()?.call("dev.sign", &params)?, "/signature")
        })
    }

    /// Enters a room by the name of any account without a page; `sign` gives its signature over the typed data.
    pub fn sit_signed(&self, room: &str, account: &str, sign: impl FnOnce(&Value) -> Result<String>) -> Result<Value> {
        let rpc = self.daemon.rpc()?;
        let params = json!({"room": room, "form": "known", "account": account, "textOnly": true});
        let prepared = rpc.call("room.prepare", &params)?;
        let signature = sign(prepared.get("typedData").context("nothing is to be signed")?)?;
        rpc.call("room.join", &json!({"attempt": prepared.get("attempt"), "walletSignature": signature}))
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
