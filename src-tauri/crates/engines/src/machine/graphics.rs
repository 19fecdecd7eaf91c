//! The GPUs of this machine. NVIDIA's are asked through `nvidia-smi`, the others are found where the system lists
//! its display adapters.
//!
//! Left out: NVML and Vulkan libraries loaded into this process: a broken driver must not take Paddock down with it.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Gpu, Os, Vendor, Version};

/// A driver that hangs must not hold up the choice.
const TOOL_TIMEOUT: Duration = Duration::from_secs(8);
const MEBIBYTE: u64 = 1 << 20;

pub(super) fn detect(os: Os, wsl: bool) -> Vec<Gpu> {
    let mut gpus = nvidia(wsl);
    let others = match os {
        Os::Linux => linux(Path::new("/sys/class/drm")),
        Os::Windows => windows(),
        Os::MacOs => macos(),
        Os::Other => Vec::new(),
    };
    let known_to_smi = !gpus.is_empty();
    gpus.extend(
        others
            .into_iter()
            .filter(|gpu| !(known_to_smi && gpu.vendor == Vendor::Nvidia)),
    );
    gpus
}

fn nvidia(wsl: bool) -> Vec<Gpu> {
    const QUERY: &[&str] = &[
        "--query-gpu=name,driver_version,compute_cap,memory.total",
        "--format=csv,noheader,nounits",
    ];
    let programs: &[&str] = if cfg!(windows) {
        &["nvidia-smi", r"C:\Windows\System32\nvidia-smi.exe"]
    } else if wsl {
        &["nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"]
    } else {
        &["nvidia-smi", "/usr/bin/nvidia-smi"]
    };
    let listed = programs
        .iter()
        .find_map(|program| output(program, QUERY))
        .map(|text| parse_nvidia_smi(&text))
        .unwrap_or_default();
    if !listed.is_empty() {
        return listed;
    }
    // The driver without its tools, as in some containers.
    let driver = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
    driver
        .and_then(|text| parse_nvidia_module(&text))
        .map(|driver| Gpu {
            name: "NVIDIA GPU".to_owned(),
            vendor: Vendor::Nvidia,
            driver: Some(driver),
            compute_capability: None,
            memory_bytes: None,
        })
        .into_iter()
        .collect()
}

/// `NVIDIA GeForce RTX 4090, 580.65.06, 8.9, 24564`, a line each. Old tools do not know `compute_cap`.
fn parse_nvidia_smi(text: &str) -> Vec<Gpu> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(',').map(str::trim);
            let name = fields.next().filter(|name| !name.is_empty())?;
            let driver = Version::parse(fields.next()?)?;
            let compute_capability = fields.next().and_then(Version::parse);
            let memory = fields.next().and_then(|field| field.parse::<u64>().ok());
            let name = if name.to_lowercase().contains("nvidia") {
                name.to_owned()
            } else {
                format!("NVIDIA {name}")
            };
            Some(Gpu {
                name,
                vendor: Vendor::Nvidia,
                driver: Some(driver),
                compute_capability,
                memory_bytes: memory.map(|mebibytes| mebibytes * MEBIBYTE),
            })
        })
        .collect()
}

