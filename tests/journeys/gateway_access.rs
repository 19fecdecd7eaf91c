//! Who may use the endpoint: keys, names, pages, and what is tried by those who may not.

use rustix::process::Signal;
use serde_json::json;
use test_support::home::TINY;
use test_support::wire;
use test_support::{Answer, Api, Home, Host};

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], code, "{}", answer.text);
}

/// A key made on the command line.
async fn add_key(home: &Home, arguments: &[&str]) -> String {
    let line: Vec<&str> = ["key", "add", "--json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let made = home.paddock(&line).await.succeeded().json();
    made["key"].as_str().unwrap().to_owned()
}

fn with_key(host: &Host, key: &str) -> Api {
    host.gateway().clone().with_key(key)
}

/// Many clients insist on a key (LM Studio #561, Ollama #1053): while there is none, any will do, on this machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_keys_any_is_accepted_and_with_one_only_that_is() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    assert_eq!(host.gateway().get("/v1/models").await.status, 200);
    assert_eq!(
        with_key(&host, "whatever").get("/v1/models").await.status,
        200
    );

    let key = add_key(&home, &["laptop"]).await;
    let none = host.gateway().get("/v1/models").await;
    assert_refused(&none, 401, "invalid_api_key");
    assert_eq!(none.headers["www-authenticate"], "Bearer realm=\"Paddock\"");
    let wrong = format!("{}x", &key[..key.len() - 1]);
    let refused = with_key(&host, &wrong).get("/v1/models").await;
    assert_refused(&refused, 401, "invalid_api_key");
    assert!(
        !refused.text.contains(&wrong),
        "what was presented is not told"
    );
    assert_eq!(with_key(&host, &key).get("/v1/models").await.status, 200);
    let answer = host
        .gateway()
        .get_with("/v1/models", &[("x-api-key", &key)])
        .await;
    assert_eq!(answer.status, 200, "Anthropic's header: {}", answer.text);

    // In Anthropic's words where Anthropic's clients ask.
    let anthropic = host.gateway().post("/v1/messages", &json!({})).await;
    assert_eq!(anthropic.status, 401);
    assert_eq!(anthropic.json()["type"], "error", "{}", anthropic.text);
    assert_eq!(anthropic.json()["error"]["type"], "authentication_error");

    // It counts at once when it goes.
    home.paddock(&["key", "rm", "laptop"]).await.succeeded();
    assert_eq!(host.gateway().get("/v1/models").await.status, 200);
    host.end(Signal::TERM).await;
}

/// Management needs a key that may, or the control token: never nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn managing_takes_the_right_to() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let load = json!({"model": TINY});
    let nobody = host.gateway().post("/api/v1/models/load", &load).await;
    assert_refused(&nobody, 401, "invalid_api_key");
    let any = with_key(&host, "any").get("/api/v1/status").await;
    assert_refused(&any, 401, "invalid_api_key");

    let user = add_key(&home, &["user"]).await;
    let manager = add_key(&home, &["manager", "--manage"]).await;
    let refused = with_key(&host, &user)
        .post("/api/v1/models/load", &load)
        .await;
    assert_refused(&refused, 403, "key_may_not_manage");
    assert_refused(
        &with_key(&host, &user).get("/metrics").await,
        403,
        "key_may_not_manage",
    );
    let manager = with_key(&host, &manager);
    let loaded = manager.post("/api/v1/models/load", &load).await;
    assert_eq!(loaded.status, 200, "{}", loaded.text);
    assert_eq!(loaded.json()["status"], "loaded");
    assert_eq!(loaded.json()["instance_id"], TINY);
    assert_eq!(manager.get("/metrics").await.status, 200);
    // What would run a program of the caller's, and ending the host, is not for the network.
    for path in [
        "/api/v1/engines/add",
        "/api/v1/shutdown",
        "/api/v1/engines/prove",
    ] {
        assert_refused(
            &manager.post(path, &json!({"path": "/bin/sh"})).await,
            403,
            "control_only",
        );
    }
    // Nor a program by way of a load: `LD_PRELOAD` of a fetched file is one of many ways.
    for params in [
        json!({"env": {"LD_PRELOAD": "/tmp/x.gguf"}}),
        json!({"extraArgs": {"--tools": "all"}}),
    ] {
        for (path, body) in [
            (
                "/api/v1/models/load",
                json!({"model": TINY, "params": params}),
            ),
            (
                "/api/v1/models/params",
                json!({"model": TINY, "params": params, "save": true}),
            ),
            ("/api/v1/presets", json!({"name": "p", "params": params})),
        ] {
            assert_refused(&manager.post(path, &body).await, 403, "control_only");
        }
    }
    assert!(home.settings()["presets"].get("p").is_none());
    let unloaded = manager
        .post("/api/v1/models/unload", &json!({"instance_id": TINY}))
        .await;
    assert_eq!(unloaded.json()["instance_id"], TINY, "{}", unloaded.text);
    host.end(Signal::TERM).await;
}

