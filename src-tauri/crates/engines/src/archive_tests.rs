//! Sound archives and those that mean harm, made here.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn unpack(&self, archive: &[u8]) -> Result<Unpacked, ArchiveError> {
        self.unpack_with(archive, &Limits::default())
    }

    fn unpack_with(&self, archive: &[u8], limits: &Limits) -> Result<Unpacked, ArchiveError> {
        std::fs::write(self.at("archive"), archive).unwrap();
        unpack(
            &self.at("archive"),
            &self.at("in/here"),
            limits,
            &mut |_| ControlFlow::Continue(()),
        )
    }

    /// Nothing lies beside the folder that was unpacked into.
    fn nothing_escaped(&self) {
        let names = |path: &Path| -> Vec<String> {
            let mut names: Vec<String> = std::fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(self.dir.path()), ["archive", "in"]);
        assert_eq!(names(&self.at("in")), ["here"]);
    }
}

/// A tar whose names are taken as they are: the builder would refuse to make them.
fn tar(entries: &[(&str, EntryType, &str, u32)]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, content, mode) in entries {
        let mut header = Header::new_gnu();
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        let body = if is_link { "" } else { content };
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if is_link {
            header.as_old_mut().linkname[..content.len()].copy_from_slice(content.as_bytes());
        }
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_size(body.len() as u64);
        header.set_cksum();
        builder.append(&header, body.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const FILE: EntryType = EntryType::Regular;
const LINK: EntryType = EntryType::Symlink;

#[test]
#[cfg(unix)]
fn a_sound_archive_is_unpacked_with_links_and_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let archive = tar(&[
        ("llama-b1/", EntryType::Directory, "", 0o755),
        ("llama-b1/libllama.so", LINK, "libllama.so.0", 0o777),
        ("llama-b1/libllama.so.0", LINK, "./libllama.so.0.0.1", 0o777),
        (
            "llama-b1/libllama.so.0.0.1",
            FILE,
            "\u{7f}ELF library",
            0o644,
        ),
        ("llama-b1/llama-server", FILE, "program", 0o755),
        ("llama-b1/bin/up", LINK, "../llama-server", 0o777),
        (
            "llama-b1/twin",
            EntryType::Link,
            "llama-b1/llama-server",
            0o755,
        ),
        ("llama-b1/LICENSE", FILE, "words", 0o644),
    ]);
    let unpacked = world.unpack(&archive).unwrap();
    assert_eq!(unpacked.entries, 8);
    let folder = world.at("in/here/llama-b1");
    assert_eq!(
        std::fs::read_to_string(folder.join("libllama.so")).unwrap(),
        "\u{7f}ELF library"
    );
    assert!(folder.join("libllama.so").is_symlink());
    assert_eq!(
        std::fs::read_to_string(folder.join("bin/up")).unwrap(),
        "program"
    );
    assert_eq!(
        std::fs::read_to_string(folder.join("twin")).unwrap(),
        "program"
    );
    let mode = |name: &str| folder.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("llama-server"), 0o755);
    assert_eq!(mode("LICENSE"), 0o644);
    assert_eq!(mode("libllama.so.0.0.1"), 0o755, "it looks like a program");
}

