//! `eligibility prove`: everything from the local index and the home; no request names the member.

use std::time::Duration;

use alloy::primitives::Address;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pars_bindings::deployment::Deployment;
use pars_circuits::{
    Ineligible, LeafSet, ProofFile, Purpose, Request, Secret, Sitting, Witness, key::DEV_CHAIN_IDS, prove::ProveError,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{key, pinned};
use crate::{
    args::Prove,
    clock,
    context::Context,
    error::Error,
    files::public::{self, Readers},
    indexer::{FINAL, INDEXED, Indexer, settled},
    output::Report,
};

/// `eligibility prove`
pub(super) async fn run(context: &Context, arguments: &Prove) -> Result<Report, Error> {
    let indexer = context.indexer()?;
    let chain_id = indexer.status().await?.chain_id;
    let deployment = context.deployment(chain_id)?;
    let account = context.account(arguments.account, chain_id)?;
    let bar = progress(ProgressDrawTarget::stderr());
    bar.set_message("reading the sitting's leaf set");
    let sitting = running(&indexer, &deployment, arguments).await?;
    let leaves = pinned::leaves(&indexer, &sitting).await?;
    let k = leaves.anonymity_set(sitting.threshold, sitting.at);
    bar.inc(1);
    if leaves.find(account).is_none() {
        return Err(absent(&indexer, account).await?);
    }
    bar.set_message("preparing");
    let secret = secret(context, &leaves, account, chain_id)?;
    let request = Request {
        account,
        secret: &secret,
        purpose: Purpose::Join,
        payload: arguments.payload,
        issued_at: clock::unix_seconds(),
    };
    let witness = Witness::new(&leaves, &sitting, &request).map_err(ineligible)?;
    enough_anonymity(k, arguments.least_anonymity, chain_id)?;
    bar.inc(1);
    let file = prove(
        context,
        &Job { deployment: &deployment, sitting: &sitting, request: &request, arguments },
        &witness,
        &bar,
    )?;
    bar.finish_and_clear();
    report(arguments, &file, k, leaves.leaves().len())
}

/// The room's sitting, which may have been opened a moment ago. It is used once its block is final (ELIGIBILITY 2.1):
/// a proof against a root that a reorganisation takes back would have shown the nullifier for nothing.
async fn running(indexer: &Indexer, deployment: &Deployment, arguments: &Prove) -> Result<Sitting, Error> {
    let open = async || pinned::sitting(&indexer.room(arguments.room).await?, deployment, None);
    let pending = ["room_unknown", "no_running_sitting"];
    settled(INDEXED, open, |answer| !matches!(answer, Err(error) if pending.contains(&&*error.code()))).await?;
    let decided = async || {
        let room = indexer.room(arguments.room).await?;
        let sitting = pinned::sitting(&room, deployment, None)?;
        if room.sitting.is_some_and(|row| row.finalized) {
            return Ok(sitting);
        }
        let why = format!("room {}: the block that opened the sitting is not final yet; try again later", room.room_id);
        Err(Error::refused("sitting_not_final", why))
    };
    settled(FINAL, decided, |answer| !matches!(answer, Err(error) if error.code() == "sitting_not_final")).await
}

struct Job<'a> {
    deployment: &'a Deployment,
    sitting: &'a Sitting,
    request: &'a Request<'a>,
    arguments: &'a Prove,
}

fn prove(context: &Context, job: &Job<'_>, witness: &Witness, bar: &ProgressBar) -> Result<ProofFile, Error> {
    bar.set_message("loading the proving key");
    let key = key::proving(context, job.deployment, job.arguments.key.as_deref())?;
    bar.inc(1);
    bar.set_message("proving");
    let mut seed = Zeroizing::new([0u8; 32]);
    getrandom::fill(seed.as_mut()).map_err(Error::Randomness)?;
    // The prover verifies its proof before it hands it out.
    let proof = key.prove(witness, &seed).map_err(|e| Error::Proof { code: prove_code(&e), message: e.to_string() })?;
    bar.inc(1);
    let file = ProofFile::new(job.sitting, job.request, witness, &proof);
    if let Some(out) = &job.arguments.out {
        public::write_json(out, &file, Readers::Owner)?;
    }
    Ok(file)
}

fn report(arguments: &Prove, file: &ProofFile, k: usize, leaves: usize) -> Result<Report, Error> {
    let mut document = json!({
        "roomId": file.room_id, "sittingId": file.sitting_id, "nullifier": file.nullifier, "payload": file.payload,
        "issuedAt": file.issued_at, "root": file.inputs.first(), "k": k, "leaves": leaves,
        "proofBytes": file.proof.len(), "file": arguments.out,
    });
    let crowd = match k {
        1 => "You are the only holder who could have made this proof: it is not anonymous.".to_owned(),
        _ => format!("You are one of {k} holders who could have made this proof."),
    };
    let (sitting, room, nullifier) = (file.sitting_id, file.room_id, file.nullifier);
    let mut text = format!("Proved a seat in sitting {sitting} of room {room}.\nNullifier {nullifier}.\n{crowd}");
    match &arguments.out {
        Some(out) => text += &format!("\nThe proof is in {}.", out.display()),
        None => {
            document["proof"] = json!(file);
            text += &format!("\nProof {}", file.proof);
        }
    }
    Ok(Report::new(document, text))
}

