//! The keys' part of the door.

use gateway::{AddKey, RemoveKey};
use serde_json::{Value, json};

use super::Door;
use crate::failure::Failure;

impl Door {
    pub(crate) async fn add_key(&self, body: AddKey) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/keys", &body).await,
            Self::Own { core, .. } => Ok(json!(core.add_key(&body.name, body.manage)?)),
        }
    }

    pub(crate) async fn keys(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.get("/api/v1/keys").await,
            Self::Own { core, .. } => Ok(json!(core.keys())),
        }
    }

    pub(crate) async fn remove_key(&self, name: String) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/keys/remove", &RemoveKey { name }).await,
            Self::Own { core, .. } => Ok(json!(core.remove_key(&name)?)),
        }
    }
}
