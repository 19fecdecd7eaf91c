//! Official clients in processes of their own, told step by step what to do. The scripts are in `tests/clients`; they only
//! pass on what the unmodified package says, so that a test reads the same for each.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::environment;

/// No step takes longer than this: loading on a busy machine, and an answer of a hundred tokens.
const STEP_LIMIT: Duration = Duration::from_secs(90);

/// A running client. Dropping it kills it.
pub struct Client {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    errors: ChildStderr,
}

impl Client {
    /// OpenAI's for Python.
    #[must_use]
    pub fn openai_python(base: &str) -> Self {
        let mut command = Command::new(environment::openai_python());
        command.arg(script("openai_client.py")).arg(base);
        Self::start(command)
    }

    /// Anthropic's for Python.
    #[must_use]
    pub fn anthropic_python(base: &str) -> Self {
        let mut command = Command::new(environment::anthropic_python());
        command.arg(script("anthropic_client.py")).arg(base);
        Self::start(command)
    }

    /// OpenAI's for Node.
    #[must_use]
    pub fn openai_node(base: &str) -> Self {
        let mut command = Command::new("node");
        command.arg(script("openai_client.mjs")).arg(base);
        command.arg(environment::openai_node());
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        // Whoever runs the tests may have keys and addresses of their own.
        for variable in ["OPENAI", "ANTHROPIC"] {
            for what in ["API_KEY", "BASE_URL", "AUTH_TOKEN", "ORG_ID", "LOG"] {
                command.env_remove(format!("{variable}_{what}"));
            }
        }
        let mut child = command
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} could not be started: {error}"));
        Self {
            orders: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            errors: child.stderr.take().unwrap(),
            child,
        }
    }

    /// Has a step done, `with` being the arguments of the package's own call.
    pub async fn ask(&mut self, step: &str, with: Value) -> Value {
        self.order(json!({"do": step, "with": with})).await
    }

    /// Has a step done with this API key.
    pub async fn ask_with_key(&mut self, key: &str, step: &str, with: Value) -> Value {
        self.order(json!({"do": step, "key": key, "with": with}))
            .await
    }

    /// Gives an order as the script takes it, and returns what it says.
    pub async fn order(&mut self, order: Value) -> Value {
        let line = format!("{order}\n");
        let mut answer = String::new();
        let talk = async {
            // A client that died says so below.
            let _ = self.orders.write_all(line.as_bytes()).await;
            self.answers.read_line(&mut answer).await.unwrap();
        };
        tokio::time::timeout(STEP_LIMIT, talk)
            .await
            .unwrap_or_else(|_| panic!("{order}: no answer within {STEP_LIMIT:?}"));
        if answer.is_empty() {
            let mut said = String::new();
            let _ = self.child.start_kill();
            let _ = self.errors.read_to_string(&mut said).await;
            panic!("{order}: the client ended: {said}");
        }
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{order}: {answer:?}"))
    }
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("clients")
        .join(name)
}
