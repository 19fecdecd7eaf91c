//! Made-up machines against the asset lists of three dates. Every expectation is written by hand.

use super::*;
use crate::machine::{Arch, Os};

/// Early 2025: zips, `cu12.4`, one Windows build for each generation of processors.
const EARLY_2025: &[&str] = &[
    "cudart-llama-bin-win-cu11.7-x64.zip",
    "cudart-llama-bin-win-cu12.4-x64.zip",
    "llama-b4575-bin-macos-arm64.zip",
    "llama-b4575-bin-macos-x64.zip",
    "llama-b4575-bin-ubuntu-x64.zip",
    "llama-b4575-bin-win-avx-x64.zip",
    "llama-b4575-bin-win-avx2-x64.zip",
    "llama-b4575-bin-win-avx512-x64.zip",
    "llama-b4575-bin-win-cuda-cu11.7-x64.zip",
    "llama-b4575-bin-win-cuda-cu12.4-x64.zip",
    "llama-b4575-bin-win-hip-x64-gfx1030.zip",
    "llama-b4575-bin-win-hip-x64-gfx1100.zip",
    "llama-b4575-bin-win-kompute-x64.zip",
    "llama-b4575-bin-win-llvm-arm64-opencl-adreno.zip",
    "llama-b4575-bin-win-llvm-arm64.zip",
    "llama-b4575-bin-win-msvc-arm64.zip",
    "llama-b4575-bin-win-noavx-x64.zip",
    "llama-b4575-bin-win-openblas-x64.zip",
    "llama-b4575-bin-win-sycl-x64.zip",
    "llama-b4575-bin-win-vulkan-x64.zip",
    "llama-b4575-xcframework.zip",
];

/// The turn of 2025/26: tar.gz beside zip, CUDA 13 for the first time.
const TURN_2026: &[&str] = &[
    "cudart-llama-bin-win-cuda-12.4-x64.zip",
    "cudart-llama-bin-win-cuda-13.1-x64.zip",
    "llama-b7540-bin-310p-openEuler-x86.tar.gz",
    "llama-b7540-bin-910b-openEuler-aarch64-aclgraph.tar.gz",
    "llama-b7540-bin-macos-arm64.tar.gz",
    "llama-b7540-bin-macos-arm64.zip",
    "llama-b7540-bin-macos-x64.tar.gz",
    "llama-b7540-bin-macos-x64.zip",
    "llama-b7540-bin-ubuntu-s390x.tar.gz",
    "llama-b7540-bin-ubuntu-vulkan-x64.tar.gz",
    "llama-b7540-bin-ubuntu-vulkan-x64.zip",
    "llama-b7540-bin-ubuntu-x64.tar.gz",
    "llama-b7540-bin-ubuntu-x64.zip",
    "llama-b7540-bin-win-cpu-arm64.zip",
    "llama-b7540-bin-win-cpu-x64.zip",
    "llama-b7540-bin-win-cuda-12.4-x64.zip",
    "llama-b7540-bin-win-cuda-13.1-x64.zip",
    "llama-b7540-bin-win-hip-radeon-x64.zip",
    "llama-b7540-bin-win-opencl-adreno-arm64.zip",
    "llama-b7540-bin-win-sycl-x64.zip",
    "llama-b7540-bin-win-vulkan-x64.zip",
    "llama-b7540-xcframework.zip",
];

