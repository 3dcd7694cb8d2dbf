//! What a plain WebM of [`super::Writer`] says of its track: where a kill took the timeline, nothing else does.

use std::io::{Read, Seek, SeekFrom};

use super::finish::{EBML, Element, INFO, MAX_HEAD, SEGMENT, TRACKS, element};
use super::writer::TO_2001_MS;
use super::{About, Codec, WebmError};

/// Ids of the elements that are read (RFC 9559 section 27.1).
const DATE: u32 = 0x4461;
const TRACK_ENTRY: u32 = 0xae;
const NAME: u32 = 0x536e;
const CODEC_ID: u32 = 0x86;

/// Codec, name and beginning of a file, finished or not, cut off anywhere behind its head.
///
/// # Errors
/// [`WebmError::Form`] if it does not begin as [`super::Writer`] begins a file; [`WebmError::Io`].
pub fn about(file: &mut (impl Read + Seek)) -> Result<About, WebmError> {
    let length = file.seek(SeekFrom::End(0))?;
    let first = element(file, 0, length)?.filter(|found| found.id == EBML).ok_or(WebmError::Form("no EBML head"))?;
    let segment = element(file, end(first, length)?, length)?.filter(|found| found.id == SEGMENT);
    let segment = segment.ok_or(WebmError::Form("no Segment"))?;
    let info = child(file, (segment.body, length), INFO)?.ok_or(WebmError::Form("no Info"))?;
    let date = value(file, (info, length), DATE)?.ok_or(WebmError::Form("no DateUTC"))?;
    // Nanoseconds since 2001, signed.
    let date = date.try_into().map(i64::from_be_bytes).map_err(|_| WebmError::Form("a date of other than 8 bytes"))?;
    let began_ms = u64::try_from(date / 1_000_000).unwrap_or_default().saturating_add(TO_2001_MS);
    let tracks = child(file, (segment.body, length), TRACKS)?.ok_or(WebmError::Form("no Tracks"))?;
    let entry = child(file, (tracks.body, end(tracks, length)?), TRACK_ENTRY)?;
    let entry = entry.ok_or(WebmError::Form("no TrackEntry"))?;
    let codec = match value(file, (entry, length), CODEC_ID)?.as_deref() {
        Some(b"A_OPUS") => Codec::Opus,
        Some(b"V_VP8") => Codec::Vp8,
        _ => return Err(WebmError::Form("another codec than the recorder writes")),
    };
    let name = value(file, (entry, length), NAME)?.unwrap_or_default();
    let name = String::from_utf8(name).map_err(|_| WebmError::Form("a name that is no text"))?;
    Ok(About { codec, name, began_ms })
}

/// Where an element of the head ends.
fn end(of: Element, length: u64) -> Result<u64, WebmError> {
    of.end(length, MAX_HEAD).ok_or(WebmError::Form("its head is cut off"))
}

/// The first element of this id from `at` on; nothing if another stands there that is not of the head.
fn child(file: &mut (impl Read + Seek), (mut at, length): (u64, u64), id: u32) -> Result<Option<Element>, WebmError> {
    while at < length {
        let Some(found) = element(file, at, length)? else { return Ok(None) };
        if found.id == id {
            return Ok(Some(found));
        }
        at = end(found, length)?;
    }
    Ok(None)
}

/// The bytes of a child.
fn value(
    file: &mut (impl Read + Seek),
    (parent, length): (Element, u64),
    id: u32,
) -> Result<Option<Vec<u8>>, WebmError> {
    let Some(found) = child(file, (parent.body, end(parent, length)?), id)? else { return Ok(None) };
    file.seek(SeekFrom::Start(found.body))?;
    let mut bytes = Vec::new();
    Read::by_ref(file).take(end(found, length)? - found.body).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::finish::finish;
    use super::super::{Frame, Writer};
    use super::*;

    #[test]
    fn a_file_says_whose_it_is_when_it_began_and_in_which_codec_until_its_head_is_cut() {
        let picture = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0, 1, 2, 3];
        for codec in [Codec::Opus, Codec::Vp8] {
            let told = About { codec, name: "00112233aabbccdd".to_owned(), began_ms: 1_750_000_000_123 };
            let mut writer = Writer::new(told.clone());
            let bytes: &[u8] = if codec == Codec::Opus { &[0xf8, 0xff, 0xfe] } else { &picture };
            writer.push(Frame { rtp: 0, arrived_ms: 5, bytes }).unwrap();
            let head = writer.take();
            assert_eq!(about(&mut Cursor::new(&head)).unwrap(), told);
            let mut file = Cursor::new([head.clone(), writer.finish().unwrap()].concat());
            assert_eq!(about(&mut file).unwrap(), told);
            finish(&mut file, |_, _| Ok(())).unwrap();
            assert_eq!(about(&mut file).unwrap(), told);
            let file = file.into_inner();
            assert!((0..head.len()).all(|cut| about(&mut Cursor::new(&file[..cut])).is_err()));
        }
    }
}
