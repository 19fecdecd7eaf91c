//! What in parameters reaches further than the model: what could make the engine's process load or run a program.
//!
//! A variable can name a library that is loaded (`LD_PRELOAD` is one of many, and drivers have their own), a flag of the
//! engine can hand the machine's shell to a model (`--tools`, `--mcp-servers-json`) or open files to clients, and a server
//! of `rpc` is trusted by the engine. Which ones do changes with every engine and driver, so that a list of the bad ones
//! would always lack some: all of them count. They are for who has the machine anyway, not for its network, and not to be
//! taken unseen from a file.

use crate::params::LoadParams;

impl LoadParams {
    /// What in them reaches further than the model, in words: `the variable LD_PRELOAD`, `the flag --tools`.
    #[must_use]
    pub fn reach(&self) -> Vec<String> {
        let mut reach: Vec<String> = self
            .environment()
            .into_iter()
            .map(|(name, _)| format!("the variable {name}"))
            .collect();
        // An empty value takes a flag away.
        let flags = self.extra.iter();
        let flags = flags.filter(|(_, value)| value.as_deref() != Some(""));
        reach.extend(flags.map(|(flag, _)| format!("the flag {flag}")));
        let servers = self.rpc.iter().flatten();
        reach.extend(servers.map(|server| format!("the RPC server {server}")));
        reach
    }
}

#[cfg(test)]
mod tests {
    use crate::LoadParams;
    use serde_json::json;

    /// Whoever is to decide must see every one of them, and is not to be asked about the rest.
    #[test]
    fn variables_flags_and_servers_are_named_and_nothing_else() {
        let params: LoadParams = serde_json::from_value(json!({
            "ctxSize": 512, "lora": ["/a.gguf"], "env": { "LD_PRELOAD": "/x.gguf", "GONE": "" },
            "extraArgs": { "--tools": "all", "--metrics": null, "--gone": "" }, "rpc": ["far:50052"],
        }))
        .unwrap();
        assert_eq!(
            params.reach(),
            [
                "the variable LD_PRELOAD",
                "the flag --tools",
                "the flag --metrics",
                "the RPC server far:50052",
            ]
        );
        let usual: LoadParams = serde_json::from_value(json!({ "ctxSize": 512 })).unwrap();
        assert!(usual.reach().is_empty());
    }
}
