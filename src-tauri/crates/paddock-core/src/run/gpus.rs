//! What an engine can compute on beside the CPU, and what is free there: asked of the engine itself, since it alone
//! knows which devices it will use and how they are counted.
//!
//! An answer that is a few seconds old is given at once, and renewed in the background, so that a form can ask at
//! every move of a slider.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engines::{Device, parse_devices};

use crate::engines::QUESTION_TIMEOUT;

/// Older answers are renewed.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// Older ones are not given any more: other programs have come and gone. Long, since a load would wait for the answer.
const GOOD_FOR: Duration = Duration::from_secs(600);

/// Devices come and go rarely where there were none.
fn fresh_for(devices: &[Device]) -> Duration {
    match devices {
        [] => GOOD_FOR,
        _ => FRESH_FOR,
    }
}

#[derive(Clone)]
struct Known {
    at: Instant,
    devices: Vec<Device>,
    being_asked: bool,
}

/// By binary.
#[derive(Clone, Default)]
pub(crate) struct GpuCache {
    known: Arc<Mutex<HashMap<PathBuf, Known>>>,
    /// Who asks; the others wait for the same answer.
    asking: Arc<tokio::sync::Mutex<()>>,
}

impl GpuCache {
    /// The devices of this engine, beside the CPU.
    pub(crate) async fn of(&self, binary: &Path) -> Vec<Device> {
        let found = {
            let mut known = self.lock();
            known
                .get_mut(binary)
                .filter(|known| known.at.elapsed() < GOOD_FOR)
                .map(|known| {
                    let is_old = known.at.elapsed() >= fresh_for(&known.devices);
                    let stale = is_old && !known.being_asked;
                    known.being_asked |= stale;
                    (known.devices.clone(), stale)
                })
        };
        let Some((devices, stale)) = found else {
            return self.ask(binary).await;
        };
        if stale {
            let (cache, binary) = (self.clone(), binary.to_owned());
            tokio::spawn(async move { cache.ask(&binary).await });
        }
        devices
    }

    /// As they are now, however lately they were asked for.
    pub(crate) async fn of_now(&self, binary: &Path) -> Vec<Device> {
        self.lock().remove(binary);
        self.ask(binary).await
    }

    /// What a binary lists without being asked, for tests.
    #[cfg(test)]
    pub(crate) fn know(&self, binary: &Path, devices: &[Device]) {
        let known = Known {
            at: Instant::now(),
            devices: devices.to_vec(),
            being_asked: false,
        };
        self.lock().insert(binary.to_owned(), known);
    }

    async fn ask(&self, binary: &Path) -> Vec<Device> {
        let _turn = self.asking.lock().await;
        let just_told = self
            .lock()
            .get(binary)
            .filter(|known| known.at.elapsed() < FRESH_FOR)
            .map(|known| known.devices.clone());
        if let Some(devices) = just_told {
            return devices;
        }
        let listed = supervisor::run_to_end(binary, &["--list-devices"], QUESTION_TIMEOUT).await;
        let devices = parse_devices(&listed.unwrap_or_default());
        let known = Known {
            at: Instant::now(),
            devices: devices.clone(),
            being_asked: false,
        };
        self.lock().insert(binary.to_owned(), known);
        devices
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
