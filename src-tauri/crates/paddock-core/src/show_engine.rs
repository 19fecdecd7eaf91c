//! What an engine says of itself, asked of the binary.

use engines::{Device, parse_devices, parse_version};
use load_params::{Dialect, EngineFlags};
use serde::Serialize;

use crate::available_engines::MachineView;
use crate::core::Core;
use crate::engines::{EngineView, QUESTION_TIMEOUT};
use crate::error::Error;

/// All that an engine says of itself.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineDetails {
    /// As in the list.
    #[serde(flatten)]
    pub view: EngineView,
    /// Its own words for its version; packaged builds write what they like.
    pub version: Option<String>,
    /// How it spells what engines spell differently.
    pub dialect: Dialect,
    /// It reports load progress and ends when its stdin does.
    pub speaks_child_protocol: bool,
    /// Devices beside the CPU; empty where there are none or it cannot list them.
    pub devices: Vec<Device>,
    /// Load parameters that it cannot honour.
    pub unsupported: Vec<UnsupportedParam>,
    /// Every flag in its `--help`.
    pub flags: EngineFlags,
}

/// A load parameter that an engine cannot honour.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnsupportedParam {
    /// The parameter.
    pub name: String,
    /// Why not: a clause that starts in lower case.
    pub reason: String,
}

/// The devices of the current engine, and the machine as Paddock sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineDevices {
    /// The engine.
    pub engine: String,
    /// What it can compute on, beside the CPU.
    pub devices: Vec<Device>,
    /// The machine.
    pub machine: MachineView,
}

impl Core {
    /// Asks an engine for all it can do.
    ///
    /// # Errors
    /// [`Error::UnknownEngine`], or it cannot run.
    pub async fn show_engine(&self, name: &str) -> Result<EngineDetails, Error> {
        let view = self.engine(name)?;
        let capabilities = self.inner.capabilities.of(&view.path).await?;
        let version = supervisor::run_to_end(&view.path, &["--version"], QUESTION_TIMEOUT)
            .await
            .unwrap_or_default();
        Ok(EngineDetails {
            version: parse_version(&version),
            dialect: capabilities.flags.dialect(),
            speaks_child_protocol: capabilities.speaks_child_protocol,
            devices: self.devices_of(&view, &capabilities.flags).await,
            unsupported: unsupported(&capabilities.flags),
            flags: capabilities.flags.clone(),
            view,
        })
    }

    /// The devices that the current engine sees, and what Paddock knows of the machine.
    ///
    /// # Errors
    /// [`Error::NoEngine`], or it cannot run.
    pub async fn engine_devices(&self) -> Result<EngineDevices, Error> {
        let view = self.current_engine()?;
        let capabilities = self.inner.capabilities.of(&view.path).await?;
        let machine = self.inner.engine_store.machine().await;
        Ok(EngineDevices {
            devices: self.devices_of(&view, &capabilities.flags).await,
            engine: view.name,
            machine: MachineView::from(&machine),
        })
    }

    /// Empty where there are none, and where it cannot list them.
    async fn devices_of(&self, view: &EngineView, flags: &EngineFlags) -> Vec<Device> {
        if !flags.has("--list-devices") {
            return Vec::new();
        }
        let listed =
            supervisor::run_to_end(&view.path, &["--list-devices"], QUESTION_TIMEOUT).await;
        parse_devices(&listed.unwrap_or_default())
    }
}

fn unsupported(flags: &EngineFlags) -> Vec<UnsupportedParam> {
    let fields = load_params::schema(flags).into_iter();
    fields
        .filter(|field| !field.supported)
        .map(|field| UnsupportedParam {
            name: field.name,
            reason: field.unsupported_reason.unwrap_or_default(),
        })
        .collect()
}
