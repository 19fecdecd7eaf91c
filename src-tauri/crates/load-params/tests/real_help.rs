//! The full help texts of three real builds, where they are at hand (`shared/engine-help` beside the repository).
//!
//! The fixtures are short and in our own words; these tests see to it that they do not lie about the real thing.

use std::{fs, path::Path};

use load_params::{
    EngineFlags, FlagStatus, FlashAttentionStyle, GpuLayersStyle, LoadParams, MemoryStyle,
    ThinkingStyle, Unsupported, argv, engine_options, schema,
};

/// The three builds, oldest first; `None` where the texts are not at hand.
fn builds() -> Option<[EngineFlags; 3]> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/engine-help");
    let read = |name: &str| {
        fs::read_to_string(folder.join(name))
            .map(|text| EngineFlags::parse(&text))
            .ok()
    };
    let found = [
        "2025-01_b4575.txt",
        "2026-08_b10434.txt",
        "2026-10_b11434.txt",
    ]
    .map(read);
    match found {
        [Some(old), Some(middle), Some(new)] => Some([old, middle, new]),
        _ => {
            eprintln!("skipped: no help texts in {}", folder.display());
            None
        }
    }
}

/// How many entries a text has, counted by another rule than the parser's.
fn entries(name: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/engine-help");
    fs::read_to_string(folder.join(name))
        .unwrap_or_default()
        .lines()
        .filter(|line| line.starts_with('-') && !line.starts_with("-----"))
        .count()
}

fn default_of<'a>(flags: &'a EngineFlags, name: &str) -> Option<&'a str> {
    flags.get(name).and_then(|flag| flag.default.as_deref())
}

#[test]
fn every_entry_is_read() {
    let Some([old, middle, new]) = builds() else {
        return;
    };
    assert_eq!(old.len(), entries("2025-01_b4575.txt"));
    assert_eq!(middle.len(), entries("2026-08_b10434.txt"));
    assert_eq!(new.len(), entries("2026-10_b11434.txt"));
    for flags in [&old, &middle, &new] {
        assert!(flags.len() > 120);
        for flag in flags.iter() {
            assert!(
                !flag.help.is_empty() && !flag.section.is_empty(),
                "{flag:?}"
            );
            assert!(!flag.help.contains("(env:"), "{flag:?}");
            assert!(
                flag.default
                    .as_deref()
                    .is_none_or(|default| !default.contains("default:") && !default.ends_with('(')),
                "{flag:?}"
            );
        }
    }
    let mut sections: Vec<&str> = new.iter().map(|flag| flag.section.as_str()).collect();
    sections.dedup();
    assert_eq!(
        sections,
        [
            "common params",
            "sampling params",
            "speculative params",
            "example-specific params"
        ]
    );
}

#[test]
fn status_of_what_went_away() {
    let Some([old, middle, new]) = builds() else {
        return;
    };
    for (flag, expected) in [
        (
            "--mlock",
            [Some(FlagStatus::Active), Some(FlagStatus::Deprecated), None],
        ),
        (
            "--no-mmap",
            [Some(FlagStatus::Active), Some(FlagStatus::Deprecated), None],
        ),
        ("--direct-io", [None, Some(FlagStatus::Deprecated), None]),
        (
            "--load-mode",
            [None, Some(FlagStatus::Active), Some(FlagStatus::Active)],
        ),
        (
            "--draft-max",
            [
                Some(FlagStatus::Active),
                Some(FlagStatus::Removed),
                Some(FlagStatus::Removed),
            ],
        ),
        (
            "--defrag-thold",
            [
                Some(FlagStatus::Active),
                Some(FlagStatus::Deprecated),
                Some(FlagStatus::Deprecated),
            ],
        ),
    ] {
        assert_eq!(
            [&old, &middle, &new].map(|flags| flags.get(flag).map(|found| found.status)),
            expected,
            "{flag}"
        );
    }
    let removed = |flags: &EngineFlags| flags.iter().filter(|flag| !flag.is_usable()).count();
    assert_eq!([&old, &middle, &new].map(removed), [0, 5, 5]);
}

#[test]
fn dialects() {
    let Some([old, middle, new]) = builds() else {
        return;
    };
    let old = old.dialect();
    assert_eq!(
        (old.flash_attention, old.flash_attention_default.as_deref()),
        (FlashAttentionStyle::Bare, Some("off"))
    );
    assert_eq!(
        (old.memory, old.gpu_layers, old.thinking),
        (
            MemoryStyle::Switches,
            GpuLayersStyle::Number,
            ThinkingStyle::Absent
        )
    );
    assert!(!old.jinja_by_default);
    assert_eq!(middle.dialect(), new.dialect());
    let new = new.dialect();
    assert_eq!(
        (new.flash_attention, new.flash_attention_default.as_deref()),
        (FlashAttentionStyle::Valued, Some("auto"))
    );
    assert_eq!(
        (new.memory, new.gpu_layers, new.thinking),
        (
            MemoryStyle::LoadMode,
            GpuLayersStyle::NumberOrWord,
            ThinkingStyle::SwitchAndBudget
        )
    );
    assert!(new.jinja_by_default);
}

