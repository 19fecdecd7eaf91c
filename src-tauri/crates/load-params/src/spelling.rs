//! How each parameter is said to one engine: the rules that the table's rows point to.
//!
//! A rule answers with what to pass, which may be nothing, or with why this engine cannot honour the value. It passes only
//! flags that the engine lists, a value only to a flag that takes one, and never a bare flag where a value is expected: that
//! one would take the next flag for its value.

mod files;

use crate::{
    dialect::{Dialect, FlashAttentionStyle, GpuLayersStyle, MemoryStyle, ThinkingStyle},
    flags::EngineFlags,
    params::LoadParams,
    spec::ParamSpec,
    values::{FlashAttn, GpuLayers, ParamValue},
};

pub use files::Template;
pub(crate) use files::{adapters, chat_template, draft_model, projector};

/// One flag with its values, each a separate argument: the engine does not take `--flag=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) flag: String,
    pub(crate) values: Vec<String>,
}

/// Why an engine cannot honour a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) flag: String,
    /// A clause such as "this engine has no flag `--mlock`".
    pub(crate) reason: String,
}

pub(crate) type Spelled = Result<Vec<Piece>, Refusal>;

/// A rule: the row it stands in, all parameters (a spelling may depend on two), and the engine.
pub(crate) type Speller = fn(&ParamSpec, &LoadParams, &Engine<'_>) -> Spelled;

/// One engine, its dialect worked out once.
pub(crate) struct Engine<'a> {
    pub(crate) flags: &'a EngineFlags,
    pub(crate) dialect: Dialect,
}

impl Piece {
    pub(crate) fn switch(flag: &str) -> Piece {
        Piece {
            flag: flag.into(),
            values: Vec::new(),
        }
    }

    pub(crate) fn valued(flag: &str, value: &str) -> Piece {
        Piece {
            flag: flag.into(),
            values: vec![value.into()],
        }
    }

    pub(crate) fn into_args(self) -> Vec<String> {
        std::iter::once(self.flag).chain(self.values).collect()
    }
}

impl<'a> Engine<'a> {
    pub(crate) fn new(flags: &'a EngineFlags) -> Engine<'a> {
        Engine {
            flags,
            dialect: flags.dialect(),
        }
    }

    /// A flag with its value, if this engine has the flag, it takes a value, and no list of values speaks against this one.
    fn valued(&self, flag: &str, value: &str) -> Spelled {
        let entry = self.flags.usable(flag).ok_or_else(|| self.lacks(flag))?;
        let reason = if !entry.takes_value() {
            format!("`{flag}` takes no value in this engine")
        } else if entry.value_count() > 1 {
            // The engine would take the next flag for what is lacking.
            format!(
                "`{flag}` takes {} values in this engine",
                entry.value_count()
            )
        } else if !entry.lists(value) {
            format!(
                "`{flag}` takes {} in this engine, not `{value}`",
                entry.choices.join(", ")
            )
        } else {
            return Ok(vec![Piece::valued(flag, value)]);
        };
        Err(Refusal {
            flag: flag.into(),
            reason,
        })
    }

    /// A bare flag, if this engine has it and it is bare.
    fn switch(&self, flag: &str) -> Spelled {
        let entry = self.flags.usable(flag).ok_or_else(|| self.lacks(flag))?;
        if entry.takes_value() {
            return Err(Refusal {
                flag: flag.into(),
                reason: format!("`{flag}` takes a value in this engine"),
            });
        }
        Ok(vec![Piece::switch(flag)])
    }

    fn lacks(&self, flag: &str) -> Refusal {
        let reason = match self.flags.get(flag) {
            Some(removed) => format!("this engine says of `{flag}`: {}", removed.help),
            None => format!("this engine has no flag `{flag}`"),
        };
        Refusal {
            flag: flag.into(),
            reason,
        }
    }
}

/// The row's first flag that this engine has, with the value as it is.
pub(crate) fn plain(spec: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    let (Some(value), Some(first)) = ((spec.get)(params), spec.engine_flags.first()) else {
        return nothing();
    };
    let known = spec
        .engine_flags
        .iter()
        .find(|flag| engine.flags.has(flag))
        .unwrap_or(first);
    engine.valued(known, &value.to_string())
}

/// A switch and its opposite, of which an engine may have one; the other is then what it does anyway. Some take a value.
pub(crate) fn on_off(spec: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    let (Some(ParamValue::Bool(wanted)), Some(first)) =
        ((spec.get)(params), spec.engine_flags.first())
    else {
        return nothing();
    };
    let known = |flags: &'static [&'static str]| {
        let mut usable = flags
            .iter()
            .filter_map(|flag| Some((*flag, engine.flags.usable(flag)?)));
        usable.next()
    };
    match (known(spec.engine_flags), known(spec.off_flags), wanted) {
        (Some((on, entry)), _, _) if entry.takes_value() => {
            engine.valued(on, if wanted { "on" } else { "off" })
        }
        (Some((on, _)), _, true) => engine.switch(on),
        (_, Some((off, _)), false) => engine.switch(off),
        (Some((on, entry)), None, false) => match entry.default.as_deref() {
            Some("enabled" | "true" | "on") => Err(Refusal {
                flag: on.into(),
                reason: format!("`{on}` is always on in this engine"),
            }),
            _ => nothing(),
        },
        (None, Some(_), true) => nothing(),
        (None, None, _) => Err(engine.lacks(first)),
    }
}

