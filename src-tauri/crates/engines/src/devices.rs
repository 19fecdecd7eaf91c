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

/// Reads lines such as `  CUDA0: NVIDIA H100 (81079 MiB, 80000 MiB free)`. What does not look like one is left out.
#[must_use]
pub fn parse_devices(output: &str) -> Vec<Device> {
    let list = output
        .lines()
        .skip_while(|line| !line.contains("Available devices"))
        .skip(1);
    list.filter_map(parse_line).collect()
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

    #[test]
    fn no_device_is_an_empty_list() {
        assert_eq!(parse_devices("Available devices:\n  (none)\n"), []);
        assert_eq!(parse_devices("error: something"), []);
    }
}
