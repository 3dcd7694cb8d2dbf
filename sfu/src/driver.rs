//! The media thread: it alone owns the machine, the peers and the UDP socket.

mod outbox;
mod peers;

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use pars_sfu_core::{Input, Output, PeerId, Sfu, forward};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot},
};

use crate::{
    clock::{Clock, System, instant},
    dump::Dump,
    inlet::Command,
    rtc::Setup,
};
use outbox::Outbox;
use peers::Peers;

/// Longest datagram that is looked at; longer ones are dropped.
const MAX_DATAGRAM: usize = 1_500;
/// Datagrams read before what they caused is sent.
const BATCH: usize = 64;
/// Commands taken before media has its turn again.
const COMMAND_BATCH: usize = 64;
/// Longest sleep.
const IDLE: Duration = Duration::from_secs(1);

/// Everything one server owns.
pub(crate) struct Driver {
    sfu: Sfu,
    peers: Peers,
    outbox: Outbox,
    socket: UdpSocket,
    clock: Clock,
    dump: Dump,
    /// The machine's next deadline, in ms.
    tick: Option<u64>,
    out: Vec<Output>,
}

impl Driver {
    pub(crate) fn new(setup: Setup, socket: UdpSocket, dump: Dump) -> Self {
        Self {
            sfu: Sfu::new(),
            peers: Peers::new(setup),
            outbox: Outbox::default(),
            socket,
            clock: Clock::new(),
            dump,
            tick: None,
            out: Vec::new(),
        }
    }

    /// Runs until it is stopped, by the end of who could say so. Every client's socket ends with it.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>, mut stop: oneshot::Receiver<Infallible>) {
        let mut buffer = vec![0u8; MAX_DATAGRAM + 1];
        loop {
            let wake = tokio::time::Instant::from_std(self.wake());
            tokio::select! {
                _ = &mut stop => return,
                command = commands.recv() => {
                    let Some(command) = command else { return };
                    self.command(command);
                    for _ in 1..COMMAND_BATCH {
                        let Ok(command) = commands.try_recv() else { break };
                        self.command(command);
                    }
                }
                readable = self.socket.readable() => {
                    if readable.is_ok() {
                        self.receive(&mut buffer);
                    }
                }
                () = tokio::time::sleep_until(wake) => {}
            }
            self.pass_time();
            self.flush();
        }
    }

    fn wake(&self) -> std::time::Instant {
        let idle = instant() + IDLE;
        let tick = self.tick.map(|tick| self.clock.at(tick));
        [Some(idle), tick, self.peers.deadline()].into_iter().flatten().min().unwrap_or(idle)
    }

    fn command(&mut self, command: Command) {
        self.dump.command(&command);
        match command {
            Command::Admits { grant, reply } => {
                let _ = reply.send(self.sfu.admits(&grant));
            }
            Command::Join { connection, join, frames } => {
                self.outbox.open(connection, frames);
                self.input(Input::Join { connection, join });
            }
            Command::Signal { connection, request } => self.input(Input::Signal { connection, request }),
            Command::Closed { connection } => {
                self.outbox.close(connection);
                self.input(Input::Closed { connection });
            }
            Command::Admin { request, reply } => {
                let result = self.sfu.admin(self.clock.ms(), &mut System, request, &mut self.out);
                self.act();
                let _ = reply.send(result);
            }
        }
    }

    fn input(&mut self, input: Input) {
        self.sfu.handle(self.clock.ms(), &mut System, input, &mut self.out);
        self.act();
    }

    /// Carries out what the machine asks for, and hands back what peers report, until nothing is left.
    fn act(&mut self) {
        while !self.out.is_empty() {
            for output in std::mem::take(&mut self.out) {
                match output {
                    Output::Signal { to, message } => self.outbox.send(&to, message, &mut self.dump),
                    Output::Close { connection } => self.outbox.finish(connection),
                    Output::Peer { peer, command } => self.peers.command(peer, command),
                    Output::Data { to, channel, bytes } => self.peers.data(&to, channel, &bytes),
                }
            }
            for connection in self.outbox.cut_off() {
                self.sfu.handle(self.clock.ms(), &mut System, Input::Closed { connection }, &mut self.out);
            }
            while let Some((peer, event)) = self.peers.event() {
                if let pars_sfu_core::PeerEvent::Data { bytes, .. } = &event {
                    self.dump.write("data", bytes);
                }
                self.sfu.handle(self.clock.ms(), &mut System, Input::Peer { peer, event }, &mut self.out);
            }
        }
        self.tick = self.sfu.deadline();
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            match self.socket.try_recv_from(buffer) {
                Ok((length, from)) if length <= MAX_DATAGRAM => {
                    if let Some(datagram) = buffer.get(..length) {
                        self.datagram(from, datagram);
                    }
                }
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // Another host's refusal of an earlier datagram; reading goes on.
                Err(_) => {}
            }
        }
    }

    fn datagram(&mut self, from: SocketAddr, datagram: &[u8]) {
        let Some(peer) = self.peers.read(from, datagram) else { return };
        self.reports();
        self.forward(peer);
    }

    /// What peers report, told to the machine.
    fn reports(&mut self) {
        let mut any = false;
        while let Some((peer, event)) = self.peers.event() {
            any = true;
            if let pars_sfu_core::PeerEvent::Data { bytes, .. } = &event {
                self.dump.write("data", bytes);
            }
            self.sfu.handle(self.clock.ms(), &mut System, Input::Peer { peer, event }, &mut self.out);
        }
        if any {
            self.act();
        }
    }

    /// The data plane.
    fn forward(&mut self, from: PeerId) {
        while let Some(packet) = self.peers.packet(from) {
            self.dump.media(|| self.sfu.table().kind(from, &packet.head), &packet.payload);
            match forward(self.sfu.table(), from, &packet.head) {
                Ok(writes) => {
                    for write in writes {
                        self.peers.send(&self.socket, write, &packet);
                    }
                }
                Err(dropped) => tracing::trace!(?from, ssrc = packet.head.ssrc, %dropped, "packet dropped"),
            }
        }
    }

    fn pass_time(&mut self) {
        let touched = self.peers.pass_time();
        self.reports();
        for peer in touched {
            self.forward(peer);
        }
        if self.tick.is_some_and(|tick| tick <= self.clock.ms()) {
            self.input(Input::Tick);
        }
    }

    fn flush(&mut self) {
        self.peers.flush(&self.socket);
        self.dump.flush();
    }
}
