//! Adding models where they lie, without copying (Ollama #7254, #13760), or as a copy that takes no room where the disk
//! can do that.

use std::path::{Path, PathBuf};

use library::{
    App, FolderNames, FoundModel, ModelFiles, copy_cheaply, is_same_file, model_at, scan_folder,
};

use crate::core::Core;
use crate::error::Error;
use crate::found_elsewhere::all_of;
use crate::library_error::LibraryError;
use crate::list_models::{KnownFiles, ModelView};

/// What to add.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// GGUF files, and folders with them.
    pub paths: Vec<PathBuf>,
    /// Other apps, by their names: `ollama`.
    pub from: Vec<String>,
    /// Of what the apps hold, only these files.
    pub only: Option<Vec<PathBuf>>,
    /// Put copies into Paddock's folder.
    pub copy: bool,
}

/// A model to add, and whose it is.
type New = (FoundModel, Option<App>);

impl Core {
    /// Adds GGUF files, and all there are in folders. What is in the library already is returned as it is. Everything
    /// is checked before anything is added.
    ///
    /// # Errors
    /// The first path that is missing, cut off or no GGUF; or a folder without a model.
    pub async fn import_models(&self, paths: &[PathBuf]) -> Result<Vec<ModelView>, Error> {
        let request = ImportRequest {
            paths: paths.to_vec(),
            ..ImportRequest::default()
        };
        self.import(&request).await
    }

    /// Adds files, folders, and what other apps hold. What an app holds and is no whole model is passed over, since
    /// nobody named it; what is named must be sound.
    ///
    /// # Errors
    /// As [`Core::import_models`]; an app is not known; a copy could not be made.
    pub async fn import(&self, request: &ImportRequest) -> Result<Vec<ModelView>, Error> {
        let request = request.clone();
        self.blocking(move |core| core.import_now(&request)).await?
    }

    fn import_now(&self, request: &ImportRequest) -> Result<Vec<ModelView>, Error> {
        let mut models: Vec<New> = Vec::new();
        for path in &request.paths {
            models.extend(models_under(path)?.into_iter().map(|model| (model, None)));
        }
        for (model, _) in &models {
            self.inner.headers.of(&model.path)?;
        }
        models.extend(self.held_elsewhere(request)?);
        if request.copy {
            let _writing = self.write_to_models_folder()?;
            self.check_own_folder()?;
            let copies = models.into_iter().map(|new| self.copy(new));
            models = copies.collect::<Result<_, _>>()?;
        }
        self.scan_library()?;
        let keys = self.update_settings(|settings| {
            let mut known = KnownFiles::of(settings, &self.inner.scanner);
            let keys = models.into_iter();
            keys.map(|(model, app)| known.key_for(settings, model, app.map(App::id)))
                .collect::<Vec<_>>()
        })?;
        let settings = self.settings();
        Ok(keys
            .iter()
            .filter_map(|key| {
                settings
                    .models
                    .get(key)
                    .map(|entry| self.describe(key, entry))
            })
            .collect())
    }

    fn held_elsewhere(&self, request: &ImportRequest) -> Result<Vec<New>, Error> {
        let apps = request
            .from
            .iter()
            .map(|name| name.parse())
            .collect::<Result<Vec<App>, _>>()
            .map_err(LibraryError::from)?;
        let wanted = |path: &PathBuf| request.only.as_ref().is_none_or(|only| only.contains(path));
        Ok(all_of(&apps)
            .into_iter()
            .filter(|found| wanted(&found.model.path))
            .filter(|found| {
                let sound = self.inner.headers.of(&found.model.path);
                sound
                    .inspect_err(|error| tracing::warn!(%error, app = %found.app, "not imported"))
                    .is_ok()
            })
            .map(|found| (found.model, Some(found.app)))
            .collect())
    }

