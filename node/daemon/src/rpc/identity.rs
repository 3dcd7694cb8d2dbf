//! `identity.create`, `identity.get`, `identity.revocation`.

use pars_engine::Node;
use pars_identity::seed::IdentityKeys;
use pars_rpc::identity::{CreateIdentity, Created, GetIdentity, GetRevocation, Identity, Revocation};
use pars_rpc::{Code, RpcError};

use super::answer::{Answers, stopped};
use super::{Context, Door};
use crate::driver::{CreateError, SUITE};

impl Answers for CreateIdentity {
    async fn answer(self, context: &Context) -> Result<Created, RpcError> {
        let created = context.handle.create().await.map_err(|error| match error {
            CreateError::Exists => RpcError::new(Code::IdentityExists, error.to_string()),
            CreateError::Failed(_) | CreateError::Stopped(_) => RpcError::new(Code::Internal, error.to_string()),
        })?;
        let identity = GetIdentity {}.answer(context).await?;
        Ok(Created { identity, revocation: hex::encode(created.revocation.expose()).into() })
    }
}

impl Answers for GetIdentity {
    async fn answer(self, context: &Context) -> Result<Identity, RpcError> {
        context.handle.read(show).await.map_err(stopped)?.ok_or_else(|| Code::NoIdentity.into())
    }
}

impl Answers for GetRevocation {
    /// Whoever reaches the socket can read `store.key` and the store as well: nothing is given to him that he had not.
    /// A page that has the token cannot.
    async fn answer(self, context: &Context) -> Result<Revocation, RpcError> {
        if context.door != Door::Socket {
            let sentence =
                "the revocation secret is told over the Unix socket only: parsctl session identity revocation";
            return Err(RpcError::new(Code::InvalidRequest, sentence));
        }
        let read = context.handle.read(|node| {
            let keys = IdentityKeys::derive(SUITE, &node.member()?.identity().entropy);
            Some(keys.revocation().clone())
        });
        let secret = read.await.map_err(stopped)?.ok_or(Code::NoIdentity)?;
        Ok(Revocation { revocation: hex::encode(secret.expose()).into() })
    }
}

fn show(node: &Node) -> Option<Identity> {
    let member = node.member()?;
    let (id, link) = (member.identity().id().to_string(), member.identity().link().to_string());
    Some(Identity { id, link, published: member.published() })
}
