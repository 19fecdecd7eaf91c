//! `cargo xtask icons`: every icon of the app, drawn from `icons/icon.svg` by Tauri's own tool. What it draws for
//! platforms that Paddock is not on is left out.

use std::fs;
use std::process::Command;

use crate::error::{At, Result};
use crate::workspace::Workspace;
use crate::{command, say, starter, ui};

const SOURCE: &str = "icon.svg";
/// What the configuration of the window and of the packages names, and the largest picture for other uses.
const MADE: [&str; 6] = [
    "32x32.png",
    "128x128.png",
    "128x128@2x.png",
    "icon.png",
    "icon.icns",
    "icon.ico",
];

/// Draws them anew.
pub fn run(workspace: &Workspace) -> Result<()> {
    ui::install(workspace)?;
    let icons = workspace.root.join("icons");
    let drawn = workspace.target_dir().join("icons");
    starter::remove_dir(&drawn)?;
    let program = if cfg!(windows) { "tauri.cmd" } else { "tauri" };
    command::output(
        Command::new(workspace.ui().join("node_modules/.bin").join(program))
            .current_dir(&workspace.root)
            .arg("icon")
            .arg(icons.join(SOURCE))
            .arg("--output")
            .arg(&drawn),
    )?;
    for name in MADE {
        let to = icons.join(name);
        fs::copy(drawn.join(name), &to).at("write", &to)?;
    }
    starter::remove_dir(&drawn)?;
    say!("drew {} icons from icons/{SOURCE}", MADE.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_configured_is_drawn() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
        let configuration = root.unwrap().join("src-tauri/tauri.conf.json");
        let text = fs::read_to_string(configuration).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for icon in document["bundle"]["icon"].as_array().unwrap() {
            let name = icon.as_str().unwrap().trim_start_matches("../icons/");
            assert!(MADE.contains(&name), "{name}");
        }
    }
}
