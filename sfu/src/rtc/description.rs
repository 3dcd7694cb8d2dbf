//! Descriptions (RFC 8866) as lines. The sections in which a client sends, and its data, are the library's. Those in which
//! it receives are ours: the library is not shown them, and the client is shown them between the library's. Else the library
//! would keep a transceiver for each for as long as the connection lives, and both descriptions, as text and parsed: more
//! than ten kilobytes for every voice that is heard.

use pars_sfu_core::{Codec, Kind};

use super::codecs::FEEDBACK;

/// What stands in each section of a transport.
const TRANSPORT: [&str; 3] = ["a=setup:", "a=ice-ufrag:", "a=ice-pwd:"];
/// What is said once for all sections that share a transport, maybe in one of ours.
const SHARED: [&str; 3] = ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:"];
const CANDIDATES: [&str; 2] = ["a=candidate:", "a=end-of-candidates"];
const BUNDLE: &str = "a=group:BUNDLE";
const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// A media section.
#[derive(Debug, Clone)]
pub(super) struct Section<'a>(Vec<&'a str>);

/// A codec that is agreed for a section in which the client receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) codec: Codec,
    pub(super) payload_type: u8,
    /// Payload type of what repeats it (RFC 4588).
    pub(super) repeat: Option<u8>,
    /// Whether the client asks for packets that were lost.
    pub(super) asks: bool,
}

/// A section of ours as it is written.
pub(super) struct Own {
    pub(super) kind: Kind,
    pub(super) mid: String,
    /// Its payload types.
    pub(super) formats: String,
    /// Lines that tell of them.
    pub(super) codecs: String,
    /// Lines that tell what is sent; none if nothing is.
    pub(super) source: Option<String>,
}

/// What stands at one place of a description.
pub(super) enum Place<'a> {
    /// What the library wrote for this section.
    Library(&'a Section<'a>),
    Own(Own),
    /// Nothing can be sent here.
    Refused(&'a Section<'a>),
}

