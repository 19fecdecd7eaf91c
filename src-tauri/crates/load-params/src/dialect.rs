//! How one engine spells what differs from build to build.
//!
//! Every fact is read from the flags that the binary itself lists, never from its version: packaged builds call themselves
//! what they like. A new dialect is a new variant here, a rule in [`spelling`](crate::spelling) and a fixture.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::flags::{EngineFlags, Flag};

/// What differs between the builds that are around.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dialect {
    /// How flash attention is switched.
    pub flash_attention: FlashAttentionStyle,
    /// How it is set where nothing is said: `on`, `off` or `auto`; `None` where the help does not say.
    pub flash_attention_default: Option<String>,
    /// How memory mapping and locking are said.
    pub memory: MemoryStyle,
    /// What `--n-gpu-layers` takes.
    pub gpu_layers: GpuLayersStyle,
    /// How thinking is turned off.
    pub thinking: ThinkingStyle,
    /// Whether chat templates are run by the Jinja engine without `--jinja` being said.
    pub jinja_by_default: bool,
}

/// How flash attention is switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FlashAttentionStyle {
    /// Not at all.
    Absent,
    /// A bare `--flash-attn` turns it on; there is no way to ask for `auto`.
    Bare,
    /// `--flash-attn on|off|auto`; a bare one would take the next flag for its value.
    Valued,
}

/// How memory mapping and locking are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MemoryStyle {
    /// Not at all.
    Absent,
    /// `--mlock` and `--no-mmap`, each a switch.
    Switches,
    /// One `--load-mode` for both.
    LoadMode,
}

/// What `--n-gpu-layers` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GpuLayersStyle {
    /// There is no such flag.
    Absent,
    /// A number only.
    Number,
    /// A number, `auto` or `all`.
    NumberOrWord,
}

/// How thinking is turned off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ThinkingStyle {
    /// Not at all.
    Absent,
    /// `--reasoning-budget 0`.
    Budget,
    /// `--reasoning off`.
    Switch,
    /// Both: the template is told not to begin, and a model that begins all the same is ended at once.
    SwitchAndBudget,
}

impl Dialect {
    pub(crate) fn of(flags: &EngineFlags) -> Dialect {
        let flash = flags.usable("--flash-attn");
        let jinja = flags
            .usable("--jinja")
            .and_then(|flag| flag.default.as_deref());
        Dialect {
            flash_attention: match flash {
                None => FlashAttentionStyle::Absent,
                Some(flag) if flag.takes_value() => FlashAttentionStyle::Valued,
                Some(_) => FlashAttentionStyle::Bare,
            },
            flash_attention_default: flash.and_then(|flag| flag.default.as_deref()).map(|word| {
                match word {
                    "enabled" | "true" => "on",
                    "disabled" | "false" => "off",
                    other => other,
                }
                .to_owned()
            }),
            memory: if flags.has("--load-mode") {
                MemoryStyle::LoadMode
            } else if flags.has("--mlock") || flags.has("--no-mmap") {
                MemoryStyle::Switches
            } else {
                MemoryStyle::Absent
            },
            gpu_layers: match flags.usable("--n-gpu-layers") {
                None => GpuLayersStyle::Absent,
                Some(flag) if names_auto_and_all(flag) => GpuLayersStyle::NumberOrWord,
                Some(_) => GpuLayersStyle::Number,
            },
            thinking: {
                let switch = flags
                    .usable("--reasoning")
                    .is_some_and(|flag| flag.takes_value() && flag.lists("off"));
                match (switch, flags.has("--reasoning-budget")) {
                    (true, true) => ThinkingStyle::SwitchAndBudget,
                    (true, false) => ThinkingStyle::Switch,
                    (false, true) => ThinkingStyle::Budget,
                    (false, false) => ThinkingStyle::Absent,
                }
            },
            jinja_by_default: matches!(jinja, Some("enabled" | "true")),
        }
    }

    /// Whether flash attention is off where nothing is said. A bare switch that does not say is off.
    pub(crate) fn flash_attention_is_off_by_default(&self) -> bool {
        match self.flash_attention_default.as_deref() {
            Some(word) => word == "off",
            None => self.flash_attention == FlashAttentionStyle::Bare,
        }
    }
}

/// Both words stand in the help of `--n-gpu-layers`, in quotes.
fn names_auto_and_all(flag: &Flag) -> bool {
    ["'auto'", "'all'"]
        .iter()
        .all(|word| flag.help.contains(word))
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flash = match self.flash_attention {
            FlashAttentionStyle::Absent => "no flag",
            FlashAttentionStyle::Bare => "bare --flash-attn",
            FlashAttentionStyle::Valued => "--flash-attn on|off|auto",
        };
        write!(f, "flash attention: {flash}")?;
        if let Some(default) = &self.flash_attention_default {
            write!(f, ", {default} by default")?;
        }
        let memory = match self.memory {
            MemoryStyle::Absent => "no flag",
            MemoryStyle::Switches => "--mlock and --no-mmap",
            MemoryStyle::LoadMode => "--load-mode",
        };
        let layers = match self.gpu_layers {
            GpuLayersStyle::Absent => "no flag",
            GpuLayersStyle::Number => "a number",
            GpuLayersStyle::NumberOrWord => "a number, auto or all",
        };
        let thinking = match self.thinking {
            ThinkingStyle::Absent => "no flag",
            ThinkingStyle::Budget => "--reasoning-budget 0",
            ThinkingStyle::Switch => "--reasoning off",
            ThinkingStyle::SwitchAndBudget => "--reasoning off --reasoning-budget 0",
        };
        let jinja = if self.jinja_by_default { "on" } else { "off" };
        write!(
            f,
            "\nmemory: {memory}\nGPU layers: {layers}\nthinking off: {thinking}\nJinja templates: {jinja} by default"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{B4575, B10434, B11434, engine};

    #[test]
    fn three_generations() {
        let old = engine(B4575).dialect();
        assert_eq!(
            old,
            Dialect {
                flash_attention: FlashAttentionStyle::Bare,
                flash_attention_default: Some("off".into()),
                memory: MemoryStyle::Switches,
                gpu_layers: GpuLayersStyle::Number,
                thinking: ThinkingStyle::Absent,
                jinja_by_default: false,
            }
        );
        let new = Dialect {
            flash_attention: FlashAttentionStyle::Valued,
            flash_attention_default: Some("auto".into()),
            memory: MemoryStyle::LoadMode,
            gpu_layers: GpuLayersStyle::NumberOrWord,
            thinking: ThinkingStyle::SwitchAndBudget,
            jinja_by_default: true,
        };
        assert_eq!(engine(B10434).dialect(), new);
        assert_eq!(engine(B11434).dialect(), new);
    }

    #[test]
    fn nothing_is_known_of_nothing() {
        let none = EngineFlags::default().dialect();
        assert_eq!(none.flash_attention, FlashAttentionStyle::Absent);
        assert_eq!(none.memory, MemoryStyle::Absent);
        assert_eq!(none.gpu_layers, GpuLayersStyle::Absent);
        assert_eq!(none.thinking, ThinkingStyle::Absent);
    }

    #[test]
    fn a_person_can_read_it() {
        let text = engine(B11434).dialect().to_string();
        assert!(
            text.starts_with(
                "flash attention: --flash-attn on|off|auto, auto by default\nmemory: --load-mode\n"
            ),
            "{text}"
        );
    }
}
