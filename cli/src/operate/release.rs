//! A packaged template: where the zip of each function is, and whether two templates differ in anything else.
//!
//! The templates of `sam package` and `sam deploy` are YAML in block style. Only the lines that this module needs are read,
//! so functions such as `!Sub` do not matter.

use std::iter::Peekable;

/// A packaged template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    functions: Vec<Packaged>,
    /// Every line that is not code, with its number.
    rest: Vec<Line>,
}

/// A function and its zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packaged {
    /// Its logical id.
    pub logical_id: String,
    /// Its zip.
    pub code: Location,
}

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Bucket name.
    pub bucket: String,
    /// Object key.
    pub key: String,
    /// Version id, if the template names one.
    pub version: Option<String>,
}

/// The first place at which two templates differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The section, or the logical id of the resource.
    pub place: String,
    /// The line of the release, with its number; `None` after its end.
    pub release: Option<(usize, String)>,
    /// The line of the template of the stack; `None` after its end.
    pub stack: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    number: usize,
    place: String,
    text: String,
}

/// Why a template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is JSON.
    #[error("it is JSON, and only YAML is supported; package without `--use-json`")]
    Json,
    /// A function has a local path.
    #[error(
        "line {line}: the code of `{logical_id}` is `{code}`, not an object in S3; create the release with `sam package`"
    )]
    NotPackaged {
        /// The line, from 1.
        line: usize,
        /// The function.
        logical_id: String,
        /// The value.
        code: String,
    },
    /// No function has a zip.
    #[error("no function of it has a zip in S3")]
    NoFunction,
}

/// A line of the template, from 1, without blanks at its end.
#[derive(Clone, Copy)]
struct Source<'a> {
    number: usize,
    text: &'a str,
}

impl<'a> Source<'a> {
    fn indent(self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    fn is_blank(self) -> bool {
        self.text.is_empty()
    }

    fn is_comment(self) -> bool {
        self.text.trim_start().starts_with('#')
    }

    /// Key and value of `key: value`, without quotes and comments.
    fn entry(self) -> Option<(&'a str, &'a str)> {
        let (key, value) = self.text.trim_start().split_once(':')?;
        if !value.is_empty() && !value.starts_with(' ') {
            return None;
        }
        let value = value.split(" #").next().unwrap_or(value).trim();
        Some((unquoted(key), unquoted(value)))
    }

    /// Whether the deeper lines that follow are text.
    fn starts_block(self) -> bool {
        let value = self.entry().map_or(self.text, |(_, value)| value);
        let last = value.rsplit(' ').next().unwrap_or(value);
        let mut chars = last.chars();
        matches!(chars.next(), Some('|' | '>')) && chars.all(|c| matches!(c, '+' | '-' | '0'..='9'))
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// The keys above a line, with their indentation.
#[derive(Default)]
struct Path<'a>(Vec<(usize, &'a str)>);

impl<'a> Path<'a> {
    fn enter(&mut self, indent: usize, key: &'a str) {
        self.0.retain(|(above, _)| *above < indent);
        self.0.push((indent, key));
    }

    fn keys(&self) -> Vec<&'a str> {
        self.0.iter().map(|(_, key)| *key).collect()
    }

    fn place(&self) -> String {
        let keys = self.keys();
        match keys.as_slice() {
            [section, name, ..] if *section == "Resources" => (*name).to_owned(),
            [section, ..] => (*section).to_owned(),
            [] => "the beginning".to_owned(),
        }
    }
}

