//! What a bug report needs, and what is wrong here: `paddock doctor`, and the window's help page.
//!
//! It looks and changes nothing, and asks no network. What it tells can be shown to anyone: the home folder is written
//! as `~`, keys and passwords are left out ([`private`]).

mod environment;
mod findings;
mod port;
mod private;
mod report;

use serde::{Deserialize, Serialize};
use settings::DataDir;
use tokio::task::JoinSet;

use crate::available_engines::MachineView;
use crate::core::Core;
use crate::engines::{EngineState, EngineView};
use crate::error::{Error, WireError};
use crate::run::memory;

pub use self::environment::Variable;
pub use self::findings::{Finding, Severity};
pub use self::port::{PortOwner, port_owner};
use self::private::Private;

/// All that `doctor` finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkup {
    /// Nothing is broken.
    pub ok: bool,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// Paddock's version.
    pub version: String,
    /// The machine in a sentence: operating system, processor, GPUs.
    pub machine: String,
    /// Bytes that new programs can have now.
    pub memory_available_bytes: u64,
    /// Bytes of RAM there are.
    pub memory_total_bytes: u64,
    /// The data folder.
    pub data: CheckedFolder,
    /// A host is running on the data folder.
    pub host_running: bool,
    /// That host's pid.
    pub host_pid: Option<u32>,
    /// The endpoint.
    pub endpoint: Option<CheckedEndpoint>,
    /// The engines, each asked whether it runs.
    pub engines: Vec<CheckedEngine>,
    /// The models folders.
    pub model_folders: Vec<CheckedFolder>,
    /// Models that there are.
    pub model_count: usize,
    /// Names of API keys that there are.
    pub key_count: usize,
    /// Variables of the environment that change what Paddock or its engines do.
    pub environment: Vec<Variable>,
}

/// A folder and the room on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedFolder {
    /// The folder.
    pub path: String,
    /// It is there.
    pub present: bool,
    /// Bytes free on its disk.
    pub free_bytes: Option<u64>,
}

/// The endpoint, and who has its port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedEndpoint {
    /// Its address.
    pub url: String,
    /// Paddock listens there.
    pub listening: bool,
    /// Why not.
    pub problem: Option<String>,
    /// Another program that has the port.
    pub taken_by: Option<PortOwner>,
}

/// An engine that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedEngine {
    /// What it is called.
    pub name: String,
    /// Its binary.
    pub path: String,
    /// The release and build, such as `b10434 vulkan`.
    pub build: Option<String>,
    /// Its own words for its version.
    pub version: Option<String>,
    /// Models run on this one.
    pub current: bool,
    /// It loaded a model and answered on this processor.
    pub proved: bool,
    /// What it can compute on, beside the CPU.
    pub devices: Vec<String>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

impl Core {
    /// Looks at everything. `hosted` says that this core is a host's, which should be listening.
    ///
    /// # Errors
    /// Paddock is ending.
    pub async fn check_up(&self, hosted: bool) -> Result<Checkup, Error> {
        let engines = self.check_engines().await?;
        let machine = MachineView::from(&self.inner.engine_store.machine().await);
        let models = self.list_models().await;
        // Without a host nothing is fetched, and looking would open the queue.
        let downloads = if hosted {
            self.downloads()?
        } else {
            Vec::new()
        };
        self.blocking(move |core| {
            let endpoint = core.check_endpoint(hosted);
            let data = folder(core.data().root());
            let mut findings = findings::Findings::default();
            findings.of_folder(&data, core.data());
            findings.of_notices(core.notices());
            findings.of_endpoint(&endpoint, hosted);
            findings.of_network(&core.settings());
            findings.of_program();
            findings.of_engines(&engines);
            match &models {
                Ok(models) => findings.of_models(models),
                Err(error) => findings.of_error("models", &WireError::from(error)),
            }
            let folders = core.folders_with(models.as_deref().unwrap_or_default());
            findings.of_model_folders(&folders);
            findings.of_failures(&core.model_statuses(), &downloads);
            let (memory_available_bytes, memory_total_bytes) = memory::of_machine();
            Checkup {
                machine: machine.sentence,
                memory_available_bytes,
                memory_total_bytes,
                host_running: hosted,
                host_pid: hosted.then(std::process::id),
                endpoint: Some(endpoint),
                engines,
                model_folders: folders
                    .iter()
                    .map(|view| CheckedFolder {
                        path: view.path.display().to_string(),
                        present: !view.missing,
                        free_bytes: view.free_bytes,
                    })
                    .collect(),
                model_count: models.map_or(0, |models| models.len()),
                key_count: core.keys().len(),
                ..Checkup::of(data, findings)
            }
            .for_anyone()
        })
        .await
    }

