//! The index inside another program.

use crate::support::{Chain, options, provider};
use pars_indexer::{Health, Options, Service};
use tempfile::TempDir;

#[tokio::test]
async fn an_embedded_index_listens_nowhere_and_follows_all_the_same() {
    let folder = TempDir::new().unwrap();
    let chain = Chain::deploy(0).await;
    let options = Options { listen: None, ..options(chain.deployment.clone(), &folder.path().join("index.sqlite")) };
    let service = Service::start(options, provider(&chain.devnet)).await.unwrap();
    assert_eq!(service.address(), None);
    service.health().wait_for(|health| *health == Health::Synced).await.unwrap();
    assert!(service.progress().await.unwrap().head >= chain.deployment.block);
    service.stop().await;
}
