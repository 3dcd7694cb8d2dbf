//! HTTP clients: every request ends, and what goes to this machine stays on it.

use std::time::Duration;

use pars_wire::is_this_machine;
use reqwest::{Client, Url};

/// A client for a URL whose requests end within a time. A proxy in the environment is one to the network: an endpoint of this
/// machine is reached without it, so that whoever runs the proxy does not see which rooms are asked for.
///
/// # Errors
/// The system does not give what a client needs.
pub fn client(url: &Url, patience: Duration) -> Result<Client, reqwest::Error> {
    let builder = Client::builder().timeout(patience);
    let builder = if is_this_machine(url.host_str().unwrap_or_default()) { builder.no_proxy() } else { builder };
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_takes_a_request_and_never_answers_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
        let http = client(&url, Duration::from_millis(50)).unwrap();
        let asked = tokio::spawn(async move { http.get(url).send().await });
        let _taken = silent.accept().await.unwrap();
        assert!(asked.await.unwrap().unwrap_err().is_timeout());
    }
}
