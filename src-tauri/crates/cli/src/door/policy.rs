//! The part of the door for how long models stay and by which names they are known.

use gateway::{AddAlias, RemoveAlias, SetModelPolicy};
use serde_json::{Value, json};

use super::{Door, HostClient};
use crate::failure::Failure;

impl Door {
    pub(crate) async fn set_model_policy(&self, body: SetModelPolicy) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/policy", &body).await,
            Self::Own { core, .. } => Ok(json!(gateway::set_model_policy(core, body).await?)),
        }
    }

    pub(crate) async fn add_alias(&self, body: AddAlias) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.add_alias(&body).await,
            Self::Own { core, .. } => Ok(json!(gateway::add_alias(core, body).await?)),
        }
    }

    pub(crate) async fn remove_alias(&self, alias: String) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                host.post("/api/v1/models/alias/remove", &RemoveAlias { alias })
                    .await
            }
            Self::Own { core, .. } => {
                core.remove_alias(&alias).await?;
                Ok(json!({"alias": alias}))
            }
        }
    }
}

impl HostClient {
    pub(crate) async fn add_alias(&self, body: &AddAlias) -> Result<Value, Failure> {
        self.post("/api/v1/models/alias", body).await
    }
}
