//! Ollama: `manifests/<host>/<namespace>/<name>/<tag>` are JSON; the layer of type `…image.model` is the blob
//! `blobs/sha256-<hex>` with the GGUF, `…image.projector` the projector. On Linux a service keeps them in
//! `/usr/share/ollama`. Models that are no GGUF (its newer, own formats) are left out.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Found, Places, folders_in, is_gguf};
use crate::scan::FoundModel;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    digest: String,
}

const MODEL: &str = "application/vnd.ollama.image.model";
const PROJECTOR: &str = "application/vnd.ollama.image.projector";

pub(super) fn find(places: &Places) -> Vec<Found> {
    let mut stores = places.folders(&[".ollama/models"]);
    stores.extend(places.ollama_models.clone());
    stores.iter().flat_map(|store| find_in(store)).collect()
}

fn find_in(store: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for (host, folder) in folders_in(&store.join("manifests")) {
        for (namespace, folder) in folders_in(&folder) {
            for (name, folder) in folders_in(&folder) {
                for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                    let tag = entry.file_name().to_string_lossy().into_owned();
                    let known = Name {
                        host: &host,
                        namespace: &namespace,
                        name: &name,
                        tag: &tag,
                    };
                    found.extend(model(store, &entry.path(), &known));
                }
            }
        }
    }
    found
}

struct Name<'a> {
    host: &'a str,
    namespace: &'a str,
    name: &'a str,
    tag: &'a str,
}

impl Name<'_> {
    /// As `ollama ls` has it.
    fn title(&self) -> String {
        let Self {
            host,
            namespace,
            name,
            tag,
        } = self;
        match (*host, *namespace) {
            ("registry.ollama.ai", "library") => format!("{name}:{tag}"),
            ("registry.ollama.ai", namespace) => format!("{namespace}/{name}:{tag}"),
            (host, namespace) => format!("{host}/{namespace}/{name}:{tag}"),
        }
    }
}

fn model(store: &Path, manifest: &Path, name: &Name<'_>) -> Option<Found> {
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(manifest).ok()?).ok()?;
    let path = blob(store, &manifest, MODEL).filter(|path| is_gguf(path))?;
    let publisher = match name.namespace {
        "library" => "ollama",
        namespace => namespace,
    };
    let model = FoundModel {
        path,
        publisher: Some(publisher.to_owned()),
        name: Some(match name.tag {
            "latest" => name.name.to_owned(),
            tag => format!("{}-{tag}", name.name),
        }),
        projector: blob(store, &manifest, PROJECTOR).filter(|path| is_gguf(path)),
    };
    Some((name.title(), model))
}

/// The file of the first layer of a type. A digest is hex and nothing else, so that no manifest names a file elsewhere.
fn blob(store: &Path, manifest: &Manifest, media_type: &str) -> Option<PathBuf> {
    let layer = manifest
        .layers
        .iter()
        .find(|layer| layer.media_type == media_type)?;
    let hex = layer.digest.strip_prefix("sha256:")?;
    let sound = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    sound.then(|| store.join("blobs").join(format!("sha256-{hex}")))
}
