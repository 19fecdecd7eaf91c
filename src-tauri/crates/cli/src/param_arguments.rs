//! A flag for every load parameter, made from the table; so a parameter added there is on the command line.

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use load_params::{LoadParams, TABLE, Template};

const HEADING: &str = "Load parameters";
const SET: &str = "set";

/// The parameters given on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct ParamArguments {
    pub(crate) params: LoadParams,
    /// Flags given with an empty value: a saved parameter is to be taken away.
    pub(crate) cleared: Vec<String>,
}

impl Args for ParamArguments {
    fn augment_args(command: Command) -> Command {
        let flags = TABLE.iter().map(|spec| {
            Arg::new(spec.long())
                .long(spec.long())
                .value_name(spec.kind.value_name())
                .help(spec.help)
                .long_help(format!("{} {}", spec.help, spec.details))
                .help_heading(HEADING)
                .allow_negative_numbers(true)
                .action(if spec.kind.is_repeatable() {
                    ArgAction::Append
                } else {
                    ArgAction::Set
                })
        });
        command.args(flags).arg(
            Arg::new(SET)
                .long(SET)
                .value_name("FLAG=VALUE")
                .help("Any other flag of the engine, checked against its own --help.")
                .help_heading(HEADING)
                .action(ArgAction::Append),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ParamArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut arguments = Self::default();
        arguments.update_from_arg_matches(matches)?;
        Ok(arguments)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for spec in TABLE {
            let Some(texts) = matches.get_many::<String>(spec.long()) else {
                continue;
            };
            for text in texts {
                if text.is_empty() {
                    self.cleared.push(spec.name.to_owned());
                }
                load_params::add(&mut self.params, spec.name, text)
                    .map_err(|error| usage(&error))?;
            }
        }
        from_here(&mut self.params);
        for assignment in matches.get_many::<String>(SET).into_iter().flatten() {
            load_params::set_flag(&mut self.params, assignment).map_err(|error| usage(&error))?;
        }
        Ok(())
    }
}

/// Paths as they are meant where the command is given; the host and its engines have other working folders.
fn from_here(params: &mut LoadParams) {
    let absolute = |path: &str| {
        let whole = std::path::absolute(path).ok();
        whole.map_or_else(|| path.to_owned(), |path| path.display().to_string())
    };
    if let Some(path) = params.projector().map(absolute) {
        params.mmproj = Some(path);
    }
    for item in params.lora.iter_mut().flatten() {
        let path = load_params::adapter(item).0.to_owned();
        *item = item.replacen(&path, &absolute(&path), 1);
    }
    if let Some(Template::File(path)) = params.chat_template.as_deref().map(Template::of) {
        params.chat_template = Some(absolute(path));
    }
    // What is no file here is the key of a model.
    let draft = params.draft_model.as_deref();
    if let Some(path) = draft.filter(|path| Path::new(path).is_file()) {
        params.draft_model = Some(absolute(path));
    }
}

fn usage(error: &load_params::Error) -> clap::Error {
    let hint = error
        .hint()
        .map(|hint| format!("\nhint: {hint}"))
        .unwrap_or_default();
    clap::Error::raw(
        clap::error::ErrorKind::ValueValidation,
        format!("{error}{hint}"),
    )
}
