//! What goes wrong, on demand. All of it is off until it is set.

use serde::{Deserialize, Serialize};

/// Faults of the double; those of file bodies hold for every answer until [`Faults::times`] answers had one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Faults {
    /// A body breaks off after so many bytes, with the connection.
    pub cut_after_bytes: Option<u64>,
    /// A body goes silent after so many bytes; the connection stays.
    pub stall_after_bytes: Option<u64>,
    /// Files are answered with this status.
    pub status: Option<u16>,
    /// Files are shorter by so much than the hub says.
    pub shorter_by: Option<u64>,
    /// The byte at this place of the file is another one.
    pub corrupt_at: Option<u64>,
    /// How many more answers have the faults above; without end where it is absent.
    pub times: Option<u32>,
    /// The file host's `ETag`.
    pub etag: Option<String>,
    /// Files are sent whole, whatever range was asked for.
    pub no_ranges: bool,
    /// Bytes a second on each connection.
    pub bytes_per_second: Option<u64>,
    /// Every answer of the file host comes so much later.
    pub delay_ms: Option<u64>,
    /// Signed addresses live so long, else an hour.
    pub address_lives_ms: Option<u64>,
    /// The hub allows nothing more, and asks to wait so many seconds.
    pub rate_limit_seconds: Option<u64>,
    /// The hub itself answers with this status.
    pub hub_status: Option<u16>,
}

impl Faults {
    /// What goes wrong with the next body.
    pub(crate) fn take_for_body(&mut self) -> Self {
        let taken = self.clone();
        let has_any = [
            self.cut_after_bytes,
            self.stall_after_bytes,
            self.status.map(u64::from),
            self.shorter_by,
            self.corrupt_at,
        ]
        .iter()
        .any(Option::is_some);
        if has_any && let Some(times) = &mut self.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                *self = Self {
                    cut_after_bytes: None,
                    stall_after_bytes: None,
                    status: None,
                    shorter_by: None,
                    corrupt_at: None,
                    times: None,
                    ..self.clone()
                };
            }
        }
        taken
    }
}
