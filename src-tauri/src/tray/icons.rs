//! The tray's icons, one for each state; drawn from `icons/tray/*.svg` (`rsvg-convert -w 64`). They differ in shape and
//! not in colour alone.

use paddock_core::Overall;
use tauri::image::Image;

/// The icon of a state.
pub(crate) fn of(overall: Overall) -> Image<'static> {
    match overall {
        Overall::Stopped => tauri::include_image!("../icons/tray/stopped.png"),
        Overall::Busy => tauri::include_image!("../icons/tray/loading.png"),
        Overall::Ready => tauri::include_image!("../icons/tray/ready.png"),
        Overall::Failed => tauri::include_image!("../icons/tray/failed.png"),
    }
}