/// What is no flag at all.
pub(crate) fn unspoken(_: &ParamSpec, _: &LoadParams, _: &Engine<'_>) -> Spelled {
    nothing()
}

/// `auto` and `all` are words of newer engines. Older ones clamp a number to the layers there are, so `all` is a large one;
/// `auto` has no such stand-in, since saying nothing means no layer at all there.
pub(crate) fn gpu_layers(spec: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    const FLAG: &str = "--n-gpu-layers";
    match (params.n_gpu_layers, engine.dialect.gpu_layers) {
        (Some(GpuLayers::All), GpuLayersStyle::Number) => engine.valued(FLAG, "999"),
        (Some(GpuLayers::Auto), GpuLayersStyle::Number) => Err(Refusal {
            flag: FLAG.into(),
            reason: format!("`{FLAG}` takes only a number in this engine"),
        }),
        _ => plain(spec, params, engine),
    }
}

/// A bare switch once, a flag with a value now.
pub(crate) fn flash_attention(_: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    const FLAG: &str = "--flash-attn";
    let Some(wanted) = params.flash_attn else {
        return nothing();
    };
    let off_by_default = engine.dialect.flash_attention_is_off_by_default();
    match (engine.dialect.flash_attention, wanted) {
        (FlashAttentionStyle::Absent, _) => Err(engine.lacks(FLAG)),
        (_, FlashAttn::Off) if off_by_default => nothing(),
        (FlashAttentionStyle::Bare, FlashAttn::On) => engine.switch(FLAG),
        (FlashAttentionStyle::Bare, FlashAttn::Off) => engine.switch("--no-flash-attn"),
        (FlashAttentionStyle::Bare, FlashAttn::Auto) => Err(Refusal {
            flag: FLAG.into(),
            reason: format!("`{FLAG}` is a switch in this engine and has no `auto`"),
        }),
        (FlashAttentionStyle::Valued, FlashAttn::On) => engine.valued(FLAG, "on"),
        (FlashAttentionStyle::Valued, FlashAttn::Off) => engine.valued(FLAG, "off"),
        (FlashAttentionStyle::Valued, FlashAttn::Auto) => engine.valued(FLAG, "auto"),
    }
}

/// The one `--load-mode` for both switches; `None` where it need not be said.
fn load_mode(mlock: Option<bool>, mmap: Option<bool>) -> Option<&'static str> {
    match (mlock, mmap) {
        (Some(true), Some(false)) => Some("mlock"),
        (Some(true), _) => Some("mmap+mlock"),
        (_, Some(false)) => Some("none"),
        _ => None,
    }
}

/// Locking is said where it is wanted; with `--load-mode` it speaks for mapping too.
pub(crate) fn memory_lock(_: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    if params.mlock != Some(true) {
        return nothing();
    }
    match (engine.dialect.memory, load_mode(params.mlock, params.mmap)) {
        (MemoryStyle::LoadMode, Some(mode)) => engine.valued("--load-mode", mode),
        _ => engine.switch("--mlock"),
    }
}

