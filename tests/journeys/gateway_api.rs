//! The management API as it is described, and what the endpoint tells about its work.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::{Answer, Api, Home, until};

/// Real answers against the description that the server gives.
struct Described(Value);

impl Described {
    async fn by(api: &Api) -> Self {
        let document = api.get("/openapi.json").await;
        assert_eq!(document.status, 200, "{}", document.text);
        Self(document.json())
    }

    /// Panics where an answer is not as it is described for this path.
    #[track_caller]
    fn holds(&self, method: &str, path: &str, answer: &Answer) -> Value {
        let key = if answer.status == 200 {
            "200"
        } else {
            "default"
        };
        let mut schema =
            self.0["paths"][path][method]["responses"][key]["content"]["application/json"]["schema"]
                .clone();
        assert!(!schema.is_null(), "{method} {path} is not described");
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let value = answer.json();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:#?}\n{value:#}");
        value
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_as_they_are_described() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let control = host.control();
    let described = Described::by(control).await;
    let post = async |path: &str, body: Value| {
        let answer = control.post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        described.holds("post", path, &answer)
    };
    let loaded = post("/api/v1/models/load", json!({"model": TINY, "ttl": 600})).await;
    assert_eq!(loaded["state"], "ready");
    assert!(loaded["load_time_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(host.gateway().chat("Hi", 2).await.status, 200);
    for path in [
        "/api/v1/status",
        "/api/v1/models",
        "/api/v1/engines",
        "/api/v1/engines/jobs",
        "/api/v1/keys",
        "/api/v1/gateway",
        "/api/v1/refusals",
        "/api/v1/traffic",
        "/api/v1/downloads",
        "/api/v1/hub",
        "/api/v1/library/folders",
        "/api/v1/announcements",
        "/api/v1/presets",
        "/api/v1/models/defaults",
        "/openapi.json",
    ] {
        let answer = control.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        described.holds("get", path, &answer);
    }
    let listed = control.get("/api/v1/models").await.json();
    let instance = &listed["models"][0]["loaded_instances"][0];
    assert_eq!(instance["id"], TINY, "{listed}");
    let gateway = host.gateway();
    for path in ["/v1/models", "/health"] {
        described.holds("get", path, &gateway.get(path).await);
    }
    let one = gateway.get("/v1/models/local%2Ftiny").await;
    assert_eq!(
        described.holds("get", "/v1/models/{model}", &one)["loaded"],
        true
    );
    let none = gateway.get("/v1/models/nothing").await;
    assert_eq!(none.status, 404);
    described.holds("get", "/v1/models/{model}", &none);

    post(
        "/api/v1/models/params",
        json!({"model": TINY, "params": {"ctxSize": 512}}),
    )
    .await;
    post(
        "/api/v1/models/policy",
        json!({"model": TINY, "keepLoaded": true}),
    )
    .await;
    post(
        "/api/v1/models/alias",
        json!({"model": TINY, "alias": "small"}),
    )
    .await;
    let ids = gateway.get("/v1/models").await.json();
    let ids: Vec<&str> = ids["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [TINY, "small"]);
    post("/api/v1/models/alias/remove", json!({"alias": "small"})).await;
    let made = post("/api/v1/keys", json!({"name": "x"})).await;
    assert_eq!(made["key"].as_str().unwrap().len(), 46);
    // A host without a window is told its limits so: the file is its own while it runs.
    let limits = json!({"maxLoaded": 2, "memoryBytes": 8_000_000_000_u64, "queueLength": 5});
    let set = json!({"requestLog": false, "limits": limits});
    let now = post("/api/v1/gateway", set).await["limits"].clone();
    assert_eq!(
        (&now["maxLoaded"], &now["queueLength"]),
        (&json!(2), &json!(5))
    );
    let unbound = json!({"limits": {"memoryBytes": null}});
    let now = post("/api/v1/gateway", unbound).await["limits"].clone();
    assert_eq!(
        (&now["maxLoaded"], &now["memoryBytes"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(home.settings()["limits"]["queueLength"], 5);
    let wish = json!({"name": "p", "params": {"ctxSize": 512}});
    post("/api/v1/presets", wish).await;
    let preset = control.get("/api/v1/presets/p").await;
    described.holds("get", "/api/v1/presets/{name}", &preset);
    post("/api/v1/presets/rename", json!({"name": "p", "to": "q"})).await;
    let uses = json!({"model": TINY, "preset": "q"});
    post("/api/v1/models/preset", uses).await;
    let defaults = json!({"params": {"seed": 7}, "cleared": []});
    post("/api/v1/models/defaults", defaults).await;
    let document = post("/api/v1/params/export", json!({})).await;
    let document = json!({"document": document});
    post("/api/v1/params/import", document).await;
    post("/api/v1/presets/remove", json!({"name": "q"})).await;
    post("/api/v1/models/unload", json!({"model": TINY})).await;
    for (path, body) in [
        ("/api/v1/models/load", json!({"model": "nothing"})),
        ("/api/v1/models/load", json!({"modle": TINY})),
        ("/api/v1/keys", json!({"name": "x"})),
        ("/api/v1/keys/remove", json!({"name": "nobody"})),
        ("/api/v1/presets", json!({"name": ""})),
        ("/api/v1/presets/remove", json!({"name": "nobody"})),
        ("/api/v1/params/import", json!({"document": {}})),
        ("/api/v1/gateway", json!({"host": "not an address"})),
        ("/api/v1/gateway", json!({"port": 80})),
        // A page without a name would be every page's.
        ("/api/v1/gateway", json!({"allowedOrigins": ["null"]})),
        ("/api/v1/gateway", json!({"allowedHosts": ["*"]})),
        ("/api/v1/gateway", json!({"limits": {"queueLength": 0}})),
    ] {
        let refused = control.post(path, &body).await;
        assert!(
            (400..500).contains(&refused.status),
            "{path}: {}",
            refused.status
        );
        described.holds("post", path, &refused);
    }
    host.end(Signal::TERM).await;
}

/// A number in Prometheus' text.
fn sample(text: &str, begin: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(begin));
    let line = line.unwrap_or_else(|| panic!("no {begin} in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_is_counted_and_logged_without_what_it_says() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let gateway = host.gateway();
    let body = |stream: bool| {
        json!({
            "model": TINY, "stream": stream, "max_tokens": 7, "ignore_eos": true,
            "messages": [{"role": "user", "content": "a very secret prompt"}],
        })
    };
    let answer = gateway.post("/v1/chat/completions", &body(false)).await;
    let usage = answer.json()["usage"].clone();
    gateway.post("/v1/chat/completions", &body(true)).await;
    gateway
        .post("/v1/chat/completions", &json!({"model": "nothing"}))
        .await;
    gateway.get("/v1/models?secret=1").await;

    let metrics = until("all to be counted", Duration::from_secs(5), async || {
        let text = gateway.get("/metrics").await.text;
        let model = format!("{{model=\"{TINY}\"}}");
        (sample(&text, &format!("paddock_completion_tokens_total{model}")) == 14.0).then_some(text)
    })
    .await;
    let of = |name: &str| sample(&metrics, &format!("{name}{{model=\"{TINY}\"}}"));
    let prompt = usage["prompt_tokens"].as_f64().unwrap();
    assert!(of("paddock_prompt_tokens_total") >= prompt, "{metrics}");
    assert_eq!(of("paddock_requests_in_flight"), 0.0);
    assert_eq!(of("paddock_time_to_first_token_seconds_count"), 1.0);
    assert!(of("paddock_model_memory_bytes") > 1e6);
    let ok = format!(
        "paddock_requests_total{{model=\"{TINY}\",path=\"/v1/chat/completions\",status=\"200\"}}"
    );
    assert_eq!(sample(&metrics, &ok), 2.0);
    let unknown = "paddock_requests_total{model=\"\",path=\"/v1/chat/completions\",status=\"404\"}";
    assert_eq!(sample(&metrics, unknown), 1.0);
    // Told twice a second at most.
    until(
        "the window to be told",
        Duration::from_secs(5),
        async || {
            let traffic = host.control().get("/api/v1/traffic").await.json();
            (traffic["models"][0]["traffic"]["completionTokens"] == 14).then_some(())
        },
    )
    .await;

    let path = home.data().join("logs/requests.log");
    let lines: Vec<Value> = until("the log", Duration::from_secs(5), async || {
        let text = std::fs::read_to_string(&path).ok()?;
        assert!(!text.contains("secret"), "{text}");
        let lines: Vec<Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        (lines.len() >= 4).then_some(lines)
    })
    .await;
    let first = &lines[0];
    assert_eq!(
        (
            &first["method"],
            &first["path"],
            &first["model"],
            &first["status"]
        ),
        (
            &json!("POST"),
            &json!("/v1/chat/completions"),
            &json!(TINY),
            &json!(200)
        ),
        "{first}"
    );
    assert_eq!(first["completionTokens"], 7, "{first}");
    assert_eq!(first["promptTokens"], usage["prompt_tokens"], "{first}");
    assert!(lines[1]["firstTokenMilliseconds"].is_u64(), "{}", lines[1]);
    assert_eq!(lines[2]["ended"], "model_not_found", "{}", lines[2]);
    assert_eq!(lines[3]["path"], "/v1/models", "{}", lines[3]);

    // Switched off, nothing is added.
    host.control()
        .post("/api/v1/gateway", &json!({"requestLog": false}))
        .await;
    let length = std::fs::metadata(&path).unwrap().len();
    gateway.get("/v1/nothing-to-log").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("nothing-to-log") && text.len() as u64 >= length);
    host.end(Signal::TERM).await;
}

/// A taken port names who has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_the_port_is_said() {
    let home = Home::with_tiny().await;
    let first = home.serve().await;
    let port = first.gateway().port().to_string();
    let other = Home::new();
    let second = other.begin_serve(&["--port", &port]).await;
    let said = until("it to say so", Duration::from_secs(5), async || {
        second.status().await["endpointError"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    assert!(said.contains("another Paddock (pid "), "{said}");
    assert!(said.contains(&first.pid().to_string()), "{said}");
    first.end(Signal::TERM).await;
    until("it to take the port", Duration::from_secs(8), async || {
        (second.status().await["listening"] == true).then_some(())
    })
    .await;
    second.end(Signal::TERM).await;
}
