//! Replaces the code locations in template.yaml by those of the packages, as `sam package` does.

use super::package::Package;

/// Why template.yaml and the packages do not match.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The code of a function is not referenced exactly once.
    #[error("template.yaml has {found} lines `CodeUri: {code_uri}`, one was expected")]
    CodeUri {
        /// The path of the function.
        code_uri: String,
        /// The number of lines.
        found: usize,
    },
    /// The referenced code is not packaged.
    #[error("template.yaml has a function that `cargo tt` does not build: `{line}`")]
    UnknownCode {
        /// The line.
        line: String,
    },
}

/// Replaces each `CodeUri: functions/<function>/` by the S3 location of its package, and changes nothing else.
pub(in crate::stack) fn with_code(
    template: &str,
    bucket: &str,
    packages: &[Package],
) -> Result<String, Error> {
    let mut found = vec![0_usize; packages.len()];
    let mut out = String::with_capacity(template.len() + 128 * packages.len());
    for line in template.split_inclusive('\n') {
        let Some(code_uri) = code_uri(line) else {
            out.push_str(line);
            continue;
        };
        let named = packages
            .iter()
            .zip(&mut found)
            .find(|(package, _)| names(code_uri, package));
        let Some((package, count)) = named else {
            return Err(Error::UnknownCode {
                line: line.trim().to_owned(),
            });
        };
        *count += 1;
        let location = format!("s3://{bucket}/{}", package.key());
        out.push_str(&line.replacen(code_uri, &location, 1));
    }
    match packages.iter().zip(found).find(|(_, found)| *found != 1) {
        None => Ok(out),
        Some((package, found)) => Err(Error::CodeUri {
            code_uri: format!("functions/{}/", package.function()),
            found,
        }),
    }
}

/// The value of a `CodeUri:` line, without quotes and comment.
fn code_uri(line: &str) -> Option<&str> {
    let value = line.trim_start().strip_prefix("CodeUri:")?;
    let value = value.split(" #").next().unwrap_or(value).trim();
    Some(value.trim_matches(['"', '\'']))
}

fn names(code_uri: &str, package: &Package) -> bool {
    code_uri.trim_end_matches('/').strip_prefix("functions/") == Some(package.function())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
Resources:
  A:
    Properties:
      # CodeUri: functions/a/ is replaced.
      CodeUri: functions/a/
      Timeout: 3
  B:
    Properties:
      CodeUri: \"functions/b\" # quoted
";

    fn packages() -> Vec<Package> {
        let directory = tempfile::tempdir().unwrap();
        ["a", "b"]
            .map(|function| {
                let binary = directory.path().join(function);
                std::fs::write(&binary, function).unwrap();
                Package::of(function, &binary).unwrap()
            })
            .into()
    }

    #[test]
    fn only_the_code_locations_change() {
        let packages = packages();
        let done = with_code(TEMPLATE, "code", &packages).unwrap();
        let keys: Vec<_> = packages
            .iter()
            .map(|one| format!("s3://code/{}", one.key()))
            .collect();
        let expected = TEMPLATE
            .replace(
                "CodeUri: functions/a/\n",
                &format!("CodeUri: {}\n", keys[0]),
            )
            .replace("functions/b", &keys[1]);
        assert_eq!(done, expected);
    }

    #[test]
    fn function_must_be_referenced_exactly_once() {
        let twice = format!("{TEMPLATE}      CodeUri: functions/a\n");
        let error = with_code(&twice, "code", &packages()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "template.yaml has 2 lines `CodeUri: functions/a/`, one was expected"
        );
        let never = TEMPLATE.replace("CodeUri: \"functions/b\"", "Code:");
        let error = with_code(&never, "code", &packages())
            .unwrap_err()
            .to_string();
        assert!(error.contains("0 lines `CodeUri: functions/b/`"), "{error}");
    }

    #[test]
    fn unpackaged_code_is_an_error() {
        let error = with_code(TEMPLATE, "code", &packages()[..1])
            .unwrap_err()
            .to_string();
        assert!(error.contains("functions/b"), "{error}");
    }

    #[test]
    fn template_of_this_workspace_references_all_functions() {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("binary");
        std::fs::write(&binary, "code").unwrap();
        let packages = crate::stack::functions::build::FUNCTIONS
            .map(|function| Package::of(function, &binary).unwrap());
        let root = crate::workspace::Workspace::find()
            .unwrap()
            .root()
            .to_owned();
        let template = std::fs::read_to_string(root.join("template.yaml")).unwrap();
        let done = with_code(&template, "code", &packages).unwrap();
        assert_eq!(done.matches("s3://code/").count(), 3);
        assert_eq!(done.lines().count(), template.lines().count());
    }
}
