//! Building a fresh clone warm: the sources are copied by content into a fixed folder, so that a file that did not change
//! keeps its time stamp and cargo builds only what did.

use crate::run::{self, Repo};
use anyhow::{Context, Result};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The build folder is emptied when the whole cache has grown past this: cargo never removes old artifacts one by one.
const CAP_BYTES: u64 = 16 << 30;

/// Folders inside the copy that belong to tools, not to the sources.
const KEPT: [&str; 5] = ["node_modules", "out", "cache", "target", "dist"];

/// Where the copy is built, and how much that may leave behind.
pub struct Cache {
    /// Holds `src`, the copy, `target`, its builds, and `xtask`, this program.
    pub folder: PathBuf,
    /// Bytes that it may hold, before a run and after it.
    pub cap: u64,
}

impl Cache {
    /// A cache in this folder.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, cap: CAP_BYTES }
    }

    /// After a run: what has grown past the cap does not stay on the disk until the next one.
    pub fn trim(&self) -> Result<()> {
        keep_only_usable(&self.folder, self.cap)
    }
}

/// Bring `cache/src` to the state of `repo`; the result is that copy, building in `cache/target`.
pub fn synchronise(repo: &Repo, cache: &Cache) -> Result<Repo> {
    let copy = cache.folder.join("src");
    let target = cache.folder.join("target");
    fs::create_dir_all(&copy).with_context(|| format!("creating {}", copy.display()))?;
    cache.trim()?;
    let files = sources(repo)?;
    for file in &files {
        copy_if_different(&repo.root.join(file), &copy.join(file))?;
    }
    remove_others(&copy, Path::new(""), &files)?;
    Ok(Repo { root: copy, target })
}

/// Empty `cache/target` when the cache holds more than `cap` bytes, or was built from sources in another folder than
/// `cache/src`: programs carry the path of their sources, and cargo does not build them again for a folder that moved.
///
/// Everything in `cache` counts, also what stays: npm's packages in the copy, and `cache/xtask`, where this very program may
/// lie while it runs. The compiler's incremental state goes first: it is half of the folder, and no crate is built again
/// for want of it unless it changed.
fn keep_only_usable(cache: &Path, cap: u64) -> Result<()> {
    let target = cache.join("target");
    let incremental = target.join("debug/incremental");
    if folder_bytes(cache) > cap && incremental.exists() {
        fs::remove_dir_all(incremental).context("emptying the compiler's incremental state")?;
    }
    let built_from = target.join("built-from");
    let here = fs::canonicalize(cache.join("src"))?.into_os_string().into_encoded_bytes();
    let (whole, built) = (folder_bytes(cache), folder_bytes(&target));
    if whole > cap {
        eprintln!("the cache holds {whole} bytes, more than {cap}: starting its builds anew");
    } else if built > 0 && !fs::read(&built_from).is_ok_and(|folder| folder == here) {
        eprintln!("the build cache was filled from another folder: starting it anew");
    } else if built > 0 {
        return Ok(());
    }
    if target.exists() {
        fs::remove_dir_all(&target).context("emptying the build cache")?;
    }
    fs::create_dir_all(&target)?;
    fs::write(built_from, here).context("marking the build cache")
}

fn sources(repo: &Repo) -> Result<BTreeSet<PathBuf>> {
    let listed = run::output(repo.command("git").args(["ls-files", "-coz", "--exclude-standard"]))?;
    Ok(listed
        .split('\0')
        .map(str::trim)
        .filter(|file| !file.is_empty())
        .map(PathBuf::from)
        .filter(|file| repo.root.join(file).is_file())
        .collect())
}

