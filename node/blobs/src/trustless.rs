//! Reading blocks from somebody's trustless gateway (specs.ipfs.tech/http-gateways/trustless-gateway). The name says it: each
//! block is checked, so the gateway can keep one back but not change one.

use pars_blocks::{Block, Cid, MAX_BLOCK};
use reqwest::header::ACCEPT;
use reqwest::{Client, Url};

use crate::http;
use crate::store::{Answer, BlobError, BlobSource};

const WHAT: &str = "the gateway";

/// A gateway.
#[derive(Clone, Debug)]
pub struct Trustless {
    base: Url,
    http: Client,
}

impl Trustless {
    /// The gateway at this URL.
    ///
    /// # Errors
    /// [`BlobError::Url`], [`BlobError::System`].
    pub fn new(url: &str) -> Result<Self, BlobError> {
        let base = http::base(url)?;
        Ok(Self { http: http::client(&base)?, base })
    }
}

impl BlobSource for Trustless {
    fn get(&self, cid: Cid) -> Answer<'_, Block> {
        Box::pin(async move {
            let path = format!("ipfs/{cid}?format=raw");
            let url = self.base.join(&path).map_err(|_| BlobError::Url(self.base.to_string()))?;
            let request = self.http.get(url).header(ACCEPT, "application/vnd.ipld.raw");
            let response = http::send(WHAT, request).await.map_err(|error| match error {
                BlobError::Refused { status: 404 | 410, .. } => BlobError::Missing(cid),
                other => other,
            })?;
            Ok(Block::verified(cid, http::body(WHAT, response, MAX_BLOCK).await?)?)
        })
    }
}
