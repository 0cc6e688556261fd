//! Reads the modules of a crate from its tokens: what each declares, imports and refers to, without test code.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

use crate::tree::File;

/// The segments of a path such as `crate::sink::Sink`.
pub(crate) type Path = Vec<String>;

/// One module of a crate.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Its path below the crate, empty for the root.
    pub(crate) path: Path,
    /// The module that declares it.
    pub(crate) parent: Option<usize>,
    /// The modules that it declares, by name.
    pub(crate) children: BTreeMap<String, usize>,
    /// The names of the items that it defines; methods are among them, which does no harm.
    pub(crate) items: BTreeSet<String>,
    /// Those of its items that are macros; an exported one has its path in the root of the crate.
    pub(crate) macros: BTreeSet<String>,
    /// What `use` declarations bring into its scope, by local name.
    pub(crate) imports: BTreeMap<String, Path>,
    /// The modules whose names `use module::*` brings into its scope.
    pub(crate) globs: Vec<Path>,
    /// The paths in its code, `use` declarations included.
    pub(crate) references: BTreeSet<Reference>,
}

/// One path in the code of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub(crate) path: Path,
    pub(crate) kind: Kind,
}

/// Where a path is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// In an expression, a type or a pattern.
    Code,
    /// In a private `use`.
    Import,
    /// In a private `use` with `*`.
    Glob,
    /// In a `pub use`, which gives an item a second path.
    ReExport,
}

/// The modules of a crate; the root is the first.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) modules: Vec<Module>,
    /// The files of the modules.
    pub(crate) files: Vec<String>,
    /// The declared modules for which there is no file.
    pub(crate) missing: Vec<String>,
}

impl Crate {
    /// Reads the crate whose root is the file at `root`, `cli/src/lib.rs` for example.
    pub(crate) fn read(files: &[File], root: &str) -> Self {
        let mut reader = Reader {
            texts: files
                .iter()
                .filter_map(|file| Some((file.path.as_str(), file.text()?)))
                .collect(),
            found: Self::default(),
        };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        let module = reader.add(None, "");
        reader.file(module, root, folder);
        reader.found
    }
}

struct Reader<'f> {
    texts: BTreeMap<&'f str, &'f str>,
    found: Crate,
}

impl Reader<'_> {
    fn add(&mut self, parent: Option<usize>, name: &str) -> usize {
        let index = self.found.modules.len();
        let mut module = Module {
            parent,
            ..Module::default()
        };
        if let Some(parent) = parent {
            let parent = &mut self.found.modules[parent];
            module.path.clone_from(&parent.path);
            module.path.push(name.to_owned());
            parent.children.insert(name.to_owned(), index);
        }
        self.found.modules.push(module);
        index
    }

    /// Reads the file of a module, whose children are files in `folder`.
    fn file(&mut self, module: usize, path: &str, folder: &str) {
        let Some(text) = self.texts.get(path) else {
            self.found.missing.push(path.to_owned());
            return;
        };
        self.found.files.push(path.to_owned());
        let tokens: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
        self.tokens(module, folder, tokens);
    }

    fn tokens(&mut self, module: usize, folder: &str, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.next(module, folder, &tokens, at);
        }
    }

    /// Reads what begins at `at` and returns the position after it.
    fn next(&mut self, module: usize, folder: &str, tokens: &[TokenTree], at: usize) -> usize {
        if let Some(attribute) = attribute(tokens, at) {
            if is_test_only(attribute) {
                return after_item(tokens, at + 2);
            }
            self.tokens(module, folder, attribute.stream());
            return at + 2;
        }
        let word = match &tokens[at] {
            TokenTree::Group(group) => {
                self.tokens(module, folder, group.stream());
                return at + 1;
            }
            TokenTree::Ident(_) => word(tokens, at),
            _ => return at + 1,
        };
        match word.as_str() {
            "mod" => {
                let name = self::word(tokens, at + 1);
                match tokens.get(at + 2) {
                    Some(TokenTree::Group(body)) => {
                        let child = self.add(Some(module), &name);
                        self.tokens(child, &format!("{folder}/{name}"), body.stream());
                    }
                    Some(TokenTree::Punct(end)) if end.as_char() == ';' => {
                        let child = self.add(Some(module), &name);
                        let path = format!("{folder}/{name}");
                        self.file(child, &format!("{path}.rs"), &path);
                    }
                    _ => return at + 1,
                }
                at + 3
            }
            "use" if !precedes_bound(tokens, at) => {
                let is_public = at > 0 && is_visibility(&tokens[at - 1]);
                let end = position(tokens, at, is_semicolon);
                self.use_tree(module, is_public, &[], &tokens[at + 1..end]);
                end + 1
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" => {
                let name = self::word(tokens, at + 1);
                self.found.modules[module].items.insert(name);
                at + 1
            }
            "macro_rules" => {
                let name = self::word(tokens, at + 2);
                let module = &mut self.found.modules[module];
                module.macros.insert(name.clone());
                module.items.insert(name);
                at + 1
            }
            _ => self.path(module, tokens, at),
        }
    }

    /// Reads a path of several segments; a single name is found by its import.
    fn path(&mut self, module: usize, tokens: &[TokenTree], at: usize) -> usize {
        let mut path = vec![word(tokens, at)];
        let mut end = at + 1;
        while is_colons(tokens, end) && matches!(tokens.get(end + 2), Some(TokenTree::Ident(_))) {
            path.push(word(tokens, end + 2));
            end += 3;
        }
        let is_absolute = at > 1 && is_colons(tokens, at - 2);
        if path.len() > 1 && !is_absolute {
            self.refer(module, path, Kind::Code);
        }
        end
    }

    /// Reads the tree of a `use` declaration after the segments in `prefix`.
    fn use_tree(&mut self, module: usize, public: bool, prefix: &[String], tree: &[TokenTree]) {
        let mut path = prefix.to_vec();
        let mut at = 0;
        while let Some(token) = tree.get(at) {
            match token {
                TokenTree::Group(group) => {
                    let trees: Vec<TokenTree> = group.stream().into_iter().collect();
                    for tree in trees.split(is_comma) {
                        self.use_tree(module, public, &path, tree);
                    }
                    return;
                }
                TokenTree::Punct(star) if star.as_char() == '*' => {
                    self.found.modules[module].globs.push(path.clone());
                    let kind = if public { Kind::ReExport } else { Kind::Glob };
                    return self.refer(module, path, kind);
                }
                TokenTree::Ident(_) if word(tree, at) == "as" => {
                    return self.import(module, public, path, &word(tree, at + 1));
                }
                TokenTree::Ident(_) => path.push(word(tree, at)),
                _ => {}
            }
            at += 1;
        }
        if path.len() > prefix.len() {
            if path.len() > 1 && path.ends_with(&["self".to_owned()]) {
                path.pop();
            }
            let name = path.last().cloned().unwrap_or_default();
            self.import(module, public, path, &name);
        }
    }

    fn import(&mut self, module: usize, public: bool, mut path: Path, name: &str) {
        if path.len() > 1 && path.ends_with(&["self".to_owned()]) {
            path.pop();
        }
        let imports = &mut self.found.modules[module].imports;
        imports.insert(name.to_owned(), path.clone());
        let kind = if public { Kind::ReExport } else { Kind::Import };
        self.refer(module, path, kind);
    }

    fn refer(&mut self, module: usize, path: Path, kind: Kind) {
        let references = &mut self.found.modules[module].references;
        references.insert(Reference { path, kind });
    }
}

