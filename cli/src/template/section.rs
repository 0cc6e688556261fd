//! Generated sections of a template: the lines between a `BEGIN` and an `END` comment.

/// Why a section cannot be read or replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The template has no such section.
    #[error("the template has no line `# BEGIN {name}`")]
    Missing {
        /// The name of the section.
        name: &'static str,
    },
    /// The template has the section twice.
    #[error("the template has more than one line `# BEGIN {name}`")]
    Twice {
        /// The name of the section.
        name: &'static str,
    },
    /// The section has no end.
    #[error("the section `{name}` has no line `# END {name}`")]
    NoEnd {
        /// The name of the section.
        name: &'static str,
    },
}

/// A section in the text of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section<'t> {
    before: &'t str,
    /// The lines between the comments.
    pub content: &'t str,
    after: &'t str,
    indent: &'t str,
}

impl<'t> Section<'t> {
    /// Finds the section `name` in a template.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one, or it has no end.
    pub fn find(template: &'t str, name: &'static str) -> Result<Self, SectionError> {
        let (mut begin, mut end) = (None, None);
        let mut at = 0;
        for line in template.split_inclusive('\n') {
            let next = at + line.len();
            if is_comment(line, "BEGIN", name) {
                if begin.is_some() {
                    return Err(SectionError::Twice { name });
                }
                let indent = line.len() - line.trim_start().len();
                begin = Some((next, line.get(..indent).unwrap_or_default()));
            } else if begin.is_some() && end.is_none() && is_comment(line, "END", name) {
                end = Some(at);
            }
            at = next;
        }
        let (begin, indent) = begin.ok_or(SectionError::Missing { name })?;
        let end = end.ok_or(SectionError::NoEnd { name })?;
        Ok(Self {
            before: template.get(..begin).unwrap_or_default(),
            content: template.get(begin..end).unwrap_or_default(),
            after: template.get(end..).unwrap_or_default(),
            indent,
        })
    }

    /// The content that these lines have within the section, which is indented as its `BEGIN`.
    pub fn indented(&self, lines: &str) -> String {
        let lines = lines.lines().map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("{}{line}\n", self.indent),
        });
        lines.collect()
    }

    /// The template with other lines in the section. Everything else is unchanged.
    pub fn replaced(&self, lines: &str) -> String {
        [self.before, &self.indented(lines), self.after].concat()
    }
}

/// Whether a line is `# BEGIN name`, with any text after the name.
fn is_comment(line: &str, word: &str, name: &str) -> bool {
    let rest = line
        .trim()
        .strip_prefix("# ")
        .and_then(|line| line.strip_prefix(word));
    let rest = rest.and_then(|line| line.strip_prefix(' ')?.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::{Section, SectionError};

    const TEMPLATE: &str = "\
Resources:
  A: {}
  # BEGIN alarms: generated
  Old: {}
  # END alarms
  B: {}
";

    #[test]
    fn only_the_lines_between_the_comments_are_replaced() {
        let section = Section::find(TEMPLATE, "alarms").unwrap();
        assert_eq!(section.content, "  Old: {}\n");
        let new = section.replaced("New:\n  Type: T\n\nOther: {}\n");
        let expected = TEMPLATE.replace("  Old: {}\n", "  New:\n    Type: T\n\n  Other: {}\n");
        assert_eq!(new, expected);
        assert_eq!(
            Section::find(&new, "alarms").unwrap().replaced("Old: {}"),
            TEMPLATE
        );
    }

    #[test]
    fn missing_comments_are_errors() {
        let find = |template: &str| Section::find(template, "alarms").unwrap_err();
        let name = "alarms";
        assert_eq!(find("A: 1\n"), SectionError::Missing { name });
        assert_eq!(
            find("# BEGIN alarms\n# END alarm\n"),
            SectionError::NoEnd { name }
        );
        assert_eq!(
            find("# END alarms\n# BEGIN alarms\n"),
            SectionError::NoEnd { name }
        );
        let twice = TEMPLATE.repeat(2);
        assert_eq!(find(&twice), SectionError::Twice { name });
        assert_eq!(
            find("# BEGIN alarmsystem\n"),
            SectionError::Missing { name }
        );
    }
}
