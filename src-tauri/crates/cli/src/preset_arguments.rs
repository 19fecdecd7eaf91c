//! The command line of `preset`, as clap reads it.

use std::path::PathBuf;

use clap::Subcommand;

use crate::param_arguments::ParamArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum Preset {
    /// List them, with what they set and which models use them.
    Ls,
    /// Show what a preset sets.
    Show {
        /// Its name.
        name: String,
    },
    /// Save the given parameters under a name. A preset of this name is replaced.
    Save {
        /// Its name.
        name: String,
        /// Begin with what is saved for this model.
        #[arg(long, value_name = "KEY")]
        from: Option<String>,
        #[command(flatten)]
        params: ParamArguments,
    },
    /// Remove a preset. Models that used it go on with their own parameters.
    Rm {
        /// Its name.
        name: String,
    },
    /// Give a preset another name. Models that use it follow.
    Rename {
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Let a model use a preset from now on: it takes from it what its own parameters leave open.
    Use {
        /// The model.
        key: String,
        /// The preset's name; no preset where none is named.
        name: Option<String>,
    },
    /// Show the defaults for all models; with parameters, set them. An empty value takes one away.
    Defaults {
        #[command(flatten)]
        params: ParamArguments,
    },
    /// Print presets, models' parameters and defaults as a document for `preset import`.
    Export {
        /// This preset alone.
        #[arg(conflicts_with = "model")]
        name: Option<String>,
        /// What is saved for this model alone, with the preset that it uses.
        #[arg(long, value_name = "KEY")]
        model: Option<String>,
    },
    /// Take over such a document. What has the same name is replaced; what is wrong changes nothing.
    Import {
        /// The file, or `-` for standard input.
        file: PathBuf,
        /// The model here that the document's one model is.
        #[arg(long, value_name = "KEY")]
        model: Option<String>,
        /// Take it with its variables, engine flags and RPC servers, which can make the engine run programs.
        #[arg(long)]
        trust: bool,
    },
}
