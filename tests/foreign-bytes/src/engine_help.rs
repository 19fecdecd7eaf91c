//! What an engine prints: `--help`, `--list-devices`, `--version`.
//!
//! Promises: what was read of the help survives being kept on disk; whatever it lists, the arguments made for it name
//! only flags that it lists, each with as many values as it takes, and none that is Paddock's own.

use load_params::{
    EngineFlags, LoadParams, TABLE, Unsupported, argv, engine_options, owned_reason, schema, set,
    set_flag,
};

/// Of each parameter, the first of these that it takes is tried.
const VALUES: [&str; 8] = [
    "512", "true", "auto", "none", "f16", "/a.gguf", "A=b", "a:1",
];
/// More flags of a help are not tried one by one: a run should be short.
const MOST_FLAGS: usize = 40;

/// Reads the bytes as an engine's words.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let flags = EngineFlags::parse(&text);
    flags_are_usable(&flags);
    arguments_are_listed(&flags);
    for device in engines::parse_devices(&text) {
        assert!(!device.name.is_empty() && !device.name.contains(char::is_whitespace));
    }
    let name = engines::suggest_name("/usr/bin/llama-server".as_ref(), &text);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    assert!(!name.is_empty() && name.chars().all(plain), "{name:?}");
    assert!(!name.starts_with('.') && name.len() <= 64, "{name:?}");
}

fn flags_are_usable(flags: &EngineFlags) {
    let json = serde_json::to_string(flags).unwrap();
    assert_eq!(&serde_json::from_str::<EngineFlags>(&json).unwrap(), flags);
    for flag in flags.iter() {
        assert!(!flag.long().is_empty());
        for name in &flag.names {
            assert!(name.starts_with('-') && !name.contains(char::is_whitespace));
            assert!(flags.get(name).is_some());
        }
        assert_eq!(flag.takes_value(), flag.value_count() > 0);
    }
    assert!(!flags.dialect().to_string().is_empty());
    assert_eq!(schema(flags).len(), TABLE.len());
    for option in engine_options(flags) {
        assert!(flags.get(&option.name).is_some(), "{}", option.name);
    }
}

fn arguments_are_listed(flags: &EngineFlags) {
    for spec in TABLE {
        let mut params = LoadParams::default();
        if VALUES
            .iter()
            .any(|value| set(&mut params, spec.name, value).is_ok())
        {
            are_listed(&params, flags);
        }
    }
    for flag in flags.iter().take(MOST_FLAGS) {
        for assignment in [flag.long().to_owned(), format!("{}=1 2", flag.long())] {
            let mut params = LoadParams::default();
            if set_flag(&mut params, &assignment).is_ok() {
                are_listed(&params, flags);
            }
        }
    }
}

/// The arguments for these parameters, walked through as the engine would.
pub(crate) fn are_listed(params: &LoadParams, flags: &EngineFlags) {
    let made = match argv(params, flags, Unsupported::Skip) {
        Ok(made) => made,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let mut words = made.args.iter();
    while let Some(word) = words.next() {
        let Some(flag) = flags.usable(word) else {
            panic!("{word:?} of {:?} is not listed", made.args);
        };
        assert_eq!(owned_reason(word), None);
        for _ in 0..flag.value_count() {
            assert!(words.next().is_some(), "{:?} ends early", made.args);
        }
    }
}
