//! Keeps the computer from sleeping while a download runs. The screen may go dark.
//!
//! A courtesy: where it cannot be had, nothing is said but to the log. On Linux `systemd-inhibit` is asked instead of D-Bus
//! itself, which would bring 60 packages along; its child waits on our pipe, so that it ends however we end.

use std::sync::{Arc, Mutex, Weak};

use crate::sync::lock;

/// Hands out one lock to many holders.
#[derive(Debug, Default)]
pub(crate) struct Awake {
    current: Mutex<Weak<Hold>>,
}

/// While one is held the computer stays awake.
pub(crate) struct Hold {
    _inner: Option<system::Inhibitor>,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hold")
    }
}

impl Awake {
    pub(crate) fn hold(&self) -> Arc<Hold> {
        let mut current = lock(&self.current);
        if let Some(hold) = current.upgrade() {
            return hold;
        }
        let hold = Arc::new(Hold {
            _inner: system::inhibit(),
        });
        *current = Arc::downgrade(&hold);
        hold
    }
}

/// A thread that makes a thing, holds it, and drops it when this is dropped.
#[cfg(any(windows, target_os = "macos", test))]
struct OwnThread(#[allow(dead_code)] std::sync::mpsc::Sender<()>);

#[cfg(any(windows, target_os = "macos", test))]
impl OwnThread {
    fn holding<T>(make: impl FnOnce() -> Option<T> + Send + 'static) -> Option<Self> {
        let (end, ended) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .name("download-awake".into())
            .spawn(move || {
                let _held = make();
                // Nothing is sent: the end of the sender is what is waited for.
                let _ = ended.recv();
            })
            .inspect_err(|error| tracing::debug!(%error, "the computer may sleep during downloads"))
            .ok()?;
        Some(Self(end))
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::process::{Child, Command, Stdio};

    pub(super) struct Inhibitor(Child);

    pub(super) fn inhibit() -> Option<Inhibitor> {
        let spawned = Command::new("systemd-inhibit")
            .args(["--what=sleep:idle", "--who=Paddock", "--why=Downloading"])
            .args(["--mode=block", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match spawned {
            Ok(child) => Some(Inhibitor(child)),
            Err(error) => {
                tracing::debug!(%error, "the computer may sleep during downloads");
                None
            }
        }
    }

    impl Drop for Inhibitor {
        fn drop(&mut self) {
            drop(self.0.stdin.take());
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[cfg(any(windows, target_os = "macos"))]
mod system {
    pub(super) type Inhibitor = super::OwnThread;

    /// Windows ties it to the thread that asked, and the workers of a runtime are many.
    pub(super) fn inhibit() -> Option<Inhibitor> {
        super::OwnThread::holding(ask)
    }

    fn ask() -> Option<keepawake::KeepAwake> {
        keepawake::Builder::default()
            .idle(true)
            .sleep(true)
            .reason("Downloading")
            .app_name("Paddock")
            .app_reverse_domain("dev.paddock.desktop")
            .create()
            .inspect_err(|error| tracing::debug!(%error, "the computer may sleep during downloads"))
            .ok()
    }
}

#[cfg(not(any(target_os = "linux", windows, target_os = "macos")))]
mod system {
    pub(super) struct Inhibitor;

    pub(super) fn inhibit() -> Option<Inhibitor> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_share_one_lock_and_the_last_one_ends_it() {
        let awake = Awake::default();
        let first = awake.hold();
        let second = awake.hold();
        assert!(Arc::ptr_eq(&first, &second));
        drop((first, second));
        assert!(lock(&awake.current).upgrade().is_none());
    }

    #[test]
    fn what_is_held_is_made_and_dropped_by_one_thread() {
        use std::sync::mpsc::{Sender, channel};
        use std::thread::{ThreadId, current};

        struct Tells(Sender<ThreadId>);
        impl Drop for Tells {
            fn drop(&mut self) {
                let _ = self.0.send(current().id());
            }
        }
        let (tell, told) = channel();
        let held = OwnThread::holding(move || {
            let _ = tell.send(current().id());
            Some(Tells(tell))
        });
        let made_by = told.recv().unwrap();
        assert!(told.try_recv().is_err());
        drop(held);
        assert_eq!(told.recv().unwrap(), made_by);
        assert_ne!(made_by, current().id());
    }
}
