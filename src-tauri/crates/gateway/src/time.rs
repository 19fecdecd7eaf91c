//! Times as programs read them.

use std::time::{Duration, UNIX_EPOCH};

/// The end of the year 9999, the last that the format has room for.
const LAST: u64 = 253_402_300_799_999;

/// `2026-11-22T00:13:06.000Z`, from milliseconds since 1970.
pub(crate) fn iso_8601(milliseconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(milliseconds.min(LAST));
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_programs_read_them() {
        assert_eq!(iso_8601(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_8601(951_827_696_789), "2000-02-29T12:34:56.789Z");
        assert_eq!(iso_8601(1_795_306_386_000), "2026-11-22T00:13:06.000Z");
        assert_eq!(iso_8601(4_102_444_799_999), "2099-12-31T23:59:59.999Z");
        // Read from a file that somebody wrote.
        assert_eq!(iso_8601(u64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
