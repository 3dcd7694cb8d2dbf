//! A way to a server whose connections can be cut.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes connections on.
pub(crate) struct Proxy {
    /// In place of the server's.
    pub(crate) url: String,
    cuts: watch::Sender<u32>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(url: &str) -> Self {
        let server = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (cuts, cut) = watch::channel(0);
        let task = tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let (server, mut cut) = (server.clone(), cut.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    let mut there = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut here, &mut there) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { url, cuts, task }
    }

    /// Every connection of now ends.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}
