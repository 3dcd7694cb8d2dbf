//! One WebSocket: any method, answered as each is done; after `event.subscribe` notifications besides.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use pars_rpc::envelope::{Incoming, Notification, Request, Response, read};
use pars_rpc::event::Event;
use pars_rpc::event::Subscribe;
use pars_rpc::method::Method;
use serde_json::Value;
use tokio::sync::broadcast;

use super::Context;
use super::answer::{respond, text};
use super::subscription::{Ended, Step, Subscription};
use crate::driver::Stopped;

/// Bodies that are answered at once; more wait to be read.
const MAX_PENDING: usize = 32;
/// How long one message to the client may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The connection is over.
struct Over;

struct Connection {
    context: Context,
    network_agrees: bool,
    socket: WebSocket,
    pending: FuturesUnordered<BoxFuture<'static, Option<String>>>,
    subscription: Option<Subscription>,
    /// What pages are told of rooms, from this connection's first call about one.
    rooms: Option<broadcast::Receiver<Arc<Event>>>,
}

/// Serve until either side ends it.
pub(super) async fn serve(context: Context, network_agrees: bool, socket: WebSocket) {
    let pending = FuturesUnordered::new();
    let mut connection = Connection { context, network_agrees, socket, pending, subscription: None, rooms: None };
    while let Ok(()) = connection.step().await {}
}

impl Connection {
    async fn step(&mut self) -> Result<(), Over> {
        tokio::select! {
            message = self.socket.recv(), if self.pending.len() < MAX_PENDING => match message {
                Some(Ok(Message::Text(body))) => self.receive(body.as_bytes()).await,
                Some(Ok(Message::Binary(body))) => self.receive(&body).await,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Over),
            },
            Some(answer) = self.pending.next(), if !self.pending.is_empty() => match answer {
                Some(answer) => self.send(answer).await,
                None => Ok(()),
            },
            step = next(&mut self.subscription) => match step {
                Ok(step) => self.tell(step).await,
                Err(ended) => self.close(&ended).await,
            },
            event = of_room(&mut self.rooms) => match event {
                Ok(event) => match text(&Notification::from(Event::clone(&event))) {
                    Some(text) => self.send(text).await,
                    None => Ok(()),
                },
                Err(ended) => self.close(&ended).await,
            },
        }
    }

    /// Subscriptions concern this connection and are dealt with here; everything else is answered besides.
    async fn receive(&mut self, body: &[u8]) -> Result<(), Over> {
        let (parts, batch) = match read(body) {
            Incoming::Single(part) => (vec![part], false),
            Incoming::Batch(parts) => (parts, true),
        };
        let mut ready = Vec::new();
        let (mut calls, mut subscribed) = (Vec::new(), false);
        for part in parts {
            if let (Ok(request), None, Some(rooms)) = (&part, &self.rooms, &self.context.rooms)
                && ["room.", "recording."].iter().any(|line| request.method.starts_with(line))
            {
                self.rooms = Some(rooms.events());
            }
            match part {
                Ok(request) if self.network_agrees && Method::find(&request.method) == Some(Method::EventSubscribe) => {
                    subscribed = true;
                    ready.extend(self.subscribe(request).await);
                }
                other => calls.push(other),
            }
        }
        let (context, agrees) = (self.context.clone(), self.network_agrees);
        let answer = async move {
            let answers = calls.into_iter().map(|part| respond(&context, agrees, part));
            ready.extend(futures::future::join_all(answers).await.into_iter().flatten());
            match ready.as_slice() {
                [] => None,
                [single] if !batch => text(single),
                all => text(&all),
            }
        };
        if !subscribed {
            self.pending.push(Box::pin(answer));
            return Ok(());
        }
        // A subscriber hears that it is one before it hears events.
        match answer.await {
            Some(answer) => self.send(answer).await,
            None => Ok(()),
        }
    }

    async fn subscribe(&mut self, request: Request) -> Option<Response> {
        let id = request.id.clone();
        let begun = match request.params::<Subscribe>() {
            Ok(subscribe) => Subscription::begin(self.context.handle.clone(), subscribe).await,
            Err(error) => Err(error),
        };
        let result = begun.map(|subscription| {
            self.subscription = Some(subscription);
            Value::Null
        });
        Some(Response::new(id?, result))
    }

    async fn tell(&mut self, step: Step) -> Result<(), Over> {
        let Some(subscription) = &mut self.subscription else { return Ok(()) };
        let events = match subscription.tell(step).await {
            Ok(events) => events,
            Err(ended) => return self.close(&ended).await,
        };
        for event in events {
            let Some(text) = text(&Notification::from(event)) else { continue };
            self.send(text).await?;
        }
        Ok(())
    }

    async fn send(&mut self, text: String) -> Result<(), Over> {
        match tokio::time::timeout(PATIENCE, self.socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }

    async fn close(&mut self, ended: &Ended) -> Result<(), Over> {
        let code = match ended {
            Ended::Slow => close_code::POLICY,
            Ended::Stopped(_) => close_code::AWAY,
        };
        let frame = CloseFrame { code, reason: ended.to_string().into() };
        // A client that is gone need not be told.
        let _ = tokio::time::timeout(PATIENCE, self.socket.send(Message::Close(Some(frame)))).await;
        Err(Over)
    }
}

async fn of_room(rooms: &mut Option<broadcast::Receiver<Arc<Event>>>) -> Result<Arc<Event>, Ended> {
    let Some(receiver) = rooms else { return std::future::pending().await };
    match receiver.recv().await {
        Ok(event) => Ok(event),
        Err(broadcast::error::RecvError::Lagged(_)) => Err(Ended::Slow),
        Err(broadcast::error::RecvError::Closed) => Err(Stopped.into()),
    }
}

async fn next(subscription: &mut Option<Subscription>) -> Result<Step, Ended> {
    match subscription {
        Some(subscription) => subscription.next().await,
        None => std::future::pending().await,
    }
}
