//! The page: files of one directory, read once at the start, served by their exact names on the loopback port, with the headers
//! that `clients/web/headers.json` lists. Nothing secret is in them: the RPC's token reaches the page in the fragment of its link,
//! which is never sent.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// What every file is sent with; `{self}` is the daemon's own host and port.
const HEADERS: &str = include_str!("../../../clients/web/headers.json");
/// Bytes of one file, and of all.
const MAX: (u64, u64) = (16 << 20, 64 << 20);
/// What is answered without a page.
const NONE: &str = "This is a session daemon. It serves no page; start it with --page DIR.\n";

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The directory or one of its files.
    #[error("the page's {0} cannot be read: {1}; was it built?")]
    Read(PathBuf, std::io::Error),
    /// Too much.
    #[error("the page's directory {0} holds more than 64 MiB, or a file of more than 16 MiB")]
    TooLarge(PathBuf),
    /// No index.
    #[error("{0} holds no index.html; give the directory of a built page")]
    NoIndex(PathBuf),
    /// The headers.
    #[error("the list of headers is malformed")]
    Headers,
}

#[derive(Clone, Debug)]
struct File {
    kind: &'static str,
    content: Bytes,
}

/// The files and headers. Clones share them.
#[derive(Clone, Debug)]
pub struct Page(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: BTreeMap<String, File>,
    headers: Vec<(HeaderName, String)>,
}

impl Page {
    /// No page: a sentence instead.
    ///
    /// # Errors
    /// [`PageError::Headers`].
    pub fn none() -> Result<Self, PageError> {
        let file = File { kind: "text/plain; charset=utf-8", content: Bytes::from_static(NONE.as_bytes()) };
        Ok(Self(Arc::new(Inner { files: BTreeMap::from([("/".into(), file)]), headers: headers()? })))
    }

    /// The built page in a directory: `index.html`, and files of known kinds beside and one level below it.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn read(directory: &Path) -> Result<Self, PageError> {
        let (mut files, mut size) = (BTreeMap::new(), 0);
        let mut folders = vec![(directory.to_owned(), String::from("/"), true)];
        while let Some((folder, prefix, deeper)) = folders.pop() {
            let failed = |error| PageError::Read(folder.clone(), error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                let meta = fs::symlink_metadata(&path).map_err(|error| PageError::Read(path.clone(), error))?;
                if meta.is_dir() && deeper {
                    folders.push((path.clone(), format!("{prefix}{name}/"), false));
                }
                let Some(kind) = kind(name).filter(|_| meta.is_file()) else { continue };
                size += meta.len();
                if meta.len() > MAX.0 || size > MAX.1 {
                    return Err(PageError::TooLarge(directory.to_owned()));
                }
                let content = fs::read(&path).map_err(|error| PageError::Read(path.clone(), error))?;
                files.insert(format!("{prefix}{name}"), File { kind, content: content.into() });
            }
        }
        let index = files.remove("/index.html").ok_or_else(|| PageError::NoIndex(directory.to_owned()))?;
        files.insert("/".into(), index);
        Ok(Self(Arc::new(Inner { files, headers: headers()? })))
    }

    /// Its routes: everything that nothing else answers.
    pub(crate) fn routes(self) -> Router {
        Router::new().route("/", get(serve)).fallback(get(serve)).with_state(self)
    }
}

fn kind(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" | "mjs" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "json" => Some("application/json"),
        "wasm" => Some("application/wasm"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

/// The list, without its comments.
fn headers() -> Result<Vec<(HeaderName, String)>, PageError> {
    let listed: BTreeMap<String, String> = serde_json::from_str(HEADERS).map_err(|_| PageError::Headers)?;
    let named = listed.into_iter().filter(|(name, _)| !name.starts_with("//"));
    named.map(|(name, value)| Ok((name.parse().map_err(|_| PageError::Headers)?, value))).collect()
}

async fn serve(State(page): State<Page>, request: Request) -> Response {
    // The guard has seen that the Host is loopback, and that it is there.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let mut response = match page.0.files.get(request.uri().path()) {
        Some(file) => ([(CONTENT_TYPE, file.kind)], file.content.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
    };
    for (name, value) in &page.0.headers {
        match HeaderValue::try_from(value.replace("{self}", host)) {
            Ok(value) => response.headers_mut().insert(name, value),
            Err(_) => return StatusCode::BAD_REQUEST.into_response(),
        };
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_index_and_files_of_known_kinds() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Page::read(dir.path()), Err(PageError::NoIndex(_))));
        fs::create_dir_all(dir.path().join("assets/deep")).unwrap();
        for name in ["index.html", "assets/a.js", "assets/a.js.map", "assets/deep/b.js", "notes.txt", ".secret"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("assets/link.js")).unwrap();
        let page = Page::read(dir.path()).unwrap();
        assert_eq!(page.0.files.keys().collect::<Vec<_>>(), ["/", "/assets/a.js"]);
        assert!(page.0.headers.iter().any(|(name, _)| name == "content-security-policy"));
        assert!(page.0.headers.iter().all(|(_, value)| !value.is_empty()));
    }
}
