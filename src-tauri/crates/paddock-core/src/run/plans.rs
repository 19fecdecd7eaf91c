//! What the models that run were started with.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use load_params::LoadParams;
use supervisor::LaunchSpec;

use crate::params::LoadPlan;

#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) effective: LoadParams,
    pub(crate) predicted_bytes: Option<u64>,
    pub(crate) fitted: LoadParams,
    /// The engine's name.
    pub(crate) engine: String,
}

/// By key; the last start of a model is the one that counts.
#[derive(Default)]
pub(crate) struct StartedPlans {
    known: Mutex<HashMap<String, Started>>,
    measured: Mutex<HashMap<String, Measured>>,
}

/// What a model took at most, with these arguments.
struct Measured {
    spec: LaunchSpec,
    bytes: u64,
}

impl StartedPlans {
    pub(crate) fn remember(&self, plan: &LoadPlan) {
        let started = Started {
            effective: plan.effective.clone(),
            predicted_bytes: plan.predicted_bytes,
            fitted: plan.fitted.clone(),
            engine: plan.engine.clone(),
        };
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(plan.spec.key.clone(), started);
    }

    /// What a model took when it last ran with the same arguments.
    pub(crate) fn measured(&self, spec: &LaunchSpec) -> Option<u64> {
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = measured.get(&spec.key)?;
        (of_key.spec == *spec).then_some(of_key.bytes)
    }

    pub(crate) fn remember_measured(&self, spec: &LaunchSpec, bytes: u64) {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        match measured
            .get_mut(&spec.key)
            .filter(|known| known.spec == *spec)
        {
            Some(known) => known.bytes = known.bytes.max(bytes),
            None => {
                let spec = spec.clone();
                measured.insert(spec.key.clone(), Measured { spec, bytes });
            }
        }
    }

    pub(crate) fn of(&self, key: &str) -> Option<Started> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }
}
