//! The header of a GGUF file that is still on the hub, by a few range requests.

use crate::client::Hub;
use crate::error::Error;
use crate::reference::RepoId;

/// No more of a file is read for its header.
pub const HEADER_LIMIT_BYTES: u64 = 32 << 20;
/// How much of the file is there after each request. What tells a model's shape comes first, before the vocabulary,
/// which is megabytes; so the first step is nearly always the last.
const STEPS_BYTES: [u64; 5] = [256 << 10, 2 << 20, 8 << 20, 16 << 20, HEADER_LIMIT_BYTES];

/// What the beginning of a file says.
#[derive(Debug, Clone)]
pub struct RemoteHeader {
    /// The header. Its tensors may be missing: reading them means reading the vocabulary.
    pub header: gguf::Header,
    /// What it cost.
    pub fetched_bytes: u64,
}

impl Hub {
    /// Reads as much of a file as tells its architecture and shape. `None` where the beginning is no GGUF, or does not
    /// tell within [`HEADER_LIMIT_BYTES`].
    ///
    /// # Errors
    /// As [`Hub::range`].
    pub async fn header(
        &self,
        id: &RepoId,
        revision: &str,
        path: &str,
    ) -> Result<Option<RemoteHeader>, Error> {
        let mut bytes = Vec::new();
        for step in STEPS_BYTES {
            let have = bytes.len() as u64;
            let more = self.range(id, revision, path, have, step - have).await?;
            let ended = (more.len() as u64) < step - have;
            bytes.extend_from_slice(&more);
            match gguf::parse_beginning(&bytes) {
                Ok(header) if ended || tells_its_shape(&header) => {
                    return Ok(Some(RemoteHeader {
                        header,
                        fetched_bytes: bytes.len() as u64,
                    }));
                }
                Ok(_) => {}
                Err(error) if error.is_incomplete() && !ended => {}
                Err(error) => {
                    tracing::debug!(%id, path, %error, "no header");
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }
}

/// Whether all that a memory estimate takes was read.
fn tells_its_shape(header: &gguf::Header) -> bool {
    let info = header.model_info("");
    info.architecture.is_some()
        && info.context_length.is_some()
        && info.block_count.is_some()
        && info.head_count_kv.is_some()
        && info.key_length.is_some()
        && header.metadata.get("tokenizer.ggml.model").is_some()
}
