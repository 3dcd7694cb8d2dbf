//! Who plays what was recorded, and what blocks, transactions and logs hold of it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Seated, Spans, TONES, World, listed};
use crate::{
    consents::{Event, Transaction},
    hall::Member,
    network::{FIRST_ACCOUNT, NODES},
    parsctl::{number, text},
    report::{Facts, Report},
    sound::{self, Piece},
    traces::{self, Trace},
    wait,
};

/// The daemon holds no key that opens it: its number, and what `parsctl` calls it.
const NO_KEY: (i64, &str) = (-32_043, "recording_key_missing");
/// The files are not here, or nobody knows of it.
const GONE: &str = "recording_unknown";
/// Pieces of sound in a second.
const PIECES: f64 = 10.0;
/// Seconds of speech that must be there of the first span's ten, and of the second's.
const SPOKEN: (f64, f64) = (9.0, 2.0);
/// Pieces of each tone that are no accident.
const TONE: usize = 4;
/// Bytes of a plain file that stand in no sealed one by accident.
const PIECE: usize = 16;

/// Runs the steps.
pub(super) fn run(report: &mut Report, world: &World, spans: &Spans, seated: [&Seated; 3]) -> Result<()> {
    let [ana, _, ben] = seated;
    let first = (spans.first.span.as_str(), ana.identity.as_str());
    let second = (spans.second.span.as_str(), ben.identity.as_str());
    let plain = report.step(
        "he who withdrew fetches the first span, checks it and plays it: her voice, and silence",
        |facts| {
            let plain = plays(world, &world.omid, first, facts)?;
            heard(&plain, (SPOKEN.0, spans.audible.0), facts)?;
            Ok(plain)
        },
    )?;
    let other = report.step("the Safe's delegate, whose key was of ML-DSA, plays it too", |facts| {
        plays(world, &world.council, first, facts)
    })?;
    report.step("two who play it have the same files", |_| {
        ensure!(fs::read(&plain)? == fs::read(&other)?, "the files differ");
        Ok(())
    })?;
    let later = report.step(
        "the newcomer plays the second: his own voice up to the withdrawal, and nobody else's",
        |facts| {
            let plain = plays(world, &world.ben, second, facts)?;
            heard(&plain, (SPOKEN.1, spans.audible.1), facts)?;
            Ok(plain)
        },
    )?;
    report.part(|report| refused(report, world, spans));
    let names = report.step("what names members and room is known to this driver", |facts| {
        let names = world.names(seated)?;
        facts.add("names", names.len());
        Ok(names)
    })?;
    report.part(|report| blocks(report, world, [&plain, &later], &names));
    transactions(report, world, &names)
}

/// Fetches, checks and plays; gives the track of the one who was heard.
fn plays(world: &World, member: &Member, (span, by): (&str, &str), facts: &mut Facts) -> Result<PathBuf> {
    let fetched = member.person.run(&["recording", "fetch", span])?;
    facts.add("bytes", number(&fetched, "/bytes")?);
    let verified = member.person.run(&["recording", "verify", span])?;
    let is = |name: &str| verified.get(name) == Some(&Value::Bool(true));
    let whole = text(&verified, "/ending")? == "whole" && number(&verified, "/torn")? == 0;
    ensure!(is("anchored") && is("wraps") && whole, "the span is not what was anchored: {verified}");
    let folder = world.hall.stack.path(&format!("played-{}-{}", member.daemon.name, span.get(..10).unwrap_or(span)));
    Ok(only_voice(member, (span, by), &folder)?.1)
}

/// Plays a span into a folder; the only track in which something sounds is by this seat. Gives it, and where it lies.
pub(super) fn only_voice(member: &Member, (span, by): (&str, &str), folder: &Path) -> Result<(Value, PathBuf)> {
    let words = ["recording", "play", span, "--out", &folder.display().to_string()];
    let played = member.person.run(&words)?;
    let mut heard = Vec::new();
    for track in played.get("tracks").and_then(Value::as_array).context("nothing was played")? {
        let path = PathBuf::from(text(track, "/path")?);
        if sound::pieces(&path)?.iter().any(Piece::is_heard) {
            heard.push((track.clone(), path));
        }
    }
    let [(track, _)] = &heard[..] else { bail!("{} voices were recorded, not one: {played}", heard.len()) };
    ensure!(text(track, "/pseudonym")? == by, "another's voice: {track}");
    heard.pop().context("nobody is heard")
}

