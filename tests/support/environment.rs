//! The paths that `cargo xtask test` prepares. A test without them fails rather than being left out: a suite that
//! passes because nothing ran proves nothing.

use std::path::PathBuf;

fn given(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn required(variable: &str, what: &str) -> PathBuf {
    let Some(path) = given(variable) else {
        panic!("{variable} ({what}) is not set: run `cargo xtask test`, which prepares it");
    };
    assert!(
        path.exists(),
        "{variable} names {}, which is not there: run `cargo xtask test`, which prepares it",
        path.display()
    );
    path
}

/// A `llama-server` that can compute on this machine.
#[must_use]
pub fn engine() -> PathBuf {
    required("PADDOCK_TEST_ENGINE", "a llama-server that works here")
}

/// A real b10434, whether or not it can compute here; its `--help` works everywhere.
#[must_use]
pub fn engine_b10434() -> PathBuf {
    required("PADDOCK_TEST_ENGINE_B10434", "a llama-server b10434")
}

/// A real engine that dies of an illegal instruction here, where there is one.
#[must_use]
pub fn dead_engine() -> Option<PathBuf> {
    given("PADDOCK_TEST_ENGINE_DEAD")
}

/// `gemma-3-270m-q4_k_m.gguf`.
#[must_use]
pub fn model() -> PathBuf {
    required("PADDOCK_TEST_MODEL", "gemma-3-270m-q4_k_m.gguf")
}

/// A Python with the hub's official client.
#[must_use]
pub fn hugging_face_python() -> PathBuf {
    required(
        "PADDOCK_TEST_HF_PYTHON",
        "a Python in which huggingface_hub is installed",
    )
}

/// A Python with OpenAI's official client.
#[must_use]
pub fn openai_python() -> PathBuf {
    required(
        "PADDOCK_TEST_OPENAI_PYTHON",
        "a Python in which openai is installed",
    )
}

/// A Python with Anthropic's official client.
#[must_use]
pub fn anthropic_python() -> PathBuf {
    required(
        "PADDOCK_TEST_ANTHROPIC_PYTHON",
        "a Python in which anthropic is installed",
    )
}

/// A folder in which Node finds OpenAI's official client.
#[must_use]
pub fn openai_node() -> PathBuf {
    required(
        "PADDOCK_TEST_OPENAI_NODE",
        "a folder in which npm installed openai",
    )
}

fn binary(name: &str) -> PathBuf {
    let folder = required(
        "PADDOCK_BIN_DIR",
        "the folder with paddock and paddock-guard",
    );
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is not built: run `cargo xtask test`, which builds it",
        path.display()
    );
    path
}

/// The `paddock` command.
#[must_use]
pub fn paddock() -> PathBuf {
    binary("paddock")
}

/// The guard that children run under.
#[must_use]
pub fn guard() -> PathBuf {
    binary("paddock-guard")
}
