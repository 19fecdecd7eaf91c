//! The tiny model's tokens: a SentencePiece vocabulary (`llama`) of single characters.
//!
//! Invariants: any text can be tokenized (every byte has a token), and no two tokens have the same
//! text. Left out: tokens of several characters, as nothing is gained from shorter prompts here.

use crate::writer::Writer;

/// A token: its text, and the kind that llama.cpp knows it by.
pub(crate) struct Token {
    pub(super) text: String,
    kind: Kind,
}

/// `llama_token_type`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    Unused = 5,
    Byte = 6,
}

/// Engines have faster code for numbers of rows that are multiples of 32, and it should be run, too.
const COUNT: usize = 384;
const UNKNOWN: u32 = 0;
const BEGIN: u32 = 1;
const END: u32 = 2;
const MESSAGE_START: &str = "<|im_start|>";
const MESSAGE_END: &str = "<|im_end|>";
/// SentencePiece's sign for a space.
const SPACE: &str = "\u{2581}";

pub(crate) fn tokens() -> Vec<Token> {
    let token = |text: &str, kind| Token {
        text: text.to_owned(),
        kind,
    };
    let mut tokens = vec![
        token("<unk>", Kind::Unknown),
        token("<s>", Kind::Control),
        token("</s>", Kind::Control),
    ];
    tokens.extend((0..=255_u8).map(|byte| token(&format!("<0x{byte:02X}>"), Kind::Byte)));
    tokens.extend([
        token(MESSAGE_START, Kind::Control),
        token(MESSAGE_END, Kind::Control),
        token(SPACE, Kind::Normal),
    ]);
    tokens.extend(('!'..='~').map(|character| token(&character.to_string(), Kind::Normal)));
    tokens.extend(
        (tokens.len()..COUNT).map(|index| token(&format!("<unused{index}>"), Kind::Unused)),
    );
    tokens
}

/// Adds unused tokens until there are `count`.
pub(crate) fn grow(tokens: &mut Vec<Token>, count: usize) {
    tokens.extend((tokens.len()..count).map(|index| Token {
        text: format!("<unused{index}>"),
        kind: Kind::Unused,
    }));
}

/// Writes the tokenizer's metadata, all but the chat template.
pub(crate) fn put(writer: &mut Writer, tokens: &[Token]) {
    writer.string("tokenizer.ggml.model", "llama");
    writer.string("tokenizer.ggml.pre", "default");
    writer.strings(
        "tokenizer.ggml.tokens",
        tokens.iter().map(|token| token.text.as_str()),
    );
    // A higher score merges first; with single characters nothing merges.
    writer.f32s(
        "tokenizer.ggml.scores",
        (0..tokens.len()).map(|index| -(index as f32)),
    );
    writer.i32s(
        "tokenizer.ggml.token_type",
        tokens.iter().map(|token| token.kind as i32),
    );
    writer.u32("tokenizer.ggml.bos_token_id", BEGIN);
    writer.u32("tokenizer.ggml.eos_token_id", END);
    writer.u32("tokenizer.ggml.unknown_token_id", UNKNOWN);
    if let Some(index) = tokens.iter().position(|token| token.text == MESSAGE_END) {
        writer.u32("tokenizer.ggml.eot_token_id", index as u32);
    }
    writer.bool("tokenizer.ggml.add_bos_token", true);
    writer.bool("tokenizer.ggml.add_eos_token", false);
    // Else every prompt would begin with a space of its own.
    writer.bool("tokenizer.ggml.add_space_prefix", false);
}

impl Token {
    /// The place in the alphabet, for the tokens of small letters.
    pub(super) fn letter(&self) -> Option<usize> {
        match self.text.as_bytes() {
            [byte @ b'a'..=b'z'] => Some(usize::from(byte - b'a')),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn fixed_numbers_and_unique_texts() {
        let tokens = tokens();
        assert_eq!(tokens.len(), COUNT);
        assert_eq!(tokens[UNKNOWN as usize].text, "<unk>");
        assert_eq!(tokens[BEGIN as usize].text, "<s>");
        assert_eq!(tokens[END as usize].text, "</s>");
        assert_eq!(tokens[3 + 0x0a].text, "<0x0A>");
        let texts: HashSet<_> = tokens.iter().map(|token| &token.text).collect();
        assert_eq!(texts.len(), tokens.len());
        assert_eq!(
            tokens.iter().filter_map(Token::letter).collect::<Vec<_>>(),
            (0..26).collect::<Vec<_>>()
        );
    }
}
