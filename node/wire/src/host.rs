//! Where a URL leads.

use core::net::IpAddr;

/// Whether the host of a URL names this machine: `localhost`, `127.0.0.0/8` or `::1`, with or without brackets. What goes there is
/// never given to a proxy of the environment, which is one to the network: whoever runs it would see which rooms are asked for.
pub fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn this_machine_is_told_from_others() {
        for host in ["127.0.0.1", "127.9.9.9", "LOCALHOST", "localhost", "[::1]", "::1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["", "10.0.0.1", "localhost.example", "[fe80::1]", "128.0.0.1", "127.0.0.1.example"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
