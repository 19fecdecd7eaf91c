//! Whether somebody opens Paddock for the first time, and that the first steps are done.
//!
//! What counts is what was done, not when: whoever has a model or has chosen an engine needs no first steps, whatever
//! program did it.

use serde_json::{Value, json};
use settings::SettingsDocument;

use crate::available_engines::MachineView;
use crate::core::Core;
use crate::error::Error;

/// In the document's `desktop` part.
const DONE: &str = "firstRunDone";

impl Core {
    /// Nothing was done yet, and nobody said that the first steps are done.
    #[must_use]
    pub fn is_first_run(&self) -> bool {
        // Settings that were broken are somebody's.
        self.notices().is_empty() && is_untouched(&self.settings())
    }

    /// This machine in a sentence. Asks nobody but the machine.
    pub async fn machine_sentence(&self) -> String {
        MachineView::from(&self.inner.engine_store.machine().await).sentence
    }

    /// The first steps were gone through, or skipped.
    ///
    /// # Errors
    /// The settings cannot be saved.
    pub fn finish_first_run(&self) -> Result<(), Error> {
        self.update_settings(|settings| {
            settings.desktop.insert(DONE.to_owned(), json!(true));
        })
    }
}

fn is_untouched(settings: &SettingsDocument) -> bool {
    settings.desktop.get(DONE) != Some(&Value::Bool(true))
        && settings.models.is_empty()
        && settings.model_folders.is_empty()
        && settings.engines.current.is_none()
}

#[cfg(test)]
mod tests {
    use crate::core::open_for_test;

    #[test]
    fn it_is_the_first_run_until_it_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        assert!(core.is_first_run());
        core.finish_first_run().unwrap();
        assert!(!core.is_first_run());
    }

    #[test]
    fn whoever_has_done_something_needs_no_first_steps() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        core.update_settings(|settings| settings.model_folders.push("/models".into()))
            .unwrap();
        assert!(!core.is_first_run());
    }
}
