//! Reading how many tokens an answer took, from its first and last bytes, without changing or holding it up.
//!
//! llama-server writes `usage` and `timings` at the end of streams and answers, embeddings have theirs at the front,
//! and Anthropic's streams tell the prompt's tokens in their first event. A name in quotes cannot come from a model's
//! text: there its quotes would be escaped.

/// How much of the front is looked at.
const HEAD: usize = 512;
/// How much of the end.
const TAIL: usize = 1024;

/// What an answer tells about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) prompt: u64,
    pub(crate) completion: u64,
}

/// The first and last bytes of an answer.
#[derive(Debug, Default)]
pub(crate) struct Sniffer {
    head: Vec<u8>,
    /// Twice as long as it needs to be, so that it is seldom moved.
    tail: Vec<u8>,
    /// Events seen: about one token each.
    events: u64,
}

impl Sniffer {
    /// Looks at a piece of the answer; the number of events that ended in it.
    pub(crate) fn see(&mut self, data: &[u8], is_event_stream: bool) -> u64 {
        if self.head.len() < HEAD {
            let wanted = data.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&data[..wanted]);
        }
        let last = &data[data.len().saturating_sub(TAIL)..];
        if self.tail.len() + last.len() > 2 * TAIL {
            let keep = self.tail.len().min(TAIL);
            self.tail.drain(..self.tail.len() - keep);
        }
        self.tail.extend_from_slice(last);
        if !is_event_stream {
            return 0;
        }
        let events = memchr::memmem::find_iter(data, b"data:").count() as u64;
        self.events += events;
        events
    }

    /// The numbers in what was seen.
    pub(crate) fn tokens(&self) -> Tokens {
        let number = |names: &[&str]| {
            let last = names.iter().find_map(|name| last_number(&self.tail, name));
            last.or_else(|| names.iter().find_map(|name| last_number(&self.head, name)))
                .unwrap_or_default()
        };
        Tokens {
            prompt: number(&["\"prompt_tokens\":", "\"input_tokens\":", "\"prompt_n\":"]),
            completion: number(&[
                "\"completion_tokens\":",
                "\"output_tokens\":",
                "\"predicted_n\":",
            ]),
        }
    }
}

fn last_number(text: &[u8], name: &str) -> Option<u64> {
    let at = memchr::memmem::rfind(text, name.as_bytes())? + name.len();
    text[at..]
        .iter()
        .skip_while(|byte| **byte == b' ')
        .take_while(|byte| byte.is_ascii_digit())
        .take(12)
        .fold(None, |number: Option<u64>, byte| {
            Some(number.unwrap_or(0) * 10 + u64::from(byte - b'0'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(pieces: &[&str]) -> (u64, u64) {
        let mut sniffer = Sniffer::default();
        for piece in pieces {
            sniffer.see(piece.as_bytes(), true);
        }
        let tokens = sniffer.tokens();
        (tokens.prompt, tokens.completion)
    }

    #[test]
    fn the_numbers_are_found_wherever_they_are() {
        let long = "x".repeat(5000);
        let usage = r#""usage":{"completion_tokens":3,"prompt_tokens":12,"total_tokens":15}"#;
        assert_eq!(tokens(&[&long, usage]), (12, 3), "at the end");
        assert_eq!(tokens(&[usage, &long]), (12, 3), "at the front");
        let (one, other) = usage.split_at(30);
        assert_eq!(tokens(&[&long, one, other]), (12, 3), "in two pieces");
        let timings = r#"data: {"timings":{"prompt_n": 7,"predicted_n": 20}}"#;
        assert_eq!(tokens(&[timings, "\n\ndata: [DONE]\n\n"]), (7, 20));
        let anthropic = [
            r#"data: {"message":{"usage":{"input_tokens":9,"output_tokens":0}}}"#,
            &long,
            r#"data: {"usage":{"output_tokens":44}}"#,
        ];
        assert_eq!(tokens(&anthropic), (9, 44));
        assert_eq!(tokens(&["nothing"]), (0, 0));
        assert_eq!(tokens(&[r#""prompt_tokens":null"#]), (0, 0));
    }

    #[test]
    fn a_models_own_words_are_no_numbers() {
        let text = r#"{"content":"say \"completion_tokens\":999"}"#;
        assert_eq!(tokens(&[text]), (0, 0));
    }

    #[test]
    fn no_answer_makes_it_large() {
        let mut sniffer = Sniffer::default();
        for _ in 0..1000 {
            sniffer.see(&[b'x'; 300], true);
        }
        sniffer.see(&[b'x'; 100_000], true);
        assert!(sniffer.tail.len() <= 2 * TAIL && sniffer.head.len() == HEAD);
        assert_eq!(sniffer.see(b"data: a\n\ndata: b\n\n", true), 2);
    }
}
