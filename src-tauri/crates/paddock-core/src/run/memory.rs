//! Memory of this machine and of one process, from the operating system.
//!
//! Weights are mapped from the file. Linux counts the pages of a mapped file as available, since it could drop them, at
//! the price that the model reads them from the disk again with each token. For us they are taken: what is free for a
//! newcomer is what is available less what our own engines have mapped.
//!
//! Left out: the memory of GPUs.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// What is left to everything else on the machine.
const LEAST_RESERVE_BYTES: u64 = 512 << 20;
const RESERVE_SHARE: u64 = 20;

/// Bytes that new programs can have now, and bytes there are; zeros where the system does not say.
pub(crate) fn of_machine() -> (u64, u64) {
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    System::new_with_specifics(kind).map_or((0, 0), |system| {
        (system.available_memory(), system.total_memory())
    })
}

/// Bytes of RAM that a process holds.
pub(crate) fn of_process(pid: u32) -> Option<u64> {
    held_by(pid).map(|held| held.total_bytes)
}

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessMemory {
    /// All that is resident.
    pub(crate) total_bytes: u64,
    /// Of that, pages of mapped files, which the system counts as available.
    pub(crate) file_bytes: u64,
}

impl ProcessMemory {
    /// What becomes available when it ends, beside what the system counts as available already.
    pub(crate) fn given_back(&self) -> u64 {
        self.total_bytes.saturating_sub(self.file_bytes)
    }
}

/// What of `machine` (bytes available, bytes there are) a newcomer can have beside engines that stay, where others go.
pub(crate) fn available(
    machine: (u64, u64),
    stay: &[ProcessMemory],
    go: &[ProcessMemory],
) -> (u64, u64) {
    let (available, total) = machine;
    let mapped: u64 = stay.iter().map(|held| held.file_bytes).sum();
    let given_back: u64 = go.iter().map(ProcessMemory::given_back).sum();
    let free = available.saturating_sub(mapped).saturating_add(given_back);
    (free.min(total), total)
}

/// What a process holds now; none where there is no such process.
#[cfg(target_os = "linux")]
pub(crate) fn held_by(pid: u32) -> Option<ProcessMemory> {
    parse_status(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// What a process holds now; none where there is no such process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn held_by(pid: u32) -> Option<ProcessMemory> {
    use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate};
    let pid = Pid::from_u32(pid);
    let mut system = System::new_with_specifics(RefreshKind::nothing()).ok()?;
    let kind = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
    let total_bytes = system.process(pid)?.memory();
    Some(ProcessMemory {
        total_bytes,
        file_bytes: 0,
    })
}

/// Bytes for a newcomer beside engines that hold this; none where the system does not say what is available.
pub(crate) fn free_beside(engines: &[ProcessMemory]) -> Option<i128> {
    let (available, total) = of_machine();
    (total > 0).then(|| free_of(available, total, engines))
}

fn free_of(available: u64, total: u64, engines: &[ProcessMemory]) -> i128 {
    let reserve = LEAST_RESERVE_BYTES.max(total / RESERVE_SHARE);
    let mapped: i128 = engines.iter().map(|held| i128::from(held.file_bytes)).sum();
    i128::from(available) - mapped - i128::from(reserve)
}

/// `RssAnon`, `RssFile` and `RssShmem` of `/proc/PID/status`, in kB there.
#[cfg(any(target_os = "linux", test))]
fn parse_status(status: &str) -> Option<ProcessMemory> {
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kilobytes = line.split_whitespace().nth(1)?;
        kilobytes.parse::<u64>().ok()?.checked_mul(1024)
    };
    let (anonymous, file, shared) = (field("RssAnon:")?, field("RssFile:")?, field("RssShmem:")?);
    Some(ProcessMemory {
        total_bytes: anonymous.checked_add(file)?.checked_add(shared)?,
        file_bytes: file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_weights_are_no_free_memory() {
        let status = "Name:\tllama-server\nVmRSS:\t  563000 kB\nRssAnon:\t  300000 kB\nRssFile:\t  250000 kB\nRssShmem:\t   13000 kB\n";
        let held = parse_status(status).unwrap();
        assert_eq!(held.total_bytes, 563_000 * 1024);
        assert_eq!(held.file_bytes, 250_000 * 1024);
        assert_eq!(parse_status("Name:\tkthreadd\n"), None);

        let gib = 1_u64 << 30;
        let large = ProcessMemory {
            total_bytes: 6 * gib,
            file_bytes: 5 * gib,
        };
        // 12 of 16 GiB are available, 5 of them only as long as our engine reads its weights from the disk.
        let free = free_of(12 * gib, 16 * gib, &[large]);
        assert_eq!(free, i128::from(7 * gib) - i128::from(16 * gib / 20));
        assert!(free_of(gib / 4, 4 * gib, &[]) < 0);
    }

    /// Counting all of what an engine holds would count its mapped pages twice: more than the machine has.
    #[test]
    fn what_goes_gives_back_what_was_not_available_and_what_stays_keeps_its_pages() {
        let gib = 1_u64 << 30;
        let large = ProcessMemory {
            total_bytes: 6 * gib,
            file_bytes: 5 * gib,
        };
        let machine = (14 * gib, 16 * gib);
        assert_eq!(available(machine, &[], &[large]), (15 * gib, 16 * gib));
        assert_eq!(available(machine, &[large], &[]), (9 * gib, 16 * gib));
        let anonymous = ProcessMemory {
            total_bytes: 6 * gib,
            file_bytes: 0,
        };
        assert_eq!(available(machine, &[], &[anonymous]), (16 * gib, 16 * gib));
        assert_eq!(available((gib, 16 * gib), &[large], &[]).0, 0);
    }

    #[test]
    fn a_process_knows_its_own_memory() {
        let held = held_by(std::process::id()).unwrap();
        assert!(held.total_bytes > held.file_bytes);
        assert!(held_by(u32::MAX).is_none());
    }
}