impl Release {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// When it is not YAML, or the code of a function is not in S3.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim_start().starts_with('{') {
            return Err(Error::Json);
        }
        let sources = text.lines().enumerate().map(|(index, text)| Source {
            number: index + 1,
            text: text.trim_end(),
        });
        let mut sources = sources.peekable();
        let mut path = Path::default();
        let (mut functions, mut rest) = (Vec::new(), Vec::new());
        while let Some(source) = sources.next() {
            if source.is_blank() || source.is_comment() {
                continue;
            }
            let entry = source.entry();
            if let Some((key, _)) = entry {
                path.enter(source.indent(), key);
            }
            let keys = path.keys();
            if let (Some((_, value)), ["Resources", logical_id, "Properties", "CodeUri" | "Code"]) =
                (entry, keys.as_slice())
            {
                let logical_id = (*logical_id).to_owned();
                let nested = nested(&mut sources, source.indent());
                match location(value, &nested) {
                    Found::Location(code) => functions.push(Packaged { logical_id, code }),
                    Found::Inline => {
                        rest.extend(
                            [source]
                                .iter()
                                .chain(&nested)
                                .map(|line| Line::of(*line, &path)),
                        );
                    }
                    Found::Other => {
                        return Err(Error::NotPackaged {
                            line: source.number,
                            logical_id,
                            code: value.to_owned(),
                        });
                    }
                }
                continue;
            }
            rest.push(Line::of(source, &path));
            if source.starts_block() {
                // Text can contain lines that look like keys and comments.
                let text = nested(&mut sources, source.indent());
                rest.extend(text.into_iter().map(|line| Line::of(line, &path)));
            }
        }
        if functions.is_empty() {
            return Err(Error::NoFunction);
        }
        Ok(Self { functions, rest })
    }

    /// The functions with a zip, in the order of the template.
    pub fn functions(&self) -> &[Packaged] {
        &self.functions
    }

    /// The zip of a function.
    pub fn code_of(&self, logical_id: &str) -> Option<&Location> {
        let mut functions = self.functions.iter();
        let found = functions.find(|function| function.logical_id == logical_id);
        found.map(|function| &function.code)
    }

    /// The first place at which this release differs from the template of a stack in anything but code. Comments and blank
    /// lines do not count.
    pub fn difference(&self, stack: &Self) -> Option<Difference> {
        let longer = self.rest.len().max(stack.rest.len());
        let mut pairs = (0..longer).map(|index| (self.rest.get(index), stack.rest.get(index)));
        let text = |line: Option<&Line>| line.map(|line| line.text.clone());
        let differing = pairs.find(|(release, stack)| text(*release) != text(*stack));
        let from_lines = differing.map(|(release, other)| Difference {
            place: release
                .or(other)
                .map(|line| line.place.clone())
                .unwrap_or_default(),
            release: release.map(|line| (line.number, line.text.trim().to_owned())),
            stack: other.map(|line| line.text.trim().to_owned()),
        });
        from_lines.or_else(|| self.other_functions(stack))
    }

    /// The first function that only one of the templates packages.
    fn other_functions(&self, stack: &Self) -> Option<Difference> {
        let only = |one: &Self, other: &Self| {
            let mut functions = one.functions.iter();
            let found = functions.find(|function| other.code_of(&function.logical_id).is_none());
            found.map(|function| function.logical_id.clone())
        };
        let code = "its code is a zip in S3".to_owned();
        if let Some(place) = only(self, stack) {
            return Some(Difference {
                place,
                release: Some((0, code)),
                stack: None,
            });
        }
        only(stack, self).map(|place| Difference {
            place,
            release: None,
            stack: Some(code),
        })
    }
}

impl Line {
    fn of(source: Source<'_>, path: &Path<'_>) -> Self {
        Self {
            number: source.number,
            place: path.place(),
            text: source.text.to_owned(),
        }
    }
}

impl Location {
    /// `s3://<bucket>/<key>`.
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of_release = match &self.release {
            Some((0, text)) => format!("`{text}`"),
            Some((number, text)) => format!("`{text}` (line {number})"),
            None => "nothing".to_owned(),
        };
        let of_stack = self.stack.as_ref();
        let of_stack = of_stack.map_or_else(|| "nothing".to_owned(), |text| format!("`{text}`"));
        write!(
            formatter,
            "in `{}` the release has {of_release} and the stack {of_stack}",
            self.place
        )
    }
}

/// The lines deeper than `indent`, without blank lines at their end.
fn nested<'a>(
    sources: &mut Peekable<impl Iterator<Item = Source<'a>>>,
    indent: usize,
) -> Vec<Source<'a>> {
    let mut lines = Vec::new();
    while let Some(line) = sources.next_if(|line| line.is_blank() || line.indent() > indent) {
        lines.push(line);
    }
    lines.retain(|line| !line.is_blank());
    lines
}

enum Found {
    Location(Location),
    /// The code is in the template.
    Inline,
    Other,
}

