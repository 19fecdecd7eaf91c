//! The end of a file: the whole is checked and gets its name. And what else depends on the disk: waiting for space.

use super::{Kept, OneFile};
use crate::error::Error;
use crate::part::hasher;
use crate::part::record::Record;
use crate::place;
use crate::spec::{Fetched, FileProgress, FileState};
use crate::words;

impl OneFile<'_> {
    /// Checks the whole and gives it its name. `None`: not yet.
    pub(super) async fn finish(
        &mut self,
        kept: &mut Option<Kept>,
        record: &Record,
    ) -> Result<Option<Fetched>, Error> {
        let Some(here) = kept else { return Ok(None) };
        let size = here.table.downloaded();
        if !here.table.is_complete() || here.hash.position != size {
            return Ok(None);
        }
        let sha256 = here.hash.sha256();
        if let Some(expected) = &self.spec.sha256
            && !expected.eq_ignore_ascii_case(&sha256)
        {
            if !self.reread {
                // Read back, every piece is checked against what came, and the bad ones are fetched again.
                self.reread = true;
                here.hash = hasher::Progress::new();
                return Ok(None);
            }
            if !self.fetched_twice {
                self.fetched_twice = true;
                let notice = "What came is not the file that was asked for; fetching it once more.";
                self.start_over(kept, record, notice)?;
                return Ok(None);
            }
            record
                .clear()
                .map_err(Error::file("write", record.path()))?;
            let (_, url) = self.source.names();
            return Err(Error::Checksum {
                url,
                expected: expected.clone(),
                actual: sha256,
            });
        }
        if let Some(expected_bytes) = self.spec.size_bytes
            && expected_bytes != size
        {
            let (_, url) = self.source.names();
            return Err(Error::WrongLength {
                url,
                expected_bytes,
                actual_bytes: size,
            });
        }
        let (place, spec, hold) = (self.place.clone(), self.spec.clone(), self.hold);
        let finishing = tokio::task::spawn_blocking(move || {
            let part = std::fs::File::options().write(true).open(&place.part);
            // A stream of unknown length may have been longer before.
            part.and_then(|part| part.set_len(size).and_then(|()| part.sync_all()))
                .map_err(Error::file("sync", &place.part))?;
            if hold {
                return place.check_target(&spec);
            }
            place.finish(&spec)
        });
        finishing.await.map_err(|_| self.internal())??;
        if self.hold {
            return Ok(Some(self.fetched(size, sha256)));
        }
        Ok(Some(self.done(size, sha256)))
    }

    pub(super) fn done(&self, size_bytes: u64, sha256: String) -> Fetched {
        (self.progress)(FileProgress {
            state: FileState::Done,
            downloaded_bytes: size_bytes,
            total_bytes: Some(size_bytes),
            fetched_bytes: self.fetched,
            reason: None,
        });
        self.fetched(size_bytes, sha256)
    }

    fn fetched(&self, size_bytes: u64, sha256: String) -> Fetched {
        Fetched {
            path: self.place.target.clone(),
            size_bytes,
            sha256,
            fetched_bytes: self.fetched,
        }
    }

    /// The disk got full on the way: waits until the rest fits.
    pub(super) async fn wait_for_space(
        &self,
        missing: u64,
        downloaded: u64,
        total: Option<u64>,
    ) -> Result<(), Error> {
        let folder = self.place.part.parent().unwrap_or(&self.place.part);
        let mut missing = missing.max(self.missing_now(downloaded, total));
        loop {
            let _waiting = self.gate.wait_for(format!(
                "The disk is full: {} more needed in {}.",
                words::size(missing),
                folder.display()
            ));
            let poll = tokio::time::sleep(self.common.options.disk_full_poll);
            self.telling(|| self.tell(downloaded, total, 0), poll)
                .await?;
            missing = self.missing_now(downloaded, total);
            if missing == 0 {
                return Ok(());
            }
        }
    }

    fn missing_now(&self, downloaded: u64, total: Option<u64>) -> u64 {
        /// Where nobody knows how much will come.
        const SOME: u64 = 16 << 20;
        let size = total.unwrap_or(downloaded + SOME);
        std::fs::File::open(&self.place.part)
            .ok()
            .and_then(|part| place::missing_space(&self.place, &part, size))
            .unwrap_or(0)
    }
}
