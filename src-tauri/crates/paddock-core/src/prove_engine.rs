//! Proving an engine: it says what it can do, lists its devices, loads a tiny model and answers rightly.
//!
//! Nothing less will do. A build for another processor shows its `--help`, lists its devices and even serves
//! unquantized models, and is killed by the first instruction of its quantized code that this processor does not have.
//! The load goes through the supervisor as any other does (guard, key, scrubbed environment), beside the models that
//! run and without touching them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engines::{
    Device, Fault, SMOKE_REQUEST, binary_in, judge_answer, parse_devices, parse_version,
};
use gguf::tiny;
use load_params::{GpuLayers, LoadParams, Unsupported};
use serde::Serialize;
use supervisor::{LaunchSpec, Listen, Registry, StartError, Surroundings};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::core::{Core, same_path};
use crate::engine_error::ProofError;
use crate::engines::QUESTION_TIMEOUT;
use crate::error::Error;
use crate::run::engine_store::proof_folder;

/// Loading takes 0.1 s; a GPU's first look at its own code may take minutes.
const READY_WITHIN: Duration = Duration::from_secs(240);
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// The key of the proof's model; no model in the library has this publisher.
const KEY: &str = "paddock-proof/tiny";

/// What a proof found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The `llama-server` binary.
    pub path: PathBuf,
    /// Its own words for its version.
    pub version: Option<String>,
    /// How many flags it has.
    pub flag_count: usize,
    /// Devices beside the CPU.
    pub devices: Vec<Device>,
    /// From start to answer, milliseconds.
    pub took_milliseconds: u64,
}

impl Core {
    /// Proves an engine of the list. The list tells from then on what came of it.
    ///
    /// # Errors
    /// [`Error::UnknownEngine`]; as of [`Core::prove_engine`].
    pub async fn prove_listed_engine(&self, name: &str) -> Result<Proof, Error> {
        let engine = self.engine(name)?;
        self.prove_engine(&engine.path).await
    }

    /// Proves the engine at `path`, a binary or its folder. None is added; of one in the list, what came of it is
    /// remembered.
    ///
    /// # Errors
    /// [`Error::Start`] and [`Error::Proof`]: how it failed.
    pub async fn prove_engine(&self, path: &Path) -> Result<Proof, Error> {
        let binary = binary_in(path).ok_or_else(|| Error::NotAnEngine {
            path: path.to_owned(),
            reason: format!("there is no {} in this folder", engines::BINARY_NAME),
        })?;
        let proof = self.prove(&binary, &CancellationToken::new()).await;
        self.remember_proof(&binary, &proof);
        proof.map_err(Error::Proof)
    }

    fn remember_proof(&self, binary: &Path, proof: &Result<Proof, ProofError>) {
        let fault = match proof {
            Ok(_) => None,
            Err(source) if source.blames_the_engine() => Some(Fault {
                code: source.code().to_owned(),
                message: source.to_string(),
            }),
            // What was this moment's fault says nothing of the engine.
            Err(_) => return,
        };
        let store = &self.inner.engine_store;
        let proved_on = fault.is_none().then(|| store.processor.clone());
        let engines = self.engines_now().into_iter();
        for engine in engines.filter(|engine| same_path(&engine.path, binary)) {
            store.change(|records| {
                records.change(&engine.name, |record| {
                    record.fault.clone_from(&fault);
                    record.proved_on.clone_from(&proved_on);
                });
            });
        }
    }

    /// Proves a binary. One that was cancelled is down when this returns.
    pub(crate) async fn prove(
        &self,
        binary: &Path,
        cancel: &CancellationToken,
    ) -> Result<Proof, ProofError> {
        let begin = Instant::now();
        // What answers questions is killed where nobody waits for the answer.
        let (spec, mut proof, _folder) = tokio::select! {
            prepared = self.prepare_proof(binary) => prepared?,
            () = cancel.cancelled() => return Err(cancelled()),
        };
        self.smoke(spec, cancel).await?;
        proof.took_milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(proof)
    }

