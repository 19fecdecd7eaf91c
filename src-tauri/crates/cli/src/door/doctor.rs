//! The doctor's part of the door.

use paddock_core::Checkup;

use super::Door;
use crate::failure::Failure;

impl Door {
    pub(crate) async fn check_up(&self) -> Result<Checkup, Failure> {
        match self {
            Self::Host(host) => {
                let document = host.get("/api/v1/doctor").await?;
                crate::verbs::doctor::read(document)
            }
            Self::Own { core, .. } => Ok(core.check_up(false).await?),
        }
    }
}
