//! What a list's items may be.

use serde_json::Value;

use crate::values::Real;

/// The type of a list's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A device as the engine names it, such as `CUDA0` or `Vulkan1`; `none` alone for no GPU.
    Device,
    /// `PATTERN=BUFFER`: tensors whose name fits the pattern go to this buffer.
    TensorRule,
    /// The path of a LoRA adapter, or `PATH:SCALE`.
    Adapter,
    /// `HOST:PORT`.
    Server,
}

impl Item {
    pub(crate) fn allows(self, text: &str) -> bool {
        let sound = !text.is_empty() && text.trim() == text && !text.contains(['\0', '\n']);
        sound
            && match self {
                Item::Device => !text.contains([',', '"', ' ']) && !text.starts_with('-'),
                // The engine splits at every comma, quoted or not.
                Item::TensorRule => {
                    !text.contains([',', '"'])
                        && text.rsplit_once('=').is_some_and(|(pattern, buffer)| {
                            !pattern.is_empty() && !buffer.is_empty()
                        })
                }
                Item::Adapter => !text.starts_with('-') && !adapter(text).0.is_empty(),
                Item::Server => {
                    !text.contains([',', '"', ' '])
                        && text.rsplit_once(':').is_some_and(|(host, port)| {
                            !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
                        })
                }
            }
    }

    /// An item is text; an adapter may be `{"path": …, "scale": …}` too.
    pub(crate) fn read_json(self, json: &Value) -> Option<String> {
        match json {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Object(members) if self == Item::Adapter => {
                let path = members.get("path")?.as_str()?.trim();
                match members.get("scale") {
                    None | Some(Value::Null) => Some(path.to_owned()),
                    Some(scale) => Some(format!("{path}:{}", Real::new(scale.as_f64()?)?)),
                }
            }
            _ => None,
        }
    }

    pub(crate) fn expected(self) -> &'static str {
        match self {
            Item::Device => "the engine's names of devices, such as `CUDA0,CUDA1`, or `none`",
            Item::TensorRule => "rules such as `\\.ffn_.*_exps\\.=CPU`, without commas in them",
            Item::Adapter => "files of adapters, each `PATH` or `PATH:SCALE`",
            Item::Server => "servers, each `HOST:PORT`",
        }
    }

    pub(crate) fn value_name(self) -> &'static str {
        match self {
            Item::Device => "DEVICE",
            Item::TensorRule => "PATTERN=BUFFER",
            Item::Adapter => "FILE[:SCALE]",
            Item::Server => "HOST:PORT",
        }
    }

    pub(crate) fn samples(self) -> Vec<Vec<String>> {
        let samples: &[&[&str]] = match self {
            Item::Device => &[&["none"], &["CUDA0", "CUDA1"]],
            Item::TensorRule => &[&[r"blk\.0\.=CPU"], &[r"\.ffn_.*_exps\.=CPU", r"output=CPU"]],
            Item::Adapter => &[
                &["/adapters/a.gguf"],
                &["/adapters/with, comma.gguf", "/adapters/b.gguf:0.5"],
            ],
            Item::Server => &[&["192.168.1.2:50052"], &["a:50052", "b:50053"]],
        };
        samples
            .iter()
            .map(|items| items.iter().map(ToString::to_string).collect())
            .collect()
    }
}

/// The path and the scale, where there is one, of an adapter as a list names it. A drive's colon is none.
#[must_use]
pub fn adapter(item: &str) -> (&str, Option<&str>) {
    match item.rsplit_once(':') {
        Some((path, scale))
            if !path.is_empty() && scale.parse().ok().and_then(Real::new).is_some() =>
        {
            (path, Some(scale))
        }
        _ => (item, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_adapter_may_have_a_scale() {
        assert_eq!(adapter("/a.gguf"), ("/a.gguf", None));
        assert_eq!(adapter("/a.gguf:0.5"), ("/a.gguf", Some("0.5")));
        assert_eq!(adapter(r"C:\a.gguf"), (r"C:\a.gguf", None));
        assert_eq!(adapter(r"C:\a.gguf:2"), (r"C:\a.gguf", Some("2")));
        let read = |json| Item::Adapter.read_json(&json);
        assert_eq!(
            read(json!({"path": "/a", "scale": 0.5})).as_deref(),
            Some("/a:0.5")
        );
        assert_eq!(read(json!({"path": "/a"})).as_deref(), Some("/a"));
        assert_eq!(read(json!({"scale": 1})), None);
        assert_eq!(Item::Server.read_json(&json!({"path": "/a"})), None);
    }

    #[test]
    fn what_is_no_item_is_refused() {
        for (item, bad) in [
            (Item::Device, "a,b"),
            (Item::Device, "--x"),
            (Item::TensorRule, "pattern"),
            (Item::TensorRule, "a{1,2}=CPU"),
            (Item::TensorRule, "=CPU"),
            (Item::Adapter, ""),
            (Item::Adapter, "-x"),
            (Item::Server, "host"),
            (Item::Server, "host:0"),
            (Item::Server, "host:99999"),
        ] {
            assert!(!item.allows(bad), "{item:?} {bad}");
        }
        assert!(Item::TensorRule.allows(r"(a|b)=c=CPU"));
    }
}
