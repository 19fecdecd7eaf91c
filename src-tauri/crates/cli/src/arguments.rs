//! The command line, as clap reads it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use paddock_core::{EngineOptions, HubSearch, Sort};

use crate::param_arguments::ParamArguments;
use crate::preset_arguments::Preset;

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
    /// Add GGUF files, all in a folder, or what other apps hold, where they lie.
    Import(Import),
    /// List what other apps hold on this machine.
    Found,
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
    /// Show all that a model's files say.
    Show {
        /// The model.
        key: String,
    },
    /// Remove a model. Its file goes to the trash if it lies in Paddock's own folder; others stay.
    Rm(Remove),
    /// The folders that models are looked for in.
    #[command(subcommand)]
    Folder(Folder),
    /// Load a model and wait until it answers.
    Load(Load),
    /// Unload a model.
    Unload(Unload),
    /// Say for how long a model stays loaded, or show it.
    Keep(Keep),
    /// Further names by which requests may mean a model.
    #[command(subcommand)]
    Alias(Alias),
    /// Show what is loaded.
    Ps,
    /// Show the host and what is loaded.
    Status,
    /// Tell what a model would take in memory, by device, and whether it fits.
    Estimate(Estimate),
    /// Show or save a model's load parameters.
    Params(Params),
    /// Named sets of load parameters, the defaults for all models, and both as files.
    #[command(subcommand)]
    Preset(Preset),
    /// The keys by which other programs may use the endpoint.
    #[command(subcommand)]
    Key(Key),
    /// Show the engine's log.
    Logs {
        /// The model; the one that is loaded where none is named.
        key: Option<String>,
        /// Go on with what comes.
        #[arg(short, long)]
        follow: bool,
    },
    /// Look for what is wrong, and print what a bug report needs. Exits 1 if something is broken.
    Doctor,
    /// Print what makes a shell complete this command: `paddock completions bash > ~/.local/share/bash-completion/completions/paddock`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key. It is shown this once; Paddock keeps only its hash.
    Add {
        /// What to tell it by: the program or person that uses it.
        name: String,
        /// Let it load, unload, download and change settings too.
        #[arg(long)]
        manage: bool,
    },
    /// List the keys.
    Ls,
    /// Remove a key. Whoever has it is refused from then on.
    Rm {
        /// The key's name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files and folders.
    #[arg(required_unless_present = "from")]
    pub(crate) paths: Vec<PathBuf>,
    /// All that these apps hold: lmstudio, ollama, huggingface, llama.cpp, jan.
    #[arg(long, value_name = "APP,...", value_delimiter = ',')]
    pub(crate) from: Vec<String>,
    /// Put copies into Paddock's folder; they take no room where the disk can do that.
    #[arg(long)]
    pub(crate) copy: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The model.
    pub(crate) key: String,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Only forget it and its settings; the file stays.
    #[arg(long, conflicts_with_all = ["delete_file", "permanently"])]
    pub(crate) keep_file: bool,
    /// Move the file to the trash, also where it lies outside Paddock's own folder.
    #[arg(long)]
    pub(crate) delete_file: bool,
    /// Delete the file for good, past the trash.
    #[arg(long)]
    pub(crate) permanently: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Folder {
    /// List them, with the room on their disks.
    Ls,
    /// Look for models in a folder from now on.
    Add {
        /// The folder.
        path: PathBuf,
    },
    /// Look no longer for models in a folder. Nothing in it is touched.
    Rm {
        /// The folder.
        path: PathBuf,
    },
    /// Move a folder with the models in it. Keys and settings stay.
    Move {
        /// The folder.
        path: PathBuf,
        /// An empty folder, or one that is not there yet.
        to: PathBuf,
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
    /// Show what can be installed and what fits this machine.
    Available {
        /// Of this release instead of the newest.
        build: Option<String>,
        /// Ask even if it was asked a moment ago.
        #[arg(long)]
        refresh: bool,
    },
    /// Fetch a llama.cpp release, prove that it works here, and run models on it from now on.
    Install {
        /// `latest`, or a release such as b10434.
        #[arg(default_value = "latest")]
        build: String,
        /// Which of the release's builds, such as vulkan or cuda; what fits this machine where none is named.
        #[arg(long, value_name = "V")]
        variant: Option<String>,
        /// Install it even if the release gives no SHA-256 digest.
        #[arg(long)]
        without_digest: bool,
    },
    /// Add a llama-server, or the folder it is in. The first one becomes current.
    Add {
        /// The binary or its folder.
        path: PathBuf,
        /// What it is to be called.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        options: EngineArguments,
    },
    /// Set up how an engine is started.
    Set {
        /// The engine's name.
        name: String,
        #[command(flatten)]
        options: EngineArguments,
    },
    /// Run models on this engine from now on.
    Use {
        /// The engine's name.
        name: String,
    },
    /// Let a model run on one engine, whatever the current one is.
    Pin {
        /// The model.
        key: String,
        /// The engine's name; the current one again where none is named.
        name: Option<String>,
    },
    /// Go back to the engine that was current before.
    Rollback,
    /// Forget an engine. One that Paddock fetched is deleted.
    Rm {
        /// The engine's name.
        name: String,
    },
    /// Show an engine's dialect, devices and flags.
    Show {
        /// The engine's name.
        name: String,
    },
    /// Show what the current engine can compute on, and this machine.
    Devices,
    /// Try an engine: load a tiny model with it and see that it answers rightly. Nothing is changed.
    Prove {
        /// The binary or its folder.
        path: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EngineArguments {
    /// The address that its servers listen on; empty for loopback.
    #[arg(long, value_name = "A")]
    pub(crate) host: Option<String>,
    /// The port of its first server, the next one's is one higher; 0 for any free one.
    #[arg(long, value_name = "N")]
    pub(crate) base_port: Option<u16>,
    /// One argument for each start of it, before the model's own; may be given several times, empty to clear.
    #[arg(long = "arg", value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) extra_args: Option<Vec<String>>,
    /// Whether Paddock may fetch it when it is missing.
    #[arg(long, value_name = "BOOL")]
    pub(crate) fetch: Option<bool>,
    /// The release that it is, such as b4561: what is fetched when it is missing.
    #[arg(long, value_name = "BUILD")]
    pub(crate) build: Option<String>,
    /// Which of that release's builds.
    #[arg(long, value_name = "V")]
    pub(crate) variant: Option<String>,
}

impl From<EngineArguments> for EngineOptions {
    fn from(arguments: EngineArguments) -> Self {
        Self {
            host: arguments.host,
            base_port: arguments.base_port,
            extra_args: arguments.extra_args.map(|mut args| {
                args.retain(|arg| !arg.is_empty());
                args
            }),
            fetch: arguments.fetch,
            build: arguments.build,
            variant: arguments.variant,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Seconds without a request after which it ends: 0 at once, -1 never.
    #[arg(long, value_name = "S", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..))]
    pub(crate) ttl: Option<i64>,
    /// Load the same file a second time under this name, with parameters of its own, beside the first.
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    #[command(flatten)]
    pub(crate) with: ModelWithParams,
}

/// A model and parameters for it.
#[derive(Debug, Args)]
pub(crate) struct ModelWithParams {
    /// The model: its key, or the file name part of it.
    pub(crate) key: String,
    /// The preset for this time, in the place of the one that the model uses. It wins over what is saved for the model.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Go on without parameters that this engine cannot honour.
    #[arg(long)]
    pub(crate) skip_unsupported: bool,
    #[command(flatten)]
    pub(crate) params: ParamArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Keep {
    /// The model.
    pub(crate) key: String,
    /// Keep it loaded: it is neither ended to make room for another nor when it is idle.
    pub(crate) keep: Option<bool>,
    /// Seconds without a request after which it ends: 0 at once, -1 never, `default` as for all models.
    #[arg(long, value_name = "S", allow_negative_numbers = true, value_parser = ttl)]
    pub(crate) ttl: Option<Ttl>,
    /// Load it when the host starts.
    #[arg(long, value_name = "BOOL")]
    pub(crate) at_start: Option<bool>,
}

/// A time that a model has of its own; none is as for all models.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ttl(pub(crate) Option<i64>);

fn ttl(text: &str) -> Result<Ttl, String> {
    if text == "default" {
        return Ok(Ttl(None));
    }
    let seconds = text.parse().ok().filter(|seconds| *seconds >= -1);
    seconds
        .map(|seconds| Ttl(Some(seconds)))
        .ok_or_else(|| "a number of seconds, 0, -1 or `default` is needed".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Alias {
    /// Give a model a further name.
    Add {
        /// The model.
        key: String,
        /// The name.
        name: String,
    },
    /// Take a name away. What `load --alias` made goes with its parameters; the file stays.
    Rm {
        /// The name.
        name: String,
    },
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
pub(crate) struct Estimate {
    /// The model: its key, a file, or `owner/repo:QUANT` on the hub.
    #[arg(value_name = "KEY-or-PATH-or-REPO:QUANT")]
    pub(crate) model: String,
    /// Find the largest context and offload that fit with a margin.
    #[arg(long)]
    pub(crate) fit_for_me: bool,
    #[command(flatten)]
    pub(crate) params: ParamArguments,
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
    pub(crate) with: ModelWithParams,
}