    /// Each is run, so that one that cannot is found out; all at the same time, because the drivers of GPUs take theirs.
    async fn check_engines(&self) -> Result<Vec<CheckedEngine>, Error> {
        let mut asked = JoinSet::new();
        for (index, view) in self.look_at_engines().await?.into_iter().enumerate() {
            let core = self.clone();
            asked.spawn(async move { (index, core.check_engine(view).await) });
        }
        let mut checked = asked.join_all().await;
        checked.sort_by_key(|(index, _)| *index);
        Ok(checked.into_iter().map(|(_, engine)| engine).collect())
    }

    async fn check_engine(&self, view: EngineView) -> CheckedEngine {
        let (mut version, mut devices, mut problem) = (None, Vec::new(), view.problem.clone());
        if view.present {
            match self.show_engine(&view.name).await {
                Ok(details) => {
                    version = details.version;
                    devices = details
                        .devices
                        .into_iter()
                        .map(|device| device.description)
                        .collect();
                }
                // That it does not even run says more than what it did in the past.
                Err(error) => problem = Some(error.to_string()),
            }
        }
        let build = [view.build, view.variant];
        let build: Vec<String> = build.into_iter().flatten().collect();
        CheckedEngine {
            name: view.name,
            path: view.path.display().to_string(),
            build: (!build.is_empty()).then(|| build.join(" ")),
            version,
            current: view.current,
            proved: view.state == EngineState::Good,
            devices,
            problem,
        }
    }

    fn check_endpoint(&self, hosted: bool) -> CheckedEndpoint {
        let state = self.endpoint().borrow().clone();
        let address = state.url.strip_prefix("http://").unwrap_or_default();
        let mut problem = state.error;
        if !hosted && let Ok(address) = address.parse::<std::net::SocketAddr>() {
            problem = port::problem(address);
        }
        let port = address
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        let taken_by = port
            .filter(|_| problem.is_some())
            .and_then(port_owner)
            .filter(|owner| owner.pid != std::process::id());
        CheckedEndpoint {
            url: state.url,
            listening: state.listening,
            problem,
            taken_by,
        }
    }
}

impl Checkup {
    /// What can be told where the core itself could not be opened, because of `error`.
    #[must_use]
    pub fn without_core(data: &DataDir, error: &WireError) -> Self {
        let mut findings = findings::Findings::default();
        let folder = folder(data.root());
        findings.of_error("settings", error);
        findings.of_program();
        Self::of(folder, findings).for_anyone()
    }

    /// The parts that need no core; the others are empty.
    fn of(data: CheckedFolder, findings: findings::Findings) -> Self {
        let findings = findings.sorted();
        let (memory_available_bytes, memory_total_bytes) = memory::of_machine();
        Self {
            ok: findings
                .iter()
                .all(|finding| finding.severity != Severity::Broken),
            findings,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
            memory_available_bytes,
            memory_total_bytes,
            data,
            host_running: false,
            host_pid: None,
            endpoint: None,
            engines: Vec::new(),
            model_folders: Vec::new(),
            model_count: 0,
            key_count: 0,
            environment: environment::variables(),
        }
    }

    /// The same without what is nobody else's business.
    fn for_anyone(self) -> Self {
        let whole = self.clone();
        let value = serde_json::to_value(self).unwrap_or_default();
        // Every string stays a string, so it can always be read back.
        serde_json::from_value(Private::of_user().hide(value)).unwrap_or(whole)
    }
}

fn folder(path: &std::path::Path) -> CheckedFolder {
    CheckedFolder {
        path: path.display().to_string(),
        present: path.is_dir(),
        free_bytes: library::free_bytes(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;

    #[tokio::test]
    async fn a_fresh_folder_lacks_an_engine_and_nothing_else_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        core.update_settings(|settings| settings.gateway.port = 0)
            .unwrap();
        let checkup = core.check_up(false).await.unwrap();
        let broken: Vec<&str> = checkup
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Broken)
            .map(|finding| finding.code.as_str())
            .collect();
        let on_path = checkup.engines.iter().any(|engine| engine.current);
        if !on_path {
            assert!(broken.contains(&"no_engine"), "{broken:?}");
        }
        assert!(!checkup.ok);
        assert!(checkup.data.free_bytes.unwrap() > 0);
    }

    #[test]
    fn without_a_core_it_still_says_what_is_wrong() {
        let error = WireError {
            code: "settings_newer".to_owned(),
            message: "the settings were written by a newer Paddock".to_owned(),
            details: Vec::new(),
            hint: "Start the newer Paddock.".to_owned(),
        };
        let checkup = Checkup::without_core(&DataDir::at("/nowhere"), &error);
        assert!(!checkup.ok);
        assert_eq!(checkup.findings[0].code, "settings_newer");
        assert_eq!(checkup.findings[0].hint, "Start the newer Paddock.");
        assert!(!checkup.data.present);
    }
}
