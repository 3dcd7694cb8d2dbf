//! A second kind of real client: LiveKit's native SDK (`@livekit/rtc-node`), in a room where nobody seals anything, at a media
//! server of its own. The stage `livekit` of `deep` asks more of it.

use std::{ffi::OsStr, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::World;
use crate::{parsctl::text, report::Report, sfu::Sfu, stack::Places, tool};

/// Where the clients lie, below the repository.
const FOLDER: &str = "sfu/tests/livekit";
/// Energy of some moments of the tone, as WebRTC counts it.
const HEARD: f64 = 0.01;

/// Runs the step.
pub(super) fn run(report: &mut Report, world: &World, places: &Places) -> Result<()> {
    report.step(
        "LiveKit's native client (rtc-node) joins a room in the clear: two speak in turn and hear each other",
        |facts| {
            let folder = places.repository()?.join(FOLDER);
            let installed = folder.join("node_modules/@livekit/rtc-node").exists();
            ensure!(installed, "LiveKit's native client is not installed: npm ci --prefix {FOLDER}");
            let directory = world.hall.stack.path("clear");
            fs::create_dir(&directory)?;
            let sfu = Sfu::start(&places.bin, &directory)?;
            let (script, url) = (folder.join("call.mjs"), sfu.url()?);
            let words: [&OsStr; 3] = [script.as_ref(), url.as_ref(), sfu.key_file().as_ref()];
            let said = tool::text(Path::new("node"), &words)?;
            // Lines of the native library may stand above.
            let line = said.lines().last().unwrap_or_default();
            let call: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {said}"))?;
            for name in ["first", "second"] {
                let energy = call.pointer(&format!("/{name}/energy")).and_then(Value::as_f64).unwrap_or_default();
                ensure!(energy > HEARD, "the {name} client hears nothing: {call}");
                facts.add(&format!("{name}Energy"), energy);
            }
            let data = (text(&call, "/data/from")?, text(&call, "/data/text")?);
            ensure!(data == ("first".to_owned(), "hello".to_owned()), "data came as {data:?}");
            Ok(())
        },
    )
}
