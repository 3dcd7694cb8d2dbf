//! `eligibility …`

mod can_join;
mod check;
mod key;
mod pinned;
mod prove;

use crate::{args::Eligibility, context::Context, error::Error, output::Report};

/// `eligibility …`
pub async fn run(context: &Context, command: &Eligibility) -> Result<Report, Error> {
    match command {
        Eligibility::Prove(arguments) => prove::run(context, arguments).await,
        Eligibility::Check(arguments) => check::run(context, arguments).await,
        Eligibility::CanJoin(arguments) => can_join::run(context, arguments).await,
    }
}
