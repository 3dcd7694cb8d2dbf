//! Cues, Duration and SeekHead for a plain WebM of [`super::Writer`], whole or cut off anywhere.
//!
//! The file's elements are walked by their heads, with bounds of their own: whoever made the recording may have sealed
//! anything. What is not whole at the end is cut off. Positions count from the Segment's first byte (RFC 9559 section 16).

use std::io::{Read, Seek, SeekFrom, Write};

use webm_iterable::matroska_spec::{Master, MatroskaSpec as Tag};
use webm_iterable::{WebmWriter, WriteOptions};

use super::writer::void;
use super::{CLUSTER_BYTES, DURATION_PLACE, MAX_FRAME, SEEK_PLACE, TRACK, WebmError};

/// Ids of the elements that are looked at (RFC 9559 section 27.1).
pub(super) const EBML: u32 = 0x1a45_dfa3;
pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const INFO: u32 = 0x1549_a966;
pub(super) const TRACKS: u32 = 0x1654_ae6b;
const CLUSTER: u32 = 0x1f43_b675;
const CUES: u32 = 0x1c53_bb6b;
const VOID: u32 = 0xec;
const TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;

/// Bytes of a cluster at most: its frames, a head of up to 16 bytes for each, one frame more.
const MAX_CLUSTER: u64 = (2 * CLUSTER_BYTES + MAX_FRAME) as u64;
/// Bytes of another element at most.
pub(super) const MAX_HEAD: u64 = 1 << 16;
/// Clusters that get a cue at most: 91 hours of the longest ones.
const MAX_CUES: usize = 1 << 16;

/// What a file holds, as its clusters say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Clusters that are whole.
    pub clusters: u64,
    /// Frames in them.
    pub frames: u64,
    /// Time of the first frame, in milliseconds since the span began.
    pub first_ms: u64,
    /// Time of the last one.
    pub last_ms: u64,
    /// Bytes at the end that were no whole cluster, and were cut off.
    pub cut: u64,
}

/// The head of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) id: u32,
    at: u64,
    pub(super) body: u64,
    /// Nothing if it is unknown.
    size: Option<u64>,
}

impl Element {
    /// Where it ends, if that is inside of the file and of what such an element may have.
    pub(super) fn end(&self, file: u64, most: u64) -> Option<u64> {
        let size = self.size.filter(|size| *size <= most)?;
        self.body.checked_add(size).filter(|end| *end <= file)
    }
}

/// The beginning of the file.
struct Head {
    /// First byte of the Segment's body.
    segment: u64,
    seek: u64,
    info: u64,
    duration: u64,
    tracks: u64,
    /// First byte of the clusters.
    clusters: u64,
}

/// Put Cues, Duration and SeekHead into a file; a tail that is not whole is cut off by `set_len`.
///
/// # Errors
/// [`WebmError::Form`] if it does not begin as [`super::Writer`] begins a file; [`WebmError::Io`].
pub fn finish<F: Read + Write + Seek>(
    file: &mut F,
    set_len: impl FnOnce(&mut F, u64) -> std::io::Result<()>,
) -> Result<Summary, WebmError> {
    let length = file.seek(SeekFrom::End(0))?;
    let head = head(file, length)?;
    let (mut summary, mut points, mut at) = (Summary::default(), Vec::new(), head.clusters);
    while let Some((end, cluster)) = cluster(file, at, length)? {
        if summary.clusters == 0 {
            summary.first_ms = cluster.first_ms;
        }
        summary.clusters += 1;
        summary.frames += cluster.frames;
        summary.last_ms = summary.last_ms.max(cluster.last_ms);
        if cluster.begins_with_key && points.len() < MAX_CUES {
            points.push(point(cluster.first_ms, at - head.segment));
        }
        at = end;
    }
    summary.cut = length - at;
    set_len(file, at)?;
    if summary.clusters > 0 {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&elements(vec![Tag::Cues(Master::Full(points))])?)?;
        patch(file, &head, at - head.segment, summary.last_ms)?;
    }
    file.flush()?;
    Ok(summary)
}

/// The duration reaches from where the span began, as the file's times do, to the last frame.
fn patch(file: &mut (impl Write + Seek), head: &Head, cues: u64, length_ms: u64) -> Result<(), WebmError> {
    let seek = |id: u32, position: u64| {
        Tag::Seek(Master::Full(vec![Tag::SeekID(id.to_be_bytes().to_vec()), Tag::SeekPosition(position)]))
    };
    let seeks = vec![seek(INFO, head.info), seek(TRACKS, head.tracks), seek(CUES, cues)];
    let mut place = elements(vec![Tag::SeekHead(Master::Full(seeks))])?;
    let rest = SEEK_PLACE.checked_sub(place.len()).filter(|rest| *rest >= 2);
    place.extend(elements(vec![void(rest.ok_or(WebmError::Form("no place for its SeekHead"))?)])?);
    file.seek(SeekFrom::Start(head.seek))?;
    file.write_all(&place)?;
    // Id, size, then the number: milliseconds of a recording are far below 2^52.
    let mut duration = vec![0x44, 0x89, 0x88];
    duration.extend((length_ms as f64).to_be_bytes());
    file.seek(SeekFrom::Start(head.duration))?;
    file.write_all(&duration)?;
    Ok(())
}

/// Elements of a Segment, encoded.
fn elements(tags: Vec<Tag>) -> Result<Vec<u8>, WebmError> {
    let mut out = WebmWriter::new(Vec::new());
    out.write_advanced(&Tag::Segment(Master::Start), WriteOptions::is_unknown_sized_element())?;
    // What opens the Segment comes out with its first element.
    let opened = ELEMENT_HEAD;
    for tag in tags {
        out.write(&tag)?;
    }
    let mut bytes = out.into_inner()?;
    Ok(bytes.split_off(opened.min(bytes.len())))
}

