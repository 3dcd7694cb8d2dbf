//! A real Safe: the contracts of npm's `@safe-global/safe-smart-account`, deployed and used with `cast` only.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use crate::cast::Cast;

/// The address that stands for none.
pub const ZERO: &str = "0x0000000000000000000000000000000000000000";

/// A Safe whose owners are development accounts.
#[derive(Debug, Clone)]
pub struct Safe {
    /// Its address, lower case.
    pub address: String,
    /// Indexes of the owners that sign, as many as the threshold.
    signers: Vec<usize>,
    /// Who pays for transactions.
    payer: usize,
    cast: Cast,
}

impl Safe {
    /// Deploys singleton, factory and a proxy with these owners and a threshold.
    pub fn deploy(cast: &Cast, node_modules: &Path, owners: &[usize], threshold: usize) -> Result<Self> {
        let payer = *owners.first().ok_or_else(|| anyhow!("a Safe has owners"))?;
        let singleton = cast.create(payer, &bytecode(node_modules, "Safe.sol/Safe.json")?)?;
        let factory =
            cast.create(payer, &bytecode(node_modules, "proxies/SafeProxyFactory.sol/SafeProxyFactory.json")?)?;
        let addresses = owners.iter().map(|owner| cast.account(*owner)).collect::<Result<Vec<_>>>()?;
        let (list, needed) = (format!("[{}]", addresses.join(",")), threshold.to_string());
        let setup = cast.calldata(
            "setup(address[],uint256,address,bytes,address,address,uint256,address)",
            &[&list, &needed, ZERO, "0x", ZERO, ZERO, "0", ZERO],
        )?;
        let receipt =
            cast.send(payer, &factory, "createProxyWithNonce(address,bytes,uint256)", &[&singleton, &setup, "0"])?;
        // event ProxyCreation(SafeProxy indexed proxy, address singleton)
        let proxy = topic(&receipt, &factory, 1)?;
        let address = proxy.get(26..).map(|tail| format!("0x{tail}")).ok_or_else(|| anyhow!("no address: {proxy}"))?;
        if cast.call(&address, "getThreshold()(uint256)", &[])? != needed {
            bail!("the Safe {address} was not set up");
        }
        Ok(Self { address, signers: owners.iter().take(threshold).copied().collect(), payer, cast: cast.clone() })
    }

    /// The owners that the Safe itself names, lower case, in rising order.
    pub fn owners(&self) -> Result<Vec<String>> {
        let list = self.cast.call(&self.address, "getOwners()(address[])", &[])?;
        let names = list.trim_matches(['[', ']']).split(',').map(|name| name.trim().to_lowercase());
        let mut owners: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        owners.sort();
        Ok(owners)
    }

    /// Executes a call of the Safe with its owners' signatures and gives the receipt.
    pub fn execute(&self, to: &str, data: &str) -> Result<Value> {
        let nonce = self.cast.call(&self.address, "nonce()(uint256)", &[])?;
        let operation = [to, "0", data, "0", "0", "0", "0", ZERO, ZERO];
        let hash = self.cast.call(
            &self.address,
            "getTransactionHash(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,uint256)(bytes32)",
            &[&operation[..], &[&nonce]].concat(),
        )?;
        let signatures = self.signatures(&hash)?;
        let receipt = self.cast.send(
            self.payer,
            &self.address,
            "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
            &[&operation[..], &[&signatures]].concat(),
        )?;
        Ok(receipt)
    }

    /// The owners' signatures over a hash, joined in rising order of the owners' addresses as the Safe wants them.
    fn signatures(&self, hash: &str) -> Result<String> {
        let signed = |owner: &usize| Ok((self.cast.account(*owner)?, self.cast.sign_hash(*owner, hash)?));
        let mut signed = self.signers.iter().map(signed).collect::<Result<Vec<_>>>()?;
        signed.sort();
        let joined: String = signed.iter().map(|(_, signature)| signature.trim_start_matches("0x")).collect();
        Ok(format!("0x{joined}"))
    }
}

/// A topic of the first log that a contract emitted in a transaction.
pub fn topic(receipt: &Value, from: &str, index: usize) -> Result<String> {
    let logs = receipt.get("logs").and_then(Value::as_array).into_iter().flatten();
    let emitted =
        |log: &&Value| log.get("address").and_then(Value::as_str).is_some_and(|a| a.eq_ignore_ascii_case(from));
    let topic = logs.filter(emitted).find_map(|log| log.get("topics")?.get(index)?.as_str().map(str::to_owned));
    topic.ok_or_else(|| anyhow!("{from} emitted nothing with topic {index} in {receipt}"))
}

fn bytecode(node_modules: &Path, artifact: &str) -> Result<String> {
    let path = node_modules.join("@safe-global/safe-smart-account/build/artifacts/contracts").join(artifact);
    let text = fs::read(&path).with_context(|| format!("{} is missing; run npm ci", path.display()))?;
    let artifact: Value = serde_json::from_slice(&text)?;
    let code = artifact.get("bytecode").and_then(Value::as_str);
    code.map(str::to_owned).ok_or_else(|| anyhow!("{} holds no bytecode", path.display()))
}