    /// Asks the binary what it can do, and says how it is to be started; the folder holds the model.
    async fn prepare_proof(
        &self,
        binary: &Path,
    ) -> Result<(LaunchSpec, Proof, TempDir), ProofError> {
        let capabilities = match self.inner.capabilities.of(binary).await {
            Ok(capabilities) => capabilities,
            Err(Error::Start(source)) => return Err(source.into()),
            Err(other) => return Err(ProofError::NotAnEngine(other.to_string())),
        };
        let ask =
            async |flag: &str| supervisor::run_to_end(binary, &[flag], QUESTION_TIMEOUT).await;
        let devices = if capabilities.flags.has("--list-devices") {
            parse_devices(&ask("--list-devices").await?)
        } else {
            Vec::new()
        };
        let version = parse_version(&ask("--version").await.unwrap_or_default());

        // Everything on the GPU, where there is one: that is what has to work.
        let params = LoadParams {
            ctx_size: Some(512),
            n_gpu_layers: (!devices.is_empty()).then_some(GpuLayers::Count(99)),
            ..LoadParams::default()
        };
        let args = load_params::argv(&params, &capabilities.flags, Unsupported::Skip)
            .map(|argv| argv.args)
            .unwrap_or_default();
        let parent = proof_folder(self.data());
        let folder = self
            .blocking(move |_| {
                std::fs::create_dir_all(&parent)?;
                let folder = tempfile::tempdir_in(&parent)?;
                tiny::write(&folder.path().join(tiny::FILE_NAME)).map_err(std::io::Error::other)?;
                Ok::<_, std::io::Error>(folder)
            })
            .await
            .map_err(|error| ProofError::Preparation(error.to_string()))?
            .map_err(|error| ProofError::Preparation(error.to_string()))?;
        let spec = LaunchSpec {
            key: KEY.to_owned(),
            binary: binary.to_owned(),
            model_path: folder.path().join(tiny::FILE_NAME),
            args,
            env: Vec::new(),
            speaks_child_protocol: capabilities.speaks_child_protocol,
            load_timeout: READY_WITHIN,
            listen: Listen::default(),
        };
        let proof = Proof {
            path: binary.to_owned(),
            version,
            flag_count: capabilities.flags.len(),
            devices,
            took_milliseconds: 0,
        };
        Ok((spec, proof, folder))
    }

    /// Loads and asks. The server is down again when this returns.
    async fn smoke(&self, spec: LaunchSpec, cancel: &CancellationToken) -> Result<(), ProofError> {
        let data = self.data();
        let surroundings = Surroundings::new(data.children(), data.logs())
            .map_err(|error| ProofError::Preparation(error.to_string()))?;
        // A registry of its own: the models that run are nobody's business here.
        let registry = Registry::new(surroundings);
        let server = registry.start(spec)?;
        // Whoever waits for this may go away at any point, a client that hangs up for one. The server goes then too:
        // nobody else knows of it.
        let _goes_with_this = server.closing().clone().drop_guard();
        let shutdown = self.inner.engine_store.shutdown.clone();
        let outcome = tokio::select! {
            outcome = ask_it(&server) => outcome,
            () = shutdown.cancelled() => Err(cancelled()),
            () = cancel.cancelled() => Err(cancelled()),
        };
        registry.stop_all().await;
        outcome
    }
}

fn cancelled() -> ProofError {
    StartError::Cancelled {
        key: KEY.to_owned(),
    }
    .into()
}

async fn ask_it(server: &supervisor::Server) -> Result<(), ProofError> {
    let status = server.ready().await?;
    let url = status.server_url.unwrap_or_default();
    let answer = async {
        let response = http_client::loopback()
            .build()?
            .post(format!("{url}/completion"))
            .bearer_auth(server.api_key())
            .header("Content-Type", "application/json")
            .body(SMOKE_REQUEST)
            .timeout(ANSWER_WITHIN)
            .send()
            .await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    match answer.await {
        Ok((status, body)) => Ok(judge_answer(status, &body, tiny::ALPHABET)?),
        Err(error) => {
            // A connection breaks before its process is seen to have ended; how it ended is what counts.
            for _ in 0..40 {
                if let Some(cause) = server.error() {
                    return Err(cause.into());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(ProofError::NoAnswer(error.to_string()))
        }
    }
}