/// The secret of the commitment that the pinned tree holds, which is not the newest one after a rotation.
fn secret(context: &Context, leaves: &LeafSet, account: Address, chain_id: u64) -> Result<Secret, Error> {
    let Some((_, leaf)) = leaves.find(account) else { return Err(ineligible(Ineligible::NotRegistered(account))) };
    match context.home.secret(chain_id, account, leaf.commitment)? {
        Some(secret) => Ok(secret),
        None if context.home.commitments(chain_id, account)?.is_empty() => {
            let message = format!("this home holds no secret of {account}; use the home with which it was registered");
            Err(Error::refused("secret_missing", message))
        }
        None => {
            let message = format!(
                "the sitting pinned commitment {} of {account}, whose secret is not in this home; \
                 a new commitment counts from the next sitting",
                leaf.commitment
            );
            Err(Error::refused("commitment_mismatch", message))
        }
    }
}

/// Why an account has no leaf in the pinned tree, told from whole lists.
async fn absent(indexer: &Indexer, account: Address) -> Result<Error, Error> {
    if indexer.registered_accounts().await?.contains(&account) {
        let message = format!("{account} registered after this sitting was opened; it counts from the next sitting");
        return Ok(Error::refused("registered_after_opening", message));
    }
    if indexer.locked_accounts().await?.contains(&account) {
        return Ok(ineligible(Ineligible::NotRegistered(account)));
    }
    Ok(Error::refused("stranger", format!("{account} has no lock and no leaf; lock PARS and register first")))
}

/// A refusal of the circuit's own pre-check.
fn ineligible(error: Ineligible) -> Error {
    Error::refused(error.code(), error.to_string())
}

const fn prove_code(error: &ProveError) -> &'static str {
    match error {
        ProveError::Synthesis(_) => "synthesis_failed",
        ProveError::OwnProof(_) => "own_proof_invalid",
    }
}

/// Refuses to hide among too few, except on development networks (ELIGIBILITY 2.9, DECISIONS O-33).
fn enough_anonymity(k: usize, least: usize, chain_id: u64) -> Result<(), Error> {
    if k >= least || DEV_CHAIN_IDS.contains(&chain_id) {
        return Ok(());
    }
    let message = format!("only {k} holders could have made this proof, {least} are asked for; see --least-anonymity");
    Err(Error::refused("anonymity_set_too_small", message))
}

/// Four stages on a terminal; nothing is drawn where the target is none.
fn progress(target: ProgressDrawTarget) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(4), target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:24}] {msg} {elapsed}") {
        bar.set_style(style.progress_chars("=> "));
    }
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(80));
    }
    bar
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that keeps what is written to it.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl Screen {
        fn write(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write(line)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.write(text)
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn four_stages_fill_the_bar_on_a_terminal() {
        let screen = Screen::default();
        let bar = progress(ProgressDrawTarget::term_like(Box::new(screen.clone())));
        let full = format!("[{}]", "=".repeat(24));
        for stage in 1..=4 {
            assert!(!screen.0.lock().unwrap().contains(&full), "full before stage {stage}");
            bar.inc(1);
            // A new message is drawn at once, without the clock that turns the spinner.
            bar.set_message(format!("stage {stage}"));
            let drawn = screen.0.lock().unwrap().clone();
            let filled = format!("[{}", "=".repeat(6 * stage));
            let line = drawn.rsplit('[').find(|line| line.contains(&format!("stage {stage}")));
            assert!(line.is_some_and(|line| line.starts_with(&filled[1..])), "stage {stage}: {drawn}");
        }
        assert!(screen.0.lock().unwrap().contains(&full));
        assert_eq!((bar.position(), bar.length()), (4, Some(4)));
        bar.finish_and_clear();
    }

    #[test]
    fn where_there_is_no_terminal_the_bar_counts_and_stays_hidden() {
        let bar = progress(ProgressDrawTarget::hidden());
        for _ in 0..4 {
            bar.set_message("a stage");
            bar.inc(1);
        }
        assert!(bar.is_hidden());
        assert_eq!((bar.position(), bar.length()), (4, Some(4)));
    }

    #[test]
    fn a_small_anonymity_set_is_refused_except_on_development_networks() {
        assert_eq!(enough_anonymity(19, 20, 7070).unwrap_err().code(), "anonymity_set_too_small");
        assert!(enough_anonymity(20, 20, 7070).is_ok());
        assert!(enough_anonymity(5, 5, 7071).is_ok());
        assert!(enough_anonymity(1, 20, 7072).is_ok());
    }
}
