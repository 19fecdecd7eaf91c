//! How the page is drawn on Linux: by the processor.
//!
//! WebKitGTK composites on the GPU, and on machines without one in software that pretends to be one (90 MB of it). This
//! page has nothing that moves, and the memory of a GPU is for models. It also spares the empty windows that some GPU
//! drivers give WebKitGTK. Whoever sets the variable keeps what they set.

/// Tells WebKitGTK not to composite on the GPU. Call it first in `main`: later, other threads may read the environment.
#[cfg(target_os = "linux")]
pub(crate) fn draw_on_the_processor() {
    const VARIABLE: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
    if std::env::var_os(VARIABLE).is_none() {
        // SAFETY: `main` has started no thread yet, so nothing reads the environment at this moment.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var(VARIABLE, "1");
        }
    }
}

/// The web views of Windows and macOS are the system's own, and stay as they are.
#[cfg(not(target_os = "linux"))]
pub(crate) fn draw_on_the_processor() {}
