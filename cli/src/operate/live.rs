//! The live functions of a stack, its template, and the zips that both name.

use std::path::Path;

use aws_sdk_cloudformation::types::TemplateStage;
use aws_sdk_lambda::{
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    types::{Architecture, EphemeralStorage, LastUpdateStatus, PackageType, Runtime, State},
};
use serde_json::{Value, json};

use super::{
    error::Error,
    program::{Program, Sha256Hash},
    release::{Location, Release},
    target::Target,
};

const FUNCTION: &str = "AWS::Lambda::Function";
const ALIAS: &str = "AWS::Lambda::Alias";
/// The variable of tt-metrics.
const NAMESPACE: &str = "TT_METRICS_NAMESPACE";

/// A resource of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account.
    pub physical_id: String,
    /// For example `AWS::Lambda::Function`.
    pub kind: String,
}

/// A function of the stack whose code is a zip.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account.
    pub name: String,
    /// The hash of the live zip.
    pub sha256: Sha256Hash,
    /// Changes with each change of code or configuration.
    pub revision_id: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The namespace of its metrics.
    pub namespace: Option<String>,
    /// Why Lambda does not accept a change now.
    pub busy: Option<String>,
    /// Its configuration, for a backup.
    pub configuration: Value,
}

/// A zip in S3.
#[derive(Debug, Clone)]
pub enum Zip {
    /// It exists.
    Found(Vec<u8>),
    /// The key does not exist.
    Gone,
}

/// The resources of the stack.
///
/// # Errors
///
/// When they cannot be listed.
pub async fn resources(target: &Target) -> Result<Vec<Resource>, Error> {
    let client = aws_sdk_cloudformation::Client::new(target.sdk());
    let mut pages = client
        .list_stack_resources()
        .stack_name(&target.stack)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(Error::aws("list the resources of the stack"))?;
        let resources = page.stack_resource_summaries.unwrap_or_default();
        found.extend(resources.into_iter().filter_map(|resource| {
            Some(Resource {
                logical_id: resource.logical_resource_id?,
                physical_id: resource.physical_resource_id?,
                kind: resource.resource_type?,
            })
        }));
    }
    Ok(found)
}

/// The physical id of a resource.
///
/// # Errors
///
/// When the stack has no such resource.
pub fn physical_id<'r>(
    target: &Target,
    resources: &'r [Resource],
    logical_id: &str,
) -> Result<&'r str, Error> {
    let mut resources = resources.iter();
    let found = resources.find(|resource| resource.logical_id == logical_id);
    let found = found.ok_or_else(|| Error::NoResource {
        stack: target.stack.clone(),
        logical_id: logical_id.to_owned(),
    })?;
    Ok(&found.physical_id)
}

/// Refuses a stack with aliases of functions.
///
/// # Errors
///
/// When it has one: new code reaches a published version only by a stack update.
pub fn require_no_alias(resources: &[Resource]) -> Result<(), Error> {
    let mut aliases = resources.iter().filter(|one| one.kind == ALIAS);
    aliases
        .next()
        .map_or(Ok(()), |alias| Err(Error::Alias(alias.logical_id.clone())))
}

/// The functions whose code is a zip, in the order of the resources.
///
/// # Errors
///
/// When a function cannot be read, or the stack has none.
pub async fn functions(target: &Target, resources: &[Resource]) -> Result<Vec<Function>, Error> {
    let mut found = Vec::new();
    for resource in resources.iter().filter(|one| one.kind == FUNCTION) {
        found.extend(function(target, &resource.logical_id, &resource.physical_id).await?);
    }
    if found.is_empty() {
        return Err(Error::NoFunction(target.stack.clone()));
    }
    Ok(found)
}

