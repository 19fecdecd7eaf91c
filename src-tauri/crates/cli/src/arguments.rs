//! The command line, as clap reads it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use paddock_core::{HubSearch, Sort};

use crate::param_arguments::ParamArguments;

/// Run language models on this machine behind one OpenAI-compatible endpoint.
#[derive(Debug, Parser)]
#[command(name = "paddock", version, propagate_version = true)]
pub(crate) struct Arguments {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the endpoint in the foreground until Ctrl-C.
    Serve(Serve),
    /// The engines (llama-server builds) that models run on.
    #[command(subcommand)]
    Engine(Engine),
    /// Add GGUF files, or all in a folder, where they lie; nothing is copied.
    Import {
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Search the hub for models.
    Search(Search),
    /// Show a repository on the hub: its files by quantization, and what fits this machine.
    Files {
        /// `owner/repo`, or the address of its page.
        repo: String,
    },
    /// Download a model. The same command goes on with one that was interrupted.
    Get(Get),
    /// List the models.
    Ls,
    /// Load a model and wait until it answers.
    Load(Load),
    /// Unload a model.
    Unload(Unload),
    /// Show what is loaded.
    Ps,
    /// Show the host and what is loaded.
    Status,
    /// Show or save a model's load parameters.
    Params(Params),
    /// Show the engine's log.
    Logs {
        /// The model; the one that is loaded where none is named.
        key: Option<String>,
        /// Go on with what comes.
        #[arg(short, long)]
        follow: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on, for this run.
    #[arg(long, value_name = "A")]
    pub(crate) host: Option<IpAddr>,
    /// The port to listen on, for this run.
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// A model to load at once.
    #[arg(long, value_name = "KEY")]
    pub(crate) model: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words in the name, `owner/repo`, or the address of a page.
    pub(crate) text: Vec<String>,
    /// In which order.
    #[arg(long, value_enum, default_value_t = SortBy::Trending)]
    pub(crate) sort: SortBy,
    /// Of this owner alone.
    #[arg(long)]
    pub(crate) author: Option<String>,
    /// Of this task alone, such as text-generation.
    #[arg(long)]
    pub(crate) task: Option<String>,
    /// Only what fits this machine's memory, in the usual quantization.
    #[arg(long)]
    pub(crate) fits: bool,
    /// Only what takes at most so many gigabytes, in the usual quantization.
    #[arg(long, value_name = "GB")]
    pub(crate) max_size: Option<f64>,
    /// Go on where an earlier page ended.
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum SortBy {
    /// What people look at these days.
    Trending,
    /// Most downloaded in the last month.
    Downloads,
    /// Most liked.
    Likes,
    /// Newest first.
    Newest,
}

impl From<Search> for HubSearch {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn from(search: Search) -> Self {
        Self {
            text: search.text.join(" "),
            sort: match search.sort {
                SortBy::Trending => Sort::Trending,
                SortBy::Downloads => Sort::Downloads,
                SortBy::Likes => Sort::Likes,
                SortBy::Newest => Sort::Newest,
            },
            author: search.author,
            task: search.task,
            fits: search.fits,
            max_bytes: search.max_size.map(|gigabytes| (gigabytes * 1e9) as u64),
            cursor: search.cursor,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// `owner/repo`, `owner/repo:Q4_K_M`, or the address of a page or file. The recommended quantization where none
    /// is named.
    pub(crate) repo: String,
    /// A file of the repository, by path or name.
    #[arg(long, value_name = "F")]
    pub(crate) file: Option<String>,
    /// A branch, tag or commit instead of the newest.
    #[arg(long)]
    pub(crate) revision: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Engine {
    /// List the engines.
    Ls,
    /// Add a llama-server, or the folder it is in. The first one becomes current.
    Add {
        /// The binary or its folder.
        path: PathBuf,
    },
    /// Run models on this engine from now on.
    Use {
        /// The engine's name.
        name: String,
    },
    /// Show an engine's dialect, devices and flags.
    Show {
        /// The engine's name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The model: its key, or the file name part of it.
    pub(crate) key: String,
    /// Go on without parameters that this engine cannot honour.
    #[arg(long)]
    pub(crate) skip_unsupported: bool,
    #[command(flatten)]
    pub(crate) params: ParamArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Unload {
    /// The model.
    #[arg(required_unless_present = "all")]
    pub(crate) key: Option<String>,
    /// All models.
    #[arg(long, conflicts_with = "key")]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Params {
    /// Print the exact command line.
    #[arg(long)]
    pub(crate) argv: bool,
    /// Save the given parameters for this model, on top of what is saved. An empty value takes a saved one away.
    #[arg(long)]
    pub(crate) save: bool,
    #[command(flatten)]
    pub(crate) load: Load,
}
