//! Memory estimates, through either door.

use gateway::EstimateModel;
use serde_json::{Value, json};

use super::Door;
use crate::failure::Failure;

impl Door {
    /// What a model would take.
    pub(crate) async fn estimate(&self, request: &EstimateModel) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/estimate", request).await,
            Self::Own { core, .. } => {
                let found = core
                    .estimate_memory(&request.model, &request.params)
                    .await?;
                Ok(json!(found))
            }
        }
    }

    /// What would fit.
    pub(crate) async fn fit(&self, request: &EstimateModel) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/fit", request).await,
            Self::Own { core, .. } => Ok(json!(core.fit_params(&request.model).await?)),
        }
    }
}