/// Late 2026: CUDA for Linux with a runtime of its own, ROCm, OpenVINO.
const LATE_2026: &[&str] = &[
    "cudart-llama-b11434-bin-ubuntu-cuda-12.8-x64.tar.gz",
    "cudart-llama-b11434-bin-ubuntu-cuda-13.4-x64.tar.gz",
    "cudart-llama-bin-win-cuda-12.4-x64.zip",
    "cudart-llama-bin-win-cuda-13.4-arm64.zip",
    "cudart-llama-bin-win-cuda-13.4-x64.zip",
    "llama-b11434-bin-android-arm64.tar.gz",
    "llama-b11434-bin-macos-arm64.tar.gz",
    "llama-b11434-bin-macos-x64.tar.gz",
    "llama-b11434-bin-ubuntu-arm64.tar.gz",
    "llama-b11434-bin-ubuntu-cuda-12.8-x64.tar.gz",
    "llama-b11434-bin-ubuntu-cuda-13.4-x64.tar.gz",
    "llama-b11434-bin-ubuntu-openvino-2026.3.1-x64.tar.gz",
    "llama-b11434-bin-ubuntu-rocm-10.0-x64.tar.gz",
    "llama-b11434-bin-ubuntu-s390x.tar.gz",
    "llama-b11434-bin-ubuntu-sycl-fp16-x64.tar.gz",
    "llama-b11434-bin-ubuntu-sycl-fp32-x64.tar.gz",
    "llama-b11434-bin-ubuntu-vulkan-arm64.tar.gz",
    "llama-b11434-bin-ubuntu-vulkan-x64.tar.gz",
    "llama-b11434-bin-ubuntu-x64.tar.gz",
    "llama-b11434-bin-win-cpu-arm64.zip",
    "llama-b11434-bin-win-cpu-x64.zip",
    "llama-b11434-bin-win-cuda-12.4-x64.zip",
    "llama-b11434-bin-win-cuda-13.4-arm64.zip",
    "llama-b11434-bin-win-cuda-13.4-x64.zip",
    "llama-b11434-bin-win-opencl-adreno-arm64.zip",
    "llama-b11434-bin-win-openvino-2026.3.1-x64.zip",
    "llama-b11434-bin-win-rocm-10.0-x64.zip",
    "llama-b11434-bin-win-sycl-x64.zip",
    "llama-b11434-bin-win-vulkan-x64.zip",
    "llama-b11434-ui.tar.gz",
    "llama-b11434-xcframework.zip",
];

fn release(names: &[&str]) -> Release {
    let tag = names
        .iter()
        .find_map(|name| name.strip_prefix("llama-")?.split('-').next())
        .unwrap();
    Release {
        tag: tag.to_owned(),
        published_at: None,
        page_url: None,
        assets: names
            .iter()
            .map(|name| Asset {
                name: (*name).to_owned(),
                url: format!("https://releases.example/{name}"),
                size_bytes: 100,
                sha256: None,
            })
            .collect(),
    }
}

fn machine(os: Os, arch: Arch) -> Machine {
    Machine {
        os,
        arch,
        cpu_name: "a processor".to_owned(),
        cpu_features: if arch == Arch::X64 {
            ["avx", "avx2"].map(str::to_owned).to_vec()
        } else {
            Vec::new()
        },
        libc: (os == Os::Linux).then(|| Libc::Glibc(Version(vec![2, 39]))),
        wsl: false,
        gpus: Vec::new(),
        vulkan_loader: os != Os::MacOs,
        rocm: None,
        memory_bytes: 32 << 30,
    }
}

fn linux() -> Machine {
    machine(Os::Linux, Arch::X64)
}

fn windows() -> Machine {
    machine(Os::Windows, Arch::X64)
}

fn gpu(vendor: Vendor, name: &str, gigabytes: u64) -> Gpu {
    Gpu {
        name: name.to_owned(),
        vendor,
        driver: None,
        compute_capability: None,
        memory_bytes: (gigabytes > 0).then_some(gigabytes * 1_000_000_000),
    }
}

fn nvidia(driver: &str, capability: &str, gigabytes: u64) -> Gpu {
    Gpu {
        driver: Version::parse(driver),
        compute_capability: Version::parse(capability),
        ..gpu(Vendor::Nvidia, "NVIDIA GPU", gigabytes)
    }
}

