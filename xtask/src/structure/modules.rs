//! The modules of a crate and the names by which each uses others, read from the source without compiling it.
//!
//! The tokens are the compiler's, so comments and strings are not mistaken for code. A path is followed from module to
//! module as the compiler would, through what `use` has renamed, to the file that holds the item. Macros are not
//! expanded: a path inside one counts for the file in which it stands.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// For each pair of files of a crate, the first place where the former names an item of the latter: its line, and the
/// path as it stands there (for a `use`, the path without its braces).
pub(super) type Edges = BTreeMap<(PathBuf, PathBuf), (usize, String)>;

/// The edges of the crate whose root is the file `root`.
///
/// A file has no edge to the modules below its own: the head of a folder puts together what lies in the folder.
pub(super) fn edges(root: &Path) -> Result<Edges> {
    let mut found = Crate::default();
    let folder = root.parent().context("a crate's root lies in a folder")?.to_owned();
    found.read(root.into(), folder, 0)?;
    let mut edges = Edges::new();
    for mention in &found.mentions {
        let from = &found.modules[mention.module].file;
        let place = found.resolve(mention.module, &mention.path, &mut Vec::new());
        if let Some(to) = place.filter(|to| to.is_item && !found.is_below(to.module, from)) {
            let first = (mention.line, mention.path.join("::"));
            let edge = (from.clone(), found.modules[to.module].file.clone());
            edges.entry(edge).and_modify(|old| *old = first.clone().min(old.clone())).or_insert(first);
        }
    }
    Ok(edges)
}

#[derive(Default)]
struct Crate {
    /// The root is the first.
    modules: Vec<Module>,
    mentions: Vec<Mention>,
    /// By name, the modules that hold the exported macros, which to the compiler are items of the root.
    exported: HashMap<String, usize>,
}

/// A module: a file, or a part of one in braces.
#[derive(Default)]
struct Module {
    file: PathBuf,
    /// Where the files of its children lie.
    folder: PathBuf,
    parent: usize,
    children: HashMap<String, usize>,
    items: HashSet<String>,
    /// What `use` names here.
    names: HashMap<String, Vec<String>>,
    /// The modules of which `use` takes everything.
    globs: Vec<Vec<String>>,
}

/// A path that a module names.
struct Mention {
    module: usize,
    path: Vec<String>,
    line: usize,
}

/// What a path leads to: a module, or an item that it holds.
struct Place {
    module: usize,
    is_item: bool,
}

/// What kind of tokens are read.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    /// A module's tokens: its items.
    Module,
    /// The tokens inside an item.
    Item,
    /// The tokens that a macro writes somewhere else, where only paths from the crate's root have the same meaning as
    /// here.
    Macro,
}

impl Crate {
    /// Reads a file and the files of the modules that it declares; returns the number of its module.
    fn read(&mut self, file: PathBuf, folder: PathBuf, parent: usize) -> Result<usize> {
        let what = || file.display().to_string();
        let text = fs::read_to_string(&file).with_context(what)?;
        let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{error}")).with_context(what)?;
        self.module(file.clone(), folder, parent, tokens)
    }

    fn module(&mut self, file: PathBuf, folder: PathBuf, parent: usize, tokens: TokenStream) -> Result<usize> {
        let module = self.modules.len();
        self.modules.push(Module { file, folder, parent, ..Module::default() });
        self.scan(module, tokens, Within::Module)?;
        Ok(module)
    }

