//! The tunnel of one seat: dialled when the machine asks, numbered, so that what an old one says last is not taken for the new one.

use pars_engine::room::MemberIn;
use pars_proto::room::HostEntry;
use tokio::sync::{mpsc, watch};

use super::Said;
use crate::room::tunnel::dial::{Dialer, Tunnel};
use crate::room::tunnel::records::Pair;

/// Packets that wait for the tunnel.
const QUEUE: usize = 1_024;

/// A tunnel that stands.
pub(in crate::room) struct Up {
    number: u64,
    tunnel: Tunnel,
    packets: mpsc::Sender<Vec<u8>>,
}

/// The way to the host.
pub(super) struct Road {
    said: mpsc::Sender<Said>,
    number: u64,
    packets: Option<mpsc::Sender<Vec<u8>>>,
    tunnel: watch::Sender<Option<Tunnel>>,
}

impl Road {
    /// No tunnel yet, and where to look for it.
    pub(super) fn new(said: mpsc::Sender<Said>) -> (Self, watch::Receiver<Option<Tunnel>>) {
        let (tunnel, watched) = watch::channel(None);
        (Self { said, number: 0, packets: None, tunnel }, watched)
    }

    pub(super) const fn is(&self, number: u64) -> bool {
        self.number == number
    }

    /// The tunnel of now and of later.
    pub(super) fn tunnel(&self) -> watch::Receiver<Option<Tunnel>> {
        self.tunnel.subscribe()
    }

    /// Dial; `records` are given to the host first, so that it can judge the statement.
    pub(super) fn connect(&mut self, dialer: &Dialer, host: &HostEntry, records: Option<Pair>) {
        self.disconnect();
        self.number += 1;
        let (number, said, dialer, host) = (self.number, self.said.clone(), dialer.clone(), host.clone());
        tokio::spawn(async move {
            let tunnel = match dialer.dial(&host).await {
                Ok(tunnel) => tunnel,
                // The seat may be gone.
                Err(error) => return drop(said.send(Said::NotReached(number, error)).await),
            };
            if let Err(error) = travel(number, &said, (&tunnel, records)).await {
                tracing::debug!(%error, "the tunnel to a host ended");
            }
            tunnel.close();
            let _ = said.send(Said::Over(number, MemberIn::Disconnected)).await;
        });
    }

    /// A tunnel stands; whether it is the one that was asked for last.
    pub(super) fn stands(&mut self, up: Up) -> bool {
        let wanted = up.number == self.number;
        if wanted {
            self.packets = Some(up.packets);
            self.tunnel.send_replace(Some(up.tunnel));
        }
        wanted
    }

    /// A tunnel that does not take its packets is given up; the machine repeats them over the next.
    pub(super) fn send(&mut self, packet: Vec<u8>) {
        if self.packets.as_ref().is_some_and(|packets| packets.try_send(packet).is_err()) {
            self.disconnect();
        }
    }

    /// What waits is sent, then the tunnel is closed.
    pub(super) fn disconnect(&mut self) {
        self.packets = None;
        self.tunnel.send_replace(None);
    }
}

/// Until the tunnel or the seat ends.
async fn travel(
    number: u64,
    said: &mpsc::Sender<Said>,
    (tunnel, records): (&Tunnel, Option<Pair>),
) -> std::io::Result<()> {
    if let Some(records) = records {
        tunnel.put(&records).await?;
    }
    let (mut send, mut recv) = tunnel.control().await?.split();
    let (packets, mut queue) = mpsc::channel::<Vec<u8>>(QUEUE);
    let up = Up { number, tunnel: tunnel.clone(), packets };
    if said.send(Said::Up(up)).await.is_err() {
        return Ok(());
    }
    let write = async {
        while let Some(packet) = queue.recv().await {
            send.send(&packet).await?;
        }
        // What was said last arrives before the close.
        tokio::time::sleep(super::LAST).await;
        Ok(())
    };
    let read = async {
        while let Some(packet) = recv.recv().await? {
            if said.send(Said::Over(number, MemberIn::Recv(packet))).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    tokio::select! {
        result = write => result,
        result = read => result,
    }
}