fn with(gpus: &[Gpu], machine: Machine) -> Machine {
    Machine {
        gpus: gpus.to_vec(),
        ..machine
    }
}

/// Machine by machine: what is recommended of each release.
#[test]
fn every_machine_gets_the_build_that_fits_it() {
    let amd = gpu(Vendor::Amd, "AMD Radeon RX 7900 XTX", 24);
    let intel = gpu(Vendor::Intel, "Intel Arc A770", 16);
    let integrated = gpu(Vendor::Intel, "Intel UHD Graphics 770", 0);
    let rtx_4090 = nvidia("580.65.06", "8.9", 24);
    let cpu_only: [Option<&str>; 3] = [Some("cpu"); 3];
    let none: [Option<&str>; 3] = [None; 3];
    let no_loader = |machine: Machine| Machine {
        vulkan_loader: false,
        ..machine
    };
    let glibc = |version: &[u32], machine: Machine| Machine {
        libc: Some(Libc::Glibc(Version(version.to_vec()))),
        ..machine
    };
    let features = |features: &[&str], machine: Machine| Machine {
        cpu_features: features.iter().map(|&name| name.to_owned()).collect(),
        ..machine
    };
    let wsl = |machine: Machine| Machine {
        wsl: true,
        ..machine
    };

    let cases: Vec<(&str, Machine, [Option<&str>; 3])> = vec![
        // Linux
        ("a Linux server without a GPU", linux(), cpu_only),
        (
            "a Linux PC with a new NVIDIA driver",
            with(std::slice::from_ref(&rtx_4090), linux()),
            [Some("cpu"), Some("vulkan"), Some("cuda-13.4")],
        ),
        (
            "a driver good for CUDA 12 and too old for 13",
            with(&[nvidia("550.54.15", "8.6", 24)], linux()),
            [Some("cpu"), Some("vulkan"), Some("cuda-12.8")],
        ),
        (
            "a driver too old for any CUDA that is there",
            with(&[nvidia("470.82.01", "7.5", 8)], linux()),
            [Some("cpu"), Some("vulkan"), Some("vulkan")],
        ),
        (
            "a Pascal GPU, which CUDA 13 has left out",
            with(&[nvidia("580.65.06", "6.1", 8)], linux()),
            [Some("cpu"), Some("vulkan"), Some("cuda-12.8")],
        ),
        (
            "an NVIDIA GPU whose driver is not installed",
            with(&[gpu(Vendor::Nvidia, "NVIDIA GPU (10de:2684)", 0)], linux()),
            cpu_only,
        ),
        (
            "an NVIDIA GPU without the Vulkan loader",
            no_loader(with(std::slice::from_ref(&rtx_4090), linux())),
            [Some("cpu"), Some("cpu"), Some("cuda-13.4")],
        ),
        (
            "Jan #7881: a GPU with 1 GB",
            with(&[nvidia("550.54.15", "6.1", 1)], linux()),
            cpu_only,
        ),
        (
            "an AMD GPU on Linux, no ROCm",
            with(std::slice::from_ref(&amd), linux()),
            [Some("cpu"), Some("vulkan"), Some("vulkan")],
        ),
        (
            "an AMD GPU with ROCm 10 and no Vulkan loader",
            no_loader(Machine {
                rocm: Version::parse("10.0.2"),
                ..with(std::slice::from_ref(&amd), linux())
            }),
            [Some("cpu"), Some("cpu"), Some("rocm-10.0")],
        ),
        (
            "an Intel GPU on Linux",
            with(std::slice::from_ref(&intel), linux()),
            [Some("cpu"), Some("vulkan"), Some("vulkan")],
        ),
        (
            "a virtual display adapter",
            with(&[gpu(Vendor::Other, "other GPU (1af4:1050)", 0)], linux()),
            cpu_only,
        ),
        (
            "WSL with an NVIDIA GPU: Windows' driver counts",
            wsl(with(&[nvidia("551.23", "8.6", 12)], linux())),
            [Some("cpu"), Some("cpu"), Some("cuda-12.8")],
        ),
        (
            "WSL with an AMD GPU",
            wsl(with(std::slice::from_ref(&amd), linux())),
            cpu_only,
        ),
        (
            "Alpine: musl",
            Machine {
                libc: Some(Libc::Musl),
                ..with(std::slice::from_ref(&rtx_4090), linux())
            },
            none,
        ),
        ("Debian 11: glibc 2.31", glibc(&[2, 31], linux()), none),
        (
            "Ubuntu 22.04: glibc 2.35",
            glibc(&[2, 35], linux()),
            cpu_only,
        ),
        (
            "an ARM server",
            machine(Os::Linux, Arch::Arm64),
            [None, None, Some("cpu")],
        ),
        (
            "an ARM board with a GPU",
            with(
                &[gpu(Vendor::Qualcomm, "Adreno", 0)],
                machine(Os::Linux, Arch::Arm64),
            ),
            [None, None, Some("vulkan")],
        ),
        (
            "IBM Z",
            machine(Os::Linux, Arch::S390x),
            [None, Some("cpu"), Some("cpu")],
        ),
        ("RISC-V", machine(Os::Linux, Arch::Other), none),
        // Windows
        (
            "a Windows PC without a GPU",
            windows(),
            [Some("avx2"), Some("cpu"), Some("cpu")],
        ),
        (
            "AVX-512, which virtual machines list and do not allow",
            features(&["avx", "avx2", "avx512f"], windows()),
            [Some("avx2"), Some("cpu"), Some("cpu")],
        ),
        (
            "a processor of 2011",
            features(&["avx"], windows()),
            [Some("avx"), Some("cpu"), Some("cpu")],
        ),
        (
            "a gaming PC",
            with(&[rtx_4090.clone(), integrated.clone()], windows()),
            [Some("cuda-12.4"), Some("cuda-13.1"), Some("cuda-13.4")],
        ),
        (
            "Windows with a driver of early 2023",
            with(&[nvidia("528.02", "8.6", 8)], windows()),
            [Some("cuda-12.4"), Some("cuda-12.4"), Some("cuda-12.4")],
        ),
        (
            "Windows with a driver of 2021",
            with(&[nvidia("471.11", "7.5", 8)], windows()),
            [Some("cuda-11.7"), Some("vulkan"), Some("vulkan")],
        ),
        (
            "an old GPU for CUDA 12 only",
            with(&[nvidia("581.15", "6.1", 6)], windows()),
            [Some("cuda-12.4"), Some("cuda-12.4"), Some("cuda-12.4")],
        ),
        (
            "a Kepler GPU, which only Vulkan still takes",
            with(&[nvidia("474.82", "3.5", 4)], windows()),
            [Some("vulkan"), Some("vulkan"), Some("vulkan")],
        ),
        (
            "Windows with an AMD GPU",
            with(std::slice::from_ref(&amd), windows()),
            [Some("vulkan"), Some("vulkan"), Some("vulkan")],
        ),
        (
            "a laptop with Intel graphics",
            with(std::slice::from_ref(&integrated), windows()),
            [Some("vulkan"), Some("vulkan"), Some("vulkan")],
        ),
        (
            "Intel graphics without a Vulkan driver",
            no_loader(with(std::slice::from_ref(&integrated), windows())),
            [Some("sycl"), Some("sycl"), Some("sycl")],
        ),
        (
            "Windows in a virtual machine",
            no_loader(with(
                &[gpu(Vendor::Other, "Microsoft Basic Display Adapter", 0)],
                windows(),
            )),
            [Some("avx2"), Some("cpu"), Some("cpu")],
        ),
        (
            "Windows on ARM",
            with(
                &[gpu(Vendor::Qualcomm, "Adreno X1-85", 0)],
                no_loader(machine(Os::Windows, Arch::Arm64)),
            ),
            [Some("llvm"), Some("cpu"), Some("cpu")],
        ),
        (
            "Windows on ARM with an NVIDIA GPU",
            with(
                std::slice::from_ref(&rtx_4090),
                no_loader(machine(Os::Windows, Arch::Arm64)),
            ),
            [Some("llvm"), Some("cpu"), Some("cuda-13.4")],
        ),
        // macOS
        (
            "an Apple Mac",
            with(
                &[gpu(Vendor::Apple, "Apple M3 GPU", 0)],
                machine(Os::MacOs, Arch::Arm64),
            ),
            [Some("metal"), Some("metal"), Some("metal")],
        ),
        ("an Intel Mac", machine(Os::MacOs, Arch::X64), cpu_only),
        ("FreeBSD", machine(Os::Other, Arch::X64), none),
    ];
    assert!(cases.len() >= 20);
    for (what, machine, expected) in cases {
        for (names, expected) in [EARLY_2025, TURN_2026, LATE_2026].iter().zip(expected) {
            let release = release(names);
            let choice = choose(&release, &machine);
            assert_eq!(
                choice.recommended.as_deref(),
                expected,
                "{what}, {}: {choice:#?}",
                release.tag
            );
            assert!(!choice.sentence.is_empty());
            for variant in &choice.all {
                assert!(
                    variant.works || variant.reason.is_some(),
                    "{what}: {} does not say why",
                    variant.id
                );
            }
            if let Some(id) = expected {
                assert_eq!(choice.all[0].id, id, "{what}: the best comes first");
                assert!(choice.all[0].works);
            }
        }
    }
}

