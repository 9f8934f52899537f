//! YAML 1.2, JSON and JSON Lines into trees with places. JSON is read by the same
//! parser, as YAML contains it; only plain scalars are then no texts. A document
//! that can't be read doesn't hide what is wrong with those after it.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use volbridge_proto::{Code, Refusal};

use super::tree::{Key, Node, Place, Scalar, Style, Value};

/// Nodes that aliases may add to a document: a few kilobytes must not become gigabytes.
const ALIASED_NODES: usize = 100_000;

/// How the text is cut into documents and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Yaml,
    Json,
    JsonLines,
}

impl Form {
    /// By the file's name; where that says nothing, by how the text begins.
    pub fn of(name: &str, text: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let ends = |suffix: &str| lower.ends_with(suffix);
        if ends(".yaml") || ends(".yml") {
            Self::Yaml
        } else if ends(".jsonl") || ends(".ndjson") || looks_like_lines(text) {
            Self::JsonLines
        } else if ends(".json") || text.trim_start().starts_with(['{', '[']) {
            Self::Json
        } else {
            Self::Yaml
        }
    }
}

fn looks_like_lines(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let whole = |line: &str| line.starts_with('{') && line.ends_with('}');
    lines.next().is_some_and(whole) && lines.next().is_some_and(whole)
}

/// A document, or why and where it can't be read.
pub type Document = Result<Node, (Place, Refusal)>;

/// All documents of a text; empty ones are left out.
pub fn documents(text: &str, form: Form) -> Vec<Document> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    parts(text, form)
        .into_iter()
        .filter_map(|(skipped, part)| document(part, skipped, form).transpose())
        .collect()
}

/// The texts of the documents, each with the number of lines before it.
fn parts(text: &str, form: Form) -> Vec<(usize, &str)> {
    let begins = |line: &str| match form {
        Form::Json => false,
        Form::JsonLines => true,
        // At the first column this always begins a document, inside of a block text too.
        Form::Yaml => line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])),
    };
    let mut parts = Vec::new();
    let (mut start, mut skipped, mut at) = (0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if at > start && begins(line) {
            parts.push((skipped, &text[start..at]));
            (start, skipped) = (at, number);
        }
        at += line.len();
    }
    parts.push((skipped, &text[start..]));
    parts
}

fn document(text: &str, skipped: usize, form: Form) -> Result<Option<Node>, (Place, Refusal)> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut builder =
        Builder { form, skipped, anchors: HashMap::new(), aliased: 0, open: Vec::new(), root: None };
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| builder.unreadable(&error))?;
        builder.event(event, span)?;
    }
    Ok(builder.root.filter(|node| !matches!(node.value, Value::Null)))
}

/// Builds one tree out of events, without recursion: depth costs memory, not stack.
struct Builder {
    form: Form,
    skipped: usize,
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
    open: Vec<Open>,
    root: Option<Node>,
}

/// A list or map whose end hasn't come yet.
struct Open {
    place: Place,
    anchor: usize,
    map: bool,
    keys: Vec<Key>,
    nodes: Vec<Node>,
}

