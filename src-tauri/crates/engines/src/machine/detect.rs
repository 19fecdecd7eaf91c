//! What this machine is, asked of the system: processor and memory from sysinfo and the compiler's own feature tests,
//! the rest from files and the vendors' tools.

use std::path::Path;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use super::{Arch, Machine, Os, Version, graphics, libc};

pub(super) fn detect() -> Machine {
    let kinds = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kinds).ok();
    let cpu_name = system
        .as_ref()
        .and_then(|system| {
            system
                .cpus()
                .first()
                .map(|cpu| cpu.brand().trim().to_owned())
        })
        .unwrap_or_default();
    let os = os();
    let wsl = os == Os::Linux && is_wsl();
    Machine {
        os,
        arch: arch(),
        cpu_name,
        cpu_features: cpu_features(),
        libc: (os == Os::Linux).then(libc::detect).flatten(),
        wsl,
        gpus: graphics::detect(os, wsl),
        vulkan_loader: vulkan_loader(os),
        rocm: (os == Os::Linux).then(rocm).flatten(),
        memory_bytes: system.map_or(0, |system| system.total_memory()),
    }
}

fn os() -> Os {
    match std::env::consts::OS {
        "linux" => Os::Linux,
        "windows" => Os::Windows,
        "macos" => Os::MacOs,
        _ => Os::Other,
    }
}

/// The machine's architecture, not the one that this program was built for: an x64 Paddock under Rosetta or Windows'
/// emulation still wants the ARM64 engine.
fn arch() -> Arch {
    let native = match std::env::consts::OS {
        "windows" => std::env::var("PROCESSOR_ARCHITEW6432").ok(),
        "macos" => graphics::output("sysctl", &["-n", "hw.optional.arm64"])
            .filter(|answer| answer.trim() == "1")
            .map(|_| "arm64".to_owned()),
        _ => None,
    };
    let name = native.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    match name.to_lowercase().as_str() {
        "x86_64" | "amd64" => Arch::X64,
        "aarch64" | "arm64" => Arch::Arm64,
        "s390x" => Arch::S390x,
        _ => Arch::Other,
    }
}

#[allow(clippy::missing_const_for_fn, clippy::vec_init_then_push)]
fn cpu_features() -> Vec<String> {
    #[allow(unused_mut)]
    let mut found: Vec<&str> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx") {
            found.push("avx");
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            found.push("avx2");
        }
        if std::arch::is_x86_feature_detected!("avx512f") {
            found.push("avx512f");
        }
    }
    found.into_iter().map(str::to_owned).collect()
}

fn is_wsl() -> bool {
    std::fs::read_to_string("/proc/sys/kernel/osrelease")
        .is_ok_and(|release| release.to_lowercase().contains("microsoft"))
}

/// Where the dynamic linker would find the loader. A wrong no would take the GPU away, so all usual folders count.
fn vulkan_loader(os: Os) -> bool {
    match os {
        Os::Linux => {
            let folders = [
                "/usr/lib/x86_64-linux-gnu",
                "/usr/lib/aarch64-linux-gnu",
                "/lib/x86_64-linux-gnu",
                "/lib/aarch64-linux-gnu",
                "/usr/lib64",
                "/usr/lib",
                "/usr/local/lib",
                "/run/opengl-driver/lib",
            ];
            let own = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
            folders
                .iter()
                .copied()
                .chain(own.split(':').filter(|folder| !folder.is_empty()))
                .any(|folder| Path::new(folder).join("libvulkan.so.1").exists())
        }
        Os::Windows => {
            let root = std::env::var("SystemRoot").unwrap_or_else(|_| r"C:\Windows".to_owned());
            Path::new(&root).join(r"System32\vulkan-1.dll").exists()
        }
        _ => false,
    }
}

fn rocm() -> Option<Version> {
    let text = std::fs::read_to_string("/opt/rocm/.info/version").ok()?;
    Version::parse(&text)
}