/// Bytes of the Segment's id and of its unknown size.
const ELEMENT_HEAD: usize = 12;

fn point(time: u64, position: u64) -> Tag {
    let positions = Master::Full(vec![Tag::CueTrack(TRACK), Tag::CueClusterPosition(position)]);
    Tag::CuePoint(Master::Full(vec![Tag::CueTime(time), Tag::CueTrackPositions(positions)]))
}

fn head(file: &mut (impl Read + Seek), length: u64) -> Result<Head, WebmError> {
    let mut take = |at: u64, id: u32, what: &'static str| {
        element(file, at, length)?.filter(|found| found.id == id).ok_or(WebmError::Form(what))
    };
    let whole = |element: Element, what: &'static str| element.end(length, MAX_HEAD).ok_or(WebmError::Form(what));
    let ebml = whole(take(0, EBML, "no EBML head")?, "the EBML head is cut off")?;
    let segment = take(ebml, SEGMENT, "no Segment")?;
    let seek = take(segment.body, VOID, "no place for a SeekHead")?;
    let info = take(whole(seek, "cut off before its Info")?, INFO, "no Info")?;
    // Behind TimestampScale, of 3 + 1 + 3 or 4 bytes.
    let scale = take(info.body, 0x2a_d7b1, "no TimestampScale")?;
    let duration = take(whole(scale, "cut off in its Info")?, VOID, "no place for a Duration")?;
    let is_place = duration.size == Some(DURATION_PLACE as u64 - 2) && seek.size == Some(SEEK_PLACE as u64 - 2);
    let tracks = take(whole(info, "the Info is cut off")?, TRACKS, "no Tracks")?;
    let clusters = whole(tracks, "the Tracks are cut off")?;
    if !is_place {
        return Err(WebmError::Form("other places than the recorder leaves"));
    }
    let position = |element: Element| element.at - segment.body;
    Ok(Head {
        segment: segment.body,
        seek: seek.at,
        info: position(info),
        duration: duration.at,
        tracks: position(tracks),
        clusters,
    })
}

/// What is said of a whole cluster.
struct Cluster {
    first_ms: u64,
    last_ms: u64,
    frames: u64,
    begins_with_key: bool,
}

/// The cluster that begins here, and its end; nothing if there is none that is whole.
fn cluster(file: &mut (impl Read + Seek), at: u64, length: u64) -> Result<Option<(u64, Cluster)>, WebmError> {
    let Some(found) = element(file, at, length)?.filter(|found| found.id == CLUSTER) else { return Ok(None) };
    let Some(end) = found.end(length, MAX_CLUSTER) else { return Ok(None) };
    let mut inside = found.body;
    let mut cluster = Cluster { first_ms: 0, last_ms: 0, frames: 0, begins_with_key: false };
    let mut time = None;
    while inside < end {
        let Some(child) = element(file, inside, end)? else { return Ok(None) };
        let Some(next) = child.end(end, MAX_CLUSTER) else { return Ok(None) };
        match (child.id, time) {
            (TIMESTAMP, None) => time = Some(number(file, next - child.body)?),
            (SIMPLE_BLOCK, Some(time)) if next - child.body >= 4 => {
                let mut block = [0; 4];
                file.read_exact(&mut block)?;
                let [_, high, low, flags] = block;
                let ms = u64::saturating_add_signed(time, i16::from_be_bytes([high, low]).into());
                if cluster.frames == 0 {
                    (cluster.first_ms, cluster.begins_with_key) = (ms, flags & 0x80 != 0);
                }
                cluster.frames += 1;
                cluster.last_ms = cluster.last_ms.max(ms);
            }
            _ => return Ok(None),
        }
        inside = next;
    }
    Ok((cluster.frames > 0).then_some((end, cluster)))
}

/// A number of up to 8 bytes, from where the file stands.
fn number(file: &mut impl Read, size: u64) -> Result<u64, WebmError> {
    let mut bytes = [0; 8];
    let place = 8_usize.checked_sub(usize::try_from(size).unwrap_or(usize::MAX));
    let place = place.and_then(|from| bytes.get_mut(from..)).ok_or(WebmError::Form("a time of more than 8 bytes"))?;
    file.read_exact(place)?;
    Ok(u64::from_be_bytes(bytes))
}

/// The head of the element that begins here; nothing if it is no head, or not whole. The file then stands at the body.
pub(super) fn element(file: &mut (impl Read + Seek), at: u64, end: u64) -> Result<Option<Element>, WebmError> {
    file.seek(SeekFrom::Start(at))?;
    // An id of up to 4 bytes and a size of up to 8 (RFC 8794 sections 5 and 6).
    let mut bytes = Vec::new();
    Read::by_ref(file).take(end.saturating_sub(at).min(12)).read_to_end(&mut bytes)?;
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let id_length = first.leading_zeros() as usize + 1;
    let Some((tail, sizes)) = rest.split_at_checked(id_length - 1).filter(|_| id_length <= 4) else { return Ok(None) };
    let id = tail.iter().fold(u32::from(first), |id, byte| id << 8 | u32::from(*byte));
    let Some((&first, rest)) = sizes.split_first() else { return Ok(None) };
    let length = first.leading_zeros() as usize + 1;
    let Some(tail) = rest.get(..length - 1).filter(|_| length <= 8) else { return Ok(None) };
    let mask = u64::MAX >> (64 - 7 * length);
    let value = tail.iter().fold(u64::from(first), |value, byte| value << 8 | u64::from(*byte)) & mask;
    let body = at + (id_length + length) as u64;
    file.seek(SeekFrom::Start(body))?;
    Ok(Some(Element { id, at, body, size: (value != mask).then_some(value) }))
}
