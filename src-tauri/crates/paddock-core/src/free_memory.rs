//! What a model can have of this machine: RAM and the memory of GPUs, beside what our other models hold.
//!
//! What ends for a newcomer counts as free: the model itself, which ends before it starts anew, and idle models in RAM
//! (see `schedule`). GPUs are shared by whoever came first: no model ends for the memory of another one there.

use std::collections::HashSet;

use engines::Device;

use crate::core::Core;
use crate::measured_memory::MeasuredDevice;
use crate::run::estimate_input::is_shared;
use crate::run::memory::{self, ProcessMemory};

impl Core {
    /// Bytes of RAM for a model, and bytes there are. `own` is its key, if it is in the library.
    pub(crate) fn ram_for(&self, own: Option<&str>) -> (u64, u64) {
        let settings = self.settings();
        let busy = self.busy_models();
        self.ram_beside(|key| {
            let is_kept = settings
                .models
                .get(key)
                .is_some_and(|entry| entry.keep_loaded);
            own != Some(key) && (is_kept || busy.contains(key))
        })
    }

    /// Bytes that a model could have: what is free now, and what our own models hold, since they can go. GPUs of the
    /// current engine count, since engines divide a model.
    pub(crate) async fn memory_for_a_model(&self) -> u64 {
        let (ram, _) = self.ram_beside(|_| false);
        ram.saturating_add(self.gpu_memory_for_a_model().await)
    }

    /// Bytes that this machine has in all, RAM and the GPUs of the current engine.
    pub async fn memory_of_machine(&self) -> u64 {
        let (_, ram) = memory::of_machine();
        let cards = self.cards().await.into_iter();
        cards
            .filter_map(|device| device.total_bytes)
            .fold(ram, u64::saturating_add)
    }

    async fn gpu_memory_for_a_model(&self) -> u64 {
        let mut cards = self.cards().await;
        for server in self.registry().list() {
            self.give_back_gpus(&mut cards, &server.spec().key);
        }
        cards
            .into_iter()
            .filter_map(|device| device.free_bytes)
            .fold(0, u64::saturating_add)
    }

    /// The GPUs of the current engine that have memory of their own.
    async fn cards(&self) -> Vec<Device> {
        let Ok(engine) = self.current_engine() else {
            return Vec::new();
        };
        let capabilities = self.inner.capabilities.of(&engine.path).await;
        if !capabilities.is_ok_and(|capabilities| capabilities.flags.has("--list-devices")) {
            return Vec::new();
        }
        let mut devices = self.inner.estimates.gpus.of(&engine.path).await;
        devices.retain(|device| !is_shared(device));
        devices
    }

    /// Counts as free what a model that runs holds on these devices.
    pub(crate) fn give_back_gpus(&self, devices: &mut [Device], key: &str) {
        let runs = self.registry().get(key);
        if runs.is_none_or(|server| server.status().pid.is_none()) {
            return;
        }
        if let Some(placement) = self.inner.estimates.placement_of(key) {
            give_back(devices, &placement.measured);
        }
    }

    fn ram_beside(&self, stays: impl Fn(&str) -> bool) -> (u64, u64) {
        let servers = self.registry().list();
        let held = servers.iter().filter_map(|server| {
            let held = memory::held_by(server.status().pid?)?;
            Some((stays(&server.spec().key), held))
        });
        let (stay, go): (Vec<_>, Vec<_>) = held.partition(|(stays, _)| *stays);
        let of = |part: Vec<(bool, ProcessMemory)>| -> Vec<ProcessMemory> {
            part.into_iter().map(|(_, held)| held).collect()
        };
        memory::available(memory::of_machine(), &of(stay), &of(go))
    }

    fn busy_models(&self) -> HashSet<String> {
        let guarded = self.inner.scheduler.shared.lock();
        let slots = guarded.state.slots.iter();
        let busy = slots.filter(|(_, slot)| slot.in_flight > 0);
        busy.map(|(key, _)| key.clone()).collect()
    }
}

/// What is measured there is free, up to what there is.
pub(crate) fn give_back(devices: &mut [Device], measured: &[MeasuredDevice]) {
    for device in devices {
        let held = measured.iter().find(|held| held.name == device.name);
        if let (Some(held), Some(free)) = (held, device.free_bytes) {
            let free = free.saturating_add(held.total_bytes);
            device.free_bytes = Some(free.min(device.total_bytes.unwrap_or(u64::MAX)));
        }
    }
}

#[cfg(test)]
mod tests {
    use settings::EngineEntry;

    use super::*;

    const GIB: u64 = 1 << 30;

    fn gpu(free_bytes: u64) -> Device {
        Device {
            name: "CUDA0".to_owned(),
            description: "a GPU".to_owned(),
            total_bytes: Some(24 * GIB),
            free_bytes: Some(free_bytes),
        }
    }

    /// A model that fills a GPU would not fit beside itself, and its form would say so while it runs.
    #[test]
    fn what_a_model_holds_on_a_gpu_is_free_for_it_and_no_more_than_there_is() {
        let measured = |name: &str, gib: u64| MeasuredDevice {
            name: name.to_owned(),
            total_bytes: gib * GIB,
            ..MeasuredDevice::default()
        };
        let mut devices = [gpu(2 * GIB)];
        give_back(&mut devices, &[measured("RAM", 3), measured("CUDA0", 20)]);
        assert_eq!(devices[0].free_bytes, Some(22 * GIB));
        // An older answer about the devices is of the time before the model was there.
        give_back(&mut devices, &[measured("CUDA0", 20)]);
        assert_eq!(devices[0].free_bytes, Some(24 * GIB));
    }

    /// 16 GB of RAM and 24 GB on the GPU: a model of 20 GB is not too big.
    #[tokio::test]
    async fn gpus_of_the_current_engine_count_for_what_a_model_can_have() {
        let home = tempfile::tempdir().unwrap();
        let core = crate::core::open_for_test(home.path());
        let binary = home.path().join("llama-server");
        std::fs::write(&binary, "").unwrap();
        let entry = EngineEntry::new(binary.clone());
        core.update_settings(|settings| {
            settings.engines.installed.insert("own".to_owned(), entry);
            settings.engines.current = Some("own".to_owned());
        })
        .unwrap();
        let help = include_str!("../../load-params/tests/fixtures/b10434.txt");
        let lists =
            "--list-devices                          print list of available devices and exit";
        let help = format!("{help}\n{lists}\n");
        core.inner.capabilities.know(&binary, &help);
        let listed = "Available devices:\n  CUDA0: NVIDIA GeForce RTX 4090 (24080 MiB, 23500 MiB free)\n  Vulkan0: Intel(R) UHD Graphics 770 (16000 MiB, 15000 MiB free)\n";
        core.inner
            .estimates
            .gpus
            .know(&binary, &engines::parse_devices(listed));
        assert_eq!(core.gpu_memory_for_a_model().await, 23_500 << 20);
        let (ram, total) = core.ram_for(None);
        assert!(core.memory_for_a_model().await >= ram / 2 + (23_500 << 20));
        assert_eq!(core.memory_of_machine().await, total + (24_080 << 20));
    }
}
