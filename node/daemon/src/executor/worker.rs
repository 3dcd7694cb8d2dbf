//! The executor's task: reads what has arrived, has it judged, submits, settles, tells.

use std::collections::BTreeMap;
use std::time::Duration;

use alloy::primitives::{B256, Bytes};
use pars_crypto::suite::Libcrux;
use pars_identity::IdentityId;
use pars_proto::action::{ActionReceipt, Authors, Policy, Refusal};
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;

use super::chain::{Chain, ChainError};
use super::journal::{Journal, JournalError, Pending, Row, Told};
use super::judge::{Judge, Verdict};
use super::mail::{Letter, Mail};
use super::{ExecutorConfig, ExecutorError, allow, settle};
use crate::driver::Stopped;

/// Longest pause between two looks at the chain while something is on its way there.
const PAUSE: Duration = Duration::from_millis(500);
/// The same while nothing is.
const REST: Duration = Duration::from_secs(30);
/// Looks for which an action waits for what should come before it: messages may overtake each other.
const HOLD: u32 = 20;
/// Actions that wait like this at most; those beyond are refused at once.
const MAX_HELD: usize = 64;
/// Entries of the history read at once.
const PAGE: usize = 64;

/// Why a step ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Tried again.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The end.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The end.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// An executor.
pub(super) struct Worker<M> {
    pub(super) mail: M,
    pub(super) chain: Chain,
    pub(super) journal: Journal,
    authors: Authors,
    policy: Policy,
    acknowledged: u64,
    /// Looks so far, by the cursor of an action that waits.
    looks: BTreeMap<u64, u32>,
}

impl<M: Mail> Worker<M> {
    pub(super) fn open(config: ExecutorConfig, mail: M) -> Result<Self, ExecutorError> {
        let ExecutorConfig { provider, deployment, signer, allow, journal, key } = config;
        let policy = allow::read(allow.as_deref())?;
        let chain = Chain::new(provider, &deployment, signer);
        let journal = Journal::open(&journal, key)?;
        let mut authors = Authors::new(chain.contract);
        for (core, certificates) in journal.authors()? {
            for certificate in certificates {
                if let Err(refusal) = authors.learn(&Libcrux, &core, &certificate) {
                    tracing::warn!(%refusal, "a certificate that was kept is dropped");
                }
            }
        }
        tracing::info!(account = %chain.account(), trigger = %chain.contract.trigger, "executor is ready");
        Ok(Self { mail, chain, journal, authors, policy, acknowledged: 0, looks: BTreeMap::new() })
    }

