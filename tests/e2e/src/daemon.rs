//! One `sessiond` that can be ended, killed and started again on its data directory.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};

use crate::{process::Process, rpc::Rpc};

/// Where daemons of one network run, and with what.
#[derive(Debug, Clone)]
pub struct Site {
    /// Directory of the binaries.
    pub bin: PathBuf,
    /// Directory of data directories and logs.
    pub directory: PathBuf,
    /// The chain's JSON-RPC.
    pub rpc: String,
    /// Addresses of the contracts.
    pub deployment: PathBuf,
    /// Whether what links carry is written down, by the daemons and by taps before the nodes.
    pub watched: bool,
    /// How much their logs tell (`RUST_LOG`); nothing: as much as for any user.
    pub level: Option<&'static str>,
}

/// A daemon, running or not.
#[derive(Debug)]
pub struct Daemon {
    /// Its name: that of its directory and its log.
    pub name: String,
    /// Its data directory.
    pub datadir: PathBuf,
    site: Site,
    more: Vec<String>,
    program: &'static str,
    starts: usize,
    process: Option<Process>,
}

impl Site {
    /// Starts a daemon with further arguments beside those that every daemon of this network has.
    pub fn start(&self, name: &str, more: Vec<String>) -> Result<Daemon> {
        let datadir = self.directory.join(name);
        let (name, site, program) = (name.into(), self.clone(), "sessiond");
        let mut daemon = Daemon { name, datadir, site, more, program, starts: 0, process: None };
        daemon.start()?;
        Ok(daemon)
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        self.directory.join(format!("{name}.{ending}"))
    }
}

impl Daemon {
    /// Starts it, if it does not run, and waits until it answers.
    pub fn start(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        self.starts += 1;
        let program = self.site.bin.join(self.program);
        let process = Process::start_saying(self.site.level, &program, &self.arguments(), self.log())
            .with_context(|| format!("{} does not start", self.name))?;
        // Its descriptor of the day names this port: it is taken again after a restart.
        fs::write(self.listened(), without_peer(&process.address("listen")?))?;
        self.process = Some(process);
        Ok(())
    }

    /// From its next start on it lies when it records: the program `liar` on the same directory.
    pub const fn lies(&mut self) {
        self.program = "liar";
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Asks it to end, and waits.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
        }
    }

    /// Its process's number in the system.
    pub fn id(&self) -> Result<u32> {
        self.process.as_ref().map(Process::id).ok_or_else(|| anyhow!("{} does not run", self.name))
    }

    /// How it ended, if it did by itself.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        self.process.as_mut().map_or(Ok(None), Process::ended)
    }

    /// A text of its ready line.
    pub fn address(&self, name: &str) -> Result<String> {
        self.process.as_ref().ok_or_else(|| anyhow!("{} does not run", self.name))?.address(name)
    }

    /// The id of its service node, 64 digits.
    pub fn node(&self) -> Result<String> {
        self.address("node")
    }

    /// Its JSON-RPC over loopback.
    pub fn rpc(&self) -> Result<Rpc> {
        Rpc::of(&self.datadir)
    }

    /// Its log.
    pub fn log(&self) -> PathBuf {
        self.site.file(&self.name, "log")
    }

    /// Where it listens.
    pub fn socket_address(&self) -> Result<SocketAddr> {
        let listen = self.address("listen")?;
        let mut words = without_peer(&listen).split('/').filter(|word| !matches!(*word, "" | "ip4" | "tcp"));
        let (ip, port) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Ok(SocketAddr::new(ip.parse()?, port.parse()?))
    }

    /// What its links sent and received, a file for each start, if the network is watched.
    pub fn captures(&self) -> Vec<PathBuf> {
        (1..=self.starts).map(|start| self.site.file(&self.name, &format!("{start}.capture"))).collect()
    }

    fn listened(&self) -> PathBuf {
        self.site.file(&self.name, "listen")
    }

    fn arguments(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let mut all = vec!["--datadir".into(), path(&self.datadir), "--network".into(), "dev".into()];
        all.extend(["--rpc".into(), self.site.rpc.clone()]);
        all.extend(["--deployment".into(), path(&self.site.deployment), "--http".into(), "127.0.0.1:0".into()]);
        let before = fs::read_to_string(self.listened()).ok().filter(|listen| is_free(listen));
        all.extend(["--listen".into(), before.unwrap_or_else(|| "/ip4/127.0.0.1/tcp/0".into())]);
        if let Some(file) = self.captures().last().filter(|_| self.site.watched) {
            all.extend(["--capture".into(), path(file)]);
        }
        all.extend(self.more.iter().cloned());
        all
    }
}

fn without_peer(listen: &str) -> &str {
    listen.split("/p2p/").next().unwrap_or(listen)
}

/// Whether both ports of an address can be had.
fn is_free(listen: &str) -> bool {
    let port = listen.rsplit('/').next().and_then(|port| port.parse::<u16>().ok());
    port.is_some_and(|port| {
        let address = (Ipv4Addr::LOCALHOST, port);
        TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_without_the_peer_and_taken_again_only_if_free() {
        assert_eq!(without_peer("/ip4/127.0.0.1/tcp/4001/p2p/12D3"), "/ip4/127.0.0.1/tcp/4001");
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port());
        assert!(!is_free(&listen));
        assert!(!is_free("/ip4/127.0.0.1/tcp/none"));
    }
}
