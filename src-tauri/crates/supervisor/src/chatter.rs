//! What engines say with every request once they are asked for the sizes of their buffers (`-lv 4`): some twenty-five
//! lines more than by default, which would push out of the log what a user looks for there.
//!
//! Only lines that are known are left out, and only where Paddock asked for that level: a user who asks for more in
//! their own words gets all of it. Left out: lines while the model loads, which are wanted.

/// What such lines hold. None of them is an error's, and none is said by default.
const CHATTER: &[&str] = &[
    " | sampler chain:",
    " | sampler params:",
    "\trepeat_last_n = ",
    "\tdry_multiplier = ",
    "\ttop_k = ",
    "\tmirostat = ",
    " | init sampler, took ",
    " | saving idle slot to prompt cache",
    " | clearing prompt with ",
    " | new prompt, n_ctx_slot = ",
    " | cached n_tokens = ",
    " | created context checkpoint ",
    " | erasing context checkpoint ",
    ": updating prompt cache",
    ":  - saving prompt with length ",
    ":  - prompt is already in the cache",
    ":  - looking for better prompt",
    ":  - cache state: ",
    ":    - prompt 0x",
    ": prompt cache update took ",
    " server_strea: conv_id=",
];

/// Whether these arguments ask for the level, as Paddock spells it.
pub(crate) fn is_asked_for(args: &[String]) -> bool {
    args.windows(2).any(|pair| pair == ["-lv", "4"])
}

/// Whether a line is one of those.
pub(crate) fn is_chatter(line: &str) -> bool {
    CHATTER.iter().any(|part| line.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From b10068 at `-lv 4`.
    #[test]
    fn what_a_request_adds_is_left_out_and_what_counts_stays() {
        let chatter = [
            "0.48.417.978 I slot launch_slot_: id  3 | task -1 | sampler chain: logits -> ?penalties -> ?dry",
            "\trepeat_last_n = 64, repeat_penalty = 1.000, frequency_penalty = 0.000",
            "0.33.227.100 I slot   operator(): id  3 | task 66 | new prompt, n_ctx_slot = 4096, n_keep = 0",
            "0.48.417.886 I srv        update:    - prompt 0x563d7fc521a0:      68 tokens, checkpoints:  1",
            "0.48.417.770 I srv  get_availabl: updating prompt cache",
        ];
        let wanted = [
            "0.48.415.263 I slot print_timing: id  3 | task 66 |        eval time =   14814.26 ms /    64 tokens",
            "0.14.038.489 I slot launch_slot_: id  3 | task 66 | processing task, is_child = 0",
            "0.02.392.400 I llama_kv_cache:        CPU KV buffer size =    96.00 MiB",
            "0.00.033.718 E llama_model_load: error loading model: key not found",
            "0.02.651.510 I srv    load_model: prompt cache is enabled, size limit: 8192 MiB",
        ];
        assert!(chatter.into_iter().all(is_chatter));
        assert!(!wanted.into_iter().any(is_chatter));
    }

    #[test]
    fn a_user_who_asks_in_their_own_words_gets_all() {
        let args = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        assert!(is_asked_for(&args("--ctx-size 1 -lv 4")));
        assert!(!is_asked_for(&args("--log-verbosity 4 --ctx-size 4")));
        assert!(!is_asked_for(&args("-lv 5 --parallel 4")));
    }
}