/// Mapping is said where it is not wanted.
pub(crate) fn memory_map(_: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    if params.mmap != Some(false) {
        return nothing();
    }
    match (engine.dialect.memory, load_mode(params.mlock, params.mmap)) {
        (MemoryStyle::LoadMode, Some(mode)) => {
            let pieces = engine.valued("--load-mode", mode)?;
            // `memory_lock` has passed it already. It is tried here all the same: a refusal concerns both parameters.
            if params.mlock == Some(true) {
                nothing()
            } else {
                Ok(pieces)
            }
        }
        _ => engine.switch("--no-mmap"),
    }
}

/// Only "no" needs saying. Templates that are not run by Jinja ignore it, so where that is an option it is taken.
pub(crate) fn thinking(_: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    if params.enable_thinking != Some(false) {
        return nothing();
    }
    let mut pieces = match engine.dialect.thinking {
        ThinkingStyle::Absent => return Err(engine.lacks("--reasoning-budget")),
        ThinkingStyle::Budget => engine.valued("--reasoning-budget", "0")?,
        ThinkingStyle::Switch => engine.valued("--reasoning", "off")?,
        ThinkingStyle::SwitchAndBudget => {
            let mut pieces = engine.valued("--reasoning", "off")?;
            // Who sets a budget of their own keeps it.
            if !params.extra.contains_key("--reasoning-budget") {
                pieces.extend(engine.valued("--reasoning-budget", "0")?);
            }
            pieces
        }
    };
    if !engine.dialect.jinja_by_default && engine.flags.has("--jinja") {
        pieces.extend(engine.switch("--jinja")?);
    }
    Ok(pieces)
}

