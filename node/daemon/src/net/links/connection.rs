//! The tasks of single connections: those we open, those we accept.

use pars_engine::Link;
use pars_wire::NodeId;
use quinn::{Connection, Endpoint, Incoming};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::limits;
use super::pump::{Ended, Pump, Queued};
use super::tls;
use super::transport::{DialError, Dialer};
use crate::net::NetOut;
use crate::net::admission::{Admission, Slot};
use crate::net::capture::{Capture, Opener};
use crate::net::directory::Route;

/// What every connection needs.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) out: mpsc::Sender<NetOut>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) capture: Option<Capture>,
}

/// What the tasks of connections tell [`super::Links`].
#[derive(Debug)]
pub(super) enum Report {
    /// A client's stream stands.
    Opened { token: [u8; 16], queue: mpsc::Sender<Queued> },
    /// It ended.
    Closed { token: [u8; 16] },
    /// A link we opened ended, or never stood.
    Ended { node: NodeId, number: u64, stood: bool },
}

/// The delivery token: an exporter of the connection's TLS, equal at both ends, new for each connection, seen by nobody else.
fn token(connection: &Connection) -> Option<[u8; 16]> {
    let mut token = [0; 16];
    connection.export_keying_material(&mut token, tls::TOKEN_LABEL, &[]).ok()?;
    Some(token)
}

/// A link to be opened.
pub(super) struct Outgoing {
    pub(super) shared: Shared,
    pub(super) dialer: Dialer,
    pub(super) node: NodeId,
    /// Absent if no descriptor of the node is held.
    pub(super) route: Option<Route>,
    /// Which attempt, for the report.
    pub(super) number: u64,
    /// The engine asked for it and is told how it goes; otherwise it ends by itself when nothing is sent.
    pub(super) asked: bool,
}

impl Outgoing {
    /// Open the link and carry packets until it ends.
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Queued>) {
        let stood = match self.dial().await {
            Ok(connection) => self.carry(connection, &mut queue).await,
            Err(error) => {
                tracing::debug!(node = %hex::encode(&self.node.0[..4]), %error, "a link was not opened");
                false
            }
        };
        // Whoever gave the link up is not told that it ended: another one may stand by now.
        if self.asked && !queue.is_closed() {
            let _ = self.shared.out.send(NetOut::Disconnected(self.node)).await;
        }
        let _ = self.shared.reports.send(Report::Ended { node: self.node, number: self.number, stood }).await;
    }

    async fn dial(&self) -> Result<Connection, DialError> {
        self.dialer.dial(self.route.as_ref().ok_or(DialError::NoAddress)?).await
    }

    async fn carry(&self, connection: Connection, queue: &mut mpsc::Receiver<Queued>) -> bool {
        let (Some(token), Ok((send, recv))) = (token(&connection), connection.open_bi().await) else { return false };
        if self.asked {
            let _ = self.shared.out.send(NetOut::Connected { node: self.node, token }).await;
        }
        let pump = Pump {
            connection,
            token,
            link: Link::Node(self.node),
            opener: Opener::We,
            out: self.shared.out.clone(),
            capture: self.shared.capture.clone(),
            idle: (!self.asked).then_some(limits::IDLE),
            patience: limits::PACKET,
        };
        let ended = pump.run(send, recv, queue).await;
        tracing::debug!(?ended, "a link to a node ended");
        true
    }
}

/// Accept connections until the endpoint closes.
pub(super) async fn accept(endpoint: Endpoint, admission: Admission, shared: Shared) {
    let mut tasks = JoinSet::new();
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            Some(_) = tasks.join_next() => continue,
        };
        let Some(incoming) = incoming else { break };
        if admission.held() >= limits::TRUSTING && incoming.may_retry() {
            // An address that was not proven takes no place while places are few.
            let _ = incoming.retry();
        } else if let Some(slot) = admission.admit(incoming.remote_address().ip()) {
            tasks.spawn(serve(incoming, slot, shared.clone()));
        } else {
            incoming.refuse();
        }
    }
}

/// One client: it may stay silent as long as it keeps its connection alive; answers reach it once it opened its stream.
async fn serve(incoming: Incoming, _slot: Slot, shared: Shared) {
    let Ok(connecting) = incoming.accept() else { return };
    let Ok(Ok(connection)) = timeout(limits::HANDSHAKE, connecting).await else { return };
    let (Some(token), Ok((send, recv))) = (token(&connection), connection.accept_bi().await) else { return };
    let (queue, mut queued) = mpsc::channel(limits::QUEUE);
    if shared.reports.send(Report::Opened { token, queue }).await.is_err() {
        return;
    }
    let pump = Pump {
        connection,
        token,
        link: Link::Client(token),
        opener: Opener::They,
        out: shared.out,
        capture: shared.capture,
        idle: None,
        patience: limits::PACKET,
    };
    let ended: Ended = pump.run(send, recv, &mut queued).await;
    tracing::debug!(?ended, "a link of a client ended");
    let _ = shared.reports.send(Report::Closed { token }).await;
}
