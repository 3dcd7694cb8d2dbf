//! Every bound of the server (THREATS section 3).

/// Rooms at once.
pub const MAX_ROOMS: usize = 64;
/// Participants of a room, those within their resume window included, if the room names no lower figure.
pub const MAX_PARTICIPANTS: usize = 1_000;
/// Announced and published tracks of one participant.
pub const MAX_TRACKS: usize = 8;
/// Tracks that one connection receives in its life: what fits its description beside its own tracks.
pub const MAX_SUBSCRIPTIONS: u32 = 56;
/// Fewer live tracks than this let a connection that used its media sections up begin anew: a quarter of them is free again.
pub const MAX_LIVE_BEFORE_RECONNECT: usize = 42;
/// Tracks that one message of a client may subscribe to.
pub const MAX_WISHES: usize = 256;
/// Streams (SSRCs) of one connection: three layers of each track, and what was restarted.
pub const MAX_STREAMS: usize = 64;

/// Bytes of a session description.
pub const MAX_SDP: usize = 64 * 1_024;
/// Media sections of a session description.
pub const MAX_SECTIONS: usize = 64;
/// Media sections of sound and picture that a client makes in its connection's life. One that is given up makes room for
/// another in the description, and for each the library keeps state for good.
pub const MAX_MADE: usize = 256;
/// Lines of a session description.
pub const MAX_SDP_LINES: usize = 4_096;

/// Bytes of a signalling message.
pub const MAX_SIGNAL: usize = 128 * 1_024;
/// Signalling messages per second and participant.
pub const SIGNALS_PER_SECOND: u32 = 50;
/// Signalling messages in one burst.
pub const SIGNAL_BURST: u32 = 200;
/// Signalling messages that an identity's next join, and a resume, count for: the one is told to everybody, both are told of all.
pub const SIGNALS_PER_JOIN: u32 = 20;

/// Bytes of a data packet: LiveKit's clients send up to 15 KiB of payload. Every peer keeps a buffer of this size.
pub const MAX_DATA: usize = 16 * 1_024;
/// Data packets per second and participant.
pub const DATA_PER_SECOND: u32 = 50;
/// Data packets in one burst.
pub const DATA_BURST: u32 = 200;
/// Bytes of data packets per second and participant: each of them goes to everybody.
pub const DATA_BYTES_PER_SECOND: u32 = 64 * 1_024;
/// Bytes of data packets in one burst.
pub const DATA_BYTES_BURST: u32 = 512 * 1_024;

/// Layers of an announced track: LiveKit's clients send three at most.
pub const MAX_LAYERS: usize = 8;
/// Codecs, and features of each sort, that an announcement names: LiveKit's clients name two, and seven at most.
pub const MAX_FEATURES: usize = 16;
/// Characters of a layer's id: LiveKit's clients call them `q`, `h` and `f`.
pub const MAX_RID: usize = 32;

/// Characters of names, identities, client track ids and ids of media sections.
pub const MAX_NAME: usize = 256;
/// Identities that a data packet may be addressed to by name.
pub const MAX_DESTINATIONS: usize = 64;

/// How long a participant whose socket is lost keeps its seat, in ms.
pub const RESUME_WINDOW_MS: u64 = 30_000;
/// How long a new participant may take to connect its first media peer, in ms.
pub const CONNECT_WINDOW_MS: u64 = 60_000;
/// Fewest milliseconds between two key frames asked of one track (TH-M8).
pub const KEY_FRAME_INTERVAL_MS: u64 = 500;
/// Lifetime of a room, in ms: the longest sitting and an hour.
pub const ROOM_LIFE_MS: u64 = 25 * 3_600 * 1_000;
/// Longest interval between two rounds of participant updates, in ms.
pub const MAX_UPDATE_INTERVAL_MS: u64 = 1_000;
/// Milliseconds that each participant adds to that interval: 1,000 participants are told once a second.
pub const UPDATE_MS_PER_PARTICIPANT: u64 = 1;
/// Identities whose removal, and identities whose change of rights, a room remembers.
pub const MAX_REMEMBERED: usize = 4_096;

/// Seconds by which a token may be early or late (TH-J1).
pub const CLOCK_TOLERANCE_S: u64 = 30;
/// Longest remaining life of a token, in seconds: a longer one could outlive the memory of its removal.
pub const MAX_TOKEN_LIFE_S: u64 = 24 * 3_600;

/// Seconds between two pings of a client.
pub const PING_INTERVAL_S: i32 = 5;
/// Seconds after which a client takes an unanswered ping for a lost connection.
pub const PING_TIMEOUT_S: i32 = 15;
