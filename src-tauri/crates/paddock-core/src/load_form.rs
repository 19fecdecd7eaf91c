//! What the load form shows: the fields as this engine takes them, and, as the user types, what would run.

use std::collections::BTreeMap;

use load_params::{
    EngineFlags, EngineOption, FieldSchema, Limits, LoadParams, Problem, Severity, Unsupported,
};

use crate::core::Core;
use crate::error::Error;
use crate::param_layers::ParamSource;
use crate::params::{LoadPlan, limits};
use crate::saved_params::saved_params;

/// The form of one model.
#[derive(Debug, Clone)]
pub struct LoadForm {
    /// The model.
    pub key: String,
    /// The fields, in the table's order.
    pub fields: Vec<FieldSchema>,
    /// What is saved for the model.
    pub saved: LoadParams,
    /// The preset that it uses.
    pub preset: Option<String>,
    /// Bounds from this model and machine.
    pub limits: Limits,
    /// The engine that the fields are for; without one, every field is as the newest engines have it.
    pub engine: Option<String>,
}

/// What the values in a form come to.
#[derive(Debug, Clone)]
pub struct LoadPreview {
    /// The whole command line; empty where the values do not make one.
    pub command_line: Vec<String>,
    /// What is wrong or doubtful, by parameter.
    pub problems: Vec<Problem>,
    /// Every parameter that has a value.
    pub effective: LoadParams,
    /// Where each of them is from.
    pub sources: BTreeMap<String, ParamSource>,
}

impl Core {
    /// The form of a model. It can be shown for a file that is missing or broken, and without an engine.
    ///
    /// # Errors
    /// The model is unknown, what is saved for it cannot be read, or the engine cannot run.
    pub async fn load_form(&self, request: &str) -> Result<LoadForm, Error> {
        let (key, entry) = self.find_model(request).await?;
        let saved = saved_params(&key, &entry)?;
        let path = entry.path.clone();
        let facts = self
            .blocking(move |core| core.check_model_file(&path).ok().flatten())
            .await?;
        let limits = limits(facts.as_ref());
        let (engine, fields) = match self.engine_of(&entry) {
            Ok(engine) => {
                let capabilities = self.inner.capabilities.of(&engine.path).await?;
                let fields = load_params::schema_within(&capabilities.flags, &limits);
                (Some(engine.name), fields)
            }
            Err(_) => (None, unconditional_fields(&limits)),
        };
        Ok(LoadForm {
            key,
            fields,
            saved,
            preset: entry.preset,
            limits,
            engine,
        })
    }

    /// Every flag that the engine of this model still takes, with what the table and Paddock itself do with it.
    ///
    /// # Errors
    /// The model is unknown, there is no engine for it, or that cannot run.
    pub async fn engine_options(&self, request: &str) -> Result<Vec<EngineOption>, Error> {
        let (_, entry) = self.find_model(request).await?;
        let engine = self.engine_of(&entry)?;
        let capabilities = self.inner.capabilities.of(&engine.path).await?;
        Ok(load_params::engine_options(&capabilities.flags))
    }

    /// What would run if `params` were saved for the model. Values that make no command line are no error: they are
    /// named in the answer.
    ///
    /// # Errors
    /// What stands in the way apart from the values: no engine, no file.
    pub async fn preview_load(
        &self,
        request: &str,
        params: &LoadParams,
    ) -> Result<LoadPreview, Error> {
        let (key, entry) = self.find_model(request).await?;
        let none = LoadParams::default();
        let plan = |unsupported| self.plan(key.clone(), entry.clone(), params, &none, unsupported);
        match plan(Unsupported::Refuse).await {
            Ok(plan) => Ok(preview(plan, Vec::new())),
            Err(Error::InvalidParams { problems }) => Ok(only(params, problems)),
            // A file that is not there yet is a matter of the field that names it.
            Err(Error::ParamsUse(source)) => {
                let Some(param) = source.param() else {
                    return Err(source.into());
                };
                let problem = Problem {
                    severity: Severity::Error,
                    param: param.to_owned(),
                    message: source.to_string(),
                    hint: Some(source.hint()),
                };
                Ok(only(params, vec![problem]))
            }
            Err(Error::Params { source, .. }) => {
                let problem = Problem {
                    severity: Severity::Error,
                    param: source.param().to_owned(),
                    message: source.to_string(),
                    hint: source.hint(),
                };
                // The rest of the line is still worth seeing.
                Ok(match plan(Unsupported::Skip).await {
                    Ok(plan) => preview(plan, vec![problem]),
                    Err(_) => only(params, vec![problem]),
                })
            }
            Err(error) => Err(error),
        }
    }
}

fn preview(plan: LoadPlan, mut problems: Vec<Problem>) -> LoadPreview {
    problems.extend(plan.doubtful.iter().cloned());
    LoadPreview {
        command_line: plan.command_line(),
        problems,
        effective: plan.effective,
        sources: plan.sources,
    }
}

fn only(params: &LoadParams, problems: Vec<Problem>) -> LoadPreview {
    LoadPreview {
        command_line: Vec::new(),
        problems,
        effective: params.clone(),
        sources: BTreeMap::new(),
    }
}

/// The fields where there is no engine to ask: nothing is greyed, because nothing is known to be missing.
fn unconditional_fields(limits: &Limits) -> Vec<FieldSchema> {
    let mut fields = load_params::schema_within(&EngineFlags::parse(""), limits);
    for field in &mut fields {
        field.supported = true;
        field.unsupported_reason = None;
    }
    fields
}