/// Deeper than anything that a record holds.
const DEEPEST: usize = 64;

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), (Place, Refusal)> {
        let place = self.place(&span);
        match event {
            Event::Scalar(text, style, anchor, _) => self.add(self.scalar(place, &text, style), anchor),
            Event::SequenceStart(_, anchor, _) => self.begin(place, anchor, false),
            Event::MappingStart(_, anchor, _) => self.begin(place, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(place, anchor),
            // A second document in one part: after `...`.
            Event::DocumentStart(..) if self.root.is_some() => Err((
                place,
                Refusal::new(Code::InputMalformed).with("detail", "begin each document with ---"),
            )),
            _ => Ok(()),
        }
    }

    fn scalar(&self, place: Place, text: &str, style: ScalarStyle) -> Node {
        let plain = matches!(style, ScalarStyle::Plain);
        let value = match text {
            "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
            _ => {
                let style = match (plain, self.form) {
                    (false, _) => Style::Text,
                    (true, Form::Yaml) => Style::Plain,
                    (true, _) => Style::Bare,
                };
                Value::Scalar(Scalar { text: text.to_owned(), style })
            }
        };
        Node { place, value }
    }

    fn begin(&mut self, place: Place, anchor: usize, map: bool) -> Result<(), (Place, Refusal)> {
        if self.open.len() >= DEEPEST {
            return Err((place, Refusal::new(Code::InputMalformed).with("detail", "nested too deeply")));
        }
        self.key_must_be_text(place)?;
        self.open.push(Open { place, anchor, map, keys: Vec::new(), nodes: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), (Place, Refusal)> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = if open.map {
            Value::Map(open.keys.into_iter().zip(open.nodes).collect())
        } else {
            Value::List(open.nodes)
        };
        self.add(Node { place: open.place, value }, open.anchor)
    }

    fn alias(&mut self, place: Place, anchor: usize) -> Result<(), (Place, Refusal)> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err((
                place,
                Refusal::new(Code::InputMalformed).with("detail", "an alias to what contains it"),
            ));
        };
        self.aliased += size;
        if self.aliased > ALIASED_NODES {
            return Err((place, Refusal::new(Code::InputTooLarge).with("detail", "aliases repeat too much")));
        }
        let node = node.clone();
        self.add(node, 0)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), (Place, Refusal)> {
        if anchor != 0 {
            let size = size(&node);
            self.aliased += size;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        if self.at_key() {
            self.key_must_be_text_node(&node)?;
        }
        match (self.open.last_mut(), node.value) {
            (Some(open), Value::Scalar(scalar)) if open.map && open.keys.len() == open.nodes.len() => {
                open.keys.push(Key { name: scalar.text, place: node.place });
            }
            (Some(open), value) => open.nodes.push(Node { place: node.place, value }),
            (None, value) => self.root = Some(Node { place: node.place, value }),
        }
        Ok(())
    }

    fn at_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.map && open.keys.len() == open.nodes.len())
    }

    fn key_must_be_text(&self, place: Place) -> Result<(), (Place, Refusal)> {
        if self.at_key() {
            Err((place, Refusal::new(Code::InputMalformed).with("detail", "a field's name must be one text")))
        } else {
            Ok(())
        }
    }

    fn key_must_be_text_node(&self, node: &Node) -> Result<(), (Place, Refusal)> {
        if matches!(node.value, Value::Scalar(_)) { Ok(()) } else { self.key_must_be_text(node.place) }
    }

    fn place(&self, span: &Span) -> Place {
        Place { line: span.start.line() + self.skipped, column: span.start.col() + 1 }
    }

    fn unreadable(&self, error: &ScanError) -> (Place, Refusal) {
        let marker = error.marker();
        let place = Place { line: marker.line() + self.skipped, column: marker.col() + 1 };
        (place, Refusal::new(Code::InputMalformed).with("detail", error.info()))
    }
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Scalar(_) => 1,
        Value::List(nodes) => 1 + nodes.iter().map(size).sum::<usize>(),
        Value::Map(fields) => 1 + fields.iter().map(|(_, node)| size(node)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, form: Form) -> Vec<Node> {
        documents(text, form).into_iter().map(|document| document.unwrap()).collect()
    }

    fn field<'a>(node: &'a Node, name: &str) -> &'a Node {
        let Value::Map(fields) = &node.value else { panic!("{node:?}") };
        fields.iter().find(|(key, _)| key.name == name).map(|(_, node)| node).unwrap()
    }

    fn text(node: &Node, name: &str) -> String {
        match &field(node, name).value {
            Value::Scalar(scalar) => scalar.text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_are_those_of_the_whole_file() {
        let documents = read("# one\n---\na: 1\nb:\n  - c: x\n---\na: 2\n", Form::Yaml);
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0].place_of("b[0].c"), Place { line: 5, column: 5 });
        assert_eq!(documents[0].place_of("b[0].missing"), Place { line: 5, column: 5 });
        assert_eq!(documents[1].place_of("a").line, 7);
    }

    #[test]
    fn a_broken_document_does_not_hide_the_others() {
        let found = documents("a: 1\n---\na: [1\n---\na: 3\n", Form::Yaml);
        assert!(found[0].is_ok() && found[2].is_ok());
        let (place, refusal) = found[1].as_ref().unwrap_err();
        assert_eq!(refusal.code, Code::InputMalformed);
        assert!((3..=4).contains(&place.line), "{place:?}");
    }

    #[test]
    fn json_and_json_lines_are_read_with_their_escapes() {
        let one = "{\n\t\"a\": \"\\u4e2d \\ud83d\\ude00 \\/\",\n\t\"b\": null}";
        let documents = read(one, Form::of("x.json", one));
        assert_eq!(text(&documents[0], "a"), "中 😀 /");
        assert_eq!(documents[0].place_of("b").line, 3);
        let lines = "{\"a\": 1}\n\n{\"a\": 2}\n";
        assert_eq!(Form::of("-", lines), Form::JsonLines);
        let documents = read(lines, Form::JsonLines);
        assert_eq!((documents.len(), documents[1].place.line), (2, 3));
    }

    #[test]
    fn aliases_work_and_cannot_explode() {
        let documents = read("a: &x {t: 1}\nb: *x\n", Form::Yaml);
        assert_eq!(text(field(&documents[0], "b"), "t"), "1");
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        let (_, refusal) = super::documents(&bomb, Form::Yaml).remove(0).unwrap_err();
        assert_eq!(refusal.code, Code::InputTooLarge);
    }
}
