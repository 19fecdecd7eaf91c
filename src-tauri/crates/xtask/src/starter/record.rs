//! What is remembered of an engine: where its folder came from, the processor that it was proved on, and a processor that
//! it cannot run on.
//!
//! All of it is told apart by processor, since folders travel: with a disk, in a shared home, in a cache for tests.

use std::path::Path;

use engines::Processor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{At, Result};

use super::Wheel;

/// `starter.json` in an engine's folder: the folder is ours, and this is where it is from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Origin {
    package: String,
    version: String,
    sha256: String,
    /// Where the engine answered.
    #[serde(default)]
    proved_on: Option<Processor>,
}

impl Origin {
    pub(super) fn new(wheel: &Wheel, proved_on: Option<&Processor>) -> Self {
        Self {
            package: wheel.package.into(),
            version: wheel.version.into(),
            sha256: wheel.sha256.into(),
            proved_on: proved_on.cloned(),
        }
    }

    /// Whether what was unpacked from this wheel works on this processor.
    pub(super) fn is_proved(&self, wheel: &Wheel, processor: &Processor) -> bool {
        self.sha256 == wheel.sha256 && self.proved_on.as_ref() == Some(processor)
    }
}

/// `NAME.unusable.json` beside the engine's folder: not to be fetched, nor proved, on this processor again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Unusable {
    package: String,
    version: String,
    sha256: String,
    /// What happened, in words.
    pub(super) reason: String,
    processor: Processor,
}

impl Unusable {
    pub(super) fn new(wheel: &Wheel, processor: &Processor, reason: String) -> Self {
        Self {
            package: wheel.package.into(),
            version: wheel.version.into(),
            sha256: wheel.sha256.into(),
            reason,
            processor: processor.clone(),
        }
    }

    /// Whether it is about this wheel and this processor.
    pub(super) fn is_about(&self, wheel: &Wheel, processor: &Processor) -> bool {
        self.sha256 == wheel.sha256 && self.processor == *processor
    }
}

/// Reads a record. One that cannot be read is as good as none: it is made anew.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    engines::read_record(path)
}

/// Writes a record, whole or not at all.
pub(super) fn write(path: &Path, record: &impl Serialize) -> Result<()> {
    engines::write_record(path, record).at("write", path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::starter::ENGINES;

    const CPUINFO: &str = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2\nbugs\t\t: x\n\n\
                           processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu\n";

    #[test]
    fn records_are_read_back_and_tell_wheels_and_processors_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.unusable.json");
        let here = Processor::parse(CPUINFO);
        let (wheel, other) = (&ENGINES[0].wheel, &ENGINES[1].wheel);
        write(&path, &Unusable::new(wheel, &here, "it died".into())).unwrap();
        let unusable: Unusable = read(&path).unwrap();
        assert!(unusable.is_about(wheel, &here));
        assert!(!unusable.is_about(other, &here));
        assert!(!unusable.is_about(wheel, &Processor::parse("")));

        write(&path, &Origin::new(wheel, None)).unwrap();
        assert!(!read::<Origin>(&path).unwrap().is_proved(wheel, &here));
        write(&path, &Origin::new(wheel, Some(&here))).unwrap();
        let origin: Origin = read(&path).unwrap();
        assert!(origin.is_proved(wheel, &here));
        assert!(!origin.is_proved(other, &here));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(read::<Unusable>(&path).is_none());
    }

    #[test]
    fn what_an_earlier_xtask_wrote_proves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("starter.json");
        let wheel = &ENGINES[0].wheel;
        let old = format!(
            r#"{{"package":"{}","version":"{}","sha256":"{}"}}"#,
            wheel.package, wheel.version, wheel.sha256
        );
        fs::write(&path, old).unwrap();
        let origin: Origin = read(&path).unwrap();
        assert!(!origin.is_proved(wheel, &Processor::here()));
    }
}
