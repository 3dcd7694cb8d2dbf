//! `page`: the link of the session daemon's page.

use serde_json::json;

use crate::{context::Context, error::Error, output::Report};

/// `page`
pub fn run(context: &Context) -> Result<Report, Error> {
    let link = context.daemon()?.page()?;
    let text =
        format!("{link}\nWho has this link may speak for you until the daemon ends: give it to your own browser only.");
    Ok(Report::new(json!({"link": link}), text))
}