#[test]
fn a_cuda_build_brings_its_runtime() {
    let machine = with(&[nvidia("580.65.06", "8.9", 24)], windows());
    for (names, expected) in [
        (EARLY_2025, "cudart-llama-bin-win-cu12.4-x64.zip"),
        (TURN_2026, "cudart-llama-bin-win-cuda-13.1-x64.zip"),
        (LATE_2026, "cudart-llama-bin-win-cuda-13.4-x64.zip"),
    ] {
        let choice = choose(&release(names), &machine);
        let assets: Vec<&str> = choice.all[0]
            .assets
            .iter()
            .map(|asset| asset.name.as_str())
            .collect();
        assert_eq!(assets.len(), 2, "{assets:?}");
        assert_eq!(assets[1], expected);
        assert_eq!(choice.all[0].size_bytes, 200);
    }
    let linux = with(&[nvidia("580.65.06", "8.9", 24)], linux());
    let choice = choose(&release(LATE_2026), &linux);
    assert_eq!(
        choice.all[0].assets[1].name,
        "cudart-llama-b11434-bin-ubuntu-cuda-13.4-x64.tar.gz"
    );
    let without: Vec<&str> = LATE_2026
        .iter()
        .copied()
        .filter(|name| !name.starts_with("cudart"))
        .collect();
    let choice = choose(&release(&without), &linux);
    assert_eq!(
        choice.recommended.as_deref(),
        Some("vulkan"),
        "a build without its runtime is not for everyone"
    );
}

