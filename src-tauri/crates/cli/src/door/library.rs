//! The library's part of the door.

use gateway::{ImportModels, ModelsFolder, RemoveModel, remove_model};
use serde_json::{Value, json};

use super::{Door, encode};
use crate::failure::Failure;

impl Door {
    pub(crate) async fn import(&self, body: ImportModels) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/import", &body).await,
            Self::Own { core, .. } => Ok(json!(core.import(&body.into()).await?)),
        }
    }

    pub(crate) async fn found_elsewhere(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                let mut found = host.get("/api/v1/library/found-elsewhere").await?;
                Ok(found["models"].take())
            }
            Self::Own { core, .. } => Ok(json!(core.found_elsewhere().await?)),
        }
    }

    pub(crate) async fn model_details(&self, model: &str) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                let path = format!("/api/v1/models/details?model={}", encode(model));
                host.get(&path).await
            }
            Self::Own { core, .. } => Ok(json!(core.model_details(model).await?)),
        }
    }

    pub(crate) async fn remove_model(&self, body: &RemoveModel) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/remove", body).await,
            Self::Own { core, .. } => Ok(remove_model(core, body.clone()).await?),
        }
    }

    pub(crate) async fn folders(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => Ok(host.get("/api/v1/library/folders").await?["folders"].take()),
            Self::Own { core, .. } => Ok(json!(core.library_folders().await?)),
        }
    }

    pub(crate) async fn add_folder(&self, body: &ModelsFolder) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/library/folders/add", body).await,
            Self::Own { core, .. } => {
                core.add_models_folder(&body.path).await?;
                Ok(json!(core.library_folders().await?))
            }
        }
    }

    pub(crate) async fn remove_folder(&self, body: &ModelsFolder) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/library/folders/remove", body).await,
            Self::Own { core, .. } => {
                core.remove_models_folder(&body.path)?;
                Ok(json!(core.library_folders().await?))
            }
        }
    }

    pub(crate) async fn move_folder(&self, body: &ModelsFolder) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/library/folders/move", body).await,
            Self::Own { core, .. } => {
                let to = body.to.clone().unwrap_or_default();
                core.move_models_folder(&body.path, &to).await?;
                Ok(json!(core.library_folders().await?))
            }
        }
    }
}