/// ffprobe reads the file; it holds the known tones for as long as their sender could be heard, and no longer.
fn heard(path: &Path, (least, most): (f64, f64), facts: &mut Facts) -> Result<()> {
    let probed = sound::probe(path)?;
    ensure!(text(&probed, "/streams/0/codec_name")? == "opus", "ffprobe reads {probed}");
    facts.add("format", text(&probed, "/format/format_name")?);
    facts.add("packets", text(&probed, "/streams/0/nb_read_packets")?);
    let pieces = sound::pieces(path)?;
    let first = pieces.iter().position(Piece::is_heard).context("nothing is heard")?;
    let last = pieces.iter().rposition(Piece::is_heard).context("nothing is heard")?;
    let seconds = (last - first + 1) as f64 / PIECES;
    facts.add("heardSeconds", seconds);
    ensure!((least..=most + 1.0 / PIECES).contains(&seconds), "{seconds} s are heard, not {least} to {most}");
    for pitch in TONES.into_iter().filter(|pitch| *pitch > 0.0) {
        let found = pieces.iter().filter(|piece| piece.is_tone(pitch)).count();
        facts.add(&format!("piecesOf{pitch}Hz"), found);
        ensure!(found >= TONE, "the tone of {pitch} Hz is not there");
    }
    Ok(())
}

/// Who holds no key.
fn refused(report: &mut Report, world: &World, spans: &Spans) -> Result<()> {
    let (first, second) = (&spans.first.span, &spans.second.span);
    let stranger = &world.hall.host;
    for (name, member, span) in [
        ("who came later gets every block of the first span, and cannot play it", &world.ben, first),
        ("who was never in the room gets every block of the second, and cannot play it", stranger, second),
    ] {
        let _ = report.step(name, |facts| {
            let gateway = format!("http://{}", world.ana.daemon.address("gateway")?.trim_start_matches("http://"));
            let fetched = member.person.run(&["recording", "fetch", span, "--from", &gateway])?;
            facts.add("bytes", number(&fetched, "/bytes")?);
            let folder = world.hall.stack.path(&format!("refused-{}", member.daemon.name));
            let words = ["recording", "play", span, "--out", &folder.display().to_string()];
            facts.add("told", member.person.refused_as(NO_KEY.1, &words)?.message);
            // As the page asks.
            let tracks = member.daemon.rpc()?.ask("recording.tracks", &json!({"span": span}), &[])?;
            let refusal = tracks.err().context("the page is given tracks")?;
            ensure!(refusal.code == NO_KEY.0, "the page is refused as {refusal:?}");
            let files = fs::read_dir(&folder).map_or(0, Iterator::count);
            ensure!(files == 0, "{files} files were written");
            Ok(())
        });
    }
    Ok(())
}

/// Every block that who recorded keeps, and the node with the copies.
fn blocks(report: &mut Report, world: &World, plain: [&PathBuf; 2], names: &[Trace]) -> Result<()> {
    report.step("no block holds a name, a written word or any piece of what was said", |facts| {
        let mut all = Vec::new();
        let mut count = 0;
        for folder in fs::read_dir(world.ana.daemon.datadir.join("blobs/blocks"))? {
            for block in fs::read_dir(folder?.path())? {
                all.extend(fs::read(block?.path())?);
                count += 1;
            }
        }
        ensure!(count > 4, "there are only {count} blocks: nothing was searched");
        // And every block of the node that has the copies.
        let copies = wait::until("copies", || Ok(Some(world.kubo.blocks()).filter(|blocks| !blocks.is_empty())))?;
        facts.add("bytesOfCopies", copies.len());
        all.extend(copies);
        traces::search_bytes("a block", &all, names)?;
        for path in plain {
            let file = fs::read(path)?;
            let pieces: BTreeSet<&[u8]> = file.windows(PIECE).collect();
            facts.add("pieces", pieces.len());
            ensure!(file.len() > 5_000, "{} is too short to be looked for", path.display());
            let found = all.windows(PIECE).filter(|piece| pieces.contains(piece)).count();
            ensure!(found == 0, "{found} pieces of {} stand in blocks", path.display());
        }
        facts.add("blocks", count);
        facts.add("bytes", all.len());
        facts.add("lookedFor", names.len());
        Ok(())
    })
}

