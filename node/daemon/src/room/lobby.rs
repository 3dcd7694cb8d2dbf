//! `room.list` and `room.lobby`: what the own index and a fetched metadata object say. Nobody is asked about anybody, and no host
//! is told who looks at its room: seats taken are known of the sittings that are hosted here, and of no others.

use std::collections::BTreeSet;
use std::time::Duration;

use alloy::primitives::{Address, U256};
use alloy::signers::local::PrivateKeySigner;
use pars_bindings::dev;
use pars_indexer::RoomView;
use pars_proto::room::Description;
use pars_rpc::room as rpc;
use pars_rpc::{Code, RpcError};
use pars_wire::{Kind, RoomId};

use super::facts::{MAXTIME, Running};
use super::{Inner, Rooms};

/// How long service nodes are waited for that may hold the object of a room that is only looked at: one that does not answer must
/// not keep the others from being shown.
const SHOWN: Duration = Duration::from_secs(3);

/// Whether the built-in wallet is there.
pub(super) const fn has_dev_wallet(chain: u64) -> bool {
    chain == 7_072
}

/// Accounts of the built-in wallet.
pub(super) fn dev_accounts() -> impl Iterator<Item = Address> {
    dev::KEYS.iter().filter_map(|key| Some(PrivateKeySigner::from_bytes(key).ok()?.address()))
}

impl Rooms {
    /// `room.list`.
    ///
    /// # Errors
    /// The index failed.
    pub async fn list(&self) -> Result<Vec<rpc::RoomSummary>, RpcError> {
        let views =
            self.0.oracle.index.all().await.map_err(|error| RpcError::new(Code::Internal, error.to_string()))?;
        let shown = views.iter().filter(|view| !view.room.closed).map(|view| self.0.summary(view));
        Ok(futures::future::join_all(shown).await.into_iter().map(|(summary, _)| summary).collect())
    }

    /// `room.lobby`; `asked`: accounts of a wallet that are judged beside the own ones.
    ///
    /// # Errors
    /// No such room, or the index failed.
    pub async fn lobby(&self, room: rpc::Room, asked: &[rpc::Account]) -> Result<rpc::Lobby, RpcError> {
        let inner = &self.0;
        let room = RoomId(room.0.into());
        let view = inner.oracle.room(room).await?;
        let (summary, description) = inner.summary(&view).await;
        let running = inner.oracle.running(room).await.ok();
        let item = |item: &pars_proto::room::AgendaItem| rpc::AgendaItem {
            minutes: item.minutes,
            text: item.text.as_str().to_owned(),
        };
        let description = description.as_ref();
        let languages = description.map(|of| of.languages.iter().map(|tag| tag.as_str().to_owned()).collect());
        let at = running.as_ref().map_or(view.head_time, |running| running.sitting.ends_at);
        let chain_id = inner.oracle.deployment().chain_id;
        Ok(rpc::Lobby {
            summary,
            agenda: description.map(|of| of.agenda.iter().map(item).collect()).unwrap_or_default(),
            languages: languages.unwrap_or_default(),
            known: inner.known_entry(running.as_ref(), asked).await?,
            anonymous: inner.anonymous_entry(running.as_ref()).await?,
            power: inner.power(at).await?,
            at,
            chain_id,
            dev_wallet: has_dev_wallet(chain_id),
        })
    }
}

impl Inner {
    async fn summary(&self, view: &RoomView) -> (rpc::RoomSummary, Option<Description>) {
        let running = view.running_final();
        let hash = running.map_or(view.room.metadata_hash, |row| row.metadata_hash);
        let object = self.object(hash, SHOWN).await;
        let metadata = object.and_then(|it| pars_proto::room::Metadata::open(&it, &hash, view.room.room_id).ok());
        let description = metadata.as_ref().and_then(|metadata| metadata.description(None).ok());
        let summary = rpc::RoomSummary {
            room: rpc::Prefixed(view.room.room_id.0.0),
            kind: match view.room.kind {
                Kind::TownHall => rpc::RoomKind::TownHall,
                Kind::Committee => rpc::RoomKind::Committee,
                Kind::OpenForum => rpc::RoomKind::OpenForum,
            },
            title: description.as_ref().map(|description| description.title.as_str().to_owned()),
            host: metadata.is_some_and(|metadata| !metadata.front().hosts.is_empty()),
            sitting: running.map(|row| rpc::Sitting {
                id: row.sitting_id.0,
                opened_at: row.opened_at,
                ends_at: row.ends_at,
            }),
            seats: running.and(self.hosting.as_ref()).and_then(|hosting| hosting.taken((view.room.room_id, hash))),
            capacity: view.room.capacity,
            min_balance: view.room.min_balance.to_string(),
        };
        (summary, description)
    }

    /// Accounts that a wallet of this daemon's user may hold.
    fn own_accounts(&self) -> BTreeSet<Address> {
        let mut all = self.home.accounts();
        all.extend(&self.accounts);
        if has_dev_wallet(self.oracle.deployment().chain_id) {
            all.extend(dev_accounts());
        }
        all
    }

    async fn known_entry(
        &self,
        running: Option<&Running>,
        asked: &[rpc::Account],
    ) -> Result<rpc::KnownEntry, RpcError> {
        let refused =
            |code: Code| rpc::KnownEntry { allowed: false, reason: Some(code.name().to_owned()), accounts: Vec::new() };
        let Some(running) = running else { return Ok(refused(Code::RoomClosed)) };
        let mut accounts = Vec::new();
        let asked = asked.iter().map(|account| Address::new(account.0));
        for account in self.own_accounts().into_iter().chain(asked).collect::<BTreeSet<_>>() {
            if self.oracle.has_access(running, account).await? {
                accounts.push(rpc::Prefixed(account.0.0));
            }
        }
        if accounts.is_empty() {
            return Ok(refused(Code::NotEligible));
        }
        let identity = self.handle.read(|node| node.member().is_some()).await.map_err(|_| Code::Internal)?;
        if identity {
            return Ok(rpc::KnownEntry { allowed: true, reason: None, accounts });
        }
        Ok(rpc::KnownEntry { accounts, ..refused(Code::IdentityUnknown) })
    }

    async fn anonymous_entry(&self, running: Option<&Running>) -> Result<rpc::AnonymousEntry, RpcError> {
        let refused = |code: Code, k| rpc::AnonymousEntry {
            allowed: false,
            reason: Some(code.name().to_owned()),
            ready: false,
            k,
        };
        let Some(running) = running else { return Ok(refused(Code::RoomClosed, 0)) };
        if !running.sitting.kind.allows_anonymous() {
            return Ok(refused(Code::AnonymousNotAllowed, 0));
        }
        let k = self.oracle.pinned(&running.sitting.scope).await?.anonymity_set();
        let k = u64::try_from(k).unwrap_or(u64::MAX);
        if self.leaf(running, None).await?.is_none() {
            return Ok(refused(Code::NotEligible, k));
        }
        Ok(rpc::AnonymousEntry { allowed: true, reason: None, ready: true, k })
    }

    /// The most that one own account has at a time.
    async fn power(&self, at: u64) -> Result<Option<String>, RpcError> {
        let mut most = None;
        for account in self.home.accounts().into_iter().chain(self.accounts.iter().copied()) {
            most = most.max(Some(self.oracle.power_time(account, at).await?));
        }
        let most = most.filter(|power| !power.is_zero());
        Ok(most.map(|power| (power / U256::from(MAXTIME)).to_string()))
    }
}