#[test]
fn tar_is_taken_where_a_release_has_both() {
    let choice = choose(&release(TURN_2026), &linux());
    let cpu = choice.find("cpu").unwrap();
    assert_eq!(cpu.assets[0].name, "llama-b7540-bin-ubuntu-x64.tar.gz");
    assert_eq!(
        choice
            .all
            .iter()
            .filter(|variant| variant.id == "cpu")
            .count(),
        1
    );
}

#[test]
fn the_choice_is_explained() {
    let sentence = |names: &[&str], machine: &Machine| choose(&release(names), machine).sentence;
    let rtx = Gpu {
        name: "NVIDIA GeForce RTX 4090".to_owned(),
        ..nvidia("580.65.06", "8.9", 24)
    };
    assert_eq!(
        sentence(LATE_2026, &with(std::slice::from_ref(&rtx), linux())),
        "CUDA 13.4 fits this machine's NVIDIA GeForce RTX 4090 (driver 580.65.06, 24.0 GB)."
    );
    let old = Gpu {
        driver: Version::parse("470.82.01"),
        ..rtx.clone()
    };
    assert_eq!(
        sentence(LATE_2026, &with(&[old], linux())),
        "Vulkan fits this machine's NVIDIA GeForce RTX 4090 (driver 470.82.01, 24.0 GB). CUDA is not for it: \
         CUDA 12 needs NVIDIA driver 525.60.13 or newer, and 470.82.01 is installed."
    );
    assert_eq!(
        sentence(TURN_2026, &with(&[rtx], linux())),
        "Vulkan fits this machine's NVIDIA GeForce RTX 4090 (driver 580.65.06, 24.0 GB). \
         This release has no CUDA build for it."
    );
    assert_eq!(
        sentence(LATE_2026, &linux()),
        "CPU fits this machine: it has no GPU that could compute."
    );
    assert_eq!(
        sentence(LATE_2026, &with(&[nvidia("550.54.15", "6.1", 1)], linux())),
        "CPU fits this machine: the NVIDIA GPU (driver 550.54.15, 1.0 GB) has too little memory for models. \
         CUDA is not for it: The NVIDIA GPU has 1.0 GB of memory, too little for models."
    );
    let musl = Machine {
        libc: Some(Libc::Musl),
        ..linux()
    };
    assert_eq!(
        sentence(LATE_2026, &musl),
        "No build of b11434 works on this machine. The released builds need glibc, and this system has musl. \
         Build llama.cpp here, and add it by its path."
    );
    assert_eq!(
        sentence(EARLY_2025, &machine(Os::Linux, Arch::S390x)),
        "b4575 has no build for Linux on s390x."
    );
}

