//! Tokens: LiveKit's JWT, HS256 only, checked by LiveKit's own crate and then more strictly (TH-J1).

use livekit_token::{Claims, VideoGrants};
use pars_sfu_core::{
    Grant, Rights, Source,
    limits::{CLOCK_TOLERANCE_S, MAX_TOKEN_LIFE_S},
};
use thiserror::Error;

use crate::config::Keys;

/// Why a token is refused. What it says is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not signed with the server's key by HS256, or no token at all.
    #[error("no token that this server's key has signed")]
    Signature,
    /// Over, or not begun.
    #[error("the token is expired or not valid yet")]
    Time,
    /// Valid for longer than a day.
    #[error("the token is valid for more than a day; make one that ends sooner")]
    Long,
    /// Not a token to join one room with.
    #[error("the token does not let its holder join a room")]
    Join,
    /// Not a token to do this with.
    #[error("the token does not allow this request")]
    Admin,
}

/// What an administrative token must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// To open and end rooms.
    Create,
    /// To direct one room.
    Admin,
}

/// Checks signature, issuer and time. `now` is in seconds since the Unix epoch.
pub fn verify(keys: &Keys, token: &str, now: u64) -> Result<Claims, TokenError> {
    let claims = keys.verifier().verify(token).map_err(|_| TokenError::Signature)?;
    // LiveKit's crate compares an issuer that is there; one that is missing passes it.
    if claims.iss != keys.name() {
        return Err(TokenError::Signature);
    }
    let seconds = |time: usize| u64::try_from(time).unwrap_or(u64::MAX);
    let (from, until) = (seconds(claims.nbf), seconds(claims.exp));
    if from > now.saturating_add(CLOCK_TOLERANCE_S) || until.saturating_add(CLOCK_TOLERANCE_S) <= now {
        return Err(TokenError::Time);
    }
    if until > now.saturating_add(MAX_TOKEN_LIFE_S + CLOCK_TOLERANCE_S) {
        return Err(TokenError::Long);
    }
    Ok(claims)
}

/// What a token for joining says. Rights that it does not name are not given.
pub fn grant(claims: &Claims) -> Result<Grant, TokenError> {
    let video = &claims.video;
    if !video.room_join || video.room.is_empty() || claims.sub.is_empty() {
        return Err(TokenError::Join);
    }
    Ok(Grant {
        room: video.room.as_str().into(),
        identity: claims.sub.as_str().into(),
        rights: rights(video),
        issued: u64::try_from(claims.nbf).unwrap_or(u64::MAX),
    })
}

fn rights(video: &VideoGrants) -> Rights {
    let yes = |claim: Option<bool>| claim == Some(true);
    let sources = video.can_publish_sources.iter().filter_map(|name| Source::from_name(name));
    Rights {
        publish: if yes(video.can_publish) { sources.collect() } else { Default::default() },
        subscribe: yes(video.can_subscribe),
        data: yes(video.can_publish_data),
        hidden: video.hidden,
    }
}

/// Checks that a token allows a request about this room.
pub fn allows(claims: &Claims, power: Power, room: &str) -> Result<(), TokenError> {
    let video = &claims.video;
    let allowed = match power {
        Power::Create => video.room_create,
        Power::Admin => video.room_admin && video.room == room,
    };
    allowed.then_some(()).ok_or(TokenError::Admin)
}
