//! What the bundler is told beyond `tauri.bundle.conf.json`: where the programs and files are that this very build made.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::programs::Built;

/// Where packages keep the engine. `engines::packed_with` looks for it there, starting from `/usr/bin`.
const ENGINE: &str = "/usr/lib/paddock/engine";
/// What the engine is linked to and a small system may lack, as Debian and Fedora call it.
const ENGINE_NEEDS_DEB: [&str; 2] = ["libgomp1", "libstdc++6"];
const ENGINE_NEEDS_RPM: [&str; 2] = ["libgomp", "libstdc++"];

/// Configuration to be laid over the one in the repository, as a JSON merge patch: lists take the place of lists.
pub(super) fn overlay(root: &Path, built: &Built, engine: Option<&Path>) -> Value {
    let mut bundle = Map::new();
    bundle.insert("externalBin".to_owned(), json!(built.sidecars));
    match std::env::consts::OS {
        "linux" => {
            bundle.insert("linux".to_owned(), linux(root, built, engine));
        }
        "windows" => {
            // The command gets the file to sign for `%1`.
            if let Ok(command) = std::env::var("PADDOCK_WINDOWS_SIGN_COMMAND")
                && !command.is_empty()
            {
                bundle.insert("windows".to_owned(), json!({"signCommand": command}));
            }
        }
        "macos" => {
            let identity = std::env::var("APPLE_SIGNING_IDENTITY");
            if identity.map_or(true, |identity| identity.is_empty()) {
                // Signed by nobody: Apple's processors run nothing that is not signed at all.
                bundle.insert("macOS".to_owned(), json!({"signingIdentity": "-"}));
            }
        }
        _ => {}
    }
    json!({ "bundle": bundle })
}

fn linux(root: &Path, built: &Built, engine: Option<&Path>) -> Value {
    let mut files = Map::new();
    for (place, source) in FILES {
        files.insert((*place).to_owned(), json!(root.join(source)));
    }
    if let Some(engine) = engine {
        files.insert(ENGINE.to_owned(), json!(engine));
    }
    let with_completions = |places: [(&str, &str); 3]| {
        let mut files = files.clone();
        for (shell, path) in &built.completions {
            for (named, place) in places {
                if named == *shell {
                    files.insert(place.to_owned(), json!(path));
                }
            }
        }
        files
    };
    let mut deb = json!({"files": with_completions(COMPLETIONS_DEB)});
    let mut rpm = json!({"files": with_completions(COMPLETIONS_RPM)});
    let (mut deb_needs, mut rpm_needs) = (Vec::new(), Vec::new());
    if let Some(glibc) = &built.glibc {
        deb_needs.push(format!("libc6 (>= {glibc})"));
        rpm_needs.push(format!("libc.so.6(GLIBC_{glibc})(64bit)"));
    }
    if engine.is_some() {
        deb_needs.extend(ENGINE_NEEDS_DEB.map(str::to_owned));
        rpm_needs.extend(ENGINE_NEEDS_RPM.map(str::to_owned));
    }
    deb["depends"] = json!(deb_needs);
    rpm["depends"] = json!(rpm_needs);
    json!({"deb": deb, "rpm": rpm, "appimage": {"files": files}})
}

/// Files of the repository, and where packages put them.
const FILES: &[(&str, &str)] = &[
    (
        "/usr/share/mime/packages/dev.paddock.desktop.xml",
        "src-tauri/packaging/linux/dev.paddock.desktop.mime.xml",
    ),
    (
        "/usr/share/metainfo/dev.paddock.desktop.metainfo.xml",
        "src-tauri/packaging/linux/dev.paddock.desktop.metainfo.xml",
    ),
    (
        "/usr/share/icons/hicolor/scalable/apps/paddock-desktop.svg",
        "icons/icon.svg",
    ),
    (
        "/usr/share/doc/paddock/paddock.service",
        "docs/paddock.service",
    ),
    ("/usr/share/doc/paddock/copyright", "LICENSE"),
];

