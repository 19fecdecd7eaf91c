//! Archives of engines, sound and broken, as releases hold them: made of the real engine's files, of a few lines of
//! shell in front of it, or of bytes that mean harm.

use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Asset;
use crate::environment;

/// The name of the build for a Linux PC without a GPU.
#[must_use]
pub fn cpu_name(tag: &str) -> String {
    format!("llama-{tag}-bin-ubuntu-x64.tar.gz")
}

/// The name of the build for Vulkan.
#[must_use]
pub fn vulkan_name(tag: &str) -> String {
    format!("llama-{tag}-bin-ubuntu-vulkan-x64.tar.gz")
}

/// The CPU build of a release, with this content.
#[must_use]
pub fn cpu(tag: &str, content: impl Into<Bytes>) -> Asset {
    Asset::new(&cpu_name(tag), content)
}

/// The real engine, repacked: one top folder, links and all.
#[must_use]
pub fn real(tag: &str) -> Bytes {
    folder(tag, environment::engine().parent().unwrap(), &|_| true)
}

/// The real engine without the library that every command needs.
#[must_use]
pub fn without_library(tag: &str) -> Bytes {
    folder(tag, environment::engine().parent().unwrap(), &|name| {
        !name.starts_with("libllama.so")
    })
}

/// An engine that dies of an illegal instruction: the real b10434 where this machine kills that, else the signal.
#[must_use]
pub fn illegal_instruction(tag: &str) -> Bytes {
    match environment::dead_engine() {
        Some(engine) => folder(tag, engine.parent().unwrap(), &|_| true),
        None => script(tag, &only_as_server("kill -ILL $$"), 0),
    }
}

/// The real engine behind a line of shell: an archive of no size, plus this much of nothing in particular.
#[must_use]
pub fn wrapper(tag: &str, padding_bytes: usize) -> Bytes {
    script(
        tag,
        &format!("exec {} \"$@\"", real_quoted()),
        padding_bytes,
    )
}

/// An engine that answers questions about itself, and ends with this code as soon as it is to serve.
#[must_use]
pub fn that_exits(tag: &str, code: i32) -> Bytes {
    script(tag, &only_as_server(&format!("exit {code}")), 0)
}

/// The text of an engine that answers questions about itself, and never gets ready to serve.
#[must_use]
pub fn hanging_text() -> String {
    format!("#!/bin/sh\n{}\n", only_as_server("exec sleep 600"))
}

/// An engine with [`hanging_text`].
#[must_use]
pub fn hanging(tag: &str) -> Bytes {
    script(tag, &only_as_server("exec sleep 600"), 0)
}

/// An engine that loads the tiny model of the proof and no other.
#[must_use]
pub fn for_the_proof_only(tag: &str) -> Bytes {
    let text = format!(
        "case \" $* \" in *paddock-tiny.gguf*|*' --help '*|*' --version '*|*' --list-devices '*) exec {} \"$@\";; esac\n\
         echo 'error: this engine has forgotten how to load models' >&2\nexit 1",
        real_quoted()
    );
    script(tag, &text, 0)
}

fn real_quoted() -> String {
    format!("'{}'", environment::engine().display())
}

fn only_as_server(otherwise: &str) -> String {
    format!(
        "case \" $* \" in *' --model '*) ;; *) exec {} \"$@\";; esac\n{otherwise}",
        real_quoted()
    )
}

/// `llama-server` as a shell script.
fn script(tag: &str, text: &str, padding_bytes: usize) -> Bytes {
    let mut builder = builder();
    let program = format!("#!/bin/sh\n{text}\n");
    append(
        &mut builder,
        &format!("llama-{tag}/llama-server"),
        program.as_bytes(),
        0o755,
    );
    if padding_bytes > 0 {
        append(
            &mut builder,
            &format!("llama-{tag}/padding"),
            &noise(padding_bytes),
            0o644,
        );
    }
    finish(builder)
}

/// Bytes that do not compress, the same each time.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

type TarGz = Builder<GzEncoder<Vec<u8>>>;

fn builder() -> TarGz {
    Builder::new(GzEncoder::new(Vec::new(), Compression::fast()))
}

fn append(builder: &mut TarGz, name: &str, content: &[u8], mode: u32) {
    let mut header = Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    builder.append_data(&mut header, name, content).unwrap();
}

fn finish(builder: TarGz) -> Bytes {
    builder.into_inner().unwrap().finish().unwrap().into()
}

/// A folder below `llama-TAG/`. Packing takes a second, so the content of each is packed once in a process; the top
/// folder then has the first tag's name, which nobody minds.
fn folder(tag: &str, folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Bytes {
    static PACKED: OnceLock<std::sync::Mutex<std::collections::HashMap<String, Bytes>>> =
        OnceLock::new();
    let mut builder = builder();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| wanted(name) && !name.ends_with(".json"))
        .collect();
    names.sort();
    let key = format!("{} {names:?}", folder.display());
    let mut packed = PACKED.get_or_init(Default::default).lock().unwrap();
    if let Some(bytes) = packed.get(&key) {
        return bytes.clone();
    }
    builder.follow_symlinks(false);
    for name in names {
        let path = folder.join(&name);
        if !path.is_dir() {
            builder
                .append_path_with_name(&path, format!("llama-{tag}/{name}"))
                .unwrap();
        }
    }
    let bytes = finish(builder);
    packed.insert(key, bytes.clone());
    bytes
}

/// A tar.gz with one entry of this name beside a server, or a link of this name to `target`.
#[must_use]
pub fn evil_tar(name: &str, target: Option<&str>) -> Bytes {
    let mut builder = builder();
    append(&mut builder, "llama-server", b"#!/bin/sh\n", 0o755);
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    let content: &[u8] = if target.is_some() { b"" } else { b"evil" };
    if let Some(target) = target {
        header.set_entry_type(EntryType::Symlink);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    }
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append(&header, content).unwrap();
    finish(builder)
}

/// A zip with one entry of this name beside a server.
#[must_use]
pub fn evil_zip(name: &str) -> Bytes {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["llama-server", name] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(b"evil").unwrap();
    }
    zip.finish().unwrap().into_inner().into()
}
