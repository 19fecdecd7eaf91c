//! Shapes of models, for estimates: read once per version of a file, then at hand in microseconds.
//!
//! Left out: a place on disk. A header takes milliseconds to read, and only models that somebody looks at are read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use gguf::{ModelShape, shard};

use crate::error::Error;

/// Models of a session; a form shows one at a time.
const MOST_SHAPES: usize = 256;

type Stamp = Vec<(SystemTime, u64)>;

#[derive(Default)]
pub(crate) struct ShapeCache {
    known: Mutex<HashMap<PathBuf, (Stamp, Arc<ModelShape>)>>,
}

impl ShapeCache {
    /// The shape of the model whose first file is `path`; none where the file does not tell. Reads the disk; call it
    /// off the async threads.
    pub(crate) fn of(&self, path: &Path) -> Result<Option<Arc<ModelShape>>, Error> {
        let files = shard::siblings(path);
        let stamp: Option<Stamp> = files.iter().map(|file| stamp(file)).collect();
        if let Some(stamp) = &stamp
            && let Some((seen, shape)) = self.lock().get(path)
            && seen == stamp
        {
            return Ok(Some(Arc::clone(shape)));
        }
        let headers = files
            .iter()
            .map(|file| gguf::read_header(file))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(shape) = ModelShape::of_shards(&headers).map(Arc::new) else {
            return Ok(None);
        };
        if let Some(stamp) = stamp {
            let mut known = self.lock();
            if known.len() >= MOST_SHAPES {
                known.clear();
            }
            known.insert(path.to_owned(), (stamp, Arc::clone(&shape)));
        }
        Ok(Some(shape))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Stamp, Arc<ModelShape>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
