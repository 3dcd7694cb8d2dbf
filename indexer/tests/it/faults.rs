//! What goes wrong outside: nodes that are away or wrong, databases in use or of another deployment, reset chains.

use std::net::TcpListener;

use crate::support::{Chain, Index, devnet, options, provider};
use alloy::primitives::Address;
use alloy::providers::{Provider, ProviderBuilder};
use pars_bindings::deployment::{DeployConfig, Deployment, plan};
use pars_indexer::{Health, ServeError, Service, Store, StoreError};
use serde_json::json;
use tempfile::TempDir;

fn deployment(chain_id: u64) -> Deployment {
    plan(&DeployConfig::dev(chain_id, Address::repeat_byte(1), 0)).unwrap().deployment
}

#[tokio::test]
async fn an_unreachable_node_is_visible_in_readyz_and_the_api_stays_up() {
    let folder = TempDir::new().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = ProviderBuilder::new().connect_http(format!("http://{free}").parse().unwrap()).erased();
    let index = Index::start(deployment(7072), &folder.path().join("index.sqlite"), nobody).await;
    index.wait(|health| matches!(health, Health::Unreachable(_))).await;
    let (status, reply) = index.get("/readyz").await;
    assert_eq!((status, reply["error"]["code"].as_str()), (503, Some("rpc_unreachable")));
    assert_eq!(index.get("/healthz").await.0, 200);
    assert_eq!(index.data("/status").await["synced"], false);
    let (status, reply) = index.get("/v1/rooms").await;
    assert_eq!((status, reply["error"]["code"].as_str()), (503, Some("not_ready")));
}

#[tokio::test]
async fn a_node_of_another_chain_is_refused() {
    let (folder, devnet) = (TempDir::new().unwrap(), devnet(2));
    let options = options(deployment(31337), &folder.path().join("index.sqlite"));
    let mut service = Service::start(options, provider(&devnet)).await.unwrap();
    let error = service.failed().await;
    assert!(matches!(error, ServeError::WrongChain { expected, found } if (expected.0, found.0) == (31337, 7072)));
}

#[tokio::test]
async fn a_second_process_on_one_database_is_refused() {
    let (folder, devnet) = (TempDir::new().unwrap(), devnet(2));
    let path = folder.path().join("index.sqlite");
    let index = Index::start(deployment(7072), &path, provider(&devnet)).await;
    let second = Service::start(options(deployment(7072), &path), provider(&devnet)).await;
    assert!(matches!(second.err(), Some(ServeError::Store(StoreError::InUse(found))) if found == path));
    index.service.stop().await;
    Service::start(options(deployment(7072), &path), provider(&devnet)).await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_deployment_or_chain_is_refused() {
    let (folder, devnet) = (TempDir::new().unwrap(), devnet(2));
    let path = folder.path().join("index.sqlite");
    let index = Index::start(deployment(7072), &path, provider(&devnet)).await;
    index.wait(|health| *health == Health::Synced).await;
    index.service.stop().await;
    let other = plan(&DeployConfig::dev(7072, Address::repeat_byte(2), 0)).unwrap().deployment;
    let refused = Service::start(options(other, &path), provider(&devnet)).await.err();
    assert!(matches!(refused, Some(ServeError::Store(StoreError::OtherDeployment))), "{refused:?}");
    let refused = Service::start(options(deployment(31337), &path), provider(&devnet)).await.err();
    assert!(matches!(refused, Some(ServeError::Store(StoreError::OtherChain { .. }))), "{refused:?}");
}

#[tokio::test]
async fn a_reset_chain_is_named_and_the_old_rows_stay() {
    let chain = Chain::deploy(2).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("index.sqlite");
    chain.lock(1, 1_000_000, 71).await;
    let index = chain.index(&path).await;
    index.reach(&chain).await;
    index.service.stop().await;
    let rows = Store::open(&path).await.unwrap().rows().await.unwrap();

    let mut config = pars_devnet::Config::in_memory(7072);
    config.genesis_time = Some(1);
    let reset = pars_devnet::Devnet::start(&config).unwrap();
    reset.call("anvil_mine", json!([100])).await.unwrap();
    let index = Index::start(chain.deployment.clone(), &path, provider(&reset)).await;
    let health = index.wait(|health| matches!(health, Health::Refused(_))).await;
    assert!(health.message().contains("block 0"), "{health:?}");
    let (status, reply) = index.get("/readyz").await;
    assert_eq!((status, reply["error"]["code"].as_str()), (503, Some("refused")));
    assert_eq!(index.data("/v1/locks").await.as_array().unwrap().len(), 1, "the old rows are still served");
    index.service.stop().await;
    assert_eq!(Store::open(&path).await.unwrap().rows().await.unwrap(), rows);
}