#[test]
fn a_build_is_found_by_id_file_name_and_family() {
    let machine = with(&[nvidia("550.54.15", "8.6", 24)], linux());
    let choice = choose(&release(LATE_2026), &machine);
    let id = |wanted: &str| choice.find(wanted).map(|variant| variant.id.clone());
    assert_eq!(id("vulkan").as_deref(), Some("vulkan"));
    assert_eq!(id("Vulkan").as_deref(), Some("vulkan"));
    assert_eq!(
        id("cuda").as_deref(),
        Some("cuda-12.8"),
        "the newest that works with this driver"
    );
    assert_eq!(id("cuda-13.4").as_deref(), Some("cuda-13.4"));
    assert_eq!(id("ubuntu-vulkan-x64").as_deref(), Some("vulkan"));
    assert_eq!(id("ubuntu-x64").as_deref(), Some("cpu"));
    assert_eq!(id("vulkan-arm64").as_deref(), Some("vulkan-arm64"));
    assert_eq!(id("metal"), None);
    let other = choice.find("vulkan-arm64").unwrap();
    assert!(!other.works);
    assert_eq!(
        other.reason.as_deref(),
        Some("It is for arm64 processors, and this one is x64.")
    );
}

#[test]
fn no_list_of_names_panics() {
    for names in [
        &[][..],
        &["", "-bin-", "llama-b1-bin-win-x64.zip"],
        &["llama-b1-bin-ubuntu-cuda-x64.tar.gz"],
    ] {
        let release = Release {
            tag: "b1".to_owned(),
            published_at: None,
            page_url: None,
            assets: names
                .iter()
                .map(|name| Asset {
                    name: (*name).to_owned(),
                    url: String::new(),
                    size_bytes: 0,
                    sha256: None,
                })
                .collect(),
        };
        for machine in [linux(), windows(), machine(Os::MacOs, Arch::Arm64)] {
            let _ = choose(&release, &machine);
        }
    }
}
