//! The page's files and their headers, and what a daemon without a page says.

use std::fs;

use pars_daemon::args::Settings;

use crate::support::World;
use crate::world::get;

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
    let own = http.trim_start_matches("http://");
    assert!(head.contains(&format!("connect-src 'self' ws://{own};")), "{head}");
    for header in [
        "content-type: text/html",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "cross-origin-opener-policy: same-origin",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    let (status, head, _) = get(http, "/assets/app.js", "").await;
    assert!(status == 200 && head.contains("text/javascript"), "{head}");
    for path in ["/assets/../index.html", "/assets/", "/nothing", "/index.html"] {
        assert_eq!(get(http, path, "").await.0, 404, "{path}");
    }
    assert_eq!(get(http, "/", "Origin: http://evil.example\r\n").await.0, 403);
    let (status, _, body) = get(&world.member("b").await.ready().http, "/", "").await;
    assert!(status == 200 && body.contains("--page"), "{body}");
}
