//! Whether one build works on a machine, why not, and how well it fits.

use crate::asset::{Backend, Parsed};
use crate::machine::{Arch, Gpu, Machine, Os, Vendor, Version, driver_words, gigabytes};

use super::libc_problem;

/// Below this a GPU holds no model worth the trouble, and the engine fails or crawls (Jan #7881). Two gigabytes, less
/// what drivers keep to themselves.
const LEAST_GPU_BYTES: u64 = 1_900_000_000;

/// What was found about a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) works: bool,
    pub(super) reason: Option<String>,
    /// The higher, the better; 0 is never recommended.
    pub(super) rank: u32,
}

impl Verdict {
    fn fits(rank: u32) -> Self {
        Self {
            works: true,
            reason: None,
            rank,
        }
    }

    fn works_but(rank: u32, reason: impl Into<String>) -> Self {
        Self {
            works: true,
            reason: Some(reason.into()),
            rank,
        }
    }

    fn cannot(reason: impl Into<String>) -> Self {
        Self {
            works: false,
            reason: Some(reason.into()),
            rank: 0,
        }
    }
}

pub(super) fn judge(build: &Parsed, has_cuda_runtime: bool, machine: &Machine) -> Verdict {
    if build.arch != machine.arch {
        return other_architecture(build, machine);
    }
    if let Some(problem) = libc_problem(machine, &build.backend) {
        return Verdict::cannot(problem);
    }
    match build.backend {
        Backend::Metal if build.words.is_empty() => Verdict::fits(100),
        Backend::Metal => Verdict::works_but(10, "For the processor's own matrix instructions."),
        Backend::Cpu => cpu(build, machine),
        Backend::Cuda => cuda(build, has_cuda_runtime, machine),
        Backend::Vulkan => vulkan(machine),
        Backend::Rocm => rocm(build, machine),
        Backend::Sycl => intel(machine, 30),
        Backend::OpenVino => intel(machine, 0),
        Backend::OpenCl => opencl(machine),
        Backend::Unknown => Verdict::works_but(0, "Paddock does not know this kind of build."),
    }
}

fn other_architecture(build: &Parsed, machine: &Machine) -> Verdict {
    let emulated = build.arch == Arch::X64
        && machine.arch == Arch::Arm64
        && build.backend == Backend::Cpu
        && matches!(machine.os, Os::MacOs | Os::Windows);
    if emulated {
        return Verdict::works_but(
            5,
            "It is for Intel processors and runs slowly, in emulation.",
        );
    }
    Verdict::cannot(format!(
        "It is for {} processors, and this one is {}.",
        build.arch.name(),
        machine.arch.name()
    ))
}

fn cpu(build: &Parsed, machine: &Machine) -> Verdict {
    // Where nothing is known about the processor nothing is ruled out.
    let lacks = |feature: &str| {
        !machine.cpu_features.is_empty()
            && !machine.cpu_features.iter().any(|known| known == feature)
    };
    let flavour = build.words.first().map_or("", String::as_str);
    match flavour {
        "avx" if lacks("avx") => Verdict::cannot("This processor has no AVX."),
        "avx2" if lacks("avx2") => Verdict::cannot("This processor has no AVX2."),
        "avx512" if lacks("avx512f") => Verdict::cannot("This processor has no AVX-512."),
        "avx2" => Verdict::fits(24),
        "avx" => Verdict::fits(23),
        // Faster on paper; on virtual machines it is what dies.
        "avx512" => Verdict::fits(22),
        "noavx" => Verdict::fits(21),
        "openblas" => Verdict::works_but(10, "Only prompts are faster with it, and seldom."),
        "msvc" => Verdict::fits(20),
        _ => Verdict::fits(25),
    }
}

fn cuda(build: &Parsed, has_runtime: bool, machine: &Machine) -> Verdict {
    let gpus: Vec<&Gpu> = of_vendor(machine, Vendor::Nvidia).collect();
    let Some(first) = gpus.first() else {
        return Verdict::cannot("It needs an NVIDIA GPU.");
    };
    let Some(driver) = gpus.iter().find_map(|gpu| gpu.driver.as_ref()) else {
        return Verdict::cannot(format!(
            "NVIDIA's driver for the {} is not installed, or does not run.",
            first.name
        ));
    };
    let major = build.version.as_ref().map_or(0, Version::major);
    // In WSL it is Windows' driver that counts, and nvidia-smi says its version.
    let windows = machine.os == Os::Windows || machine.wsl;
    if let Some(needed) = least_driver(major, windows)
        && *driver < needed
    {
        return Verdict::cannot(format!(
            "CUDA {major} needs NVIDIA driver {needed} or newer, and {} is installed.",
            driver_words(driver)
        ));
    }
    if let Some(needed) = least_capability(major) {
        let newest = gpus
            .iter()
            .map(|gpu| gpu.compute_capability.clone())
            .max()
            .flatten();
        let all_known = gpus.iter().all(|gpu| gpu.compute_capability.is_some());
        if let Some(newest) = newest.filter(|newest| all_known && *newest < needed) {
            return Verdict::cannot(format!(
                "CUDA {major} needs a GPU of compute capability {needed} or newer, and this one has {newest}."
            ));
        }
    }
    if gpus.iter().all(|gpu| is_too_small(gpu)) {
        return Verdict::works_but(0, too_small(first));
    }
    if !has_runtime {
        return Verdict::works_but(
            0,
            "The release has no CUDA runtime for it: it works only where that CUDA is installed.",
        );
    }
    Verdict::fits(100)
}

