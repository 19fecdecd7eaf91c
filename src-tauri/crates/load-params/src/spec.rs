//! What a row of the table is made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{kind::Kind, params::LoadParams, spelling::Speller, values::ParamValue};

/// One parameter.
pub struct ParamSpec {
    /// Its name in JSON, camelCase.
    pub name: &'static str,
    /// Its flag on Paddock's own command line: the name in kebab case.
    pub cli_flag: &'static str,
    /// What a form calls it.
    pub label: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// What a number counts.
    pub unit: Option<&'static str>,
    /// The group it is shown in.
    pub category: Category,
    /// One sentence.
    pub help: &'static str,
    /// More, for who wants to know.
    pub details: &'static str,
    /// The engine flags that take this very value, the one to write first. Empty where the engine has none of the kind.
    pub engine_flags: &'static [&'static str],
    /// The engine flags that say no; empty where there is none of the kind.
    pub off_flags: &'static [&'static str],
    /// How the dialects spell it, in words; the rule itself is `spell`.
    pub spelled: &'static str,
    pub(crate) get: fn(&LoadParams) -> Option<ParamValue>,
    pub(crate) put: fn(&mut LoadParams, Option<ParamValue>),
    pub(crate) spell: Speller,
}

/// The group a parameter is shown in, in the order of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    /// What most people set; shown unfolded.
    Basic,
    /// What runs where.
    Gpu,
    /// How the memory is used.
    Memory,
    /// How fast it goes.
    Speed,
    /// How the context is shared and extended.
    Context,
    /// The rest.
    Advanced,
}

impl ParamSpec {
    /// The command line's flag without its dashes, as argument parsers want it.
    #[must_use]
    pub fn long(&self) -> &'static str {
        self.cli_flag.trim_start_matches('-')
    }
}

impl fmt::Debug for ParamSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParamSpec")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Category {
    /// Every category, in the order of a form.
    pub const ALL: [Category; 6] = [
        Category::Basic,
        Category::Gpu,
        Category::Memory,
        Category::Speed,
        Category::Context,
        Category::Advanced,
    ];

    /// What a form calls it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Category::Basic => "Basic",
            Category::Gpu => "GPU",
            Category::Memory => "Memory",
            Category::Speed => "Speed",
            Category::Context => "Context",
            Category::Advanced => "Advanced",
        }
    }
}
