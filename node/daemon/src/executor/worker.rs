//! The executor's task: reads what has arrived, has it judged, submits, settles, tells.

use std::time::Duration;

use alloy::primitives::{B256, Bytes};
use pars_crypto::suite::Libcrux;
use pars_identity::IdentityId;
use pars_proto::action::{ActionReceipt, Authors, Policy, Refusal};
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;

use super::chain::{Chain, ChainError};
use super::journal::{Author, Journal, JournalError};
use super::judge::{Judge, Verdict};
use super::mail::{Letter, Mail};
use super::row::{Pending, Row, Told, Work};
use super::tell::Tries;
use super::{ExecutorConfig, ExecutorError, allow, settle};
use crate::driver::Stopped;

/// Longest pause between two looks at the chain while something is on its way there.
const PAUSE: Duration = Duration::from_millis(500);
/// The same while nothing is.
const REST: Duration = Duration::from_secs(30);
/// Milliseconds for which an action waits for what should come before it: messages may overtake each other.
const HOLD: u64 = 10_000;
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
    /// Answers that could not be given yet.
    pub(super) tries: Tries,
    /// The chain's head when every row was looked at last.
    pub(super) seen: B256,
}

impl<M: Mail> Worker<M> {
    pub(super) fn open(config: ExecutorConfig, mail: M) -> Result<Self, ExecutorError> {
        let ExecutorConfig { provider, deployment, signer, allow, journal, key } = config;
        let policy = allow::read(allow.as_deref())?;
        let chain = Chain::new(provider, &deployment, signer);
        let mut journal = Journal::open(&journal, key)?;
        // What they wait for may have come while nobody read.
        journal.hold_until(mail.now().saturating_add(HOLD));
        let mut authors = Authors::new(chain.contract);
        for Author { core, certificates, proven } in journal.authors()? {
            for certificate in certificates {
                if let Err(refusal) = authors.learn(&Libcrux, &core, &certificate) {
                    tracing::warn!(%refusal, "a certificate that was kept is dropped");
                }
            }
            if proven {
                authors.prove(core.id());
            }
        }
        tracing::info!(account = %chain.account(), trigger = %chain.contract.trigger, "executor is ready");
        let (tries, seen) = (Tries::default(), B256::ZERO);
        Ok(Self { mail, chain, journal, authors, policy, acknowledged: 0, tries, seen })
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
                let content = Bytes::copy_from_slice(&letter.content);
                let work = Work::Held { content, until: self.mail.now().saturating_add(HOLD) };
                self.journal.put(letter.cursor, self.row(&letter, action, work))?;
                Ok(false)
            }
            verdict => {
                let certified = matches!(verdict, Verdict::Certified(_));
                self.carry_out(&letter, verdict).await?;
                Ok(certified)
            }
        }
    }

    /// Whether the certificate, or the action, has come for which an action waits.
    pub(super) async fn look_again(&mut self, at: u64, row: &Row, content: &Bytes, until: u64) -> Result<(), Fault> {
        if self.journal.is_busy() {
            return Ok(());
        }
        let letter = letter(at, row, content);
        let verdict = self.judge(&letter).await?;
        // A clock that was set back makes nobody wait longer.
        let waits = (1..=HOLD).contains(&until.saturating_sub(self.mail.now()));
        if waits && matches!(&verdict, Verdict::Refused(_, refusal) if may_change(refusal)) {
            return Ok(());
        }
        self.carry_out(&letter, verdict).await
    }

    async fn judge(&mut self, letter: &Letter) -> Result<Verdict, Fault> {
        let core = self.mail.core(letter.from).await?;
        let Self { chain, authors, policy, journal, .. } = self;
        let was_proven = authors.is_proven(letter.from);
        let verdict = Judge { chain, authors, policy, core: core.as_ref() }.judge(letter).await?;
        while let Some(author) = authors.forgotten() {
            journal.forget(author)?;
        }
        if !was_proven && authors.is_proven(letter.from) {
            journal.prove(letter.from)?;
        }
        Ok(verdict)
    }

    /// A transaction of ours lost its place to another one of the account: judge anew.
    pub(super) async fn again(&mut self, at: u64, row: &Row, pending: &Pending) -> Result<(), Fault> {
        let letter = letter(at, row, &pending.content);
        let verdict = self.judge(&letter).await?;
        self.carry_out(&letter, verdict).await
    }

    async fn carry_out(&mut self, letter: &Letter, verdict: Verdict) -> Result<(), Fault> {
        match verdict {
            Verdict::Skip(refusal) => {
                tracing::debug!(%refusal, cursor = letter.cursor, "not for the executor");
                self.greet(letter).await?;
            }
            Verdict::Certified(certificate) => {
                if let Some(core) = self.mail.core(letter.from).await? {
                    self.journal.certify(letter.cursor, &core, &certificate)?;
                }
            }
            Verdict::Refused(action, refusal) => self.refuse(letter, action, &refusal)?,
            Verdict::Submit(ready, signed, block) => {
                let pending = Pending {
                    versions: vec![signed.hash],
                    raw: signed.raw,
                    nonce: signed.nonce,
                    block,
                    refused: false,
                    content: Bytes::copy_from_slice(&letter.content),
                };
                let row = self.row(letter, ready.hash(), Work::Sent(pending.clone()));
                // Durable before it leaves: after a crash these very bytes are sent, and no others.
                self.journal.put(letter.cursor, row.clone())?;
                tracing::info!(transaction = %signed.hash, "action submitted");
                let offered = self.chain.offer(&pending.raw).await?;
                settle::taken(self, letter.cursor, &row, pending, offered)?;
            }
        }
        Ok(())
    }

    /// Whoever is served and writes text is answered, unless that was done; a kill before it is durable finds the text again.
    async fn greet(&mut self, letter: &Letter) -> Result<(), Fault> {
        if letter.kind != ContentType::Text || self.policy.serves(letter.from).is_err() {
            return Ok(self.journal.advance(letter.cursor)?);
        }
        let row = self.row(letter, B256::ZERO, Work::Greet);
        Ok(self.journal.put(letter.cursor, row)?)
    }

    fn refuse(&mut self, letter: &Letter, action: B256, refusal: &Refusal) -> Result<(), Fault> {
        tracing::info!(%refusal, "action refused");
        let receipt = ActionReceipt::refused(letter.id, action, self.chain.contract.chain, refusal);
        let row = Row { receipt: Some(receipt.encode().into()), ..self.row(letter, action, Work::Done) };
        Ok(self.journal.put(letter.cursor, row)?)
    }

    /// A row as it begins. What its author was told already stays told.
    fn row(&self, letter: &Letter, action: B256, work: Work) -> Row {
        let told = self.journal.row(letter.cursor).map_or(Told::Nothing, |row| row.told);
        let (id, author, since) = (letter.id, letter.from.0, self.mail.now());
        Row { id, author, action, work, receipt: None, told, since }
    }
}

/// The certificate, or the action before this one, may be on its way.
const fn may_change(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::UnknownKey(_) | Refusal::NotNext { .. })
}

/// The message that a row was made of.
fn letter(at: u64, row: &Row, content: &Bytes) -> Letter {
    let kind = ContentType::Action;
    Letter { cursor: at, from: IdentityId(row.author), id: row.id, kind, content: content.to_vec().into() }
}
