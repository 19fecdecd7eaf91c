//! What a release's file is, read from its name. Names have changed three times in two years, so they are taken apart
//! and matched, never put together.

use serde::{Deserialize, Serialize};

use crate::machine::{Arch, Os, Version};
use crate::release::is_plain_name;

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    /// Its name, such as `llama-b10434-bin-ubuntu-vulkan-x64.tar.gz`.
    pub name: String,
    /// Where it can be fetched.
    pub url: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256 in hex, where the release says it.
    pub sha256: Option<String>,
}

/// What computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Backend {
    Cpu,
    Metal,
    Cuda,
    Vulkan,
    /// AMD's, also by its older name HIP.
    Rocm,
    Sycl,
    OpenVino,
    OpenCl,
    /// One that is newer, or older, than what we know.
    Unknown,
}

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// The CUDA runtime that a CUDA build needs beside itself.
    pub(crate) is_cuda_runtime: bool,
    pub(crate) os: Os,
    pub(crate) arch: Arch,
    pub(crate) backend: Backend,
    /// The backend's version, where the name has one.
    pub(crate) version: Option<Version>,
    /// The words between system and architecture, put into today's spelling: `cuda-12.4`, `avx2`, nothing.
    pub(crate) words: Vec<String>,
    pub(crate) is_zip: bool,
}

/// `None` for what is no build of the server: frameworks, web pages, checksums, phones.
pub(crate) fn parse(name: &str) -> Option<Parsed> {
    // A part of it becomes a part of a folder's name.
    if !is_plain_name(name) {
        return None;
    }
    let (stem, is_zip) = match name.strip_suffix(".zip") {
        Some(stem) => (stem, true),
        None => (
            name.strip_suffix(".tar.gz")
                .or_else(|| name.strip_suffix(".tgz"))?,
            false,
        ),
    };
    let (head, rest) = stem.split_once("-bin-")?;
    let is_cuda_runtime = head.starts_with("cudart-llama");
    if !is_cuda_runtime && !head.starts_with("llama-") {
        return None;
    }
    let mut words = rest.split('-');
    let os = match words.next()? {
        "ubuntu" | "linux" => Os::Linux,
        "win" | "windows" => Os::Windows,
        "macos" => Os::MacOs,
        _ => return None,
    };
    let mut arch = None;
    let mut others = Vec::new();
    for word in words {
        match word {
            "x64" | "x86_64" | "amd64" => arch = Some(Arch::X64),
            "arm64" | "aarch64" => arch = Some(Arch::Arm64),
            "s390x" => arch = Some(Arch::S390x),
            // `cuda-cu12.4` and `cu12.4` of early 2025 are today's `cuda-12.4`.
            "cuda" => {}
            word => match word.strip_prefix("cu").and_then(Version::parse) {
                Some(version) => others.extend(["cuda".to_owned(), version.to_string()]),
                // They name folders, and file systems differ in what they make of case, dots and nothing.
                None if word.is_empty() || word.starts_with('.') => return None,
                None => others.push(word.to_ascii_lowercase()),
            },
        }
    }
    if rest.contains("-cuda-") && others.first().is_none_or(|first| first != "cuda") {
        others.insert(0, "cuda".to_owned());
    }
    let backend = backend(os, arch?, &others);
    let version = others.iter().find_map(|word| {
        word.starts_with(|first: char| first.is_ascii_digit())
            .then(|| Version::parse(word))
            .flatten()
    });
    Some(Parsed {
        is_cuda_runtime,
        os,
        arch: arch?,
        backend,
        version,
        words: others,
        is_zip,
    })
}

fn backend(os: Os, arch: Arch, words: &[String]) -> Backend {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let first = words.first().map(String::as_str);
    match first {
        None | Some("kleidiai") if (os, arch) == (Os::MacOs, Arch::Arm64) => Backend::Metal,
        None | Some("cpu" | "noavx" | "avx" | "avx2" | "avx512" | "openblas") => Backend::Cpu,
        Some("cuda") => Backend::Cuda,
        Some("vulkan") => Backend::Vulkan,
        Some("rocm" | "hip") => Backend::Rocm,
        Some("sycl") => Backend::Sycl,
        Some("openvino") => Backend::OpenVino,
        _ if has("opencl") => Backend::OpenCl,
        Some("llvm" | "msvc") => Backend::Cpu,
        _ => Backend::Unknown,
    }
}

impl Parsed {
    /// `cuda-12.8`, `vulkan`, `cpu`, `metal`, `hip-gfx1030`.
    pub(crate) fn id(&self) -> String {
        match (&self.backend, self.words.is_empty()) {
            (Backend::Metal, true) => "metal".to_owned(),
            (_, true) => "cpu".to_owned(),
            _ => self.words.join("-"),
        }
    }

