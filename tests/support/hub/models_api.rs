//! `/api/models`: search, one repository, its files; paged by the `Link` header.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::repos::{Access, File, Repo};
use super::{Hub, MEMBER, STRANGER};

/// Files in a page of a list: the hub's own are longer.
const TREE_PAGE: usize = 25;
const SEARCH_PAGE: usize = 1000;

/// A refusal as the hub words it.
pub(super) fn refuse(status: u16, code: Option<&str>, message: &str) -> Response {
    let mut response = (
        StatusCode::from_u16(status).unwrap(),
        Json(json!({ "error": message })),
    )
        .into_response();
    let headers = response.headers_mut();
    if let Some(code) = code {
        headers.insert("x-error-code", HeaderValue::from_str(code).unwrap());
    }
    headers.insert("x-error-message", HeaderValue::from_str(message).unwrap());
    response
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    Nobody,
    Stranger,
    Member,
}

impl Hub {
    /// What the hub refuses before it looks at anything.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<Asker, Box<Response>> {
        let (rate_limit, status) = {
            let faults = self.faults.lock().unwrap();
            (faults.rate_limit_seconds, faults.hub_status)
        };
        if let Some(seconds) = rate_limit {
            let message = "We had to rate limit your IP. To continue using our service, log in or create a HF account.";
            let mut response = refuse(429, None, message);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            return Err(Box::new(response));
        }
        if let Some(status) = status {
            return Err(Box::new(refuse(
                status,
                None,
                "Internal Error - We're working hard to fix this as soon as possible!",
            )));
        }
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        match given.map(|given| given.strip_prefix("Bearer ").unwrap_or_default()) {
            None => Ok(Asker::Nobody),
            Some(MEMBER) => Ok(Asker::Member),
            Some(STRANGER) => Ok(Asker::Stranger),
            Some(_) => Err(Box::new(refuse(401, None, "Invalid username or password."))),
        }
    }

    /// A repository as somebody sees it.
    pub(super) fn repo(&self, id: &str, asker: Asker) -> Result<Repo, Box<Response>> {
        let repos = self.repos.lock().unwrap();
        let found = repos
            .get(id)
            .filter(|repo| repo.access != Access::Private || asker == Asker::Member);
        found.cloned().ok_or_else(|| {
            // To those without a token it does not say whether there is anything.
            Box::new(match asker {
                Asker::Nobody => refuse(401, Some("RepoNotFound"), "Repository not found"),
                _ => refuse(404, Some("RepoNotFound"), "Repository not found"),
            })
        })
    }
}

pub(super) fn no_revision(revision: &str) -> Box<Response> {
    Box::new(refuse(
        404,
        Some("RevisionNotFound"),
        &format!("Invalid rev id: {revision}"),
    ))
}

fn pairs(query: &RawQuery) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .0
        .as_deref()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// `GET /api/models`.
