//! What the commands about metrics read: programs, a template and the settings.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::error::Error;
use crate::{
    catalogue::Catalogue,
    monitoring::watched::Watched,
    settings::Funnel,
    template::{
        self,
        parts::{Parts, Reference},
    },
};

/// The catalogue, the template and the settings of one command.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) catalogue: Catalogue,
    pub(super) funnel: Funnel,
    pub(super) template: Option<Template>,
    parts: Parts,
    namespace: Option<Reference>,
}

/// A template that was read.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) text: String,
    pub(super) value: Value,
}

impl Sources {
    /// Reads everything. Without programs, the functions of this workspace and its settings.
    pub(super) fn read(
        programs: &[PathBuf],
        settings: Option<&Path>,
        template: Option<&Path>,
        namespace: Option<&str>,
    ) -> Result<Self, Error> {
        let (catalogue, funnel) = programs_and_settings(programs, settings)?;
        let template = template.map(Template::read).transpose()?;
        let parts = template.as_ref().map(|template| Parts::of(&template.value));
        Ok(Self {
            catalogue,
            funnel,
            template,
            parts: parts.unwrap_or_default(),
            namespace: namespace.map(|namespace| Reference::Text(namespace.to_owned())),
        })
    }

    /// The input of the generators.
    pub(super) fn watched(&self) -> Result<Watched<'_>, Error> {
        let watched = Watched::new(
            &self.catalogue,
            &self.parts,
            &self.funnel,
            self.namespace.as_ref(),
        );
        watched.map_err(|error| Error::Monitoring(error.into()))
    }
}

/// The catalogue of the programs, or of the functions of this workspace, and the settings that belong to it.
pub(super) fn programs_and_settings(
    programs: &[PathBuf],
    settings: Option<&Path>,
) -> Result<(Catalogue, Funnel), Error> {
    let catalogue = if programs.is_empty() {
        Catalogue::of_this_workspace()
    } else {
        Catalogue::read(programs)?
    };
    if programs.is_empty() && settings.is_none() {
        return Ok((catalogue, Funnel::of_this_workspace()));
    }
    let directory = env::current_dir().unwrap_or_default();
    Ok((catalogue, Funnel::find(settings, &directory)?))
}

impl Template {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::ReadTemplate {
            path: path.into(),
            source,
        })?;
        let value = template::parse(&text).map_err(|source| Error::Template {
            path: path.into(),
            source,
        })?;
        Ok(Self { text, value })
    }
}
