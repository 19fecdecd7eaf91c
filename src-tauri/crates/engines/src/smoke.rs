//! The question that proves an engine, and how its answer is judged. The tiny model says nothing but the alphabet, so
//! an engine that computes wrongly shows; one that answers in any other way does too.

use serde_json::Value;

/// Body of `POST /completion`. The end of a prompt decides what the model continues with: the letters after this
/// one's last. One alphabet more than a few tokens would prove nothing more.
pub const SMOKE_REQUEST: &str = r#"{"prompt":"Hello","n_predict":4,"temperature":0}"#;

/// What the engine said instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it computes wrongly, and answered {0}")]
pub struct WrongAnswer(pub String);

/// Whether the answer is letters in their order, as `alphabet` has them.
///
/// # Errors
/// What was answered instead.
pub fn judge_answer(status: u16, body: &str, alphabet: &str) -> Result<(), WrongAnswer> {
    if status != 200 {
        return Err(WrongAnswer(format!("HTTP {status}")));
    }
    let content = serde_json::from_str::<Value>(body)
        .ok()
        .and_then(|document| Some(document.get("content")?.as_str()?.trim().to_owned()));
    let circle = alphabet.repeat(2);
    match content {
        Some(letters) if !letters.is_empty() && circle.contains(&letters) => Ok(()),
        Some(other) => Err(WrongAnswer(format!("{other:?}"))),
        None => Err(WrongAnswer("something without words".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_in_their_order_will_do() {
        let alphabet = "abcdefghijklmnopqrstuvwxyz";
        let judge = |status, body: &str| judge_answer(status, body, alphabet);
        assert_eq!(judge(200, r#"{"content":"pqrs"}"#), Ok(()));
        assert_eq!(judge(200, r#"{"content":" yzab"}"#), Ok(()));
        for (status, body, said) in [
            (200, r#"{"content":"pqsr"}"#, "\"pqsr\""),
            (200, r#"{"content":""}"#, "\"\""),
            (200, r#"{"content":7}"#, "something without words"),
            (200, "<html>", "something without words"),
            (500, r#"{"content":"pqrs"}"#, "HTTP 500"),
        ] {
            assert_eq!(judge(status, body), Err(WrongAnswer(said.to_owned())));
        }
    }
}