pub(super) async fn search(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    query: RawQuery,
) -> Response {
    let asker = match hub.admit(&headers) {
        Ok(asker) => asker,
        Err(response) => return *response,
    };
    let pairs = pairs(&query);
    let one: HashMap<&str, &str> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let all = |name: &str| -> Vec<&str> {
        pairs
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    };
    let mut rows: Vec<Repo> = {
        let repos = hub.repos.lock().unwrap();
        repos
            .0
            .iter()
            .filter(|repo| repo.access != Access::Private || asker == Asker::Member)
            .filter(|repo| matches(repo, &one, &all("filter")))
            .cloned()
            .collect()
    };
    let sort = one.get("sort").copied().unwrap_or("trendingScore");
    rows.sort_by(|one, other| {
        let number = |repo: &Repo| match sort {
            "downloads" => repo.downloads,
            "likes" => repo.likes,
            _ => repo.trending,
        };
        match sort {
            "createdAt" | "lastModified" => other.created.cmp(&one.created),
            _ => number(other).cmp(&number(one)),
        }
    });
    let offset: usize = one
        .get("cursor")
        .and_then(|cursor| cursor.strip_prefix("after=")?.parse().ok())
        .unwrap_or(0);
    let limit: usize = one
        .get("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(SEARCH_PAGE);
    let fields = all("expand");
    let page: Vec<Value> = rows
        .iter()
        .skip(offset)
        .take(limit)
        .map(|repo| row(repo, &fields))
        .collect();
    let more = rows.len() > offset + limit;
    let mut response = Json(page).into_response();
    if more {
        link(&hub, &mut response, "/api/models", &pairs, offset + limit);
    }
    response
}

fn matches(repo: &Repo, query: &HashMap<&str, &str>, filters: &[&str]) -> bool {
    let id = repo.id.to_lowercase();
    let words_fit = query.get("search").is_none_or(|text| {
        text.to_lowercase()
            .split_whitespace()
            .all(|word| id.contains(word))
    });
    let author_fits = query
        .get("author")
        .is_none_or(|author| repo.id.split('/').next() == Some(author));
    let tags = ["gguf", "text-generation"];
    let filters_fit = filters
        .iter()
        .flat_map(|filter| filter.split(','))
        .all(|filter| tags.contains(&filter));
    let task_fits = query
        .get("pipeline_tag")
        .is_none_or(|task| *task == "text-generation");
    let gated_fits = query
        .get("gated")
        .is_none_or(|gated| (repo.access == Access::Gated) == (gated.to_lowercase() == "true"));
    let size_fits = query.get("num_parameters").is_none_or(|bounds| {
        bounds.split(',').all(|bound| match bound.split_once(':') {
            Some(("min", least)) => least
                .parse()
                .is_ok_and(|least: u64| repo.parameters >= least),
            Some(("max", most)) => most.parse().is_ok_and(|most: u64| repo.parameters <= most),
            _ => false,
        })
    });
    words_fit && author_fits && filters_fit && task_fits && gated_fits && size_fits
}

/// With `expand`, only what was asked for.
fn row(repo: &Repo, fields: &[&str]) -> Value {
    let Some(Value::Object(all)) = repo.json("main") else {
        return Value::Null;
    };
    if fields.is_empty() {
        return Value::Object(all);
    }
    let shown: Map<String, Value> = all
        .into_iter()
        .filter(|(name, _)| {
            ["_id", "id", "modelId"].contains(&name.as_str()) || fields.contains(&name.as_str())
        })
        .collect();
    Value::Object(shown)
}

fn link(hub: &Hub, response: &mut Response, path: &str, pairs: &[(String, String)], offset: usize) {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let mut query: Vec<String> = pairs
        .iter()
        .filter(|(name, _)| name != "cursor")
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    query.push(format!("cursor={}", encode(&format!("after={offset}"))));
    let link = format!(
        "<http://{}{path}?{}>; rel=\"next\"",
        hub.hub,
        query.join("&")
    );
    response
        .headers_mut()
        .insert(header::LINK, HeaderValue::from_str(&link).unwrap());
}

/// `GET /api/models/{id}`.
pub(super) async fn info(
    state: State<Arc<Hub>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    info_at(state, Path((owner, name, "main".to_owned())), headers).await
}

/// `GET /api/models/{id}/revision/{revision}`.
pub(super) async fn info_at(
    State(hub): State<Arc<Hub>>,
    Path((owner, name, revision)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let answer = || {
        let asker = hub.admit(&headers)?;
        let repo = hub.repo(&format!("{owner}/{name}"), asker)?;
        repo.json(&revision).ok_or_else(|| no_revision(&revision))
    };
    match answer() {
        Ok(json) => Json(json).into_response(),
        Err(response) => *response,
    }
}

/// `GET /api/models/{id}/tree/{revision}`.
pub(super) async fn tree(
    State(hub): State<Arc<Hub>>,
    Path((owner, name, revision)): Path<(String, String, String)>,
    headers: HeaderMap,
    query: RawQuery,
) -> Response {
    let id = format!("{owner}/{name}");
    let found = hub.admit(&headers).and_then(|asker| hub.repo(&id, asker));
    let repo = match found {
        Ok(repo) => repo,
        Err(response) => return *response,
    };
    let Some(commit) = repo.at(&revision) else {
        return *no_revision(&revision);
    };
    let pairs = pairs(&query);
    let is = |name: &str, wanted: &str| {
        pairs
            .iter()
            .any(|(key, value)| key == name && value.eq_ignore_ascii_case(wanted))
    };
    let mut rows: Vec<Value> = Vec::new();
    let mut folders: Vec<&str> = Vec::new();
    for file in &commit.files {
        if let Some((folder, _)) = file.path.split_once('/')
            && !file.path.starts_with("..")
            && !folders.contains(&folder)
        {
            folders.push(folder);
            rows.push(
                json!({"type": "directory", "oid": file.git_oid(), "size": 0, "path": folder}),
            );
        }
        if is("recursive", "true") || !file.path.contains('/') {
            rows.push(tree_row(file));
        }
    }
    let cursor = pairs.iter().find(|(name, _)| name == "cursor");
    let offset: usize = cursor
        .and_then(|(_, cursor)| cursor.strip_prefix("after=")?.parse().ok())
        .unwrap_or(0);
    let page: Vec<&Value> = rows.iter().skip(offset).take(TREE_PAGE).collect();
    let mut response = Json(json!(page)).into_response();
    if rows.len() > offset + TREE_PAGE {
        let path = format!("/api/models/{id}/tree/{revision}");
        link(&hub, &mut response, &path, &pairs, offset + TREE_PAGE);
    }
    response
}

fn tree_row(file: &File) -> Value {
    let size = file.content.size_bytes();
    let mut row = json!({"type": "file", "oid": file.git_oid(), "size": size, "path": file.path});
    if file.is_lfs() {
        row["lfs"] = json!({"oid": file.sha256, "size": size, "pointerSize": 134});
    }
    row
}