    /// `CUDA 12.8`, `CPU (AVX2)`.
    pub(crate) fn label(&self) -> String {
        let name = match self.backend {
            Backend::Cpu => "CPU",
            Backend::Metal => "Metal",
            Backend::Cuda => "CUDA",
            Backend::Vulkan => "Vulkan",
            Backend::Rocm => "ROCm",
            Backend::Sycl => "SYCL",
            Backend::OpenVino => "OpenVINO",
            Backend::OpenCl => "OpenCL",
            Backend::Unknown => return self.words.join(" "),
        };
        let skipped = [
            "cpu", "cuda", "vulkan", "rocm", "hip", "sycl", "openvino", "opencl", "radeon",
        ];
        let rest: Vec<&str> = self
            .words
            .iter()
            .map(String::as_str)
            .filter(|word| !skipped.contains(word))
            .collect();
        match (&self.version, rest.as_slice()) {
            (Some(version), _) => format!("{name} {version}"),
            (None, []) => name.to_owned(),
            (None, words) => format!("{name} ({})", spelled(words)),
        }
    }
}

fn spelled(words: &[&str]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| match *word {
            "noavx" => "without AVX".to_owned(),
            "avx" | "avx2" | "avx512" | "llvm" | "msvc" => word.to_uppercase(),
            "openblas" => "OpenBLAS".to_owned(),
            "kleidiai" => "KleidiAI".to_owned(),
            "adreno" => "Adreno".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_three_dates_are_read() {
        for (name, id, label, os, arch) in [
            (
                "llama-b4575-bin-win-cuda-cu12.4-x64.zip",
                "cuda-12.4",
                "CUDA 12.4",
                Os::Windows,
                Arch::X64,
            ),
            (
                "llama-b4575-bin-win-noavx-x64.zip",
                "noavx",
                "CPU (without AVX)",
                Os::Windows,
                Arch::X64,
            ),
            (
                "llama-b4575-bin-win-hip-x64-gfx1030.zip",
                "hip-gfx1030",
                "ROCm (gfx1030)",
                Os::Windows,
                Arch::X64,
            ),
            (
                "llama-b4575-bin-win-llvm-arm64-opencl-adreno.zip",
                "llvm-opencl-adreno",
                "OpenCL (LLVM, Adreno)",
                Os::Windows,
                Arch::Arm64,
            ),
            (
                "llama-b7540-bin-macos-arm64.tar.gz",
                "metal",
                "Metal",
                Os::MacOs,
                Arch::Arm64,
            ),
            (
                "llama-b10892-bin-macos-x64.tar.gz",
                "cpu",
                "CPU",
                Os::MacOs,
                Arch::X64,
            ),
            (
                "llama-b10892-bin-ubuntu-x64.tar.gz",
                "cpu",
                "CPU",
                Os::Linux,
                Arch::X64,
            ),
            (
                "llama-b10892-bin-ubuntu-openvino-2026.3.1-x64.tar.gz",
                "openvino-2026.3.1",
                "OpenVINO 2026.3.1",
                Os::Linux,
                Arch::X64,
            ),
            (
                "llama-b10892-bin-ubuntu-sycl-fp16-x64.tar.gz",
                "sycl-fp16",
                "SYCL (fp16)",
                Os::Linux,
                Arch::X64,
            ),
            (
                "llama-b11434-bin-ubuntu-cuda-13.4-x64.tar.gz",
                "cuda-13.4",
                "CUDA 13.4",
                Os::Linux,
                Arch::X64,
            ),
            (
                "llama-b10892-bin-ubuntu-Vulkan-x64.tar.gz",
                "vulkan",
                "Vulkan",
                Os::Linux,
                Arch::X64,
            ),
            (
                "llama-b10892-bin-win-cpu-arm64.zip",
                "cpu",
                "CPU",
                Os::Windows,
                Arch::Arm64,
            ),
        ] {
            let parsed = parse(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(
                (parsed.id().as_str(), parsed.label().as_str()),
                (id, label),
                "{name}"
            );
            assert_eq!((parsed.os, parsed.arch), (os, arch), "{name}");
            assert!(!parsed.is_cuda_runtime, "{name}");
        }
    }

    #[test]
    fn the_cuda_runtime_is_known_by_its_version_in_every_spelling() {
        for (name, version) in [
            ("cudart-llama-bin-win-cu12.4-x64.zip", "12.4"),
            ("cudart-llama-bin-win-cuda-13.3-x64.zip", "13.3"),
            (
                "cudart-llama-b11434-bin-ubuntu-cuda-12.8-x64.tar.gz",
                "12.8",
            ),
        ] {
            let parsed = parse(name).unwrap();
            assert!(parsed.is_cuda_runtime, "{name}");
            assert_eq!(parsed.version, Version::parse(version), "{name}");
            assert_eq!(parsed.backend, Backend::Cuda);
        }
    }

    #[test]
    fn what_is_no_build_of_the_server_is_left_out() {
        for name in [
            "llama-b10892-xcframework.zip",
            "llama-b10892-ui.tar.gz",
            "llama-b10892-bin-android-arm64.tar.gz",
            "llama-b7540-bin-310p-openEuler-x86.tar.gz",
            "nightly-tag.txt",
            "llama-b1-bin-ubuntu.tar.gz",
            "-bin-",
            "",
            "llama-b1-bin-ubuntu-../../x-x64.zip",
            "llama-b1-bin-ubuntu--x64.zip",
            "llama-b1-bin-ubuntu-.hidden-x64.zip",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