/// The lines before the first section, and the sections.
pub(super) fn split(text: &str) -> (Vec<&str>, Vec<Section<'_>>) {
    let (mut session, mut sections) = (Vec::new(), Vec::<Section<'_>>::new());
    for line in text.lines() {
        if line.starts_with("m=") {
            sections.push(Section(vec![line]));
        } else {
            match sections.last_mut() {
                Some(section) => section.0.push(line),
                None => session.push(line),
            }
        }
    }
    (session, sections)
}

/// What the library is shown of a client's description: all but the sections that are ours. None if that is nothing.
pub(super) fn shown(session: &[&str], sections: &[Section<'_>], ours: impl Fn(&Section<'_>) -> bool) -> Option<String> {
    let kept: Vec<_> = sections.iter().filter(|section| !ours(section)).collect();
    if kept.is_empty() {
        return None;
    }
    let mut text = String::new();
    session.iter().for_each(|line| push(&mut text, line));
    for name in SHARED {
        let said = session.iter().any(|line| line.starts_with(name)) || kept.iter().any(|s| s.line(name).is_some());
        if !said && let Some(line) = sections.iter().find_map(|section| section.line(name)) {
            push(&mut text, line);
        }
    }
    kept.iter().flat_map(|section| &section.0).for_each(|line| push(&mut text, line));
    Some(text)
}

/// What the client is shown: the library's description `local` with other sections between its own.
pub(super) fn weave(local: &str, places: &[Place<'_>]) -> String {
    let (session, sections) = split(local);
    let transport: Vec<_> =
        TRANSPORT.iter().filter_map(|name| sections.iter().find_map(|section| section.line(name))).collect();
    let lines = sections.iter().flat_map(|section| section.0.iter().copied());
    let mut candidates: Vec<_> = lines.filter(|line| is_candidate(line)).collect();
    // Each with its id if it is part of the bundle.
    let written: Vec<(Option<&str>, String)> = places
        .iter()
        .map(|place| match place {
            Place::Own(own) => (Some(own.mid.as_str()), own.text(&transport)),
            Place::Refused(section) => (None, section.refusal()),
            Place::Library(section) => match sections.iter().find(|local| local.mid() == section.mid()) {
                Some(local) => (Some(section.mid()).filter(|_| !local.is_refused()), local.text()),
                None => (None, section.refusal()),
            },
        })
        .collect();
    let mut text = String::new();
    session.iter().filter(|line| !line.starts_with(BUNDLE)).for_each(|line| push(&mut text, line));
    let bundled: Vec<_> = written.iter().filter_map(|(mid, _)| *mid).collect();
    if !bundled.is_empty() {
        push(&mut text, &format!("{BUNDLE} {}", bundled.join(" ")));
    }
    for (mid, section) in &written {
        text.push_str(section);
        if mid.is_some() {
            // They are those of the one transport, and stand in its first section.
            std::mem::take(&mut candidates).iter().for_each(|line| push(&mut text, line));
        }
    }
    text
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push_str("\r\n");
}

fn is_candidate(line: &str) -> bool {
    CANDIDATES.iter().any(|name| line.starts_with(name))
}

/// Constrained baseline in packets of mode 1 (RFC 6184): what publishers send.
fn is_ours(parameters: &str) -> bool {
    let named = |name: &str| parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix(name));
    let profile = named("profile-level-id=").and_then(|id| id.get(..4));
    profile.is_some_and(|profile| profile.eq_ignore_ascii_case("42e0")) && named("packetization-mode=") == Some("1")
}

impl Own {
    fn text(&self, transport: &[&str]) -> String {
        let mut text = String::new();
        push(&mut text, &format!("m={} 9 {PROTOCOL} {}", word(self.kind), self.formats));
        push(&mut text, "c=IN IP4 0.0.0.0");
        transport.iter().for_each(|line| push(&mut text, line));
        push(&mut text, &format!("a=mid:{}", self.mid));
        ["a=rtcp-mux", "a=rtcp-rsize"].iter().for_each(|line| push(&mut text, line));
        text.push_str(&self.codecs);
        text.push_str(self.source.as_deref().unwrap_or_default());
        push(&mut text, if self.source.is_some() { "a=sendonly" } else { "a=inactive" });
        text
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
    }
}

impl<'a> Section<'a> {
    /// What stands in its first line: kind, port, protocol, payload types.
    fn words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let media: Option<&'a str> = self.0.first().and_then(|line| line.strip_prefix("m="));
        media.unwrap_or_default().split(' ')
    }

    fn line(&self, name: &str) -> Option<&'a str> {
        self.0.iter().copied().find(|line| line.starts_with(name))
    }

    /// Its id; empty if it has none.
    pub(super) fn mid(&self) -> &'a str {
        self.line("a=mid:").and_then(|line| line.strip_prefix("a=mid:")).unwrap_or_default()
    }

    /// Sound, picture, or neither.
    pub(super) fn kind(&self) -> Option<Kind> {
        [Kind::Audio, Kind::Video].into_iter().find(|kind| self.words().next() == Some(word(*kind)))
    }

    pub(super) fn has(&self, line: &str) -> bool {
        self.0.contains(&line)
    }

    fn is_refused(&self) -> bool {
        self.words().nth(1) == Some("0") && !self.has("a=bundle-only")
    }

    /// Without the candidates.
    fn text(&self) -> String {
        let mut text = String::new();
        self.0.iter().filter(|line| !is_candidate(line)).for_each(|line| push(&mut text, line));
        text
    }

    fn refusal(&self) -> String {
        let mut words = self.words();
        let (kind, protocol) = (words.next().unwrap_or_default(), words.nth(1).unwrap_or_default());
        // A payload type that needs no line of its own.
        let format = if self.kind().is_some() { "0" } else { words.next().unwrap_or_default() };
        format!("m={kind} 0 {protocol} {format}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na=inactive\r\n", self.mid())
    }

    /// Values of the lines of this name that tell of a payload type.
    fn of(&self, name: &str, format: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |line| {
            let (of, value) = line.strip_prefix(name)?.split_once(' ')?;
            (of == format).then_some(value)
        })
    }

    fn encoding(&self, format: &str) -> Option<&'a str> {
        self.of("a=rtpmap:", format).next()?.split('/').next()
    }

    fn parameters(&self, format: &str) -> &'a str {
        self.of("a=fmtp:", format).next().unwrap_or_default()
    }

    /// Whether this payload type repeats that one.
    fn repeats(&self, format: &str, what: &str) -> bool {
        self.encoding(format).is_some_and(|name| name.eq_ignore_ascii_case("rtx"))
            && self.parameters(format).split(';').any(|one| one.trim().strip_prefix("apt=") == Some(what))
    }

    /// The codecs of ours that the client offers or takes here.
    pub(super) fn agreed(&self) -> Vec<Agreed> {
        let Some(kind) = self.kind().filter(|_| !self.is_refused()) else { return Vec::new() };
        let agreed = |format: &'a str| {
            let codec = Codec::from_name(self.encoding(format)?).filter(|codec| codec.kind() == kind)?;
            if codec == Codec::H264 && !is_ours(self.parameters(format)) {
                return None;
            }
            let repeat = self.words().skip(3).find(|other| self.repeats(other, format));
            let asks = [format, "*"].into_iter().any(|of| self.of("a=rtcp-fb:", of).any(|what| what == "nack"));
            let payload_type = format.parse().ok()?;
            Some(Agreed {
                codec,
                payload_type,
                repeat: repeat.and_then(|format| format.parse().ok()),
                asks: asks && kind == Kind::Video,
            })
        };
        self.words().skip(3).filter_map(agreed).collect()
    }

    /// Payload types and lines of what is agreed, as the client has them: in one bundle a payload type means one thing.
    pub(super) fn codecs(&self, agreed: &[Agreed]) -> (String, String) {
        let ours = |format: &str| {
            let number: Option<u8> = format.parse().ok();
            agreed.iter().any(|one| number == Some(one.payload_type) || (number.is_some() && number == one.repeat))
        };
        let formats: Vec<_> = self.words().skip(3).filter(|format| ours(format)).collect();
        let mut lines = String::new();
        for line in &self.0 {
            let named = ["a=rtpmap:", "a=fmtp:"].into_iter().find_map(|name| line.strip_prefix(name));
            let kept = match (named, line.strip_prefix("a=rtcp-fb:")) {
                (Some(rest), _) => rest.split(' ').next().is_some_and(ours),
                (None, Some(rest)) => rest.split_once(' ').is_some_and(|(of, what)| {
                    self.kind() == Some(Kind::Video) && (of == "*" || ours(of)) && FEEDBACK.contains(&what)
                }),
                (None, None) => false,
            };
            if kept {
                push(&mut lines, line);
            }
        }
        (formats.join(" "), lines)
    }
}

#[cfg(test)]
mod tests;