    fn scan(&mut self, module: usize, tokens: TokenStream, within: Within) -> Result<()> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.to_string() == text);
        let name = |at: usize| tokens.get(at).map(ToString::to_string).context("a declaration without a name");
        // For the next item: where its file lies, and whether it is a macro for other crates.
        let (mut path, mut is_exported) = (None, false);
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    let Some(TokenTree::Group(attribute)) = tokens.get(at) else { continue };
                    let text = attribute.stream().to_string().replace(' ', "");
                    if text == "cfg(test)" {
                        at += 1 + item_length(&tokens[at + 1..]);
                    } else if let Some(given) = text.strip_prefix("path=\"") {
                        path = given.strip_suffix('"').map(str::to_owned);
                    }
                    is_exported |= text == "macro_export";
                }
                // `pub(in crate::x)` names no item of x.
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Parenthesis && at > 1 && is(at - 2, "pub") => {}
                TokenTree::Group(group) => {
                    self.scan(module, group.stream(), if within == Within::Module { Within::Item } else { within })?;
                }
                TokenTree::Ident(word) if *word == "mod" && within == Within::Module => {
                    let child = self.child(module, &name(at)?, path.take(), tokens.get(at + 1))?;
                    // Of alternatives for different systems, the first.
                    self.modules[module].children.entry(name(at)?).or_insert(child);
                    at += 2;
                }
                TokenTree::Ident(word) if *word == "macro_rules" && is(at, "!") => {
                    self.modules[module].items.insert(name(at + 1)?);
                    if std::mem::take(&mut is_exported) {
                        self.exported.insert(name(at + 1)?, module);
                    }
                    let body = tokens.get(at + 2).cloned();
                    self.scan(module, body.into_iter().collect(), Within::Macro)?;
                    at += 3;
                }
                TokenTree::Ident(word) if *word == "use" && !is(at, "<") && within != Within::Macro => {
                    let rest = &tokens[at..];
                    let end = rest.iter().position(|token| token.to_string() == ";").unwrap_or(rest.len());
                    self.take_use(module, &rest[..end], &[]);
                    at += end;
                }
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    let declares = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];
                    if within == Within::Module && declares.contains(&&*word) {
                        self.modules[module].items.insert(name(at)?);
                    }
                    let length = path_length(&tokens[at - 1..]);
                    let is_whole = at < 3 || !is(at - 2, ":") || !is(at - 3, ":");
                    if length > 1 && is_whole && (within != Within::Macro || word == "crate") {
                        let words = tokens[at - 1..].iter().step_by(3).take(length);
                        let (path, line) = (words.map(ToString::to_string).collect(), token.span().start().line);
                        self.mentions.push(Mention { module, path, line });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the module `name` that `module` declares, its `body` in braces or in a file of its own.
    fn child(&mut self, module: usize, name: &str, path: Option<String>, body: Option<&TokenTree>) -> Result<usize> {
        let Module { file, folder, .. } = &self.modules[module];
        let own = folder.join(name);
        match (body, path) {
            (Some(TokenTree::Group(group)), _) => self.module(file.clone(), own, module, group.stream()),
            (_, Some(path)) => {
                let file = normal(&file.with_file_name(path));
                let folder = file.parent().context("a file lies in a folder")?.to_owned();
                self.read(file, folder, module)
            }
            (_, None) => {
                let alone = own.with_extension("rs");
                let file = if alone.exists() { alone } else { own.join("mod.rs") };
                self.read(file, own, module)
            }
        }
    }

    /// Takes in the tree of a `use`, whose paths begin with `prefix`.
    fn take_use(&mut self, module: usize, tree: &[TokenTree], prefix: &[String]) {
        let (mut path, mut name) = (prefix.to_vec(), None);
        let mut tokens = tree.iter();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) if *word == "as" => name = tokens.next().map(ToString::to_string),
                TokenTree::Ident(word) if *word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let trees = inner.split(|token| token.to_string() == ",").filter(|tree| !tree.is_empty());
                    return trees.for_each(|tree| self.take_use(module, tree, &path));
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    self.modules[module].globs.push(path.clone());
                    path.push("*".into());
                }
                _ => {}
            }
        }
        let Some(name) = name.or_else(|| path.last().cloned()) else { return };
        let line = tree[0].span().start().line;
        self.modules[module].names.entry(name).or_insert_with(|| path.clone());
        self.mentions.push(Mention { module, path, line });
    }

    /// Follows a path that stands in `module`; `None` where it leaves the crate. `passed` are the names that have been
    /// followed, each once.
    fn resolve(&self, module: usize, path: &[String], passed: &mut Vec<(usize, String)>) -> Option<Place> {
        let mut at = module;
        for (i, word) in path.iter().enumerate() {
            match &**word {
                "crate" => at = 0,
                "super" => at = self.modules[at].parent,
                "self" => {}
                "*" => return Some(Place { module: at, is_item: true }),
                word => match self.look_up(at, word, passed) {
                    Some(item) if item.is_item => return Some(item),
                    Some(next) => at = next.module,
                    None if i == 0 || self.modules[at].names.contains_key(word) => return None,
                    // Something that a macro has made.
                    None => return Some(Place { module: at, is_item: true }),
                },
            }
        }
        Some(Place { module: at, is_item: false })
    }

    fn look_up(&self, module: usize, word: &str, passed: &mut Vec<(usize, String)>) -> Option<Place> {
        let Module { children, items, names, globs, .. } = &self.modules[module];
        if let Some(&child) = children.get(word) {
            return Some(Place { module: child, is_item: false });
        }
        if items.contains(word) {
            return Some(Place { module, is_item: true });
        }
        let here = (module, word.to_owned());
        if passed.contains(&here) {
            return None;
        }
        passed.push(here);
        if let Some(path) = names.get(word) {
            return self.resolve(module, path, passed);
        }
        let taken = globs.iter().find_map(|glob| {
            let from = self.resolve(module, glob, passed).filter(|from| !from.is_item)?;
            self.look_up(from.module, word, passed)
        });
        let exported = self.exported.get(word).filter(|_| module == 0);
        taken.or_else(|| exported.map(|&module| Place { module, is_item: true }))
    }

    /// Whether a module or one above it is in `file`.
    fn is_below(&self, module: usize, file: &Path) -> bool {
        let Module { file: own, parent, .. } = &self.modules[module];
        **own == *file || (module != 0 && self.is_below(*parent, file))
    }
}

/// How many words a path has that begins here: `a::b::c` has three.
fn path_length(tokens: &[TokenTree]) -> usize {
    let is_colon = |at: usize| tokens.get(at).is_some_and(|token| token.to_string() == ":");
    let is_word = |at: usize| matches!(tokens.get(at), Some(TokenTree::Ident(_)));
    (0..).take_while(|i| is_word(3 * i) && (*i == 0 || (is_colon(3 * i - 2) && is_colon(3 * i - 1)))).count()
}

/// How many tokens the item at the start of `tokens` has: to its braces or its semicolon.
fn item_length(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => token.to_string() == ";",
    };
    tokens.iter().position(ends).map_or(tokens.len(), |end| end + 1)
}

/// `path` without `..`, so that a file has one name.
fn normal(path: &Path) -> PathBuf {
    path.iter().fold(PathBuf::new(), |path, part| match path.parent().filter(|_| part == "..") {
        Some(parent) => parent.to_owned(),
        None => path.join(part),
    })
}
