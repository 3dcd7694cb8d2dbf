//! Proof and signatures of a statement: the proof on a thread that may block, the identity's signature where the identity is.

use std::sync::Arc;

use alloy::primitives::Address;
use pars_circuits::prove::ProveError;
use pars_circuits::{Ineligible, Purpose, Request, Secret, Witness};
use pars_crypto::secret::Zeroizing;
use pars_proto::room::{Body, Form, Support};
use pars_rpc::{Code, RpcError};

use crate::driver::{Handle, SUITE};
use crate::random;
use crate::room::facts::Pinned;
use crate::room::home::{Home, HomeError};

/// What an own leaf is proven with.
#[derive(Clone)]
pub(in crate::room) struct Prover {
    pub(in crate::room) pinned: Arc<Pinned>,
    pub(in crate::room) account: Address,
    pub(in crate::room) secret: Secret,
}

/// The statement's support, as the machine wants it.
pub(super) type Proven = Result<Support, RpcError>;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
enum Unproven {
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Ineligible(#[from] Ineligible),
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl From<Unproven> for RpcError {
    fn from(error: Unproven) -> Self {
        let code = match error {
            Unproven::Ineligible(_) => Code::NotEligible,
            Unproven::Home(_) | Unproven::Prove(_) => Code::ProofInvalid,
        };
        Self::new(code, error.to_string())
    }
}

/// Everything that supports a body.
pub(super) async fn support(
    handle: &Handle,
    home: &Home,
    (body, prover, wallet): (Body, Option<Prover>, Option<[u8; 65]>),
) -> Proven {
    let points = match prover {
        Some(prover) => Some(points(home.clone(), prover, &body).await?),
        None => None,
    };
    match (body.form(), points, wallet) {
        (Form::Anonymous, Some(points), None) => Ok(Support::Anonymous { points }),
        (Form::Identified | Form::Committee, points, Some(wallet)) => {
            let signed = handle.read(move |node| {
                let member = node.member()?;
                Some(body.sign_identity(SUITE, &member.identity().device.signing, &mut random::system()))
            });
            let identity = signed.await.map_err(|_| Code::Internal)?.ok_or(Code::IdentityUnknown)?;
            Ok(Support::Named { points, wallet, identity })
        }
        _ => Err(Code::ProofInvalid.into()),
    }
}

async fn points(home: Home, prover: Prover, body: &Body) -> Result<Box<[u8; 256]>, RpcError> {
    let (payload, issued_at) = (body.seat_hash(), body.issued_at);
    let work = move || {
        let Prover { pinned, account, secret } = prover;
        let key = home.proving_key()?;
        let request = Request { account, secret: &secret, purpose: Purpose::Join, payload, issued_at };
        let witness = Witness::new(&pinned.leaves, &pinned.sitting, &request)?;
        let seed = Zeroizing::new(random::bytes::<32>());
        Ok::<_, Unproven>(key.prove(&witness, &seed)?.points())
    };
    let words = tokio::task::spawn_blocking(work).await.map_err(|_| RpcError::from(Code::Internal))??;
    let mut points = Box::new([0; 256]);
    for (to, word) in points.as_chunks_mut::<32>().0.iter_mut().zip(words) {
        *to = word.to_be_bytes();
    }
    Ok(points)
}