    /// Until the daemon ends.
    pub(super) async fn run(mut self) -> Result<(), ExecutorError> {
        loop {
            let pause = match self.step().await {
                Ok(()) if self.journal.open_rows().is_empty() => REST,
                Ok(()) => PAUSE,
                Err(Fault::Chain(error)) => {
                    tracing::warn!(%error, "the executor waits for the chain");
                    PAUSE
                }
                Err(Fault::Journal(error)) => return Err(error.into()),
                Err(Fault::Stopped(_)) => return Ok(()),
            };
            if self.mail.wait(pause).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Everything that can be done now.
    pub(super) async fn step(&mut self) -> Result<(), Fault> {
        settle::settle(self).await?;
        while !self.journal.is_busy() {
            let page = self.mail.after(self.journal.cursor(), PAGE).await?;
            let Some(upto) = page.upto else { break };
            for letter in page.letters {
                if self.take(letter).await? {
                    // What waited for this certificate comes before what was written after it.
                    settle::settle(self).await?;
                }
                if self.journal.is_busy() {
                    break;
                }
            }
            if !self.journal.is_busy() {
                self.journal.advance(upto)?;
            }
            settle::settle(self).await?;
        }
        if self.journal.cursor() > self.acknowledged {
            self.mail.acknowledge(self.journal.cursor()).await?;
            self.acknowledged = self.journal.cursor();
        }
        Ok(())
    }

    /// Deal with one message; whether it was a certificate.
    async fn take(&mut self, letter: Letter) -> Result<bool, Fault> {
        if self.journal.knows(letter.id) {
            self.journal.advance(letter.cursor)?;
            return Ok(false);
        }
        let verdict = self.judge(&letter).await?;
        match verdict {
            Verdict::Refused(action, refusal) if may_change(&refusal) && self.journal.held() < MAX_HELD => {
                let held = Some(Bytes::copy_from_slice(&letter.content));
                self.journal.put(letter.cursor, Row { held, ..row(&letter, action, Told::Nothing) })?;
                Ok(false)
            }
            verdict => {
                let certified = matches!(verdict, Verdict::Certified(_));
                self.carry_out(&letter, verdict, Told::Nothing).await?;
                Ok(certified)
            }
        }
    }

    /// Whether the certificate, or the action, has come for which an action waits.
    pub(super) async fn look_again(&mut self, at: u64, row: &Row, content: &Bytes) -> Result<(), Fault> {
        if self.journal.is_busy() {
            return Ok(());
        }
        let letter = letter(at, row, content);
        let verdict = self.judge(&letter).await?;
        let looks = self.looks.entry(at).or_default();
        *looks += 1;
        if *looks < HOLD && matches!(&verdict, Verdict::Refused(_, refusal) if may_change(refusal)) {
            return Ok(());
        }
        self.looks.remove(&at);
        self.carry_out(&letter, verdict, row.told).await
    }

    async fn judge(&mut self, letter: &Letter) -> Result<Verdict, Fault> {
        let core = self.mail.core(letter.from).await?;
        let Self { chain, authors, policy, .. } = self;
        Ok(Judge { chain, authors, policy, core: core.as_ref() }.judge(letter).await?)
    }

    /// A transaction of ours lost its place to another one of the account: judge anew.
    pub(super) async fn again(&mut self, at: u64, row: &Row, pending: &Pending) -> Result<(), Fault> {
        let letter = letter(at, row, &pending.content);
        let verdict = self.judge(&letter).await?;
        self.carry_out(&letter, verdict, row.told).await
    }

    async fn carry_out(&mut self, letter: &Letter, verdict: Verdict, told: Told) -> Result<(), Fault> {
        match verdict {
            Verdict::Skip(refusal) => {
                tracing::debug!(%refusal, cursor = letter.cursor, "not for the executor");
                if letter.kind == ContentType::Text {
                    self.mail.greet(letter.from).await?;
                }
                self.journal.advance(letter.cursor)?;
            }
            Verdict::Certified(certificate) => {
                if let Some(core) = self.mail.core(letter.from).await? {
                    self.journal.certify(letter.cursor, &core, &certificate)?;
                }
            }
            Verdict::Refused(action, refusal) => self.refuse(letter, action, &refusal, told)?,
            Verdict::Submit(cleared, signed) => {
                let content = Bytes::copy_from_slice(&letter.content);
                let pending = Pending { raw: signed.raw.clone(), hash: signed.hash, nonce: signed.nonce, content };
                let action = cleared.facts().hash;
                let row = Row { pending: Some(pending), ..row(letter, action, told) };
                // Durable before it leaves: after a crash these very bytes are sent, and no others.
                self.journal.put(letter.cursor, row)?;
                tracing::info!(transaction = %signed.hash, "action submitted");
                self.chain.send(&signed).await?;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, letter: &Letter, action: B256, refusal: &Refusal, told: Told) -> Result<(), Fault> {
        tracing::info!(%refusal, "action refused");
        let receipt = ActionReceipt::refused(letter.id, action, self.chain.contract.chain, refusal);
        let row = Row { receipt: Some(receipt.encode().into()), ..row(letter, action, told) };
        Ok(self.journal.put(letter.cursor, row)?)
    }
}

/// The certificate, or the action before this one, may be on its way.
const fn may_change(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::UnknownKey(_) | Refusal::NotNext { .. })
}

fn row(letter: &Letter, action: B256, told: Told) -> Row {
    Row { id: letter.id, author: letter.from.0, action, pending: None, held: None, receipt: None, told }
}

/// The message that a row was made of.
fn letter(at: u64, row: &Row, content: &Bytes) -> Letter {
    let kind = ContentType::Action;
    Letter { cursor: at, from: IdentityId(row.author), id: row.id, kind, content: content.to_vec().into() }
}
