//! `alloy` transport without a socket: a `tower` service on the handle.

use std::task::{Context, Poll};

use alloy::{
    rpc::json_rpc::{ErrorPayload, RequestPacket, Response, ResponsePacket, ResponsePayload, SerializedRequest},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use serde_json::{Value, value::RawValue};

use crate::{error::RpcError, handle::Devnet};

/// The in-process transport.
#[derive(Clone, Debug)]
pub struct InProcess {
    devnet: Devnet,
}

impl InProcess {
    pub(crate) fn new(devnet: Devnet) -> Self {
        Self { devnet }
    }

    async fn answer(&self, request: SerializedRequest) -> Result<Response, TransportError> {
        let params = match request.params() {
            Some(raw) => serde_json::from_str(raw.get()).map_err(TransportErrorKind::custom)?,
            None => Value::Null,
        };
        let payload = match self.devnet.call(request.method(), params).await {
            Ok(value) => ResponsePayload::Success(raw(&value)?),
            Err(RpcError { code, message, data }) => {
                let data = data.map(|value| raw(&value)).transpose()?;
                ResponsePayload::Failure(ErrorPayload { code, message: message.into(), data })
            }
        };
        Ok(Response { id: request.id().clone(), payload })
    }

    async fn serve(self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        match packet {
            RequestPacket::Single(request) => Ok(ResponsePacket::Single(self.answer(request).await?)),
            RequestPacket::Batch(requests) => {
                let mut responses = Vec::with_capacity(requests.len());
                for request in requests {
                    responses.push(self.answer(request).await?);
                }
                Ok(ResponsePacket::Batch(responses))
            }
        }
    }
}

fn raw(value: &Value) -> Result<Box<RawValue>, TransportError> {
    serde_json::value::to_raw_value(value).map_err(TransportErrorKind::custom)
}

impl tower::Service<RequestPacket> for InProcess {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().serve(packet))
    }
}
