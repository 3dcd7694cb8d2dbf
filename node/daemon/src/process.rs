//! The process itself: no core file holds its memory, and no other process of the user looks into it (THREATS R12).

use nix::sys::resource::{Resource, setrlimit};

/// Close the process: core size 0, and on Linux neither dumpable nor to be traced by who is not root.
///
/// # Errors
/// What the system says; nothing secret has been read before it is asked.
pub fn close() -> std::io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_process_leaves_no_core_and_cannot_be_dumped() {
        close().unwrap();
        assert_eq!(nix::sys::resource::getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
        #[cfg(target_os = "linux")]
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