    /// Copies all files of a model to `<publisher>/<name>/` in Paddock's folder. One that lies there is left as it is.
    fn copy(&self, (model, app): New) -> Result<New, Error> {
        let own = self.models_folder();
        if model.path.starts_with(&own) {
            return Ok((model, app));
        }
        let plain = gguf::shard::stem(&file_name(&model.path)).to_owned();
        let name = safe(model.name.as_deref().unwrap_or(&plain));
        let publisher = safe(model.publisher.as_deref().unwrap_or("local"));
        let folder = own.join(publisher).join(&name);
        let mut made = Vec::new();
        let mut put = |source: &Path, target: PathBuf| {
            // Copied before. Another file of this name is in the way, of whatever size it is.
            if is_same_file(source, &target) {
                return Ok(target);
            }
            copy_cheaply(source, &target).map(|_| {
                made.push(target.clone());
                target
            })
        };
        let copied = (|| {
            let mut first = None;
            for file in ModelFiles::of(&model.path).all {
                let base = file_name(&file);
                // Files in the stores of other apps are called by their hash, and have no ending.
                let named = match gguf::shard::parse(&base) {
                    _ if is_gguf_name(&base) && model.name.is_none() => base,
                    // The engine finds the other shards by these names.
                    Some(shard) => {
                        let stem = name.clone();
                        gguf::shard::Shard { stem, ..shard }.file_name(shard.index)
                    }
                    None => format!("{name}.gguf"),
                };
                first.get_or_insert(put(&file, folder.join(named))?);
            }
            let beside = model.path.parent().map(FolderNames::of).unwrap_or_default();
            let projector = model
                .projector
                .as_deref()
                .or(beside.projector_of(&model.path));
            if let Some(projector) = projector {
                let base = file_name(projector);
                let named = if base.contains("mmproj") && is_gguf_name(&base) {
                    base
                } else {
                    format!("mmproj-{name}.gguf")
                };
                put(projector, folder.join(named))?;
            }
            Ok(first.unwrap_or_else(|| model.path.clone()))
        })();
        match copied {
            Ok(path) => Ok((
                FoundModel {
                    path,
                    publisher: model.publisher,
                    name: model.name,
                    projector: None,
                },
                None,
            )),
            Err(source) => {
                for file in made {
                    let _ = std::fs::remove_file(file);
                }
                Err(LibraryError::Copy {
                    path: model.path,
                    folder,
                    source,
                }
                .into())
            }
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn is_gguf_name(name: &str) -> bool {
    name.to_lowercase().ends_with(".gguf")
}

/// A name that is one folder or file on every system.
fn safe(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|letter| {
            let plain = letter.is_alphanumeric() || "._-+ ".contains(letter);
            if plain { letter } else { '-' }
        })
        .collect();
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() {
        "unnamed".to_owned()
    } else {
        name.to_owned()
    }
}

fn models_under(path: &Path) -> Result<Vec<FoundModel>, Error> {
    let path = std::path::absolute(path).map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })?;
    if !path.is_dir() {
        return Ok(vec![model_at(&path)]);
    }
    let found = scan_folder(&path);
    if found.is_empty() {
        let source = std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "there is no GGUF file in this folder",
        );
        return Err(Error::Folder { path, source });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Taken by its size alone, another model would be in the library under this one's name.
    #[test]
    fn another_file_of_the_same_size_is_not_taken_for_the_copy() {
        let home = tempfile::tempdir().unwrap();
        let core = crate::core::open_for_test(home.path());
        let source = home.path().join("m.gguf");
        std::fs::write(&source, "GGUF-1").unwrap();
        let model = || (model_at(&source), None);
        let (copy, _) = core.copy(model()).unwrap();
        assert_eq!(core.copy(model()).unwrap().0.path, copy.path, "again");
        std::fs::remove_file(&copy.path).unwrap();
        std::fs::write(&copy.path, "GGUF-2").unwrap();
        assert_eq!(core.copy(model()).unwrap_err().code(), "not_copied");
        assert_eq!(std::fs::read(&copy.path).unwrap(), b"GGUF-2");
    }

    /// llama.cpp's cache and Jan give a model a name that its files do not have.
    #[test]
    fn a_copied_set_keeps_its_shards_apart() {
        let home = tempfile::tempdir().unwrap();
        let core = crate::core::open_for_test(home.path());
        let cache = home.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        let file = |index: u32| cache.join(format!("org_repo_big-{index:05}-of-00002.gguf"));
        // The same size: they would be taken for one file.
        std::fs::write(file(1), "GGUF-1").unwrap();
        std::fs::write(file(2), "GGUF-2").unwrap();
        let model = FoundModel {
            path: file(1),
            publisher: Some("org".to_owned()),
            name: Some("big".to_owned()),
            projector: None,
        };
        let (copy, _) = core.copy((model, Some(App::LlamaCpp))).unwrap();
        let folder = core.models_folder().join("org/big");
        assert_eq!(copy.path, folder.join("big-00001-of-00002.gguf"));
        let copied = ModelFiles::of(&copy.path);
        assert!(copied.missing.is_empty());
        let content: Vec<_> = copied
            .all
            .iter()
            .map(std::fs::read)
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(content, [b"GGUF-1", b"GGUF-2"]);
    }
}
