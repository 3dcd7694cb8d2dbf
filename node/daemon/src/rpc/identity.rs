//! `identity.create`, `identity.get`.

use pars_engine::Node;
use pars_rpc::identity::{CreateIdentity, Created, GetIdentity, Identity};
use pars_rpc::{Code, RpcError};

use super::Context;
use super::answer::{Answers, stopped};
use crate::driver::CreateError;

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

fn show(node: &Node) -> Option<Identity> {
    let member = node.member()?;
    let (id, link) = (member.identity().id().to_string(), member.identity().link().to_string());
    Some(Identity { id, link, published: member.published() })
}
