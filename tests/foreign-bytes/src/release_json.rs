//! What a release server answers: one release, a list of them, and that it wants no more questions.
//!
//! Promises: a release's name can be a folder's; what is kept on disk is read again as it was; sizes can be added up;
//! the build that is recommended is one that works; and a limit ends within an hour.

use std::time::{SystemTime, UNIX_EPOCH};

use engines::{
    Arch, Choice, Gpu, Libc, Machine, Os, Release, Vendor, Version, build_number, choose,
    is_plain_name, rate_limit_end,
};

use crate::message::Message;

/// Reads the bytes as an answer of a release server.
pub fn check(bytes: &[u8]) {
    let message = Message::read(bytes);
    if let Ok(status) = message.status.try_into()
        && let Some(end) = rate_limit_end(status, &message.headers)
    {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert!(end <= now.as_secs() + 3_600);
    }
    let list = Release::parse_list(message.body).unwrap_or_default();
    for release in list.iter().chain(&Release::parse(message.body).ok()) {
        is_sound(release);
    }
}

fn is_sound(release: &Release) {
    assert!(is_plain_name(&release.tag));
    let _ = build_number(&release.tag);
    let kept = serde_json::to_vec(release).unwrap();
    assert_eq!(&serde_json::from_slice::<Release>(&kept).unwrap(), release);
    for asset in &release.assets {
        assert!(asset.sha256.as_ref().is_none_or(|hex| hex.len() == 64));
    }
    for machine in machines() {
        let choice = choose(release, &machine);
        assert!(!choice.sentence.is_empty());
        assert!(release.has_builds() || choice.all.is_empty());
        if let Some(recommended) = &choice.recommended {
            assert!(choice.find(recommended).is_some_and(|best| best.works));
        }
        are_variants(&choice, release);
    }
}

fn are_variants(choice: &Choice, release: &Release) {
    for variant in &choice.all {
        // It becomes a part of a folder's name.
        let plain = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter)
        };
        assert!(
            !variant.id.is_empty() && variant.id.chars().all(plain),
            "{:?}",
            variant.id
        );
        assert!(!variant.label.is_empty() && !variant.assets.is_empty());
        for asset in &variant.assets {
            assert!(is_plain_name(&asset.name) && release.assets.contains(asset));
        }
        let all: u64 = variant.assets.iter().map(|asset| asset.size_bytes).sum();
        assert_eq!(variant.size_bytes, all);
        assert_eq!(choice.find(&variant.id), Some(variant));
    }
}

/// One of each kind.
fn machines() -> [Machine; 3] {
    let plain = Machine {
        os: Os::Linux,
        arch: Arch::X64,
        cpu_name: "A".to_owned(),
        cpu_features: vec!["avx".to_owned(), "avx2".to_owned()],
        libc: Some(Libc::Glibc(Version(vec![2, 36]))),
        wsl: false,
        gpus: Vec::new(),
        vulkan_loader: true,
        rocm: None,
        memory_bytes: 16 << 30,
    };
    let gpu = |vendor, memory_bytes| Gpu {
        name: "G".to_owned(),
        vendor,
        driver: Some(Version(vec![580, 65])),
        compute_capability: Some(Version(vec![8, 9])),
        memory_bytes,
    };
    let windows = Machine {
        os: Os::Windows,
        libc: None,
        gpus: vec![gpu(Vendor::Nvidia, Some(24 << 30))],
        ..plain.clone()
    };
    let mac = Machine {
        os: Os::MacOs,
        arch: Arch::Arm64,
        libc: None,
        gpus: vec![gpu(Vendor::Apple, None)],
        ..plain.clone()
    };
    [plain, windows, mac]
}
