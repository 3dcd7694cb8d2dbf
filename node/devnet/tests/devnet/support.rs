//! What the tests share: the counter contract, an in-process provider, the real process.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use alloy::{
    network::EthereumWallet,
    primitives::Bytes,
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::client::RpcClient,
    sol,
};
use pars_devnet::{Config, Devnet, dev_accounts};
use serde_json::Value;

sol! {
    /// `node/chain/tests/fixtures/Counter.sol`.
    #[sol(rpc)]
    contract Counter {
        event Counted(address indexed by, uint256 value);
        error TooLarge(uint256 asked, uint256 limit);
        function value() external view returns (uint256);
        function add(uint256 n) external;
        function fail() external pure;
        function time() external view returns (uint256);
    }
}

/// Creation code of the counter.
pub(crate) fn counter_code() -> Bytes {
    include_str!("../../../chain/tests/fixtures/counter.hex").trim().parse().unwrap()
}

/// A chain in memory.
pub(crate) fn devnet() -> Devnet {
    Devnet::start(&Config::in_memory(7072)).unwrap()
}

/// A provider that signs with the first development account.
pub(crate) fn provider(client: RpcClient) -> DynProvider {
    let wallet = EthereumWallet::from(dev_accounts()[0].signer());
    ProviderBuilder::new().wallet(wallet).connect_client(client).erased()
}

/// Deploys the counter.
pub(crate) async fn deploy(provider: &DynProvider) -> Counter::CounterInstance<DynProvider> {
    let request = alloy::rpc::types::TransactionRequest::default();
    let request = alloy::network::TransactionBuilder::with_deploy_code(request, counter_code());
    let receipt = provider.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    Counter::new(receipt.contract_address.unwrap(), provider.clone())
}

/// The real program on a data directory.
pub(crate) struct Process {
    child: Child,
    pub(crate) rpc: String,
}

impl Process {
    /// Starts it and waits for its ready line.
    pub(crate) fn start(datadir: &Path, flags: &[&str]) -> Self {
        let mut child = Self::spawn(datadir, flags);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        assert_eq!(ready["ready"], true);
        Self { child, rpc: ready["rpc"].as_str().unwrap().to_owned() }
    }

    /// Starts it without waiting.
    pub(crate) fn spawn(datadir: &Path, flags: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_devnet"))
            .arg("--datadir")
            .arg(datadir)
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Sends SIGKILL and waits for the end.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