/// A function by its names; `None` if its code is an image.
///
/// # Errors
///
/// When it cannot be read.
pub async fn function(
    target: &Target,
    logical_id: &str,
    name: &str,
) -> Result<Option<Function>, Error> {
    let action = format!("read the configuration of `{name}`");
    let read = aws_sdk_lambda::Client::new(target.sdk())
        .get_function_configuration()
        .function_name(name)
        .send()
        .await
        .map_err(Error::aws(action.clone()))?;
    if read.package_type() == Some(&PackageType::Image) {
        return Ok(None);
    }
    let missing = |part| Error::Incomplete {
        action: action.clone(),
        part,
    };
    let sha256 = read.code_sha256().and_then(Sha256Hash::from_base64);
    Ok(Some(Function {
        logical_id: logical_id.to_owned(),
        name: name.to_owned(),
        sha256: sha256.ok_or_else(|| missing("CodeSha256"))?,
        revision_id: read
            .revision_id()
            .ok_or_else(|| missing("RevisionId"))?
            .to_owned(),
        architecture: read
            .architectures()
            .first()
            .map_or("x86_64", Architecture::as_str)
            .to_owned(),
        namespace: variable(&read, NAMESPACE),
        busy: busy(&read),
        configuration: configuration(&read),
    }))
}

fn variable(read: &GetFunctionConfigurationOutput, name: &str) -> Option<String> {
    read.environment()?.variables()?.get(name).cloned()
}

fn busy(read: &GetFunctionConfigurationOutput) -> Option<String> {
    let state = read.state().filter(|state| **state == State::Pending);
    let update = read
        .last_update_status()
        .filter(|status| **status == LastUpdateStatus::InProgress);
    let state = state.map(State::as_str);
    state
        .or(update.map(LastUpdateStatus::as_str))
        .map(str::to_owned)
}

/// What a stack update or an operator can change, in the names of Lambda's API.
fn configuration(read: &GetFunctionConfigurationOutput) -> Value {
    let variables = read.environment().and_then(|one| one.variables());
    let variables: Option<std::collections::BTreeMap<_, _>> =
        variables.map(|variables| variables.iter().collect());
    let layers: Vec<_> = read
        .layers()
        .iter()
        .filter_map(|layer| layer.arn())
        .collect();
    json!({
        "FunctionName": read.function_name(),
        "FunctionArn": read.function_arn(),
        "Runtime": read.runtime().map(Runtime::as_str),
        "Handler": read.handler(),
        "Role": read.role(),
        "Architectures": read.architectures().iter().map(Architecture::as_str).collect::<Vec<_>>(),
        "MemorySize": read.memory_size(),
        "Timeout": read.timeout(),
        "EphemeralStorage": read.ephemeral_storage().map(EphemeralStorage::size),
        "Environment": variables,
        "Layers": layers,
        "LastModified": read.last_modified(),
        "CodeSha256": read.code_sha256(),
        "CodeSize": read.code_size(),
        "RevisionId": read.revision_id(),
    })
}

/// The live zip of a function, with the hash of its configuration.
///
/// # Errors
///
/// When it cannot be downloaded or has another hash.
pub async fn code(target: &Target, function: &Function) -> Result<Vec<u8>, Error> {
    let action = format!("locate the code of `{}`", function.name);
    let read = aws_sdk_lambda::Client::new(target.sdk())
        .get_function()
        .function_name(&function.name)
        .send()
        .await
        .map_err(Error::aws(action.clone()))?;
    let address = read.code().and_then(|code| code.location());
    let address = address.ok_or(Error::Incomplete {
        action,
        part: "address of the code",
    })?;
    let failed = |source: reqwest::Error| Error::Download {
        function: function.name.clone(),
        // The address contains a signature.
        source: source.without_url(),
    };
    let client = reqwest::Client::builder();
    let client = if target.is_local {
        client.no_proxy()
    } else {
        client
    };
    let response = client.build().map_err(failed)?.get(address).send().await;
    let response = response.and_then(reqwest::Response::error_for_status);
    let zip = response
        .map_err(failed)?
        .bytes()
        .await
        .map_err(failed)?
        .to_vec();
    let (zip, found) = hashed(zip).await?;
    if found == function.sha256 {
        return Ok(zip);
    }
    Err(Error::Hash {
        function: function.name.clone(),
        expected: function.sha256.clone(),
        found,
    })
}