/// Trusted hosts widened by 0.0.0.0: Jan #8453, #8508. LAN settings forgotten: LM Studio #1334.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_machines_come_in_only_with_a_key() {
    let home = Home::with_tiny().await;
    let refused = home
        .paddock(&["serve", "--host", "0.0.0.0", "--port", "0", "--json"])
        .await
        .failed();
    assert!(refused.stderr.contains("needs_key") || refused.stdout.contains("needs_key"));

    let key = add_key(&home, &["lan"]).await;
    home.edit_settings(|settings| settings["gateway"]["host"] = json!("0.0.0.0"));
    // A port of its own: any other would be another one each time that it moves.
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let host = home.serve_with(&["--port", &port]).await;
    assert_eq!(bound(&host), "00000000");
    assert_refused(
        &host.gateway().get("/v1/models").await,
        401,
        "invalid_api_key",
    );
    let api = with_key(&host, &key);
    assert_eq!(api.get("/v1/models").await.status, 200);
    let other = [("host", "192.168.1.77:8421")];
    let other = api.get_with("/v1/models", &other).await;
    assert_refused(&other, 403, "host_not_allowed");

    // The last key goes: this machine alone comes in, and it is said why.
    home.paddock(&["key", "rm", "lan"]).await.succeeded();
    let bound_to = async |address: &str| {
        let what = format!("to listen on {address}");
        test_support::until(&what, std::time::Duration::from_secs(5), async || {
            (bound(&host) == address).then_some(())
        })
        .await;
    };
    bound_to("0100007F").await;
    let status = host.status().await;
    let said = status["endpointError"].as_str().unwrap();
    assert!(said.contains("API key"), "{status}");
    assert_eq!(host.gateway().get("/v1/models").await.status, 200);

    // With one it opens by itself.
    add_key(&home, &["lan"]).await;
    bound_to("00000000").await;
    let status = host.status().await;
    assert_eq!(status["endpointError"], json!(null));
    let url = status["endpoint"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    host.end(Signal::TERM).await;
    assert_eq!(
        home.settings()["gateway"]["host"],
        "0.0.0.0",
        "the setting stays"
    );
}

/// The address that the host listens on at the gateway's port, as the kernel writes it.
fn bound(host: &Host) -> String {
    let port = format!(":{:04X}", host.gateway().port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| fields.len() > 3 && fields[1].ends_with(&port) && fields[3] == "0A")
        .map(|fields| fields[1].split(':').next().unwrap().to_owned())
        .unwrap_or_default()
}

