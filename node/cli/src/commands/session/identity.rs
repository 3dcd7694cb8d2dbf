//! `session identity create|show`

use pars_identity::qr;
use pars_rpc::identity::{CreateIdentity, GetIdentity, Identity};

use super::document;
use crate::{args::IdentityCommand, context::Context, error::Error, output::Report};

/// `session identity …`
pub(super) async fn run(context: &Context, command: IdentityCommand) -> Result<Report, Error> {
    let daemon = context.daemon()?;
    match command {
        IdentityCommand::Create => {
            let created = daemon.call(&CreateIdentity {}).await?;
            let text = format!(
                "{}\n\nRevocation secret, shown this once:\n  {}\nWrite it on paper and keep it away from this machine. \
                 If your keys are stolen or lost, publishing it ends this identity for ever; whoever finds it can do so too.",
                words(&created.identity),
                created.revocation.reveal(),
            );
            Ok(Report::new(document(&created)?, text))
        }
        IdentityCommand::Show => {
            let identity = daemon.call(&GetIdentity {}).await?;
            Ok(Report::new(document(&identity)?, words(&identity)))
        }
    }
}

fn words(identity: &Identity) -> String {
    let published = if identity.published {
        "Published: others can write to you."
    } else {
        "Not published yet: others can write to you as soon as your records stand in the directory."
    };
    // A link that fits no QR code is still a link.
    let code = qr::to_terminal(&identity.link).map_or(String::new(), |code| format!("\n{code}"));
    format!("Identity {}\nLink     {}\n{published}{code}", identity.id, identity.link)
}
