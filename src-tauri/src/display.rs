//! Whether there is a screen to show a window on. Without one Tauri would panic, and say nothing that helps.

/// Connects to the display.
///
/// # Errors
/// A sentence for the user: there is none, or it lets nobody in.
#[cfg(target_os = "linux")]
pub(crate) fn open() -> Result<(), String> {
    gtk::init().map_err(|_| {
        let at = ["WAYLAND_DISPLAY", "DISPLAY"]
            .into_iter()
            .find_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?)));
        let what = at.map_or_else(
            || "there is no display to show a window on".to_owned(),
            |at| format!("the display cannot be opened ({at})"),
        );
        format!("{what}\nhint: on a machine without a screen, `paddock serve` does everything else")
    })
}

/// Windows and macOS always have one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open() -> Result<(), String> {
    Ok(())
}