/// The least driver for a CUDA version, as NVIDIA's release notes have it.
fn least_driver(cuda_major: u32, windows: bool) -> Option<Version> {
    let version = match (cuda_major, windows) {
        (11, false) => vec![450, 80, 2],
        (11, true) => vec![452, 39],
        (12, false) => vec![525, 60, 13],
        (12, true) => vec![527, 41],
        (13.., _) => vec![580],
        _ => return None,
    };
    Some(Version(version))
}

/// CUDA 13 has left out everything before Turing.
fn least_capability(cuda_major: u32) -> Option<Version> {
    match cuda_major {
        11 | 12 => Some(Version(vec![5, 0])),
        13.. => Some(Version(vec![7, 5])),
        _ => None,
    }
}

fn vulkan(machine: &Machine) -> Verdict {
    if machine.wsl {
        return Verdict::cannot("Vulkan does not reach the GPU inside WSL.");
    }
    let usable: Vec<&Gpu> = machine
        .gpus
        .iter()
        .filter(|gpu| has_vulkan_driver(gpu, machine))
        .collect();
    let Some(first) = usable.first() else {
        return match of_vendor(machine, Vendor::Nvidia).next() {
            Some(gpu) => Verdict::cannot(format!(
                "NVIDIA's driver for the {} is not installed, or does not run.",
                gpu.name
            )),
            None => Verdict::works_but(
                0,
                "There is no GPU that could compute, so it would use the processor.",
            ),
        };
    };
    if !machine.vulkan_loader {
        let what = if machine.os == Os::Windows {
            "the GPU's driver, with Vulkan"
        } else {
            "the Vulkan loader (the package libvulkan1 or vulkan-loader)"
        };
        return Verdict::cannot(format!("It needs {what}, which is not installed."));
    }
    if usable.iter().all(|gpu| is_too_small(gpu)) {
        return Verdict::works_but(0, too_small(first));
    }
    Verdict::fits(60)
}

/// On Linux NVIDIA's Vulkan comes with its driver; elsewhere and for the others the loader tells.
fn has_vulkan_driver(gpu: &Gpu, machine: &Machine) -> bool {
    match gpu.vendor {
        Vendor::Other => false,
        Vendor::Nvidia => gpu.driver.is_some() || machine.os != Os::Linux,
        _ => true,
    }
}

fn rocm(build: &Parsed, machine: &Machine) -> Verdict {
    let Some(gpu) = of_vendor(machine, Vendor::Amd).next() else {
        return Verdict::cannot("It needs an AMD GPU.");
    };
    if machine.wsl {
        return Verdict::cannot("AMD's GPUs cannot be reached inside WSL.");
    }
    if machine.os == Os::Linux {
        let needed = build.version.as_ref().map(Version::major);
        let installed = machine.rocm.as_ref().map(Version::major);
        if installed.is_none() || (needed.is_some() && installed != needed) {
            let wanted = build.version.as_ref().map(ToString::to_string);
            return Verdict::cannot(format!(
                "It needs AMD's ROCm {}, which is not installed.",
                wanted.unwrap_or_default()
            ));
        }
    }
    if is_too_small(gpu) {
        return Verdict::works_but(0, too_small(gpu));
    }
    // The old builds are for one family of GPUs each, which nobody can tell from here.
    let rank = if build.words.iter().any(|word| word.starts_with("gfx")) {
        0
    } else {
        50
    };
    Verdict::works_but(
        rank,
        "Only for GPUs that AMD supports with ROCm; Vulkan runs on all.",
    )
}

fn intel(machine: &Machine, rank: u32) -> Verdict {
    match of_vendor(machine, Vendor::Intel).next() {
        None => Verdict::cannot("It needs an Intel GPU."),
        Some(_) if machine.os == Os::Windows => Verdict::fits(rank),
        Some(_) => Verdict::works_but(
            0,
            "It needs Intel's oneAPI or OpenVINO libraries installed.",
        ),
    }
}

fn opencl(machine: &Machine) -> Verdict {
    match of_vendor(machine, Vendor::Qualcomm).next() {
        None => Verdict::cannot("It needs a Qualcomm Adreno GPU."),
        // Less than the processor's rank: it is fast with one quantization only.
        Some(_) => Verdict::works_but(10, "It is fast with Q4_0 models only."),
    }
}

fn of_vendor(machine: &Machine, vendor: Vendor) -> impl Iterator<Item = &Gpu> {
    machine.gpus.iter().filter(move |gpu| gpu.vendor == vendor)
}

pub(super) fn is_too_small(gpu: &Gpu) -> bool {
    gpu.memory_bytes
        .is_some_and(|bytes| bytes < LEAST_GPU_BYTES)
}

fn too_small(gpu: &Gpu) -> String {
    format!(
        "The {} has {} of memory, too little for models.",
        gpu.name,
        gigabytes(gpu.memory_bytes.unwrap_or_default())
    )
}

/// The GPU that a build is chosen for.
pub(super) fn gpu_for<'a>(backend: &Backend, machine: &'a Machine) -> Option<&'a Gpu> {
    let vendor = match backend {
        Backend::Cuda => Vendor::Nvidia,
        Backend::Rocm => Vendor::Amd,
        Backend::Sycl | Backend::OpenVino => Vendor::Intel,
        Backend::OpenCl => Vendor::Qualcomm,
        Backend::Vulkan => {
            return machine
                .gpus
                .iter()
                .find(|gpu| has_vulkan_driver(gpu, machine) && !is_too_small(gpu));
        }
        _ => return None,
    };
    of_vendor(machine, vendor).find(|gpu| !is_too_small(gpu))
}