/// What the chain has of it.
fn transactions(report: &mut Report, world: &World, names: &[Trace]) -> Result<()> {
    report.step("the executor sent every transaction, and none names a member, a nullifier or the room", |facts| {
        let executor = world.hall.stack.cast.account(FIRST_ACCOUNT + NODES - 1)?;
        let (all, told) = world.consents.transactions()?;
        for one in &all {
            ensure!(one.from == executor, "{} sent a transaction, not the executor {executor}", one.from);
            traces::search_bytes("a transaction", &one.input, names)?;
        }
        traces::search_bytes("a log", &told, names)?;
        ensure!(all.iter().any(Transaction::carries_ml_dsa), "no consent is of ML-DSA-87");
        // Of two spans, and of what is recorded since: each in one call, so that their number does not show how many are there.
        let spans = |events: Vec<Event>| events.into_iter().map(|event| event.span).collect::<Vec<_>>();
        let (added, agreed) = (spans(world.consents.added()?), spans(world.consents.authorised()?));
        ensure!(agreed.len() == 3 && added == agreed, "consents of all: {agreed:?}, calls of submit: {added:?}");
        ensure!(all.len() >= 6, "a withdrawal and two anchors, but {} transactions", all.len());
        facts.add("transactions", all.len());
        facts.add("from", executor);
        Ok(())
    })
}

/// The page's player.
pub(super) fn on_the_page(report: &mut Report, omid: &Seated, spans: &Spans) -> Result<()> {
    report.step("he leaves the room and plays the first span on his page, which checks it", |facts| {
        omid.page.leave()?;
        let bad = omid.page.play_recording(&spans.first.span)?;
        facts.add("picture", omid.page.page.picture("player")?);
        ensure!(bad.is_empty(), "the page does not find it good: {bad:?}");
        let faults = omid.page.page.faults()?;
        ensure!(faults.as_array().is_some_and(Vec::is_empty), "the page says {faults}");
        Ok(())
    })
}

/// A member's own daemon lets go what it had.
pub(super) fn forgotten(report: &mut Report, world: &World, spans: &Spans) -> Result<()> {
    report.step("he forgets the recording: his daemon opens it no more, also when it has every block again", |facts| {
        let (person, span) = (&world.omid.person, spans.first.span.as_str());
        let row = listed(&world.omid, span)?.context("the span is not listed")?;
        let forgotten = person.run(&["recording", "forget", "--recording", &text(&row, "/recording")?])?;
        ensure!(number(&forgotten, "/spans")? == 2, "not the two spans were forgotten: {forgotten}");
        ensure!(number(&forgotten, "/stillPinned")? == 0, "somebody still pins it: {forgotten}");
        let folder = world.hall.stack.path("played-forgotten");
        let words = ["recording", "play", span, "--out", &folder.display().to_string()];
        facts.add("told", person.refused_as(GONE, &words)?.message);
        let gateway = format!("http://{}", world.ana.daemon.address("gateway")?.trim_start_matches("http://"));
        person.run(&["recording", "fetch", span, "--from", &gateway])?;
        facts.add("toldAfterwards", person.refused_as(NO_KEY.1, &words)?.message);
        ensure!(fs::read_dir(&folder).map_or(0, Iterator::count) == 0, "something was written");
        Ok(())
    })
}

/// What the whole network wrote down.
pub(super) fn silent(report: &mut Report, world: &World) -> Result<()> {
    report.step("no log of daemons and media server holds who was there without a name, or a secret", |facts| {
        let mut all = world.omid.names()?;
        for member in [&world.ana, &world.omid, &world.ben, &world.council] {
            all.extend(member.secrets()?);
        }
        all.push(Trace::new("what was written", &world.canary)?);
        traces::search_logs(&world.hall, &all, false, facts)
    })
}