#[test]
fn defaults_choices_and_values() {
    let Some([old, _, new]) = builds() else {
        return;
    };
    for (flag, expected) in [
        ("--ctx-size", Some("4096")),
        ("--parallel", Some("1")),
        ("--split-mode", Some("layer")),
        ("--poll", Some("50")),
        (
            "--samplers",
            Some("penalties;dry;top_k;typ_p;top_p;min_p;xtc;temperature"),
        ),
        ("--grammar", None),
        ("--path", None),
    ] {
        assert_eq!(default_of(&old, flag), expected, "{flag}");
    }
    for (flag, expected) in [
        ("--ctx-size", Some("0")),
        ("--parallel", Some("-1")),
        ("--n-gpu-layers", Some("auto")),
        ("--cors-methods", Some("GET, POST, DELETE, OPTIONS")),
        ("--fit", Some("on")),
        ("--fit-target", Some("1024")),
        ("--cache-ram", Some("8192")),
        ("--ctx-checkpoints", Some("32")),
        ("--load-mode", Some("auto")),
        ("--reasoning", Some("auto")),
        ("--sleep-idle-seconds", Some("-1")),
        ("--cache-idle-slots", Some("enabled")),
    ] {
        assert_eq!(default_of(&new, flag), expected, "{flag}");
    }
    let modes = ["auto", "none", "mmap", "mlock", "mmap+mlock", "dio"];
    assert_eq!(
        new.get("--load-mode").map(|flag| flag.choices.as_slice()),
        Some(modes.map(str::to_owned).as_slice())
    );
    assert_eq!(
        new.get("--fit").map(|flag| flag.choices_complete),
        Some(true)
    );
    assert_eq!(
        old.get("--lora-scaled").map(|flag| flag.value_count()),
        Some(2)
    );
    assert_eq!(
        new.get("--lora-scaled").map(|flag| flag.value_count()),
        Some(1)
    );
    assert_eq!(
        new.get("--api-key").and_then(|flag| flag.env.as_deref()),
        Some("LLAMA_API_KEY")
    );
}

#[test]
fn the_table_fits_the_real_builds() {
    let Some([old, middle, new]) = builds() else {
        return;
    };
    let unsupported = |flags: &EngineFlags| {
        schema(flags)
            .into_iter()
            .filter(|field| !field.supported)
            .map(|field| field.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        unsupported(&old),
        [
            "enableThinking",
            "cpuMoe",
            "nCpuMoe",
            "overrideTensor",
            "fit",
            "rpc",
            "cacheRam",
            "swaFull",
            "kvUnified",
            "mmproj"
        ]
    );
    assert!(unsupported(&middle).is_empty() && unsupported(&new).is_empty());
    let wish: LoadParams = serde_json::from_value(serde_json::json!({
        "ctxSize": 8192, "nGpuLayers": "all", "flashAttn": true, "threads": 2, "batchSize": 512, "mlock": true, "mmap": false,
        "cacheTypeK": "q8_0", "cacheTypeV": "q8_0", "parallel": 2, "seed": 1,
    }))
    .unwrap();
    let start = "--ctx-size 8192 --n-gpu-layers";
    let end = "--cache-type-k q8_0 --cache-type-v q8_0 --parallel 2 --seed 1";
    let said = |flags| {
        argv(&wish, flags, Unsupported::Refuse)
            .unwrap()
            .args
            .join(" ")
    };
    assert_eq!(
        said(&old),
        format!("{start} 999 --flash-attn --threads 2 --batch-size 512 --mlock --no-mmap {end}")
    );
    for flags in [&middle, &new] {
        assert_eq!(
            said(flags),
            format!(
                "{start} all --flash-attn on --threads 2 --batch-size 512 --load-mode mlock {end}"
            )
        );
    }
}

#[test]
fn every_option_of_the_newest_is_offered() {
    let Some([_, _, new]) = builds() else { return };
    let options = engine_options(&new);
    assert_eq!(options.len(), new.len() - 5);
    let owned: Vec<&str> = options
        .iter()
        .filter(|option| option.owned_reason.is_some())
        .map(|option| option.name.as_str())
        .collect();
    for flag in [
        "--model",
        "--host",
        "--port",
        "--api-key",
        "--alias",
        "--log-file",
        "--models-dir",
    ] {
        assert!(owned.contains(&flag), "{flag}");
    }
}