const COMPLETIONS_DEB: [(&str, &str); 3] = [
    ("bash", "/usr/share/bash-completion/completions/paddock"),
    ("zsh", "/usr/share/zsh/vendor-completions/_paddock"),
    ("fish", "/usr/share/fish/vendor_completions.d/paddock.fish"),
];
const COMPLETIONS_RPM: [(&str, &str); 3] = [
    COMPLETIONS_DEB[0],
    ("zsh", "/usr/share/zsh/site-functions/_paddock"),
    COMPLETIONS_DEB[2],
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(3)
            .unwrap()
            .to_owned()
    }

    fn document(path: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
    }

    fn built() -> Built {
        Built {
            sidecars: vec!["/t/package/sidecars/paddock".into()],
            bundle_dir: "/t/release/bundle".into(),
            glibc: Some("2.34".to_owned()),
            completions: vec![("bash", "/t/c/bash".into()), ("zsh", "/t/c/zsh".into())],
        }
    }

    #[test]
    fn every_file_that_a_package_names_is_there() {
        for (_, source) in FILES {
            assert!(root().join(source).is_file(), "{source}");
        }
        let bundle = document("src-tauri/tauri.bundle.conf.json");
        for package in ["deb", "rpm"] {
            let template = bundle["bundle"]["linux"][package]["desktopTemplate"].as_str();
            let template = root().join("src-tauri").join(template.unwrap());
            assert!(template.is_file(), "{}", template.display());
        }
        let app = document("src-tauri/tauri.conf.json");
        for icon in app["bundle"]["icon"].as_array().unwrap() {
            let icon = root().join("src-tauri").join(icon.as_str().unwrap());
            assert!(icon.is_file(), "{}", icon.display());
        }
    }

    /// A file manager opens a `.gguf` with Paddock only where all of them name the same type.
    #[test]
    fn desktop_entry_type_and_configuration_agree() {
        let folder = root().join("src-tauri/packaging/linux");
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let bundle = document("src-tauri/tauri.bundle.conf.json");
        let association = &bundle["bundle"]["fileAssociations"][0];
        let kind = association["mimeType"].as_str().unwrap();
        assert_eq!(association["ext"], json!(["gguf"]));
        let types = read("dev.paddock.desktop.mime.xml");
        assert!(types.contains(&format!("type=\"{kind}\"")), "{types}");
        assert!(types.contains("pattern=\"*.gguf\""), "{types}");
        let entry = read("paddock.desktop");
        let app = document("src-tauri/tauri.conf.json");
        let schemes = &app["plugins"]["deep-link"]["desktop"]["schemes"];
        let scheme = schemes[0].as_str().unwrap();
        assert!(
            entry.contains(&format!("MimeType={kind};x-scheme-handler/{scheme};")),
            "{entry}"
        );
        assert!(entry.contains("Exec=paddock-desktop %U"), "{entry}");
        assert!(
            read("dev.paddock.desktop.metainfo.xml").contains(&format!("<mediatype>{kind}<")),
            "the metainfo names the type too"
        );
    }

    #[test]
    fn an_engine_goes_where_the_app_looks_for_it_and_brings_its_needs() {
        let slim = linux(Path::new("/r"), &built(), None);
        assert_eq!(slim["deb"]["files"].get(ENGINE), None);
        assert_eq!(slim["deb"]["depends"], json!(["libc6 (>= 2.34)"]));
        let full = linux(Path::new("/r"), &built(), Some(Path::new("/t/engine")));
        for package in ["deb", "rpm", "appimage"] {
            assert_eq!(full[package]["files"][ENGINE], "/t/engine");
        }
        assert_eq!(
            full["deb"]["depends"],
            json!(["libc6 (>= 2.34)", "libgomp1", "libstdc++6"])
        );
        assert_eq!(
            full["rpm"]["depends"],
            json!(["libc.so.6(GLIBC_2.34)(64bit)", "libgomp", "libstdc++"])
        );

        let folder = tempfile::tempdir().unwrap();
        let inside = |path: &str| folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(inside(ENGINE)).unwrap();
        let server = inside(ENGINE).join(engines::BINARY_NAME);
        fs::write(&server, "").unwrap();
        assert_eq!(
            engines::packed_with(&inside("/usr/bin/paddock-desktop")),
            Some(server)
        );
    }

    #[test]
    fn completions_go_where_each_system_keeps_them() {
        let told = linux(Path::new("/r"), &built(), None);
        assert_eq!(
            told["deb"]["files"]["/usr/share/zsh/vendor-completions/_paddock"],
            "/t/c/zsh"
        );
        assert_eq!(
            told["rpm"]["files"]["/usr/share/zsh/site-functions/_paddock"],
            "/t/c/zsh"
        );
    }
}
