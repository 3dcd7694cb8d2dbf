//! What stands in a process's memory, read as a debugger reads it: the pages that it may write to (proc(5), `maps` and `mem`).

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, ErrorKind},
    ops::Range,
    os::unix::fs::FileExt,
};

use anyhow::{Context, Result, ensure};

use crate::{
    hall::Hall,
    report::Facts,
    traces::{self, Trace},
    wait,
};

/// Bytes of a page, or a part of one.
const PAGE: usize = 4_096;
/// Bytes that are searched at once. Each piece begins with the last page of the one before, so that nothing is cut in two.
const PIECE: usize = 1 << 20;

/// Fails if the media server's memory or the host's holds a text that a member writes (`sealed`) while it is written; `say` writes it
/// once more. What is sent `clear` all the time must be found at the media server, and the name of a seat, `known`, at both: else
/// nothing was searched. A daemon may be closed to whoever is not root.
pub(super) fn search(
    hall: &Hall,
    (sealed, clear, known): (&str, &str, &str),
    mut say: impl FnMut() -> Result<()>,
    facts: &mut Facts,
) -> Result<()> {
    let [sealed, clear, known] = [sealed, clear, known].map(|text| Trace::new(text, text));
    let traces = [sealed?, clear?, known?];
    let [sealed, clear, known] = traces.each_ref().map(Trace::what);
    let server = hall.sfu.id();
    let seen = wait::until("the media server's memory to hold what is sent in the clear", || {
        say()?;
        let seen = look(server, &traces).context("no memory is read: this user may debug no process of its own")?;
        Ok(Some(seen).filter(|seen| seen.found.contains(sealed) || seen.found.contains(clear)))
    })?;
    ensure!(seen.found.contains(known), "the media server's memory does not even hold the name of a seat");
    ensure!(!seen.found.contains(sealed), "the media server's memory holds {sealed:?}");
    facts.add("serverBytes", seen.bytes);
    say()?;
    match look(hall.host.daemon.id()?, &traces) {
        Ok(seen) => {
            ensure!(seen.found.contains(known), "the host's memory does not even hold the name of a seat");
            ensure!(!seen.found.contains(sealed), "the host's memory holds {sealed:?}");
            facts.add("hostBytes", seen.bytes);
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => facts.add("host", "closed to this user"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What was looked at.
struct Seen {
    /// Bytes in pages that are not empty.
    bytes: usize,
    found: BTreeSet<String>,
}

fn look(process: u32, traces: &[Trace]) -> io::Result<Seen> {
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let (mut seen, mut page) = (Seen { bytes: 0, found: BTreeSet::new() }, [0; PAGE]);
    for region in fs::read_to_string(format!("/proc/{process}/maps"))?.lines().filter_map(written) {
        let mut piece = Vec::with_capacity(PIECE);
        for at in region.step_by(PAGE) {
            // Memory of a device, or gone by now.
            if memory.read_exact_at(&mut page, at).is_err() {
                break;
            }
            if page == [0; PAGE] {
                continue;
            }
            seen.bytes += PAGE;
            piece.extend_from_slice(&page);
            if piece.len() >= PIECE {
                seen.found.extend(traces::found(&piece, traces).map(str::to_owned));
                piece.drain(..piece.len() - PAGE);
            }
        }
        seen.found.extend(traces::found(&piece, traces).map(str::to_owned));
    }
    Ok(seen)
}

/// The addresses of a line of `maps`, if the process may write there.
fn written(line: &str) -> Option<Range<u64>> {
    let (range, rest) = line.split_once(' ')?;
    let (from, to) = range.split_once('-')?;
    let address = |digits| u64::from_str_radix(digits, 16).ok();
    rest.starts_with("rw").then_some(address(from)?..address(to)?)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_a_process_was_given_is_found_in_its_memory_and_nothing_else() {
        let text = "the well at Qanat 7 is dry";
        let mut child = Command::new("sleep").arg("60").env("WELL", text).spawn().unwrap();
        let traces = [text, "the well at Qanat 8 is dry"].map(|text| Trace::new(text, text).unwrap());
        let seen = look(child.id(), &traces);
        child.kill().unwrap();
        child.wait().unwrap();
        let seen = seen.unwrap();
        assert_eq!(seen.found.into_iter().collect::<Vec<_>>(), [text]);
        assert!(seen.bytes > PAGE);
    }

    #[test]
    fn only_what_may_be_written_to_is_read() {
        let line = "7f0a1000-7f0a3000 rw-p 00000000 00:00 0    [heap]";
        assert_eq!(written(line), Some(0x7f0a_1000..0x7f0a_3000));
        assert_eq!(written(&line.replace("rw-p", "r--p")), None);
        assert_eq!(written(""), None);
    }
}
