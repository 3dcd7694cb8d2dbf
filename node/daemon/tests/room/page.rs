//! The page's files and their headers, and what a daemon without a page says.

use std::fs;

use pars_daemon::args::Settings;

use crate::support::World;
use crate::world::get;

/// Every header of the page, whole and once: a policy is worth as much as its weakest word.
fn has_headers(http: &str, head: &str) {
    let own = http.trim_start_matches("http://").trim_end_matches('/');
    let policy = format!(
        "content-security-policy: default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; \
         media-src 'self' mediastream: blob:; connect-src 'self' ws://{own}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types pars-worker"
    );
    for header in [
        &*policy,
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-embedder-policy: require-corp",
        "cross-origin-resource-policy: same-origin",
        "cache-control: no-store",
    ] {
        let (name, _) = header.split_once(':').unwrap();
        let served: Vec<_> = head.lines().filter(|line| line.split(':').next() == Some(name)).collect();
        assert_eq!(served, [header], "{head}");
    }
}

#[tokio::test]
async fn the_page_is_served_with_its_headers_to_the_own_browser_only() {
    let world = World::start().await;
    let dist = world.dir.path().join("dist");
    fs::create_dir_all(dist.join("assets")).unwrap();
    fs::write(dist.join("index.html"), "<!doctype html>").unwrap();
    fs::write(dist.join("assets/app.js"), "1").unwrap();
    let daemon = world.daemon("a", Settings { page: Some(dist), ..world.settings() }).await;
    let http = &daemon.ready().http;
    let (status, head, body) = get(http, "/", "").await;
    assert_eq!((status, body.as_str()), (200, "<!doctype html>"));
    assert!(head.contains("content-type: text/html"), "{head}");
    has_headers(http, &head);
    let (status, head, _) = get(http, "/assets/app.js", "").await;
    assert!(status == 200 && head.contains("text/javascript"), "{head}");
    has_headers(http, &head);
    for path in ["/assets/../index.html", "/assets/", "/nothing", "/index.html"] {
        assert_eq!(get(http, path, "").await.0, 404, "{path}");
    }
    assert_eq!(get(http, "/", "Origin: http://evil.example\r\n").await.0, 403);
    let (status, _, body) = get(&world.member("b").await.ready().http, "/", "").await;
    assert!(status == 200 && body.contains("--page"), "{body}");
}