/// The location in the value of `CodeUri` or `Code`: an address, or the nested names of SAM or `CloudFormation`.
fn location(value: &str, nested: &[Source<'_>]) -> Found {
    if let Some(address) = value.strip_prefix("s3://") {
        return match address.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Found::Location(Location {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                    version: None,
                })
            }
            _ => Found::Other,
        };
    }
    if !value.is_empty() {
        return Found::Other;
    }
    let value_of = |names: [&str; 2]| {
        let mut entries = nested.iter().filter_map(|line| line.entry());
        let found = entries.find(|(key, _)| names.contains(key));
        found.map(|(_, value)| value.to_owned())
    };
    if value_of(["ZipFile", "ImageUri"]).is_some() {
        return Found::Inline;
    }
    match (value_of(["S3Bucket", "Bucket"]), value_of(["S3Key", "Key"])) {
        (Some(bucket), Some(key)) => Found::Location(Location {
            bucket,
            key,
            version: value_of(["S3ObjectVersion", "Version"]),
        }),
        _ => Found::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `sam package` writes it.
    const RELEASE: &str = "\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
Resources:
  Consumer:
    Type: AWS::Serverless::Function
    Metadata:
      SamResourceId: Consumer
    Properties:
      CodeUri: s3://artifacts/orders/1111
      Timeout: 30
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Code:
        S3Bucket: artifacts
        S3Key: orders/2222
      Role:
        Fn::GetAtt:
        - Role
        - Arn
  Inline:
    Type: AWS::Lambda::Function
    Properties:
      Code:
        ZipFile: |
          # a comment of the program
          CodeUri: functions/a
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardBody:
        Fn::Sub: |
          {
            # text
            \"Resources\": \"CodeUri: x\"
          }
Outputs:
  Name:
    Value: a
";

    fn release(text: &str) -> Release {
        Release::parse(text).unwrap()
    }

    #[test]
    fn zips_of_functions_are_found() {
        let found = release(RELEASE);
        let uris: Vec<(&str, String)> = found
            .functions()
            .iter()
            .map(|one| (one.logical_id.as_str(), one.code.uri()))
            .collect();
        let consumer = ("Consumer", "s3://artifacts/orders/1111".to_owned());
        let plain = ("Plain", "s3://artifacts/orders/2222".to_owned());
        assert_eq!(uris, [consumer, plain]);
    }

    #[test]
    fn code_and_comments_are_no_difference() {
        let other = RELEASE
            .replace("orders/1111", "orders/3333")
            .replace(
                "S3Key: orders/2222",
                "S3Key: orders/4444\n        S3ObjectVersion: v1",
            )
            .replace("    Runtime:", "\n    # A comment.\n    Runtime:");
        let other = release(&other);
        assert_eq!(other.difference(&release(RELEASE)), None);
        let version = other.code_of("Plain").and_then(|code| code.version.clone());
        assert_eq!(version.as_deref(), Some("v1"));
    }

    #[test]
    fn difference_names_the_resource_and_both_lines() {
        let other = release(&RELEASE.replace("Timeout: 30", "Timeout: 60"));
        let difference = other.difference(&release(RELEASE)).unwrap();
        assert_eq!(
            difference.to_string(),
            "in `Consumer` the release has `Timeout: 60` (line 13) and the stack `Timeout: 30`"
        );
    }

    #[test]
    fn text_that_looks_like_a_comment_is_compared() {
        for (old, new) in [
            ("# text", "# other text"),
            ("# a comment of", "# another of"),
        ] {
            let other = release(&RELEASE.replace(old, new));
            assert!(other.difference(&release(RELEASE)).is_some(), "{old}");
        }
    }

    #[test]
    fn line_at_the_end_is_a_difference() {
        let longer = release(&format!("{RELEASE}  Other:\n    Value: b\n"));
        let difference = longer.difference(&release(RELEASE)).unwrap().to_string();
        assert!(
            difference.ends_with("and the stack nothing"),
            "{difference}"
        );
        let shorter = release(RELEASE).difference(&longer).unwrap().to_string();
        assert!(shorter.contains("has nothing"), "{shorter}");
    }

    #[test]
    fn code_that_moves_to_another_function_is_a_difference() {
        let code = "      CodeUri: s3://artifacts/orders/1111\n";
        let (head, tail) = RELEASE.split_once(code).unwrap();
        let without = release(&format!("{head}{tail}"));
        assert!(release(RELEASE).difference(&without).is_some());
        assert!(without.difference(&release(RELEASE)).is_some());
    }

    #[test]
    fn template_that_is_not_packaged_is_refused() {
        let source = RELEASE.replace("s3://artifacts/orders/1111", "functions/consumer/");
        let error = Release::parse(&source).unwrap_err().to_string();
        assert!(
            error.starts_with("line 12: the code of `Consumer`"),
            "{error}"
        );
        assert_eq!(Release::parse("{\"Resources\": {}}"), Err(Error::Json));
        assert_eq!(Release::parse("Resources: {}\n"), Err(Error::NoFunction));
    }

    #[test]
    fn template_of_this_repository_is_read_as_it_is_packaged() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let template = std::fs::read_to_string(path).unwrap();
        assert!(matches!(
            Release::parse(&template),
            Err(Error::NotPackaged { .. })
        ));
        let packaged = template.replace("CodeUri: functions/", "CodeUri: s3://code/");
        let ids: Vec<String> = release(&packaged)
            .functions()
            .iter()
            .map(|one| one.logical_id.clone())
            .collect();
        assert_eq!(ids, ["TTProducer", "CaseCreation", "TMSTokenManager"]);
    }
}