/// The identifier at a position, without `r#`; empty if there is none.
fn word(tokens: &[TokenTree], at: usize) -> String {
    match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => ident.to_string().trim_start_matches("r#").to_owned(),
        _ => String::new(),
    }
}

fn is_punct(token: &TokenTree, expected: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == expected)
}

fn is_comma(token: &TokenTree) -> bool {
    is_punct(token, ',')
}

fn is_semicolon(token: &TokenTree) -> bool {
    is_punct(token, ';')
}

/// Whether `::` begins at a position.
fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let first = matches!(tokens.get(at), Some(TokenTree::Punct(colon)) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint);
    first && tokens.get(at + 1).is_some_and(|token| is_punct(token, ':'))
}

/// Whether this token ends a visibility: `pub`, or the parentheses of `pub(crate)`.
fn is_visibility(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(ident) => ident == "pub",
        TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
        _ => false,
    }
}

/// Whether `use` at this position is a capture bound, as in `impl Trait + use<'a>`.
fn precedes_bound(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|token| is_punct(token, '<'))
}

/// The position of the first token from `at` on that satisfies `is_end`.
fn position(tokens: &[TokenTree], at: usize, is_end: fn(&TokenTree) -> bool) -> usize {
    let rest = tokens.get(at..).unwrap_or_default();
    at + rest.iter().position(is_end).unwrap_or(rest.len())
}

fn attribute(tokens: &[TokenTree], at: usize) -> Option<&Group> {
    if !is_punct(tokens.get(at)?, '#') {
        return None;
    }
    match tokens.get(at + 1)? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group),
        _ => None,
    }
}

/// The position after the item, statement, match arm or field that begins at `at`.
fn after_item(tokens: &[TokenTree], mut at: usize) -> usize {
    const ITEMS: [&str; 15] = [
        "pub", "fn", "struct", "enum", "trait", "impl", "type", "const", "static", "union", "mod",
        "use", "unsafe", "async", "extern",
    ];
    while attribute(tokens, at).is_some() {
        at += 2;
    }
    let is_item = ITEMS.contains(&word(tokens, at).as_str());
    let is_use = word(tokens, at) == "use" || word(tokens, at + 1) == "use";
    while let Some(token) = tokens.get(at) {
        at += 1;
        let is_body =
            matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if is_semicolon(token) || is_comma(token) && !is_item || is_body && is_item && !is_use {
            break;
        }
    }
    at
}

/// Whether what follows this attribute is compiled for tests only.
fn is_test_only(attribute: &Group) -> bool {
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(name), TokenTree::Group(predicate)] if name == "cfg" => {
            let predicate: Vec<TokenTree> = predicate.stream().into_iter().collect();
            outside_tests(&predicate) == Some(false)
        }
        [.., TokenTree::Ident(name)] | [.., TokenTree::Ident(name), TokenTree::Group(_)] => {
            name == "test"
        }
        _ => false,
    }
}

/// The value of a `cfg` predicate in a build without tests; `None` if it depends on something else.
fn outside_tests(predicate: &[TokenTree]) -> Option<bool> {
    match predicate {
        [TokenTree::Ident(name)] if name == "test" || name == "doctest" => Some(false),
        [TokenTree::Ident(name), TokenTree::Group(list)] => {
            let list: Vec<TokenTree> = list.stream().into_iter().collect();
            let mut values = list
                .split(is_comma)
                .filter(|one| !one.is_empty())
                .map(outside_tests);
            match name.to_string().as_str() {
                "not" => values.next()?.map(|value| !value),
                "all" => values.any(|value| value == Some(false)).then_some(false),
                "any" => values.all(|value| value == Some(false)).then_some(false),
                _ => None,
            }
        }
        _ => None,
    }
}
