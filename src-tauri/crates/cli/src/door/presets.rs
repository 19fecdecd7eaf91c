//! The part of the door for presets, the defaults for all models, and parameters as a document.

use gateway::{ExportParams, ImportParams, NamedPreset, SavePreset, SetDefaults, UsePreset};
use serde_json::{Value, json};

use super::{Door, encode};
use crate::failure::Failure;

impl Door {
    pub(crate) async fn presets(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => Ok(host.get("/api/v1/presets").await?["presets"].take()),
            Self::Own { core, .. } => Ok(json!(core.presets())),
        }
    }

    pub(crate) async fn preset(&self, name: &str) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.get(&format!("/api/v1/presets/{}", encode(name))).await,
            Self::Own { core, .. } => Ok(json!(core.preset(name)?)),
        }
    }

    pub(crate) async fn save_preset(&self, body: SavePreset) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/presets", &body).await,
            Self::Own { core, .. } => Ok(json!(gateway::save_preset(core, body).await?)),
        }
    }

    pub(crate) async fn remove_preset(&self, name: String) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                let body = NamedPreset { name, to: None };
                host.post("/api/v1/presets/remove", &body).await
            }
            Self::Own { core, .. } => {
                core.remove_preset(&name)?;
                Ok(json!({"name": name}))
            }
        }
    }

    pub(crate) async fn rename_preset(&self, name: String, to: String) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                let body = NamedPreset { name, to: Some(to) };
                host.post("/api/v1/presets/rename", &body).await
            }
            Self::Own { core, .. } => {
                core.rename_preset(&name, &to)?;
                Ok(json!(core.preset(to.trim())?))
            }
        }
    }

    pub(crate) async fn use_preset(&self, body: UsePreset) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/preset", &body).await,
            Self::Own { core, .. } => Ok(gateway::use_preset(core, body).await?),
        }
    }

    /// Shows them where there is nothing to change.
    pub(crate) async fn model_defaults(&self, body: SetDefaults) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/defaults", &body).await,
            Self::Own { core, .. } => Ok(json!(gateway::set_defaults(core, &body)?)),
        }
    }

    pub(crate) async fn export_params(&self, body: ExportParams) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/params/export", &body).await,
            Self::Own { core, .. } => Ok(json!(gateway::export_params(core, &body).await?)),
        }
    }

    pub(crate) async fn import_params(&self, body: ImportParams) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/params/import", &body).await,
            Self::Own { core, .. } => Ok(json!(gateway::import_params(core, &body).await?)),
        }
    }
}