/// Hashes a zip on another thread, since tens of megabytes would block this one.
///
/// # Errors
///
/// When the thread ends unexpectedly.
pub async fn hashed(zip: Vec<u8>) -> Result<(Vec<u8>, Sha256Hash), Error> {
    let hashing = tokio::task::spawn_blocking(move || {
        let hash = Sha256Hash::of(&zip);
        (zip, hash)
    });
    Ok(hashing.await?)
}

/// Reads the program of a zip on another thread.
///
/// # Errors
///
/// When the zip has no program that can be read.
pub async fn program(logical_id: &str, zip: Vec<u8>) -> Result<Program, Error> {
    let reading = tokio::task::spawn_blocking(move || Program::read(&zip));
    reading.await?.map_err(|source| Error::Program {
        logical_id: logical_id.to_owned(),
        source,
    })
}

/// A zip in S3.
///
/// # Errors
///
/// When S3 refuses it for another reason than that it does not exist.
pub async fn zip(target: &Target, location: &Location) -> Result<Zip, Error> {
    let get = target
        .s3()
        .get_object()
        .bucket(&location.bucket)
        .key(&location.key)
        .set_version_id(location.version.clone())
        .send()
        .await;
    let action = format!("read {}", location.uri());
    let get = match get {
        Ok(get) => get,
        Err(error) => {
            let is_gone = error.as_service_error().is_some_and(|error| {
                let code = error.meta().code();
                error.is_no_such_key() || matches!(code, Some("NoSuchBucket" | "NoSuchVersion"))
            });
            if is_gone {
                return Ok(Zip::Gone);
            }
            return Err(Error::aws(action)(error));
        }
    };
    let body = get.body.collect().await.map_err(|error| Error::Aws {
        action,
        source: Box::new(error),
    })?;
    Ok(Zip::Found(body.into_bytes().to_vec()))
}

/// The hash of a zip in S3; `None` if it does not exist.
///
/// # Errors
///
/// As for [`zip()`].
pub async fn hash_of(target: &Target, location: &Location) -> Result<Option<Sha256Hash>, Error> {
    match zip(target, location).await? {
        Zip::Found(zip) => Ok(Some(hashed(zip).await?.1)),
        Zip::Gone => Ok(None),
    }
}

/// The template of the stack as it was deployed, before transforms.
///
/// # Errors
///
/// When it cannot be read, or is not a packaged template.
pub async fn template(target: &Target) -> Result<Release, Error> {
    let read = aws_sdk_cloudformation::Client::new(target.sdk())
        .get_template()
        .stack_name(&target.stack)
        .template_stage(TemplateStage::Original)
        .send()
        .await
        .map_err(Error::aws("read the template of the stack"))?;
    let text = read.template_body.unwrap_or_default();
    Release::parse(&text).map_err(|source| Error::StackTemplate {
        stack: target.stack.clone(),
        source,
    })
}

/// Reads the file of a release.
///
/// # Errors
///
/// When it cannot be read, or is not a packaged template.
pub fn release(path: &Path) -> Result<Release, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::ReadRelease {
        path: path.to_owned(),
        source,
    })?;
    Release::parse(&text).map_err(|source| Error::Release {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_with_an_alias_is_refused() {
        let resource = |kind: &str| Resource {
            logical_id: "FunctionAliaslive".to_owned(),
            physical_id: String::new(),
            kind: kind.to_owned(),
        };
        assert!(require_no_alias(&[resource(FUNCTION)]).is_ok());
        let error = require_no_alias(&[resource(FUNCTION), resource(ALIAS)]).unwrap_err();
        assert!(error.to_string().contains("`FunctionAliaslive`"), "{error}");
    }
}
