//! Pictures for the papers: those that steps tell of, in one directory, with a page that says which step took which.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// The page beside them.
const PAGE: &str = "README.md";
/// How it begins.
const HEAD: &str = "# Pictures\n\n`cargo xtask demo --pictures` takes all of them anew and writes this page.\n\n\
                    | Picture | Journey | Step |\n|---|---|---|\n";

/// A picture, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The journey's number.
    pub journey: u32,
    /// The step's name.
    pub step: String,
    /// The file.
    pub file: PathBuf,
}

/// Copies them into a directory, which must be there, and writes the page. Fails if two have the same name, and if another picture
/// lies there, because no step takes that any more.
pub fn publish(taken: &[Taken], directory: &Path) -> Result<()> {
    let mut rows = BTreeMap::new();
    for Taken { journey, step, file } in taken {
        let name = file.file_name().context("a picture has no name")?.to_string_lossy().into_owned();
        ensure!(!rows.contains_key(&name), "two steps took a picture {name}: give one of them another name");
        let to = directory.join(&name);
        fs::copy(file, &to).with_context(|| format!("{} cannot be copied to {}", file.display(), to.display()))?;
        rows.insert(name.clone(), format!("| [{name}]({name}) | {journey} | {step} |\n"));
    }
    let page: String = rows.values().map(String::as_str).collect();
    fs::write(directory.join(PAGE), format!("{HEAD}{page}"))?;
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_taken = !name.ends_with(".png") || rows.contains_key(&name);
        ensure!(is_taken, "no step takes {name} any more: remove it from {}, and links to it", directory.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_together_beside_a_page_that_names_the_step_of_each() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let taken = |journey, name: &str| {
            let file = from.path().join(name);
            fs::write(&file, name).unwrap();
            Taken { journey, step: format!("{name} is seen"), file }
        };
        let [one, other] = [taken(5, "b.png"), taken(2, "a.png")];
        publish(&[one.clone(), other], to.path()).unwrap();
        let page = fs::read_to_string(to.path().join(PAGE)).unwrap();
        let rows = "| [a.png](a.png) | 2 | a.png is seen |\n| [b.png](b.png) | 5 | b.png is seen |\n";
        assert_eq!(page, format!("{HEAD}{rows}"));
        assert_eq!(fs::read_to_string(to.path().join("a.png")).unwrap(), "a.png");
        let refused = |all: &[Taken]| publish(all, to.path()).unwrap_err().to_string();
        assert!(refused(&[one.clone(), one.clone()]).starts_with("two steps took a picture b.png"));
        assert!(refused(&[one]).starts_with("no step takes a.png any more"));
    }
}
