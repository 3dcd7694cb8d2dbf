//! The daemon's interface: who may call it, and what it says of another network.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::{Result, ensure};
use serde_json::json;

use super::World;
use crate::report::Report;

/// `WrongNetwork` of the RPC.
const WRONG_NETWORK: i64 = -32_009;

/// Runs the steps; each stands for itself.
pub(super) fn run(report: &mut Report, world: &World) {
    let _ = report.step("a client that wants another network than the daemon's gets a typed error", |facts| {
        let answer = world.a.rpc()?.ask("status.get", &json!({}), &[("Pars-Network", "mainnet")])?;
        let Err(refusal) = answer else { anyhow::bail!("mainnet was answered by a daemon of dev") };
        ensure!(refusal.code == WRONG_NETWORK, "{} {}", refusal.code, refusal.message);
        facts.add("code", refusal.code);
        facts.add("message", refusal.message);
        Ok(())
    });
    let _ = report.step(
        "without the token, from another host's name or from a page's origin nothing is answered",
        |facts| {
            let rpc = world.a.rpc()?;
            let token = rpc.bearer();
            for (name, headers, statuses) in [
                ("noToken", vec![], &[401][..]),
                ("wrongToken", vec![("Authorization", "Bearer 00")], &[401]),
                ("rebinding", vec![("Authorization", token.as_str()), ("Host", "pars.example")], &[401, 403]),
                ("page", vec![("Authorization", token.as_str()), ("Origin", "https://pars.example")], &[403]),
            ] {
                let (status, _) = rpc.post("status.get", &json!({}), &headers)?;
                ensure!(statuses.contains(&status), "{name}: HTTP {status}");
                facts.add(name, status);
            }
            Ok(())
        },
    );
    let _ = report.step("socket, token and keys are for their owner alone", |facts| {
        let mode = |path: &std::path::Path| -> Result<u32> { Ok(fs::metadata(path)?.permissions().mode() & 0o777) };
        ensure!(mode(&world.a.datadir)? == 0o700, "the directory is {:o}", mode(&world.a.datadir)?);
        for name in ["sessiond.sock", "rpc.json", "store.key"] {
            let found = mode(&world.a.datadir.join(name))?;
            ensure!(found == 0o600, "{name} is {found:o}");
            facts.add(name, format!("{found:o}"));
        }
        Ok(())
    });
}
