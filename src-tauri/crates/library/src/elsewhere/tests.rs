//! Trees as the apps make them, put together in a temporary home.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::keys::assign_key;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Key, title and path inside the home.
    fn found(&self, app: App) -> Vec<(String, String, String)> {
        let found = find_elsewhere(app, &Places::under(self.0.path()));
        let told = found.into_iter().map(|found| {
            let inside = found.model.path.strip_prefix(self.0.path()).unwrap();
            let key = assign_key(&found.model, |_| false);
            (
                key,
                found.title,
                inside.to_string_lossy().replace('\\', "/"),
            )
        });
        told.collect()
    }
}

fn row(key: &str, title: &str, path: &str) -> (String, String, String) {
    (key.to_owned(), title.to_owned(), path.to_owned())
}

#[test]
fn an_empty_home_holds_nothing() {
    let home = Home::new();
    for app in App::ALL {
        assert_eq!(home.found(app), []);
    }
}

#[test]
fn apps_have_names_both_ways() {
    for app in App::ALL {
        assert_eq!(app.id().parse(), Ok(app));
    }
    let error = "winamp".parse::<App>().unwrap_err().to_string();
    assert!(
        error.contains("\"winamp\"") && error.contains("llama.cpp"),
        "{error}"
    );
}

#[test]
fn lm_studios_new_old_and_chosen_folders() {
    let home = Home::new();
    home.write(
        ".lmstudio/models/google/gemma-3/gemma-3-Q4_K_M.gguf",
        "GGUF",
    );
    home.write(
        ".lmstudio/models/google/gemma-3/mmproj-gemma-3-F16.gguf",
        "GGUF",
    );
    home.write(".cache/lm-studio/models/Qwen/Qwen3/Qwen3-Q8_0.gguf", "GGUF");
    home.write("big disk/ibm/granite/granite-Q6_K.gguf", "GGUF");
    let chosen = home
        .path("big disk")
        .display()
        .to_string()
        .replace('\\', "\\\\");
    home.write(
        ".lmstudio/settings.json",
        &format!("{{\"downloadsFolder\": \"{chosen}\"}}"),
    );
    assert_eq!(
        home.found(App::LmStudio),
        [
            row(
                "qwen/qwen3-q8_0",
                "Qwen/Qwen3",
                ".cache/lm-studio/models/Qwen/Qwen3/Qwen3-Q8_0.gguf"
            ),
            row(
                "google/gemma-3-q4_k_m",
                "google/gemma-3",
                ".lmstudio/models/google/gemma-3/gemma-3-Q4_K_M.gguf"
            ),
            row(
                "ibm/granite-q6_k",
                "ibm/granite",
                "big disk/ibm/granite/granite-Q6_K.gguf"
            ),
        ]
    );
}