fn copy_if_different(from: &Path, to: &Path) -> Result<()> {
    let wanted = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    let mode = |file: &Path| fs::metadata(file).map(|meta| meta.permissions());
    if fs::read(to).is_ok_and(|present| present == wanted) {
        // A script that became executable, or is so no longer: its bytes, and so its time stamp, stay.
        let wanted = mode(from)?;
        if mode(to)? != wanted {
            fs::set_permissions(to, wanted).with_context(|| format!("setting the mode of {}", to.display()))?;
        }
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    // `fs::copy` keeps the mode (scripts stay executable) and gives the file a new time stamp.
    fs::copy(from, to).with_context(|| format!("writing {}", to.display()))?;
    Ok(())
}

fn remove_others(copy: &Path, below: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(copy.join(below))? {
        let entry = entry?;
        let relative = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if !KEPT.iter().any(|kept| entry.file_name() == *kept) {
                remove_others(copy, &relative, files)?;
            }
        } else if !files.contains(&relative) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// An empty cache of its own for one test.
    fn fresh(name: &str) -> Result<PathBuf> {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("src"))?;
        keep_only_usable(&folder, CAP_BYTES)?;
        Ok(folder)
    }

    #[test]
    fn a_cache_that_was_moved_is_emptied_and_one_that_stayed_is_kept() -> Result<()> {
        let folder = fresh("stayed")?;
        fs::write(folder.join("target/program"), "x")?;
        keep_only_usable(&folder, CAP_BYTES)?;
        assert!(folder.join("target/program").exists());
        let moved = folder.with_file_name(format!("xtask-moved-{}", std::process::id()));
        fs::rename(folder, &moved)?;
        keep_only_usable(&moved, CAP_BYTES)?;
        assert!(!moved.join("target/program").exists());
        fs::remove_file(moved.join("target/built-from"))?;
        fs::write(moved.join("target/of nobody knows where"), "x")?;
        keep_only_usable(&moved, CAP_BYTES)?;
        assert!(!moved.join("target/of nobody knows where").exists());
        fs::remove_dir_all(moved)?;
        Ok(())
    }

    #[test]
    fn all_that_lies_in_the_cache_counts_for_the_cap_but_only_builds_are_emptied() -> Result<()> {
        let folder = fresh("cap")?;
        for stays in ["xtask", "src/node_modules", "src/out"] {
            let program = folder.join("target/program");
            fs::write(&program, "x")?;
            let cap = folder_bytes(&folder) + 100;
            let file = folder.join(stays).join("file");
            fs::create_dir_all(folder.join(stays))?;
            fs::write(&file, [0; 100])?;
            keep_only_usable(&folder, cap)?;
            assert!(program.exists(), "{stays}: at the cap");
            fs::write(&file, [0; 101])?;
            keep_only_usable(&folder, cap)?;
            assert!(!program.exists() && file.exists(), "{stays}: one byte over");
        }
        let (state, program) = (folder.join("target/debug/incremental/state"), folder.join("target/program"));
        fs::create_dir_all(state.parent().context("no parent")?)?;
        fs::write(&program, "x")?;
        let cap = folder_bytes(&folder);
        fs::write(&state, "x")?;
        keep_only_usable(&folder, cap)?;
        assert!(program.exists() && !state.exists(), "the compiler's state goes first");
        fs::remove_dir_all(folder)?;
        Ok(())
    }

    #[test]
    fn an_unchanged_file_keeps_its_time_stamp_and_takes_a_changed_mode_and_a_deleted_one_goes() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("xtask-cache-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::create_dir_all(&from)?;
        fs::create_dir_all(to.join("node_modules"))?;
        fs::write(from.join("a"), "1")?;
        copy_if_different(&from.join("a"), &to.join("a"))?;
        let before = fs::metadata(to.join("a"))?.modified()?;
        fs::write(from.join("a"), "1")?;
        copy_if_different(&from.join("a"), &to.join("a"))?;
        assert_eq!(fs::metadata(to.join("a"))?.modified()?, before);
        for mode in [0o755, 0o644] {
            fs::set_permissions(from.join("a"), fs::Permissions::from_mode(mode))?;
            copy_if_different(&from.join("a"), &to.join("a"))?;
            let copied = fs::metadata(to.join("a"))?;
            assert_eq!((copied.permissions().mode() & 0o777, copied.modified()?), (mode, before));
        }
        fs::write(to.join("gone"), "x")?;
        fs::write(to.join("node_modules/kept"), "x")?;
        remove_others(&to, Path::new(""), &BTreeSet::from([PathBuf::from("a")]))?;
        assert!(to.join("a").exists() && to.join("node_modules/kept").exists() && !to.join("gone").exists());
        fs::remove_dir_all(folder)?;
        Ok(())
    }
}
