//! `/v1/models`: what can be loaded, whether it is or not, in OpenAI's shape and, beside it, Anthropic's.

use paddock_core::{Core, Error, ModelView, ServerState};
use serde_json::{Value, json};

/// All models, and their further names. Those whose file is gone or broken are left out: they cannot be used.
///
/// # Errors
/// The library cannot be read.
pub(crate) async fn list(core: &Core) -> Result<Value, Error> {
    let entries = entries(core).await?;
    let id = |entry: Option<&Value>| entry.map(|entry| entry["id"].clone());
    Ok(json!({
        "object": "list",
        "first_id": id(entries.first()),
        "last_id": id(entries.last()),
        "has_more": false,
        "data": entries,
    }))
}

/// One of them, by any name that a request may use; `None` where its file is gone or broken.
///
/// # Errors
/// No model has the name, or several have.
pub(crate) async fn one(core: &Core, name: &str) -> Result<Option<Value>, Error> {
    let entries = entries(core).await?;
    let find = |name: &str| entries.iter().find(|entry| entry["id"] == name).cloned();
    if let Some(entry) = find(name) {
        return Ok(Some(entry));
    }
    Ok(find(&core.route(Some(name))?))
}

async fn entries(core: &Core) -> Result<Vec<Value>, Error> {
    let models = core.list_models().await?;
    let settings = core.settings();
    let is_loaded = |key: &str| {
        let server = core.registry().get(key);
        server.is_some_and(|server| server.status().state == ServerState::Ready)
    };
    let usable = models
        .iter()
        .filter(|model| model.present && model.problem.is_none());
    Ok(usable
        .flat_map(|model| {
            let loaded = is_loaded(&model.key);
            let aliases = settings
                .models
                .get(&model.key)
                .map(|entry| entry.aliases.clone())
                .unwrap_or_default();
            let own = entry(model, &model.key, loaded);
            let further = aliases
                .into_iter()
                .map(move |alias| entry(model, &alias, loaded));
            std::iter::once(own).chain(further)
        })
        .collect())
}

fn entry(model: &ModelView, id: &str, loaded: bool) -> Value {
    json!({
        "id": id,
        "object": "model",
        "created": 0,
        "owned_by": "paddock",
        // Anthropic's.
        "type": "model",
        "display_name": model.name.as_deref().unwrap_or(id),
        "created_at": "1970-01-01T00:00:00Z",
        // Ours.
        "key": model.key,
        "loaded": loaded,
        "context_length": model.context_length,
        "quantization": model.quantization,
    })
}