/// What was refused is kept, shown, and can be let in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_host_and_page_can_be_let_in() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let gateway = host.gateway();
    let (docker, page) = ("host.docker.internal:8421", "chrome-extension://abcdefgh");
    for _ in 0..2 {
        let refused = gateway.get_with("/v1/models", &[("host", docker)]).await;
        assert_refused(&refused, 403, "host_not_allowed");
    }
    let refused = gateway.get_with("/v1/models", &[("origin", page)]).await;
    assert_refused(&refused, 403, "origin_not_allowed");
    let list = host.control().get("/api/v1/refusals").await.json();
    assert_eq!(
        list["refusals"][0]["value"], "host.docker.internal",
        "{list}"
    );
    assert_eq!(list["refusals"][0]["count"], 2, "{list}");
    assert_eq!(list["refusals"][1]["kind"], "origin", "{list}");
    for refusal in list["refusals"].as_array().unwrap() {
        let allowed = host.control().post("/api/v1/refusals/allow", refusal).await;
        assert_eq!(allowed.status, 200, "{}", allowed.text);
    }
    assert_eq!(
        gateway
            .get_with("/v1/models", &[("host", docker)])
            .await
            .status,
        200
    );
    let answer = gateway.get_with("/v1/models", &[("origin", page)]).await;
    assert_eq!(answer.headers["access-control-allow-origin"], page);
    let left = host.control().get("/api/v1/refusals").await.json();
    assert_eq!(left["refusals"], json!([]), "{left}");
    // What would let everyone in cannot be.
    let everyone = json!({"kind": "origin", "value": "null"});
    let refused = host
        .control()
        .post("/api/v1/refusals/allow", &everyone)
        .await;
    assert_refused(&refused, 400, "not_allowable");
    host.end(Signal::TERM).await;
    let gateway = &home.settings()["gateway"];
    assert_eq!(
        gateway["allowedHosts"],
        json!(["host.docker.internal"]),
        "after a restart too"
    );
}

/// A browser's question before the request: no key is in it, and it is answered for pages that were let in alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preflight_is_answered_for_pages_that_may_ask() {
    let home = Home::with_tiny().await;
    let key = add_key(&home, &["page"]).await;
    home.edit_settings(|settings| {
        settings["gateway"]["allowedOrigins"] = json!(["https://chat.example"]);
    });
    let host = home.serve().await;
    let ask = async |origin: &str| {
        let request = format!(
            "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\nAccess-Control-Request-Private-Network: true\r\n\r\n"
        );
        wire::exchange(host.gateway().port(), request.as_bytes())
            .await
            .unwrap()
    };
    let allowed = ask("https://chat.example").await;
    assert_eq!(allowed.status, 204, "{}", allowed.head);
    for (name, value) in [
        ("access-control-allow-origin", "https://chat.example"),
        ("access-control-allow-headers", "authorization,content-type"),
        ("access-control-allow-private-network", "true"),
        ("vary", "Origin"),
    ] {
        assert_eq!(allowed.header(name), Some(value), "{}", allowed.head);
    }
    let foreign = ask("https://evil.example").await;
    assert_eq!(foreign.status, 403);
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    // The key itself is still needed for the request.
    let page = [("origin", "https://chat.example")];
    assert_eq!(
        host.gateway().get_with("/v1/models", &page).await.status,
        401
    );
    assert_eq!(
        with_key(&host, &key)
            .get_with("/v1/models", &page)
            .await
            .status,
        200
    );
    host.end(Signal::TERM).await;
}

/// 200 for every path: LM Studio #1323.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_path_has_its_methods() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    for (method, path, status) in [
        ("GET", "/v1/chat/completions", 405),
        ("PUT", "/v1/messages", 405),
        ("POST", "/v1/models", 405),
        ("DELETE", "/v1/models/local/tiny", 405),
        ("TRACE", "/v1/nothing", 405),
        ("HEAD", "/v1/models", 200),
        ("HEAD", "/health", 200),
        ("OPTIONS", "/v1/models", 204),
        ("OPTIONS", "/v1/chat/completions", 204),
    ] {
        let answer = ask_head(&host, method, path).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{method} {path}: {answer}"
        );
        assert!(status != 405 || answer.contains("allow: "), "{answer}");
    }
    host.end(Signal::TERM).await;
}

/// Only the head: what answers HEAD names a length and sends no body.
async fn ask_head(host: &Host, method: &str, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = ("127.0.0.1", host.gateway().port());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(method != "HEAD" || body.is_empty(), "{answer}");
    head.to_owned()
}
