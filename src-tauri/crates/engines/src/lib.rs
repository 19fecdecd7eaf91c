//! Finds `llama-server` builds, reads from the binary what it can do, and knows where new ones come from.
//!
//! - `locate`, `name`, `child_protocol`, `devices`: what is on this machine.
//! - `release`, `asset`, `variant`, `machine`: what a release holds, and which of it fits which machine, as pure functions.
//! - `releases` (feature of that name): GitHub's API, with a cache on disk.
//! - `archive`: unpacking, with every entry checked.
//! - `record`, `processor`, `smoke`: what was found out about an engine, where, and how that is judged.
//!
//! Nothing here runs an engine: running is the supervisor's, installing and proving are the core's, and what an
//! engine's words mean to a model's parameters is `load-params`'.

mod archive;
#[cfg(feature = "releases")]
mod asset;
mod child_protocol;
mod devices;
mod locate;
#[cfg(feature = "releases")]
mod machine;
mod name;
mod processor;
#[cfg(unix)]
mod quarantine;
mod record;
#[cfg(feature = "releases")]
mod release;
#[cfg(feature = "releases")]
mod releases;
mod smoke;
#[cfg(feature = "releases")]
mod variant;

pub use archive::{ArchiveError, Limits, Unpacked, unpack, unpack_selected};
#[cfg(feature = "releases")]
pub use asset::Asset;
pub use child_protocol::speaks_child_protocol;
pub use devices::{Device, parse_devices};
pub use locate::{BINARY_NAME, binary_in, on_path, packed_with};
#[cfg(feature = "releases")]
pub use machine::{Arch, Gpu, Libc, Machine, Os, Vendor, Version};
pub use name::{parse_version, suggest_name};
pub use processor::Processor;
#[cfg(unix)]
pub use quarantine::remove_quarantine;
pub use record::{EngineRecord, EngineRecords, Fault, Origin, read_record, write_record};
#[cfg(feature = "releases")]
pub use release::{Release, build_number, is_plain_name};
#[cfg(feature = "releases")]
pub use releases::{Known, ReleaseError, Releases, base_url, rate_limit_end};
pub use smoke::{SMOKE_REQUEST, WrongAnswer, judge_answer};
#[cfg(feature = "releases")]
pub use variant::{Choice, Variant, choose};
