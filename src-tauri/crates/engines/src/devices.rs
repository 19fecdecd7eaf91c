//! What `--list-devices` prints, read.

use serde::Serialize;

/// A device that the engine can compute on, beside the CPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The engine's name for it, as `--device` takes it: `CUDA0`, `Vulkan0`.
    pub name: String,
    /// What it is, in words.
    pub description: String,
    /// All its memory, in bytes, where the engine says so.
    pub total_bytes: Option<u64>,
    /// What is free now, in bytes.
    pub free_bytes: Option<u64>,
}

/// Words of GPUs that are part of a processor, whoever made it.
const PARTS_OF_PROCESSORS: &[&str] = &["adreno", "mali", "immortalis", "powervr", "videocore"];

impl Device {
    /// Whether this is a GPU in a processor, whose memory is the machine's. By its name, since engines do not say it.
    #[must_use]
    pub fn is_integrated(&self) -> bool {
        let name = self.description.to_lowercase();
        let words: Vec<&str> = name
            .split(|letter: char| !letter.is_alphanumeric())
            .collect();
        let has = |word: &str| words.contains(&word);
        if words.iter().any(|word| PARTS_OF_PROCESSORS.contains(word)) {
            return true;
        }
        if has("intel") {
            // Cards have numbers such as A770 and B60, or are known by what is inside.
            let is_model = |word: &&str| {
                word.strip_prefix(['a', 'b']).is_some_and(|rest| {
                    let number = rest.strip_suffix('m').unwrap_or(rest);
                    (2..=3).contains(&number.len())
                        && number.chars().all(|letter| letter.is_ascii_digit())
                })
            };
            let is_card = ["dg1", "dg2", "bmg", "flex", "max"].into_iter().any(has);
            return has("graphics") && !is_card && !words.iter().any(is_model)
                || has("arc") && has("gpu") && !is_card;
        }
        // `AMD Radeon 780M Graphics`; cards are `Radeon RX 6800M`, `Radeon PRO W7900`.
        has("radeon") && has("graphics") && !["rx", "pro", "instinct"].into_iter().any(has)
    }
}

/// Reads lines such as `  CUDA0: NVIDIA H100 (81079 MiB, 80000 MiB free)`. What does not look like one is left out,
/// and so is what has no memory at all: `BLAS: Accelerate (0 MiB, 0 MiB free)` computes on the CPU, in the CPU's memory.
#[must_use]
pub fn parse_devices(output: &str) -> Vec<Device> {
    let list = output
        .lines()
        .skip_while(|line| !line.contains("Available devices"))
        .skip(1);
    list.filter_map(parse_line)
        .filter(|device| device.total_bytes != Some(0))
        .collect()
}

fn parse_line(line: &str) -> Option<Device> {
    let line = line.strip_prefix("  ")?;
    let (name, rest) = line.split_once(": ")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let (description, memory) = match rest.rsplit_once(" (") {
        Some((description, memory)) if memory.ends_with(')') => {
            (description, memory.trim_end_matches(')'))
        }
        _ => (rest, ""),
    };
    let mut sizes = memory.split(", ").map(mebibytes);
    Some(Device {
        name: name.to_owned(),
        description: description.trim().to_owned(),
        total_bytes: sizes.next().flatten(),
        free_bytes: sizes.next().flatten(),
    })
}

fn mebibytes(text: &str) -> Option<u64> {
    let (number, rest) = text.split_once(' ')?;
    rest.starts_with("MiB")
        .then(|| number.parse::<u64>().ok())?
        .and_then(|number| number.checked_mul(1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_with_their_memory() {
        let output = "load_backend: loaded CUDA\nAvailable devices:\n  CUDA0: NVIDIA H100 (SXM) (81079 MiB, 80000 MiB free)\n  Vulkan0: Thing\n";
        let devices = parse_devices(output);
        assert_eq!(devices[0].name, "CUDA0");
        assert_eq!(devices[0].description, "NVIDIA H100 (SXM)");
        assert_eq!(devices[0].total_bytes, Some(81_079 << 20));
        assert_eq!(devices[0].free_bytes, Some(80_000 << 20));
        assert_eq!(devices[1].total_bytes, None);
    }

    #[test]
    fn memory_that_no_number_holds_is_unknown() {
        let output = "Available devices:\n  A: B (18446744073709551615 MiB, 1 MiB free)\n";
        let device = &parse_devices(output)[0];
        assert_eq!(
            (device.total_bytes, device.free_bytes),
            (None, Some(1 << 20))
        );
    }

    /// Every Mac has both. Taken for a GPU, the one without memory would leave no room for a single layer.
    #[test]
    fn what_has_no_memory_is_no_gpu() {
        let output = "Available devices:\n  MTL0: Apple M2 Pro (21845 MiB, 21845 MiB free)\n  BLAS: Accelerate (0 MiB, 0 MiB free)\n";
        let devices = parse_devices(output);
        assert_eq!(devices.len(), 1, "{devices:?}");
        assert_eq!(devices[0].name, "MTL0");
    }

    #[test]
    fn gpus_in_processors_are_known_by_their_names() {
        let is_integrated = |description: &str| {
            let device = Device {
                name: "Vulkan0".to_owned(),
                description: description.to_owned(),
                total_bytes: None,
                free_bytes: None,
            };
            device.is_integrated()
        };
        for description in [
            "Intel(R) UHD Graphics 770 (ADL-S GT1)",
            "Intel(R) Iris(R) Xe Graphics (TGL GT2)",
            "Intel(R) Arc(tm) Graphics (MTL)",
            "Intel(R) Arc(TM) 140V GPU (16GB)",
            "AMD Radeon Graphics (RADV RENOIR)",
            "AMD Radeon(TM) 780M Graphics",
            "Radeon 8060S Graphics (RADV GFX1151)",
            "Qualcomm(R) Adreno(TM) X1-85 GPU",
        ] {
            assert!(is_integrated(description), "{description}");
        }
        for description in [
            "NVIDIA GeForce RTX 4090",
            "Intel(R) Arc(tm) A770 Graphics (DG2)",
            "Intel(R) Arc(TM) B580 Graphics",
            "Intel(R) Graphics (BMG G21)",
            "AMD Radeon RX 6700 XT (RADV NAVI22)",
            "AMD Radeon RX 6800M",
            "AMD Radeon PRO W7900",
            "AMD Instinct MI300X",
            "Apple M2 Pro",
        ] {
            assert!(!is_integrated(description), "{description}");
        }
    }

    #[test]
    fn no_device_is_an_empty_list() {
        assert_eq!(parse_devices("Available devices:\n  (none)\n"), []);
        assert_eq!(parse_devices("error: something"), []);
    }
}