fn nothing() -> Spelled {
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::TABLE;
    use crate::testing::{B4575, B10434, B11434, engine};

    /// Every piece of every row in one line, or the first refusal.
    fn said(params: &LoadParams, help: &str) -> Result<String, String> {
        let flags = engine(help);
        let engine = Engine::new(&flags);
        let mut args = Vec::new();
        for spec in TABLE {
            let pieces = (spec.spell)(spec, params, &engine).map_err(|refusal| refusal.reason)?;
            args.extend(pieces.into_iter().flat_map(Piece::into_args));
        }
        Ok(args.join(" "))
    }

    #[test]
    fn nine_combinations_of_lock_and_map() {
        let (yes, no) = (Some(true), Some(false));
        for (mlock, mmap, switches, load_mode) in [
            (None, None, "", ""),
            (None, no, "--no-mmap", "--load-mode none"),
            (None, yes, "", ""),
            (no, None, "", ""),
            (no, no, "--no-mmap", "--load-mode none"),
            (no, yes, "", ""),
            (yes, None, "--mlock", "--load-mode mmap+mlock"),
            (yes, no, "--mlock --no-mmap", "--load-mode mlock"),
            (yes, yes, "--mlock", "--load-mode mmap+mlock"),
        ] {
            let params = LoadParams {
                mlock,
                mmap,
                ..LoadParams::default()
            };
            assert_eq!(
                said(&params, B4575).as_deref(),
                Ok(switches),
                "{mlock:?} {mmap:?}"
            );
            // The middle build has both spellings, the switches deprecated.
            assert_eq!(
                said(&params, B10434).as_deref(),
                Ok(load_mode),
                "{mlock:?} {mmap:?}"
            );
            assert_eq!(
                said(&params, B11434).as_deref(),
                Ok(load_mode),
                "{mlock:?} {mmap:?}"
            );
        }
    }

    #[test]
    fn a_build_between_has_the_switches_on_one_line() {
        let between = "--mlock                                 lock it\n--mmap, --no-mmap                       map it (default: enabled)\n";
        let params = LoadParams {
            mlock: Some(true),
            mmap: Some(false),
            ..LoadParams::default()
        };
        assert_eq!(said(&params, between).as_deref(), Ok("--mlock --no-mmap"));
        let poor = "--load-mode MODE                        how\n                                        - none: not\n                                        - mmap: so\n";
        assert_eq!(
            said(&params, poor).unwrap_err(),
            "`--load-mode` takes none, mmap in this engine, not `mlock`"
        );
    }

    #[test]
    fn a_flag_that_wants_more_values_than_there_are_is_refused() {
        let help = "--threads N M                           count\n";
        let params = LoadParams {
            threads: Some(2),
            ..LoadParams::default()
        };
        assert_eq!(
            said(&params, help).unwrap_err(),
            "`--threads` takes 2 values in this engine"
        );
    }

    #[test]
    fn flash_attention_in_each_dialect() {
        let valued_but_off =
            "--flash-attn FA                         'on', 'off' or 'auto' (default: 'off')\n";
        let (on, off, auto) = (
            Some(FlashAttn::On),
            Some(FlashAttn::Off),
            Some(FlashAttn::Auto),
        );
        for (help, wanted, expected) in [
            (B4575, None, Ok("")),
            (B4575, on, Ok("--flash-attn")),
            (B4575, off, Ok("")),
            (
                B4575,
                auto,
                Err("`--flash-attn` is a switch in this engine and has no `auto`"),
            ),
            (B11434, None, Ok("")),
            (B11434, on, Ok("--flash-attn on")),
            (B11434, off, Ok("--flash-attn off")),
            (B11434, auto, Ok("--flash-attn auto")),
            (valued_but_off, off, Ok("")),
            (valued_but_off, on, Ok("--flash-attn on")),
            (
                "--threads N                             count\n",
                off,
                Err("this engine has no flag `--flash-attn`"),
            ),
        ] {
            let said = said(
                &LoadParams {
                    flash_attn: wanted,
                    ..LoadParams::default()
                },
                help,
            );
            assert_eq!(
                said.as_deref().map_err(String::as_str),
                expected,
                "{wanted:?}"
            );
        }
    }

    #[test]
    fn gpu_layers_in_each_dialect() {
        for (help, wanted, expected) in [
            (B4575, GpuLayers::Count(0), Ok("--n-gpu-layers 0")),
            (B4575, GpuLayers::All, Ok("--n-gpu-layers 999")),
            (
                B4575,
                GpuLayers::Auto,
                Err("`--n-gpu-layers` takes only a number in this engine"),
            ),
            (B10434, GpuLayers::Count(12), Ok("--n-gpu-layers 12")),
            (B10434, GpuLayers::All, Ok("--n-gpu-layers all")),
            (B11434, GpuLayers::Auto, Ok("--n-gpu-layers auto")),
            (
                "",
                GpuLayers::All,
                Err("this engine has no flag `--n-gpu-layers`"),
            ),
        ] {
            let said = said(
                &LoadParams {
                    n_gpu_layers: Some(wanted),
                    ..LoadParams::default()
                },
                help,
            );
            assert_eq!(
                said.as_deref().map_err(String::as_str),
                expected,
                "{wanted:?}"
            );
        }
    }

    #[test]
    fn thinking_in_each_dialect() {
        let jinja_off = "--jinja                                 use it (default: disabled)\n--reasoning-budget N                    how long (default: -1)\n";
        let switch = "--reasoning [on|off|auto]               whether\n";
        for (help, wanted, expected) in [
            (B4575, true, Ok("")),
            (
                B4575,
                false,
                Err("this engine has no flag `--reasoning-budget`"),
            ),
            (B11434, true, Ok("")),
            (B11434, false, Ok("--reasoning off --reasoning-budget 0")),
            (jinja_off, false, Ok("--reasoning-budget 0 --jinja")),
            (switch, false, Ok("--reasoning off")),
        ] {
            let said = said(
                &LoadParams {
                    enable_thinking: Some(wanted),
                    ..LoadParams::default()
                },
                help,
            );
            assert_eq!(said.as_deref().map_err(String::as_str), expected);
        }
    }

    #[test]
    fn a_list_of_values_is_heeded() {
        let params = LoadParams {
            cache_type_k: Some(crate::CacheType::Iq4Nl),
            ..LoadParams::default()
        };
        let narrow = "--cache-type-k TYPE                     kind\n                                        allowed values: f16, q8_0\n";
        assert_eq!(
            said(&params, narrow).unwrap_err(),
            "`--cache-type-k` takes f16, q8_0 in this engine, not `iq4_nl`"
        );
        assert_eq!(said(&params, B4575).as_deref(), Ok("--cache-type-k iq4_nl"));
    }
}