/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue …`, also `Open Kernel Module for x86_64  580.65`.
fn parse_nvidia_module(text: &str) -> Option<Version> {
    let line = text.lines().find(|line| line.contains("NVRM"))?;
    line.split_whitespace()
        .find(|word| word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit()))
        .and_then(Version::parse)
}

/// Display adapters by their PCI ids.
fn linux(drm: &Path) -> Vec<Gpu> {
    let mut cards: Vec<_> = std::fs::read_dir(drm)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.strip_prefix("card"))
                .is_some_and(|number| number.chars().all(|letter| letter.is_ascii_digit()))
        })
        .collect();
    cards.sort();
    cards
        .into_iter()
        .filter_map(|card| {
            let read = |name: &str| std::fs::read_to_string(card.join("device").join(name)).ok();
            let vendor_id = read("vendor")?.trim().to_lowercase();
            let vendor = vendor_of_pci(&vendor_id);
            let device_id = read("device").unwrap_or_default();
            let memory = read("mem_info_vram_total").and_then(|text| text.trim().parse().ok());
            Some(Gpu {
                name: format!(
                    "{} GPU ({}:{})",
                    vendor.name(),
                    vendor_id.trim_start_matches("0x"),
                    device_id.trim().trim_start_matches("0x")
                ),
                vendor,
                driver: None,
                compute_capability: None,
                memory_bytes: memory,
            })
        })
        .collect()
}

fn vendor_of_pci(id: &str) -> Vendor {
    match id {
        "0x10de" => Vendor::Nvidia,
        "0x1002" => Vendor::Amd,
        "0x8086" => Vendor::Intel,
        "0x5143" | "0x17cb" => Vendor::Qualcomm,
        "0x106b" => Vendor::Apple,
        _ => Vendor::Other,
    }
}

fn windows() -> Vec<Gpu> {
    const SCRIPT: &str = "Get-CimInstance Win32_VideoController | Select-Object Name,AdapterRAM,DriverVersion,PNPDeviceID \
                          | ConvertTo-Json -Compress";
    output(
        "powershell.exe",
        &["-NoProfile", "-NonInteractive", "-Command", SCRIPT],
    )
    .map(|text| parse_video_controllers(&text))
    .unwrap_or_default()
}

/// One object, or a list of them. `AdapterRAM` is a 32-bit number: from 4 GB on it says nothing.
fn parse_video_controllers(text: &str) -> Vec<Gpu> {
    let adapters = match serde_json::from_str(text) {
        Ok(Value::Array(adapters)) => adapters,
        Ok(adapter @ Value::Object(_)) => vec![adapter],
        _ => return Vec::new(),
    };
    adapters
        .iter()
        .filter_map(|adapter| {
            let name = adapter["Name"].as_str()?.to_owned();
            let device = adapter["PNPDeviceID"]
                .as_str()
                .unwrap_or_default()
                .to_uppercase();
            let vendor = if device.contains("VEN_10DE") {
                Vendor::Nvidia
            } else if device.contains("VEN_1002") {
                Vendor::Amd
            } else if device.contains("VEN_8086") {
                Vendor::Intel
            } else if device.contains("VEN_QCOM") || name.contains("Adreno") {
                Vendor::Qualcomm
            } else {
                Vendor::Other
            };
            let memory = adapter["AdapterRAM"]
                .as_u64()
                .filter(|bytes| (1..0xFFF0_0000).contains(bytes));
            Some(Gpu {
                name,
                vendor,
                // Windows counts NVIDIA's drivers its own way; only nvidia-smi knows the version that CUDA is about.
                driver: (vendor != Vendor::Nvidia)
                    .then(|| adapter["DriverVersion"].as_str().and_then(Version::parse))
                    .flatten(),
                compute_capability: None,
                memory_bytes: memory,
            })
        })
        .collect()
}

/// Only Apple's own GPUs count: the released builds for Intel Macs compute on the processor.
fn macos() -> Vec<Gpu> {
    let is_apple =
        output("sysctl", &["-n", "hw.optional.arm64"]).is_some_and(|answer| answer.trim() == "1");
    is_apple
        .then(|| Gpu {
            name: output("sysctl", &["-n", "machdep.cpu.brand_string"]).map_or_else(
                || "Apple GPU".to_owned(),
                |name| format!("{} GPU", name.trim()),
            ),
            vendor: Vendor::Apple,
            driver: None,
            compute_capability: None,
            memory_bytes: None,
        })
        .into_iter()
        .collect()
}

/// What a tool prints, if it is there, succeeds, and does not take too long.
pub(super) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        command.creation_flags(CREATE_NO_WINDOW);
    }
    let mut child = command.spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    // Read beside the wait: a tool with much to say would wait for us.
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stdout.read_to_end(&mut text);
        text
    });
    let deadline = Instant::now() + TOOL_TIMEOUT;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let text = reader.join().ok()?;
                return status
                    .success()
                    .then(|| String::from_utf8_lossy(&text).into_owned());
            }
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nvidia_smi_is_read() {
        let text =
            "NVIDIA GeForce RTX 4090, 580.65.06, 8.9, 24564\nTesla K80, 470.82.01, 3.7, 11441\n";
        let gpus = parse_nvidia_smi(text);
        assert_eq!(gpus[0].name, "NVIDIA GeForce RTX 4090");
        assert_eq!(gpus[0].driver, Some(Version(vec![580, 65, 6])));
        assert_eq!(gpus[0].compute_capability, Some(Version(vec![8, 9])));
        assert_eq!(gpus[0].memory_bytes, Some(24_564 * MEBIBYTE));
        assert_eq!(gpus[1].name, "NVIDIA Tesla K80");
        let failed =
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
        assert_eq!(parse_nvidia_smi(failed), []);
        assert_eq!(
            parse_nvidia_smi("Field \"compute_cap\" is not a valid field to query."),
            []
        );
    }

    #[test]
    fn the_kernel_module_is_read() {
        let old = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 12.3.0";
        assert_eq!(parse_nvidia_module(old), Some(Version(vec![550, 54, 15])));
        let open =
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build";
        assert_eq!(parse_nvidia_module(open), Some(Version(vec![580, 65, 6])));
        assert_eq!(parse_nvidia_module("nothing"), None);
    }

    #[test]
    fn adapters_are_found_by_their_pci_ids() {
        let folder = tempfile::tempdir().unwrap();
        for (card, vendor, memory) in [
            ("card0", "0x1002\n", Some("17163091968\n")),
            ("card1", "0x1af4\n", None),
        ] {
            let device = folder.path().join(card).join("device");
            std::fs::create_dir_all(&device).unwrap();
            std::fs::write(device.join("vendor"), vendor).unwrap();
            std::fs::write(device.join("device"), "0x744c\n").unwrap();
            if let Some(memory) = memory {
                std::fs::write(device.join("mem_info_vram_total"), memory).unwrap();
            }
        }
        std::fs::create_dir_all(folder.path().join("card0-HDMI-A-1")).unwrap();
        let gpus = linux(folder.path());
        assert_eq!(gpus.len(), 2);
        assert_eq!(gpus[0].name, "AMD GPU (1002:744c)");
        assert_eq!(gpus[0].memory_bytes, Some(17_163_091_968));
        assert_eq!(gpus[1].vendor, Vendor::Other);
        assert_eq!(linux(Path::new("/nowhere")), []);
    }

    #[test]
    fn windows_adapters_are_read() {
        let one = r#"{"Name":"Intel(R) UHD Graphics 770","AdapterRAM":1073741824,"DriverVersion":"31.0.101.2115","PNPDeviceID":"PCI\\VEN_8086&DEV_4680"}"#;
        let gpus = parse_video_controllers(one);
        assert_eq!(gpus[0].vendor, Vendor::Intel);
        assert_eq!(gpus[0].memory_bytes, Some(1 << 30));
        let two = r#"[{"Name":"AMD Radeon RX 7900 XTX","AdapterRAM":4293918720,"DriverVersion":"32.0","PNPDeviceID":"PCI\\VEN_1002&DEV_744C"},{"Name":"Microsoft Basic Display Adapter","AdapterRAM":null,"DriverVersion":"10","PNPDeviceID":"ROOT\\BASICDISPLAY"}]"#;
        let gpus = parse_video_controllers(two);
        assert_eq!((gpus[0].vendor, gpus[0].memory_bytes), (Vendor::Amd, None));
        assert_eq!(gpus[1].vendor, Vendor::Other);
        assert_eq!(parse_video_controllers("not json"), []);
    }

    #[test]
    #[cfg(unix)]
    fn a_tool_that_is_not_there_or_fails_says_nothing() {
        assert_eq!(output("/no/such/tool", &[]), None);
        assert_eq!(output("false", &[]), None);
        assert_eq!(output("echo", &["hello"]).as_deref(), Some("hello\n"));
    }
}
