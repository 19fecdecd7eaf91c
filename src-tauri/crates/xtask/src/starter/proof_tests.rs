//! What Paddock says of an engine, with a script in Paddock's place, and with the real one where `cargo xtask test`
//! names it.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

fn proof_of(script: &str) -> Result<Proof> {
    let folder = tempfile::tempdir().unwrap();
    let paddock = folder.path().join("paddock");
    std::fs::write(&paddock, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&paddock, std::fs::Permissions::from_mode(0o755)).unwrap();
    let scratch = folder.path().join("scratch");
    loop {
        let proof = prove(&paddock, Path::new("/e/llama-server"), &scratch);
        assert!(!scratch.exists());
        match &proof {
            // Another test was just starting a process, which had the script open for writing until then.
            Err(Error::Start { source, .. })
                if source.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
            _ => return proof,
        }
    }
}

fn says(code: &str) -> String {
    format!("echo '{{\"error\":{{\"code\":\"{code}\",\"message\":\"it is so\"}}}}'; exit 1")
}

#[test]
fn what_paddock_says_is_told() {
    let asked = "test \"$1 $2 $3 $4\" = 'engine prove --json /e/llama-server' && mkdir -p \"$PADDOCK_HOME\"";
    assert_eq!(proof_of(asked).unwrap(), Ok(()));
    assert_eq!(
        proof_of(&says("illegal_instruction")).unwrap(),
        Err(Failure::IllegalInstruction)
    );
    assert_eq!(
        proof_of(&says("library_missing")).unwrap(),
        Err(Failure::Other("it is so".into()))
    );
}

#[test]
fn what_is_not_about_the_engine_is_an_error() {
    assert!(proof_of(&says("guard_missing")).is_err());
    assert!(proof_of("echo nothing; exit 1").is_err());
}

/// A path that `cargo xtask test` names.
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

fn real(engine: &str) -> Option<Proof> {
    let (engine, binaries) = (named(engine)?, named("PADDOCK_BIN_DIR")?);
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("scratch");
    Some(prove(&binaries.join("paddock"), &engine, &scratch).unwrap())
}

#[test]
fn the_real_engine_is_proved() {
    if let Some(proof) = real("PADDOCK_TEST_ENGINE") {
        assert_eq!(proof, Ok(()));
    }
}

#[test]
fn a_real_engine_for_another_processor_is_found_out() {
    if let Some(proof) = real("PADDOCK_TEST_ENGINE_DEAD") {
        assert_eq!(proof, Err(Failure::IllegalInstruction));
    }
}
