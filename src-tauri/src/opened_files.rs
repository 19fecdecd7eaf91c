//! GGUF files that the system opens with Paddock: a double-click in a file manager, `paddock-desktop model.gguf`. The
//! page adds them to the library where they lie, as if they had been dropped on it, and shows the first.
//!
//! A file travels as a `file://` URL, because that is how macOS hands it over and how a second start passes it to the
//! first (`start_up`). Nothing is read here: whether it is a model is for the library to say.

use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager, Runtime, Url};
use tauri_specta::Event;

use crate::app_state::AppState;
use crate::ipc_types::OpenFiles;

/// The URL of what an argument names, where that is a GGUF file: a path, relative or not, or a URL already.
pub(crate) fn url_of(argument: &str) -> Option<String> {
    let path = match path_of(argument) {
        Some(path) => path,
        None => std::path::absolute(argument).ok()?,
    };
    if !is_gguf(&path) || !path.is_file() {
        return None;
    }
    Url::from_file_path(path).ok().map(Into::into)
}

/// The GGUF file that a URL names.
pub(crate) fn path_of(url: &str) -> Option<PathBuf> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok().filter(|path| is_gguf(path))
}

fn is_gguf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

/// Keeps a file until the page asks for it, and tells the page to ask.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>, path: PathBuf) {
    app.state::<AppState>().keep_file(path);
    let _ = OpenFiles.emit(app);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_understood_however_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a model ü.GGUF");
        std::fs::write(&file, "").unwrap();
        let url = url_of(file.to_str().unwrap()).unwrap();
        assert!(url.starts_with("file:///"), "{url}");
        assert!(url.contains("a%20model%20%C3%BC.GGUF"), "{url}");
        assert_eq!(path_of(&url).unwrap(), file);
        assert_eq!(url_of(&url).unwrap(), url, "a URL stays what it is");
    }

    #[test]
    fn what_is_no_gguf_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "").unwrap();
        assert_eq!(url_of(text.to_str().unwrap()), None);
        assert_eq!(url_of("/there/is/no/such.gguf"), None);
        assert_eq!(url_of("--headless"), None);
        assert_eq!(path_of("https://example.com/a.gguf"), None);
        assert_eq!(path_of("file://elsewhere/share/a.txt"), None);
    }
}
