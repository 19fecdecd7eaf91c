//! The machine that engines are chosen for, as plain data: choosing is a pure function of it.
//!
//! [`Machine::detect`] looks at the one it runs on and never fails: what cannot be found out is left empty, and an
//! engine that was chosen wrongly is found out by its proof.

mod detect;
mod graphics;
mod libc;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A version with as many parts as there are: `580.65.06`, `13.4`. Compared part by part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Version(pub Vec<u32>);

impl Version {
    /// Reads the leading numbers: `12.4`, `580.65.06`, `6.8.0-generic`. `None` where there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        for part in text.trim().split('.') {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            let Ok(number) = digits.parse() else { break };
            parts.push(number);
            if digits.len() < part.len() {
                break;
            }
        }
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// The first part.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.0.first().copied().unwrap_or_default()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        formatter.write_str(&parts.join("."))
    }
}

/// An operating system that releases have builds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Os {
    /// Linux; releases call it `ubuntu`.
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    MacOs,
    /// Any other.
    Other,
}

impl Os {
    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
            Self::MacOs => "macOS",
            Self::Other => "this operating system",
        }
    }
}

/// A processor architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Arch {
    /// 64-bit x86.
    X64,
    /// 64-bit ARM.
    Arm64,
    /// IBM Z.
    S390x,
    /// Any other.
    Other,
}

impl Arch {
    /// As releases write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
            Self::S390x => "s390x",
            Self::Other => "another processor",
        }
    }
}

/// The C library of a Linux.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "version")]
pub enum Libc {
    /// The usual one, with its version.
    Glibc(Version),
    /// Alpine's, on which the released builds cannot run.
    Musl,
}

/// Who made a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Vendor {
    /// NVIDIA.
    Nvidia,
    /// AMD.
    Amd,
    /// Intel.
    Intel,
    /// Apple.
    Apple,
    /// Qualcomm (Adreno).
    Qualcomm,
    /// Virtual and display-only adapters, which compute nothing.
    Other,
}

impl Vendor {
    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nvidia => "NVIDIA",
            Self::Amd => "AMD",
            Self::Intel => "Intel",
            Self::Apple => "Apple",
            Self::Qualcomm => "Qualcomm",
            Self::Other => "other",
        }
    }
}

/// A GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gpu {
    /// Its name, as far as the system tells.
    pub name: String,
    /// Who made it.
    pub vendor: Vendor,
    /// Its driver's version. For NVIDIA: none means that the driver is not installed.
    pub driver: Option<Version>,
    /// NVIDIA's compute capability.
    pub compute_capability: Option<Version>,
    /// Its own memory; not told for GPUs that share the machine's.
    pub memory_bytes: Option<u64>,
}

/// What engines are chosen by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Operating system.
    pub os: Os,
    /// Processor architecture: the machine's, even where this program is emulated.
    pub arch: Arch,
    /// The processor's name.
    pub cpu_name: String,
    /// Its instruction sets that builds differ by: `avx`, `avx2`, `avx512f`.
    pub cpu_features: Vec<String>,
    /// Linux only.
    pub libc: Option<Libc>,
    /// Linux inside Windows.
    pub wsl: bool,
    /// GPUs, the most capable kind first where that is known.
    pub gpus: Vec<Gpu>,
    /// The Vulkan loader library is installed.
    pub vulkan_loader: bool,
    /// AMD's ROCm libraries, Linux only.
    pub rocm: Option<Version>,
    /// RAM.
    pub memory_bytes: u64,
}

impl Machine {
    /// Looks at this machine. Takes a second or two where GPU tools have to be asked, so call it off the async
    /// threads and keep the result.
    #[must_use]
    pub fn detect() -> Self {
        detect::detect()
    }

    /// The machine in a sentence: `Linux (glibc 2.35) on x64 with an NVIDIA GeForce RTX 4090 (driver 580.65.06, 24.0
    /// GB)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let gpus: Vec<String> = self.gpus.iter().map(describe_gpu).collect();
        let gpus = if gpus.is_empty() {
            "no GPU".to_owned()
        } else {
            gpus.join(" and ")
        };
        format!(
            "{} on {}, {} of memory, {gpus}.",
            self.os_words(),
            self.arch.name(),
            gigabytes(self.memory_bytes)
        )
    }

    /// `Linux (glibc 2.35, WSL)`.
    #[must_use]
    pub fn os_words(&self) -> String {
        let mut notes = Vec::new();
        match &self.libc {
            Some(Libc::Glibc(version)) => notes.push(format!("glibc {version}")),
            Some(Libc::Musl) => notes.push("musl".to_owned()),
            None => {}
        }
        if self.wsl {
            notes.push("WSL".to_owned());
        }
        if notes.is_empty() {
            self.os.name().to_owned()
        } else {
            format!("{} ({})", self.os.name(), notes.join(", "))
        }
    }
}

/// `NVIDIA GeForce RTX 4090 (driver 580.65.06, 24.0 GB)`.
pub(crate) fn describe_gpu(gpu: &Gpu) -> String {
    let mut notes = Vec::new();
    if let Some(driver) = &gpu.driver {
        notes.push(format!("driver {}", driver_words(driver)));
    }
    if let Some(bytes) = gpu.memory_bytes {
        notes.push(gigabytes(bytes));
    }
    if notes.is_empty() {
        gpu.name.clone()
    } else {
        format!("{} ({})", gpu.name, notes.join(", "))
    }
}

/// As NVIDIA writes it: `580.65.06`.
pub(crate) fn driver_words(driver: &Version) -> String {
    match driver.0.as_slice() {
        [major, minor, patch] => format!("{major}.{minor}.{patch:02}"),
        _ => driver.to_string(),
    }
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_numbers() {
        let version = |text: &str| Version::parse(text).unwrap();
        assert!(version("580.65.06") > version("580"));
        assert!(version("525.60.13") > version("525.60.9"));
        assert!(version("12.4") < version("12.10"));
        assert_eq!(version("6.8.0-generic"), Version(vec![6, 8, 0]));
        assert_eq!(version("2.35").to_string(), "2.35");
        assert_eq!(Version::parse("unknown"), None);
        assert_eq!(Version::parse(""), None);
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let machine = Machine::detect();
        assert_ne!(machine.os, Os::Other);
        assert!(machine.memory_bytes > 0);
        assert!(machine.sentence().contains(machine.arch.name()));
    }
}