#[test]
fn ollamas_manifests_lead_to_blobs_without_an_ending() {
    let home = Home::new();
    let manifest = |model: &str, projector: &str| {
        format!(
            r#"{{"schemaVersion": 2, "config": {{"digest": "sha256:cc"}}, "layers": [
                {{"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:ee", "size": 2}},
                {{"mediaType": "application/vnd.ollama.image.model", "digest": "{model}", "size": 8}},
                {{"mediaType": "application/vnd.ollama.image.projector", "digest": "{projector}", "size": 4}}]}}"#
        )
    };
    let registry = ".ollama/models/manifests/registry.ollama.ai";
    home.write(
        &format!("{registry}/library/gemma3/4b"),
        &manifest("sha256:aa", "sha256:bb"),
    );
    home.write(
        &format!("{registry}/library/gemma3/latest"),
        &manifest("sha256:dd", "none"),
    );
    home.write(
        &format!("{registry}/me/mine/v1"),
        &manifest("sha256:ab", ""),
    );
    home.write(
        ".ollama/models/manifests/hf.co/unsloth/Qwen3-GGUF/Q4_K_M",
        &manifest("sha256:ac", ""),
    );
    // Not whole, no GGUF, hostile, no JSON.
    home.write(
        &format!("{registry}/library/gone/latest"),
        &manifest("sha256:99", ""),
    );
    home.write(
        &format!("{registry}/library/other/latest"),
        &manifest("sha256:ee", ""),
    );
    home.write(
        &format!("{registry}/library/evil/latest"),
        &manifest("sha256:../../../secret", ""),
    );
    home.write(&format!("{registry}/library/odd/latest"), "<html>");
    home.write(".ollama/secret", "GGUF");
    for (hex, content) in [
        ("aa", "GGUF the model"),
        ("ab", "GGUF"),
        ("ac", "GGUF"),
        ("dd", "GGUF"),
        ("bb", "GGUF projector"),
        ("ee", "MIT"),
    ] {
        home.write(&format!(".ollama/models/blobs/sha256-{hex}"), content);
    }
    let blob = |hex: &str| format!(".ollama/models/blobs/sha256-{hex}");
    assert_eq!(
        home.found(App::Ollama),
        [
            row("ollama/gemma3-4b", "gemma3:4b", &blob("aa")),
            row("ollama/gemma3", "gemma3:latest", &blob("dd")),
            row(
                "unsloth/qwen3-gguf-q4_k_m",
                "hf.co/unsloth/Qwen3-GGUF:Q4_K_M",
                &blob("ac")
            ),
            row("me/mine-v1", "me/mine:v1", &blob("ab")),
        ]
    );
    let found = find_elsewhere(App::Ollama, &Places::under(home.0.path()));
    assert_eq!(found[0].model.projector, Some(home.path(&blob("bb"))));
    assert_eq!(found[0].size_bytes, 14 + 14, "model and projector");
    assert_eq!(found[1].model.projector, None);

    let moved = Home::new();
    fs::create_dir_all(moved.path("disk")).unwrap();
    fs::rename(home.path(".ollama/models"), moved.path("disk/ollama")).unwrap();
    let places = Places {
        ollama_models: Some(moved.path("disk/ollama")),
        ..Places::under(home.0.path())
    };
    assert_eq!(
        find_elsewhere(App::Ollama, &places).len(),
        4,
        "OLLAMA_MODELS"
    );
}

#[test]
#[cfg(unix)]
fn the_hugging_face_cache_is_links_and_each_file_counts_once() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let repo = ".cache/huggingface/hub/models--bartowski--Qwen3-8B-GGUF";
    let blob = home.write(&format!("{repo}/blobs/aaa"), "GGUF");
    let old = home.write(&format!("{repo}/blobs/bbb"), "GGUF old");
    home.write(&format!("{repo}/refs/main"), "new111\n");
    for (commit, file, blob) in [
        ("old000", "Qwen3-8B-Q4_K_M.gguf", &blob),
        ("new111", "Qwen3-8B-Q4_K_M.gguf", &blob),
        ("new111", "sub/Qwen3-8B-Q8_0.gguf", &old),
    ] {
        let link = home.path(&format!("{repo}/snapshots/{commit}/{file}"));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(blob, link).unwrap();
    }
    home.write(
        ".cache/huggingface/hub/datasets--x--y/snapshots/c/z.gguf",
        "GGUF",
    );
    home.write(
        ".cache/huggingface/hub/models--gpt2/snapshots/c/gpt2.gguf",
        "GGUF",
    );
    let title = "bartowski/Qwen3-8B-GGUF";
    assert_eq!(
        home.found(App::HuggingFace),
        [
            row(
                "bartowski/qwen3-8b-q4_k_m",
                title,
                &format!("{repo}/snapshots/new111/Qwen3-8B-Q4_K_M.gguf")
            ),
            row(
                "bartowski/qwen3-8b-q8_0",
                title,
                &format!("{repo}/snapshots/new111/sub/Qwen3-8B-Q8_0.gguf")
            ),
            row(
                "local/gpt2",
                "gpt2",
                ".cache/huggingface/hub/models--gpt2/snapshots/c/gpt2.gguf"
            ),
        ]
    );
}