#[test]
fn a_flat_zip_is_unpacked() {
    let world = World::new();
    let mut heard = 0;
    std::fs::write(
        world.at("archive"),
        zip(&[("llama-server.exe", "program"), ("sub/a.dll", "library")]),
    )
    .unwrap();
    let unpacked = unpack(
        &world.at("archive"),
        &world.at("in/here"),
        &Limits::default(),
        &mut |bytes| {
            heard = bytes;
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert_eq!((unpacked.entries, unpacked.total_bytes), (2, 14));
    assert!(heard > 0);
    assert_eq!(
        std::fs::read_to_string(world.at("in/here/sub/a.dll")).unwrap(),
        "library"
    );
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in [
        "../evil",
        "a/../../evil",
        "/etc/evil",
        "..\\evil",
        "C:\\evil",
        "C:evil",
        "a/b/../../../evil",
    ] {
        for archive in [
            tar(&[("ok", FILE, "", 0o644), (name, FILE, "x", 0o644)]),
            zip(&[(name, "x")]),
        ] {
            let world = World::new();
            let error = world.unpack(&archive).unwrap_err();
            assert!(
                matches!(&error, ArchiveError::Unsafe { entry, .. } if entry == name),
                "{name}: {error}"
            );
            assert_eq!(error.code(), "archive_refused");
            world.nothing_escaped();
        }
    }
}

#[test]
fn links_that_lead_out_are_refused() {
    for (entries, reason) in [
        (&[("l", LINK, "/etc/passwd", 0o777)][..], "links out"),
        (&[("l", LINK, "../x", 0o777)], "links out"),
        (&[("a/l", LINK, "../../x", 0o777)], "links out"),
        (&[("l", LINK, "gone", 0o777)], "not there"),
        (&[("l", LINK, "l", 0o777)], "not there"),
        (&[("l", LINK, "", 0o777)], "links"),
        (&[("l", EntryType::Link, "../x", 0o644)], "links out"),
        // Through a link: in words inside, on the disk not.
        (
            &[
                ("a/b/f", FILE, "x", 0o644),
                ("a/b/l", LINK, "../..", 0o777),
                ("m", LINK, "a/b/l/../../archive", 0o777),
            ],
            "links out",
        ),
        // A file through a link: links are made last, so the names collide.
        (
            &[("l", LINK, "/tmp", 0o777), ("l/evil", FILE, "x", 0o644)],
            "",
        ),
        (&[("dev", EntryType::Char, "", 0o644)], "neither file"),
        (&[("pipe", EntryType::Fifo, "", 0o644)], "neither file"),
    ] {
        let world = World::new();
        let error = world.unpack(&tar(entries)).unwrap_err();
        assert!(error.to_string().contains(reason), "{entries:?}: {error}");
        world.nothing_escaped();
    }
}

/// In words each of them stays inside; what is made behind the second is made outside.
#[test]
#[cfg(unix)]
fn nothing_is_made_behind_a_link() {
    for (kind, target) in [(LINK, "x/f"), (EntryType::Link, "x/f")] {
        for behind in ["x/l/m/evil", "x/l/m/deep/evil"] {
            let world = World::new();
            let archive = tar(&[
                ("x/f", FILE, "content", 0o644),
                ("x/l", LINK, "..", 0o777),
                ("x/l/m", LINK, "../..", 0o777),
                (behind, kind, target, 0o777),
            ]);
            let error = world.unpack(&archive).unwrap_err();
            world.nothing_escaped();
            assert!(error.to_string().contains("behind a link"), "{error}");
        }
    }
}

#[test]
fn one_name_twice_is_refused_whatever_its_case() {
    for second in ["a", "A", "./a"] {
        let world = World::new();
        let error = world
            .unpack(&tar(&[("a", FILE, "1", 0o644), (second, FILE, "2", 0o644)]))
            .unwrap_err();
        assert!(error.to_string().contains("twice"), "{error}");
    }
}

#[test]
fn bombs_are_refused() {
    let world = World::new();
    let zeros = "\0".repeat(80 << 20);
    let archive = tar(&[("zeros", FILE, &zeros, 0o644)]);
    assert!(archive.len() < 1 << 20);
    let limits = Limits {
        expansion: 50,
        ..Limits::default()
    };
    let error = world.unpack_with(&archive, &limits).unwrap_err();
    assert!(matches!(error, ArchiveError::TooMuch { .. }), "{error}");

    let many: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let entries: Vec<_> = many
        .iter()
        .map(|name| (name.as_str(), FILE, "", 0o644))
        .collect();
    let limits = Limits {
        entries: 10,
        ..Limits::default()
    };
    let error = World::new()
        .unpack_with(&tar(&entries), &limits)
        .unwrap_err();
    assert!(
        error.to_string().contains("more than 10 entries"),
        "{error}"
    );
}

#[test]
fn what_is_cut_off_or_no_archive_is_broken() {
    let whole = tar(&[
        ("a", FILE, &"words ".repeat(10_000), 0o644),
        ("b", FILE, "x", 0o644),
    ]);
    let zipped = zip(&[("a", "content"), ("b", "more")]);
    for archive in [
        &b""[..],
        b"PK",
        b"<html>not found</html>",
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 8],
        &zipped[..zipped.len() - 10],
        &zipped[..20],
    ] {
        let world = World::new();
        let error = world.unpack(archive).unwrap_err();
        assert_eq!(
            error.code(),
            "archive_broken",
            "{} bytes: {error}",
            archive.len()
        );
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn only_what_is_selected_is_unpacked() {
    let world = World::new();
    std::fs::write(
        world.at("archive"),
        zip(&[("pkg/bin/llama-server", "program"), ("pkg/main.py", "code")]),
    )
    .unwrap();
    unpack_selected(
        &world.at("archive"),
        &world.at("in/here"),
        &Limits::default(),
        &|name| name.strip_prefix("pkg/bin").ok().map(Path::to_owned),
        &mut |_| {},
    )
    .unwrap();
    assert!(world.at("in/here/llama-server").is_file());
    assert_eq!(std::fs::read_dir(world.at("in/here")).unwrap().count(), 1);
}

/// A name is read into memory before anyone can look at it.
#[test]
fn a_name_without_end_is_refused() {
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let long = "a".repeat(2 << 20);
        let world = World::new();
        let archive = tar(&[
            ("././@LongLink", kind, &long, 0o644),
            ("b", FILE, "", 0o644),
        ]);
        let error = world.unpack(&archive).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::TooMuch { .. }),
            "{kind:?}: {error}"
        );
        world.nothing_escaped();
    }
    let world = World::new();
    let content = "b".repeat(3 << 20);
    let archive = tar(&[("a", FILE, &content, 0o644), ("b", FILE, "x", 0o644)]);
    assert_eq!(
        world.unpack(&archive).unwrap().entries,
        2,
        "a file may be as long"
    );
}

#[test]
fn unpacking_can_be_stopped_in_the_middle_of_a_file() {
    let content = "b".repeat(3 << 20);
    for archive in [
        tar(&[("a", FILE, &content, 0o644)]),
        zip(&[("a", &content)]),
    ] {
        let world = World::new();
        std::fs::write(world.at("archive"), archive).unwrap();
        let stopped = unpack(
            &world.at("archive"),
            &world.at("in/here"),
            &Limits::default(),
            &mut |_| ControlFlow::Break(()),
        );
        assert!(matches!(stopped, Err(ArchiveError::Broken { .. })));
        let written = world.at("in/here/a").metadata().unwrap().len();
        assert!(written < content.len() as u64, "{written}");
    }
}
