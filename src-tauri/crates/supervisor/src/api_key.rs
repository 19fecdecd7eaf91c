//! The key that an engine demands: random, per server, and in no argument, log or answer.

pub(crate) fn random_key() -> String {
    let mut bytes = [0_u8; 24];
    if let Err(error) = getrandom::fill(&mut bytes) {
        // Without a source of randomness no key is better than a guessable one: nobody can use the engine then.
        tracing::error!(%error, "no randomness for the engine's key");
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ() {
        assert_ne!(random_key(), random_key());
        assert_eq!(random_key().len(), 48);
    }
}
