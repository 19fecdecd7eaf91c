//! For how long a model stays and by which names it is known, over HTTP.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use paddock_core::{Core, Error, ModelPolicy, ModelView};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::{Answer, Body, Context, answer};

/// Body of `POST /api/v1/models/policy`. What is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SetModelPolicy {
    /// The model.
    pub model: String,
    /// Seconds without a request after which it ends: 0 at once, -1 never, null as the limits say.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "null_is_a_value"
    )]
    pub ttl_seconds: Option<Option<i64>>,
    /// Never ended to make room for another, and not when it is idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_loaded: Option<bool>,
    /// Loaded when the host starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_at_start: Option<bool>,
}

/// Body of `POST /api/v1/models/alias`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddAlias {
    /// The model.
    pub model: String,
    /// Its further name.
    pub alias: String,
    /// A model of its own with the same file, to be changed and run beside the first.
    #[serde(default)]
    pub second_entry: bool,
}

/// Body of `POST /api/v1/models/alias/remove`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoveAlias {
    /// The name.
    pub alias: String,
}

/// Gives a model a further name. A second entry that the name stands for already is taken as it is.
async fn add_alias(core: &Core, body: AddAlias) -> Result<ModelView, Error> {
    let AddAlias {
        model,
        alias,
        second_entry,
    } = body;
    let error = match core.add_alias(&model, &alias, second_entry).await {
        Err(error) if second_entry && error.code() == "alias_taken" => error,
        result => return result,
    };
    let (first, models) = (core.route(Some(&model))?, core.list_models().await?);
    let named = core.route(Some(&alias))?;
    let root = |key: &str| {
        let model = models.iter().find(|model| model.key == key);
        model.and_then(|model| model.alias_of.clone())
    };
    let origin = root(&first).unwrap_or(first);
    match root(&named) {
        Some(of) if of == origin => {
            let known = models.into_iter().find(|model| model.key == named);
            known.ok_or(error)
        }
        _ => Err(error),
    }
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/models/policy", post(policy))
        .route("/api/v1/models/alias", post(alias))
        .route("/api/v1/models/alias/remove", post(remove_alias_of))
}

async fn policy(State(context): State<Context>, Body(body): Body<SetModelPolicy>) -> Answer {
    let policy = ModelPolicy {
        ttl_seconds: body.ttl_seconds,
        keep_loaded: body.keep_loaded,
        load_at_start: body.load_at_start,
    };
    answer(context.core.set_model_policy(&body.model, policy).await)
}

async fn alias(State(context): State<Context>, Body(body): Body<AddAlias>) -> Answer {
    answer(add_alias(&context.core, body).await)
}

async fn remove_alias_of(State(context): State<Context>, Body(body): Body<RemoveAlias>) -> Answer {
    let removed = context.core.remove_alias(&body.alias).await;
    answer(removed.map(|()| json!({"alias": body.alias})))
}

/// `null` is told from absent.
pub(super) fn null_is_a_value<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
