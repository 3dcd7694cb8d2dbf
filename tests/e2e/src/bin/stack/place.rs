//! The directory of the state: whose it is, that one network runs in it, and what a killed one left running.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use pars_e2e::{process::signal, wait};

/// Lies in a directory of state and is locked while its network runs. Without it nothing in a directory is ever deleted.
const MARK: &str = ".pars-stack";

/// Programs of a network, by the name they are started with.
const PROGRAMS: [&str; 4] = ["devnet", "indexer", "sfu", "sessiond"];

/// A directory of state that is this process's own.
#[derive(Debug)]
pub(crate) struct Place {
    /// The directory, without links.
    pub(crate) path: PathBuf,
    lock: File,
}

impl Place {
    /// Makes the directory if there is none, and locks it; one that holds anything else is refused. Ends what a network left
    /// running that was killed here.
    pub(crate) fn claim(directory: &Path) -> Result<Self> {
        let name = directory.display();
        let used = match directory.read_dir() {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => bail!("{name} is no directory that can be read ({error}): choose another with --dir"),
        };
        let mark = directory.join(MARK);
        if used && !mark.exists() {
            bail!("{name} holds something else than a development network: choose another directory with --dir");
        }
        let unwritable = |error| format!("{name} cannot be written ({error}): choose another directory with --dir");
        fs::create_dir_all(directory).map_err(|error| anyhow::anyhow!(unwritable(error)))?;
        let lock = File::options().create(true).truncate(false).write(true).open(&mark);
        let lock = lock.map_err(|error| anyhow::anyhow!(unwritable(error)))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "a network runs in {name} already: end it with Ctrl-C where it was started, or start this one in another \
                 directory with --dir, --rpc-port and --api-port"
            ),
            Err(TryLockError::Error(error)) => bail!(unwritable(error)),
        }
        let place = Self { path: fs::canonicalize(directory)?, lock };
        place.end_left_over()?;
        Ok(place)
    }

    /// Deletes the state of earlier runs.
    pub(crate) fn clear(&self) -> Result<()> {
        for entry in self.path.read_dir()?.flatten().filter(|entry| entry.file_name() != MARK) {
            let (path, folder) = (entry.path(), entry.file_type()?.is_dir());
            let removed = if folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("{} cannot be removed", path.display()))?;
        }
        Ok(())
    }

    /// A network that was killed could not end its programs: they hold ports and files that the next one needs.
    fn end_left_over(&self) -> Result<()> {
        let left = self.left_over();
        if left.is_empty() {
            return Ok(());
        }
        println!("ending {} programs of a run that was killed", left.len());
        for process in &left {
            // It may have ended by itself.
            let _ = signal("TERM", process);
        }
        let waited = wait::until("them to end", || Ok(self.left_over().is_empty().then_some(())));
        let left = self.left_over().join(" ");
        waited.with_context(|| format!("programs of an earlier run do not end; try `kill -9 {left}`"))
    }

    /// Ids of processes that run programs of ours on this directory, as Linux tells them. The lock says that none is a child
    /// of a living network.
    fn left_over(&self) -> Vec<String> {
        let ids = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
        let ids = ids.filter_map(|name| name.into_string().ok()).filter(|name| name.parse::<u32>().is_ok());
        let inside = format!("{}/", self.path.display());
        let ours = |id: &String| {
            let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            let program = words.next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
            PROGRAMS.contains(&program.as_str()) && words.any(|word| word.contains(&inside))
        };
        ids.filter(ours).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // At once, also where a child that is being started still holds a copy of the file; the end does the same.
        let _ = self.lock.unlock();
    }
}

/// Says if a port cannot be had, and what to do.
pub(crate) fn free(port: u16, option: &str) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is taken by another program: end that, or choose another port with {option}")
        }
        Err(error) => bail!("port {port} cannot be used ({error}): choose another with {option}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Command, Stdio};

    use super::*;

    const SIGTERM: i32 = 15;

    fn refusal(directory: &Path) -> String {
        Place::claim(directory).unwrap_err().to_string()
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_refused_with_what_to_do_and_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let foreign = root.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("letter"), "dear").unwrap();
        assert!(refusal(&foreign).contains("holds something else than a development network: choose another"));
        assert_eq!(fs::read_dir(&foreign).unwrap().count(), 1);
        assert!(refusal(&foreign.join("letter")).contains("is no directory that can be read"));
        // Nobody writes there, not even an administrator.
        let refusal = refusal(Path::new("/proc/network"));
        assert!(refusal.starts_with("/proc/network cannot be written (") && refusal.contains("--dir"), "{refusal}");
    }

    #[test]
    fn one_network_runs_in_a_directory_and_the_second_is_told_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("state");
        let first = Place::claim(&directory).unwrap();
        fs::write(first.path.join("chain"), "blocks").unwrap();
        let second = refusal(&directory);
        assert!(second.contains("already") && second.contains("Ctrl-C") && second.contains("--rpc-port"), "{second}");
        drop(first);
        let third = Place::claim(&directory).unwrap();
        assert!(third.path.join("chain").exists(), "the state is taken up again");
        third.clear().unwrap();
        assert!(!third.path.join("chain").exists());
        assert!(refusal(&directory).contains("already"), "still locked after it was emptied");
    }

    #[test]
    fn programs_that_a_killed_network_left_behind_are_ended_and_no_others() {
        let root = tempfile::tempdir().unwrap();
        let (ours, other) = (root.path().join("ours"), root.path().join("other"));
        fs::create_dir(&ours).unwrap();
        let path = fs::canonicalize(&ours).unwrap();
        let start = |name: &str, directory: &Path| {
            let mut command = Command::new("/bin/sh");
            command.arg0(name).args(["-c", "read line"]).arg(directory.join("data")).stdin(Stdio::piped());
            command.spawn().unwrap()
        };
        let mut left = start("/somewhere/sessiond", &path);
        // A command that its user runs on this network, and a program of another one.
        let mut kept = [start("parsctl", &path), start("sessiond", &other)];
        // Waiting closes what it reads from, and that would end it too.
        let input = left.stdin.take();
        let reaper = std::thread::spawn(move || left.wait().unwrap());
        Place::claim(&ours).unwrap();
        drop(input);
        assert_eq!(reaper.join().unwrap().signal(), Some(SIGTERM));
        for process in &mut kept {
            assert!(process.try_wait().unwrap().is_none());
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    #[test]
    fn a_port_that_is_taken_or_forbidden_is_named_with_its_option() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let told = free(port, "--rpc-port").unwrap_err().to_string();
        assert_eq!(
            told,
            format!("port {port} is taken by another program: end that, or choose another port with --rpc-port")
        );
        drop(taken);
        free(port, "--rpc-port").unwrap();
    }
}
