//! The one task that acts on what changes: it sleeps until somebody rings, or until a time that the last look named, and
//! costs nothing in between.

use std::sync::{Arc, Weak};

use tokio::time::{Instant, sleep_until};

use crate::core::{Core, Inner};
use crate::run::memory::{self, ProcessMemory};
use crate::schedule::look::{Look, Measured};
use crate::schedule::scheduler::Shared;

impl Core {
    /// Begins to schedule on the runtime that this is called on, once. A host calls it when it starts, so that nothing
    /// of it runs on the endpoint's runtime.
    pub fn start_scheduling(&self) {
        let shared = &self.inner.scheduler.shared;
        shared.started.get_or_init(|| {
            let shared = Arc::clone(shared);
            tokio::spawn(dispatch(Arc::downgrade(&self.inner), shared));
        });
    }

    /// Loads, one after the other, what the user wants loaded at the start.
    pub fn begin_loads_at_start(&self) {
        self.start_scheduling();
        tokio::spawn(self.clone().load_at_start());
    }

    /// A policy or a limit is another now.
    pub(crate) fn scheduling_has_changed(&self) {
        self.inner.scheduler.shared.look_again();
        self.registry().touch();
    }

    /// What the engines hold, and whose it is.
    pub(crate) fn measure(&self) -> (Vec<ProcessMemory>, Vec<String>) {
        let servers = self.registry().list();
        let held = servers.iter().filter_map(|server| {
            let held = memory::held_by(server.status().pid?)?;
            self.remember_measured(server, Some(held.total_bytes));
            Some((held, server.spec().key.clone()))
        });
        held.unzip()
    }

    /// What a ready server takes is what it will take the next time with the same arguments.
    pub(crate) fn remember_measured(&self, server: &supervisor::Server, bytes: Option<u64>) {
        if let Some(bytes) = bytes
            && server.status().state == supervisor::ServerState::Ready
        {
            self.inner.plans.remember_measured(server.spec(), bytes);
        }
    }

    pub(crate) fn take_a_look(&self) -> Option<Instant> {
        let shared = &self.inner.scheduler.shared;
        let needs_measuring = shared.lock().state.needs_measuring();
        let measured = if needs_measuring {
            let (held, keys) = self.measure();
            Measured {
                free_bytes: memory::free_beside(&held),
                by_key: keys
                    .into_iter()
                    .zip(held.iter().map(|held| held.total_bytes))
                    .collect(),
            }
        } else {
            Measured::default()
        };
        let settings = self.settings();
        let (look, next, epoch) = {
            let mut guarded = shared.lock();
            let look = guarded.state.look(&measured, &settings, Instant::now());
            // At once, so that nobody takes what ends for what runs.
            let victims = look.admitted.iter().flat_map(|admitted| &admitted.victims);
            for ending in look.idle.iter().chain(victims) {
                ending.server.closing().cancel();
            }
            for (key, load) in &look.abandoned {
                Self::is_abandoned(&guarded, key, *load);
            }
            (look, guarded.state.next_look, guarded.epoch)
        };
        self.act(look, epoch);
        next
    }

    fn act(&self, look: Look<supervisor::Server>, epoch: u64) {
        if look.has_changed {
            self.registry().touch();
        }
        for ending in look.idle {
            tracing::info!(key = ending.key, "ends: nobody used it");
            let core = self.clone();
            tokio::spawn(async move { core.registry().end(&ending.server).await });
        }
        for (key, since) in look.wanted {
            tokio::spawn(self.clone().load_on_demand(key, since));
        }
        for key in look.restart {
            tokio::spawn(self.clone().restart(key));
        }
        for (key, load, no_room) in look.refused {
            self.does_not_fit(&key, load, no_room);
        }
        for admitted in look.admitted {
            tokio::spawn(self.clone().run_load(admitted, epoch));
        }
        self.inner.scheduler.shared.show_counters();
    }
}

async fn dispatch(core: Weak<Inner>, shared: Arc<Shared>) {
    loop {
        let next = {
            let Some(inner) = core.upgrade() else {
                return;
            };
            Core { inner }.take_a_look()
        };
        let rung = shared.bell.notified();
        match next {
            Some(next) => tokio::select! {
                () = rung => {}
                () = sleep_until(next) => {}
            },
            None => rung.await,
        }
    }
}
