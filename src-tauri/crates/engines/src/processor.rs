//! The processor, as far as it decides which instructions there are: what was proved on one is not proved on another.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A processor. Data folders move between machines, and virtual machines between hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Processor {
    /// Its maker's name of it, for people.
    pub model: String,
    /// SHA-256 of the list of its abilities. Virtual machines call different processors by one name.
    pub flags_sha256: String,
}

impl Processor {
    /// The one we run on.
    #[must_use]
    pub fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        if !cpuinfo.is_empty() {
            return Self::parse(&cpuinfo);
        }
        // Elsewhere processors are not swapped under a data folder: the identifier has to do.
        let name = std::env::var("PROCESSOR_IDENTIFIER").unwrap_or_default();
        Self {
            model: format!("{} {name}", std::env::consts::ARCH)
                .trim()
                .to_owned(),
            flags_sha256: sha256_hex(name.as_bytes()),
        }
    }

    /// Reads `/proc/cpuinfo`: `flags` on x86, `Features` on ARM.
    #[must_use]
    pub fn parse(cpuinfo: &str) -> Self {
        let first = |wanted: &[&str]| {
            cpuinfo
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| wanted.contains(&name.trim()))
                .map_or("", |(_, value)| value.trim())
        };
        Self {
            model: first(&["model name"]).to_owned(),
            flags_sha256: sha256_hex(first(&["flags", "Features"]).as_bytes()),
        }
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPUINFO: &str = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2\nbugs\t\t: x\n\n\
                           processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu\n";

    #[test]
    fn a_processor_is_its_name_and_its_abilities() {
        let processor = Processor::parse(CPUINFO);
        assert_eq!(processor.model, "AMD EPYC");
        assert_eq!(processor, Processor::parse(CPUINFO));
        let more = CPUINFO.replace("fpu avx2", "fpu avx2 avx_vnni");
        assert_ne!(processor, Processor::parse(&more));
        assert_eq!(Processor::parse("").model, "");
        assert_eq!(Processor::here(), Processor::here());
    }
}
