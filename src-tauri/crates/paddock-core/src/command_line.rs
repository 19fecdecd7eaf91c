//! Parameters as a command line: one to copy that runs by itself, and one from elsewhere to paste.

use load_params::{EngineFlags, LoadParams, Pasted, Unsupported};

use crate::core::Core;
use crate::error::Error;
use crate::params::LoadPlan;

impl LoadPlan {
    /// The command line as one text that runs without Paddock: variables, engine, model and parameters. Paddock's own
    /// flags for address, name and log are not in it.
    #[must_use]
    pub fn shareable_command_line(&self) -> String {
        let logs = |at: usize| {
            let ours = !self.effective.extra.contains_key("-lv");
            ours && self.spec.args.get(at).is_some_and(|flag| flag == "-lv")
        };
        let args = self.spec.args.iter().enumerate();
        let args = args.filter(|(at, _)| !(logs(*at) || *at > 0 && logs(*at - 1)));
        let variables = self.spec.env.iter();
        let variables = variables.map(|(name, value)| format!("{name}={}", quoted(value)));
        let engine = [
            self.spec.binary.display().to_string(),
            "--model".to_owned(),
            self.spec.model_path.display().to_string(),
        ];
        let words = engine.into_iter().chain(args.map(|(_, arg)| arg.clone()));
        let words: Vec<String> = variables.chain(words.map(|word| quoted(&word))).collect();
        words.join(" ")
    }
}

/// As a shell of this platform reads it.
fn quoted(word: &str) -> String {
    if cfg!(windows) {
        let plain = |letter: char| letter.is_alphanumeric() || "-_./\\:=,+@".contains(letter);
        if !word.is_empty() && word.chars().all(plain) {
            return word.to_owned();
        }
        return format!("\"{}\"", word.replace('"', "\\\""));
    }
    // Only a null character cannot be quoted, and no argument has one.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |quoted| quoted.into_owned())
}

impl Core {
    /// What would run with `params` saved for the model, as a text to copy. What this engine cannot honour is left out.
    ///
    /// # Errors
    /// What [`Core::plan_load`] refuses.
    pub async fn copy_command_line(
        &self,
        request: &str,
        params: &LoadParams,
    ) -> Result<String, Error> {
        let plan = self.plan_saved(request, params, Unsupported::Skip).await?;
        Ok(plan.shareable_command_line())
    }

    /// Reads a llama-server command line of any build for a model. What its engine does not know is told; without an
    /// engine, only what the table of parameters knows is taken over.
    ///
    /// # Errors
    /// The model is unknown, its engine cannot run, or the text is no command line.
    pub async fn paste_command_line(&self, request: &str, text: &str) -> Result<Pasted, Error> {
        let (_, entry) = self.find_model(request).await?;
        let flags = match self.engine_of(&entry) {
            Ok(engine) => self
                .inner
                .capabilities
                .of(&engine.path)
                .await?
                .flags
                .clone(),
            Err(_) => EngineFlags::default(),
        };
        load_params::parse_command_line(text, &flags)
            .map_err(|source| Error::Params { key: None, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::plan_for_test;

    #[test]
    fn a_copied_line_is_the_users_own_and_can_be_pasted() {
        let mut plan = plan_for_test(LoadParams::default());
        plan.spec.binary = "/my engines/llama-server".into();
        plan.spec.args = ["-lv", "4", "--ctx-size", "512"]
            .map(str::to_owned)
            .to_vec();
        plan.spec.env = vec![("A".to_owned(), "two words".to_owned())];
        let line = plan.shareable_command_line();
        if cfg!(unix) {
            assert_eq!(
                line,
                "A='two words' '/my engines/llama-server' --model m.gguf --ctx-size 512"
            );
        }
        let read = load_params::parse_command_line(&line, &EngineFlags::default()).unwrap();
        assert_eq!(read.params.ctx_size, Some(512));
        assert_eq!(read.params.environment(), plan.spec.env);
        plan.effective
            .extra
            .insert("-lv".to_owned(), Some("4".to_owned()));
        assert!(plan.shareable_command_line().contains("-lv 4"));
    }
}
