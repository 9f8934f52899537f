//! JSON-LD as others write it: one thing or an array of things, a text or an object around a text, nodes in a graph.

use serde_json::{Map, Value};
use volbridge_proto::wire::record::v1::LocalText;

/// Nodes that are looked at, wherever they stand.
const NODES: usize = 10_000;
/// Nodes within nodes.
const DEEP: usize = 8;

/// The things of a value: of an array each, of nothing none.
pub(crate) fn each(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    }
}

/// Its text, or that of its first thing: as it stands, as `@value`, as `name`.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Array(list) => list.first().map_or_else(String::new, text),
        Value::Object(node) => {
            let inner = ["@value", "name"].iter().find_map(|name| node.get(*name));
            inner.filter(|inner| !inner.is_object()).map_or_else(String::new, text)
        }
        Value::Null => String::new(),
    }
}

/// The texts of all its things.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    each(value).iter().map(text).filter(|text| !text.is_empty()).collect()
}

/// The address of a node, or of what is named by an address alone.
pub(crate) fn id(value: &Value) -> String {
    match value {
        Value::Object(node) => {
            ["@id", "id"].iter().find_map(|name| node.get(*name)).map_or_else(String::new, text)
        }
        Value::Array(list) => list.first().map_or_else(String::new, id),
        one => text(one),
    }
}

/// Whether it is of this type, written with or without its vocabulary.
pub(crate) fn is_a(value: &Value, name: &str) -> bool {
    let types = [&value["@type"], &value["type"]];
    types
        .iter()
        .flat_map(|value| texts(value))
        .any(|known| known.rsplit(['/', '#', ':']).next() == Some(name))
}

/// All nodes of a type, in a graph, a list of items or at the top.
pub(crate) fn nodes<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    collect(value, name, DEEP, &mut found);
    found
}

fn collect<'a>(value: &'a Value, name: &str, deep: usize, found: &mut Vec<&'a Value>) {
    for one in each(value) {
        if found.len() >= NODES || deep == 0 {
            return;
        }
        if is_a(one, name) {
            found.push(one);
            continue;
        }
        for inside in ["@graph", "graph", "itemListElement", "item", "data", "mainEntity"] {
            collect(&one[inside], name, deep - 1, found);
        }
    }
}

/// The language that a context names.
pub(crate) fn language(value: &Value) -> String {
    let contexts = each(&value["@context"]).iter();
    contexts.map(|context| text(&context["@language"])).find(|tag| !tag.is_empty()).unwrap_or_default()
}

/// Texts that say their language.
pub(crate) fn local(value: &Value) -> Vec<LocalText> {
    let said = each(value).iter().filter(|one| one["@language"].is_string());
    said.map(|one| LocalText { language: text(&one["@language"]), text: text(one) }).collect()
}

/// A text as a thing that says its language.
pub(crate) fn tagged(name: &LocalText) -> Value {
    serde_json::json!({ "@language": name.language, "@value": name.text })
}

/// A node that is written: what is empty is left out.
#[derive(Default)]
pub(crate) struct Node(Map<String, Value>);

impl Node {
    pub(crate) fn of(kind: &str) -> Self {
        Self::default().with("@type", kind)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(node) => node.keys().all(|name| name == "@type" || name == "type"),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if !empty {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// A number, unless it is 0.
    pub(crate) fn counted(self, name: &str, number: u32) -> Self {
        if number == 0 { self } else { self.with(name, number) }
    }
}

impl From<Node> for Value {
    fn from(node: Node) -> Self {
        Self::Object(node.0)
    }
}
