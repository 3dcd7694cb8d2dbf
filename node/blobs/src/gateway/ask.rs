//! What a request asks for: `format` and its companions in the query, else the `Accept` header.

use std::ops::Range;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CACHE_CONTROL};
use pars_blocks::node::Node;
use pars_blocks::unixfs::Unixfs;
use pars_blocks::{Block, Cid, Codec, Scope};

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("after /ipfs/ stands a CIDv1 of SHA-256 in lower-case base32, raw or dag-pb")]
    Cid,
    #[error("this gateway follows no paths: ask for each CID by itself")]
    Path,
    #[error("say what you take: ?format=raw or ?format=car, or the Accept header of one of them")]
    Nothing,
    #[error("this gateway gives application/vnd.ipld.raw and application/vnd.ipld.car; version=1; order=dfs; dups=n")]
    Format,
    #[error("format is raw or car")]
    UnknownFormat,
    #[error("dag-scope is block, entity or all")]
    Scope,
    #[error("entity-bytes is from:to, two numbers, the second may be *, and lies in the file")]
    Bytes,
}

/// One block, or a CAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Raw,
    Car,
}

/// `entity-bytes`: both ends included, negative ones from the end of the file; no second one is the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes {
    from: i64,
    to: Option<i64>,
}

/// A request, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) form: Form,
    /// Nothing for the root alone.
    pub(super) scope: Option<Scope>,
    pub(super) bytes: Option<Bytes>,
    /// The query says the format.
    pub(super) is_explicit: bool,
    pub(super) only_if_cached: bool,
}

impl Ask {
    pub(super) fn read(query: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        // None of the values needs an escape.
        let of = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        let form = match of("format") {
            Some("raw") => Form::Raw,
            Some("car") => Form::Car,
            Some("ipns-record" | "tar" | "json" | "cbor" | "dag-json" | "dag-cbor") => return Err(Refusal::Format),
            Some(_) => return Err(Refusal::UnknownFormat),
            None => accepted(headers)?,
        };
        let fits = |name, values: &[&str]| of(name).is_none_or(|value| values.contains(&value));
        let is_dfs = fits("car-version", &["1"]) && fits("car-order", &["dfs", "unk"]) && fits("car-dups", &["n"]);
        if form == Form::Car && !is_dfs {
            return Err(Refusal::Format);
        }
        let scope = match of("dag-scope") {
            Some("block") => None,
            Some("entity") => Some(Scope::Entity),
            Some("all") | None => Some(Scope::All),
            Some(_) => return Err(Refusal::Scope),
        };
        let bytes = of("entity-bytes").map(Bytes::read).transpose()?;
        let mut cache = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
        let only_if_cached = cache.any(|value| value.contains("only-if-cached"));
        Ok(Self { form, scope, bytes, is_explicit: of("format").is_some(), only_if_cached })
    }

    /// The tag of the answer: another one for each part of the DAG.
    pub(super) fn tag(&self, cid: Cid) -> String {
        match (self.form, self.bytes) {
            (Form::Raw, _) => format!("\"{cid}.raw\""),
            (Form::Car, None) => format!("W/\"{cid}.car.{}\"", self.scope_name()),
            (Form::Car, Some(bytes)) => format!("W/\"{cid}.car.{}\"", bytes.text()),
        }
    }

    /// The query that asks for the same without an `Accept` header.
    pub(super) fn location(&self) -> String {
        match (self.form, self.bytes) {
            (Form::Raw, _) => "format=raw".to_owned(),
            (Form::Car, None) => format!("format=car&dag-scope={}", self.scope_name()),
            (Form::Car, Some(bytes)) => format!("format=car&entity-bytes={}", bytes.text()),
        }
    }

    const fn scope_name(&self) -> &'static str {
        match &self.scope {
            None => "block",
            Some(Scope::All) => "all",
            Some(_) => "entity",
        }
    }
}

/// The best of what the client takes and this gateway has.
fn accepted(headers: &HeaderMap) -> Result<Form, Refusal> {
    let mut best: Option<(u16, Form)> = None;
    let mut says = false;
    for value in headers.get_all(ACCEPT) {
        says = true;
        for range in value.to_str().unwrap_or_default().split(',') {
            let Some((quality, form)) = offer(range) else { continue };
            if quality > 0 && best.is_none_or(|(other, _)| quality > other) {
                best = Some((quality, form));
            }
        }
    }
    match best {
        Some((_, form)) => Ok(form),
        None if says => Err(Refusal::Format),
        None => Err(Refusal::Nothing),
    }
}

/// One media range: how much it is wanted in thousandths, if this gateway has it.
fn offer(range: &str) -> Option<(u16, Form)> {
    let mut parts = range.split(';').map(str::trim);
    let form = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/vnd.ipld.raw" => Form::Raw,
        "application/vnd.ipld.car" => Form::Car,
        _ => return None,
    };
    let mut quality = 1_000;
    for part in parts {
        let (name, value) = part.split_once('=')?;
        match (name.trim(), value.trim().trim_matches('"')) {
            ("q", value) => quality = thousandths(value)?,
            ("version", "1") | ("order", "dfs" | "unk") | ("dups", "n") => {}
            ("version" | "order" | "dups", _) if form == Form::Car => return None,
            _ => {}
        }
    }
    Some((quality, form))
}

/// `0`, `1`, or a fraction with up to three digits (RFC 9110, 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let rest: u16 = format!("{rest:0<3}").parse().ok()?;
    let value = whole.parse::<u16>().ok()?.checked_mul(1_000)?.checked_add(rest)?;
    (value <= 1_000).then_some(value)
}

impl Bytes {
    fn read(text: &str) -> Result<Self, Refusal> {
        let (from, to) = text.split_once(':').ok_or(Refusal::Bytes)?;
        let number = |text: &str| text.parse().map_err(|_| Refusal::Bytes);
        let to = if to == "*" { None } else { Some(number(to)?) };
        Ok(Self { from: number(from)?, to })
    }

    fn text(self) -> String {
        let to = self.to.map_or_else(|| "*".to_owned(), |to| to.to_string());
        format!("{}:{to}", self.from)
    }

    /// The range in this file; nothing where the root is a directory. What is empty stands for the root alone.
    pub(super) fn range(self, root: &Block) -> Result<Option<Range<u64>>, Refusal> {
        let Some(size) = size(root) else { return Ok(None) };
        let place = |at: i64| match at {
            0.. => at.unsigned_abs(),
            _ => size.saturating_sub(at.unsigned_abs()),
        };
        let start = place(self.from);
        let end = self.to.map_or(size, |to| place(to).saturating_add(1)).min(size);
        if start >= size && size > 0 {
            return Err(Refusal::Bytes);
        }
        Ok(Some(start..end))
    }
}

/// Bytes of the file whose root this is; nothing for what is no file.
fn size(root: &Block) -> Option<u64> {
    match root.cid().codec() {
        Codec::Raw => Some(root.data().len() as u64),
        Codec::DagPb => match Unixfs::decode(&Node::decode(root.data()).ok()?.data).ok()? {
            Unixfs::Directory => None,
            file => Some(file.size()),
        },
    }
}
