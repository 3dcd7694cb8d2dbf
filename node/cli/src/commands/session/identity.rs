//! `session identity create|show|revocation`

use pars_identity::{IdentityId, qr};
use pars_rpc::identity::{CreateIdentity, GetIdentity, GetRevocation, Identity};
use pars_rpc::secret::Secret;

use super::document;
use crate::{args::IdentityCommand, context::Context, error::Error, output::Report};

/// `session identity …`
pub(super) async fn run(context: &Context, command: IdentityCommand) -> Result<Report, Error> {
    let daemon = context.daemon()?;
    match command {
        IdentityCommand::Create => {
            let created = daemon.call(&CreateIdentity {}).await?;
            let text = format!("{}\n\n{}", words(&created.identity), paper(&created.revocation));
            Ok(Report::new(document(&created)?, text))
        }
        IdentityCommand::Revocation => {
            let answer = daemon.call(&GetRevocation {}).await?;
            Ok(Report::new(document(&answer)?, paper(&answer.revocation)))
        }
        IdentityCommand::Show => {
            let identity = daemon.call(&GetIdentity {}).await?;
            Ok(Report::new(document(&identity)?, words(&identity)))
        }
    }
}

fn paper(revocation: &Secret) -> String {
    format!(
        "Revocation secret:\n  {}\nWrite it on paper and keep it away from this machine. If your keys are stolen or lost, \
         publishing it ends this identity for ever; whoever finds it can do so too.",
        revocation.reveal(),
    )
}

fn words(identity: &Identity) -> String {
    let published = if identity.published {
        "Published: others can write to you."
    } else {
        "Not published yet: others can write to you as soon as your records stand in the directory."
    };
    // A link that fits no QR code is still a link.
    let code = qr::to_terminal(&identity.link).map_or(String::new(), |code| format!("\n{code}"));
    // In checksum case, so that one wrong letter shows when a person copies it.
    let id = identity.id.parse::<IdentityId>().map_or_else(|_| identity.id.clone(), IdentityId::to_checksum_case);
    format!("Identity {id}\nLink     {}\n{published}{code}", identity.link)
}