#[test]
fn llama_cpps_flat_cache_is_told_apart_by_its_manifests() {
    let home = Home::new();
    let cache = ".cache/llama.cpp";
    home.write(
        &format!("{cache}/manifest=ggml-org=gemma-3-4b-it-GGUF=latest.json"),
        "{}",
    );
    home.write(
        &format!("{cache}/ggml-org_gemma-3-4b-it-GGUF_gemma-3-4b-it-Q4_K_M.gguf"),
        "GGUF",
    );
    home.write(
        &format!("{cache}/ggml-org_gemma-3-4b-it-GGUF_mmproj-model-f16.gguf"),
        "GGUF",
    );
    home.write(&format!("{cache}/someone_else_x.gguf"), "GGUF");
    home.write(
        &format!("{cache}/someone_else_x.gguf.downloadInProgress"),
        "GG",
    );
    assert_eq!(
        home.found(App::LlamaCpp),
        [
            row(
                "ggml-org/gemma-3-4b-it-q4_k_m",
                "ggml-org/gemma-3-4b-it-GGUF",
                &format!("{cache}/ggml-org_gemma-3-4b-it-GGUF_gemma-3-4b-it-Q4_K_M.gguf")
            ),
            row(
                "local/someone_else_x",
                "someone_else_x",
                &format!("{cache}/someone_else_x.gguf")
            ),
        ]
    );
}

#[test]
fn jans_models_are_named_by_their_folders() {
    let home = Home::new();
    let models = ".local/share/Jan/data/llamacpp/models";
    home.write(
        &format!("{models}/Menlo/Jan-nano/model.yml"),
        "model_path: llamacpp/models/Menlo/Jan-nano/model.gguf\nname: Jan nano\nsize_bytes: 4\n",
    );
    home.write(&format!("{models}/Menlo/Jan-nano/model.gguf"), "GGUF");
    let elsewhere = home.write("Downloads/mine.gguf", "GGUF");
    home.write(
        &format!("{models}/mine/model.yml"),
        &format!(
            "mmproj_path: \"llamacpp/models/mine/mmproj.gguf\"\nmodel_path: {}\n",
            elsewhere.display()
        ),
    );
    home.write(&format!("{models}/mine/mmproj.gguf"), "GGUF");
    home.write(
        &format!("{models}/gone/model.yml"),
        "model_path: nowhere.gguf\n",
    );
    home.write(&format!("{models}/bare/model.gguf"), "GGUF");
    assert_eq!(
        home.found(App::Jan),
        [
            row(
                "menlo/jan-nano",
                "Menlo/Jan-nano",
                &format!("{models}/Menlo/Jan-nano/model.gguf")
            ),
            row("jan/bare", "bare", &format!("{models}/bare/model.gguf")),
            row("jan/mine", "mine", "Downloads/mine.gguf"),
        ]
    );
    let found = find_elsewhere(App::Jan, &Places::under(home.0.path()));
    assert_eq!(
        found[2].model.projector,
        Some(home.path(&format!("{models}/mine/mmproj.gguf")))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever lies in an app's folder, no finder panics or names a file that is not under the home.
    #[test]
    fn any_tree_is_read_without_harm(
        files in prop::collection::vec(("[a-zA-Z0-9._=-]{1,12}(/[a-zA-Z0-9._=-]{1,12}){0,4}", "\\PC{0,60}"), 0..12),
        manifests in prop::collection::vec("[a-z0-9:./\\\\-]{0,24}", 0..4),
    ) {
        let home = Home::new();
        let roots = [
            ".lmstudio/models", ".ollama/models/manifests", ".cache/huggingface/hub", ".cache/llama.cpp",
            ".local/share/Jan/data/llamacpp/models",
        ];
        for (index, (name, content)) in files.iter().enumerate() {
            let path = home.path(roots[index % roots.len()]).join(name);
            let _ = fs::create_dir_all(path.parent().unwrap());
            let _ = fs::write(path, content);
        }
        for (index, digest) in manifests.iter().enumerate() {
            let folder = home.path(&format!(".ollama/models/manifests/r/n/m{index}"));
            fs::create_dir_all(&folder).unwrap();
            let text = serde_json::json!({"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": digest}]});
            fs::write(folder.join("t"), text.to_string()).unwrap();
        }
        for app in App::ALL {
            for found in find_elsewhere(app, &Places::under(home.0.path())) {
                prop_assert!(found.model.path.is_file());
                prop_assert!(found.model.path.starts_with(home.0.path()));
            }
        }
    }
}
