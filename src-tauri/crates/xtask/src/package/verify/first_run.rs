//! The first steps in the installed app, clicked as in the tests of the window: from an empty data folder to an answer.
//!
//! The same test, which finds programs that enter the clean root where it expects those that were built.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{At, Result};
use crate::test::JOURNEYS;
use crate::test_environment::{BINARIES, TestEnvironment};
use crate::workspace::{Profile, Workspace};
use crate::{command, packages, say};

use super::root::Root;

const TEST: &str = "first_run::from_an_empty_folder_to_a_streamed_answer_in_four_clicks";
/// With the caller's environment, folders and processes, so that driver and test find the app as they know it. All mounts
/// end with the program.
const ENTER: &str = r#"#!/bin/sh
ROOT='{root}' exec unshare --mount sh -c '
set -e
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
mount --rbind /tmp "$ROOT/tmp"
exec chroot "$ROOT" /usr/bin/env --chdir "$PWD" /usr/bin/{program} "$@"' sh "$@"
"#;

/// Clicks through them with the package that is installed in `root`, one without an engine.
pub(super) fn click_through(workspace: &Workspace, root: &Root, staging: &Path) -> Result<()> {
    say!("the first steps in the installed app");
    packages::ensure(&[packages::WINDOW_TESTS, packages::UI_TESTS])?;
    let programs = staging.join("in-the-root");
    fs::create_dir_all(&programs).at("create", &programs)?;
    for program in ["paddock", "paddock-desktop", "paddock-guard"] {
        let path = programs.join(program);
        let script = ENTER
            .replace("{root}", &root.path().display().to_string())
            .replace("{program}", program);
        fs::write(&path, script).at("write", &path)?;
        let runs = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, runs).at("make runnable", &path)?;
    }
    let environment = TestEnvironment::prepare(workspace, Profile::Release)?;
    let mut test = command::cargo(&workspace.root);
    test.args(["test", "--package", JOURNEYS, "--test", "e2e"])
        .args(["--", "--exact", TEST]);
    environment.apply(&mut test);
    command::run(test.env(BINARIES, &programs))
}
