//! A document as it was written: every value and key with the place where it
//! stands, so that whatever is wrong with it can be shown there.

/// A place in a file, both from 1. Ordered as one reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// A value and where it begins.
#[derive(Clone, Debug)]
pub struct Node {
    pub place: Place,
    pub value: Value,
}

/// What a value is, before anything is known of what it should be.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, `~` or `null`: the same as if the field were left out.
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// One text. A plain one in YAML may be a number or a text: the field decides.
#[derive(Clone, Debug)]
pub struct Scalar {
    pub text: String,
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// In quotes or as a block: a text and nothing else.
    Text,
    /// Without quotes.
    Plain,
    /// Without quotes where JSON is written: a number or `true`, never a text.
    Bare,
}

/// The name of a field and where it stands.
#[derive(Clone, Debug)]
pub struct Key {
    pub name: String,
    pub place: Place,
}

impl Node {
    /// What kind of value this is, in one word for a report.
    pub fn shape(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Scalar(scalar) if scalar.style == Style::Text => "text",
            Value::Scalar(scalar) if scalar.text.parse::<f64>().is_ok() => "number",
            Value::Scalar(scalar) if matches!(scalar.text.as_str(), "true" | "false") => "true or false",
            Value::Scalar(_) => "text",
            Value::List(_) => "list",
            Value::Map(_) => "fields",
        }
    }

    /// Removes a field that isn't part of the record itself.
    pub fn take(&mut self, name: &str) -> Option<(Key, Node)> {
        let Value::Map(fields) = &mut self.value else { return None };
        let at = fields.iter().position(|(key, _)| key.name == name)?;
        Some(fields.remove(at))
    }

    /// Where `path` (`roles[0].title`) stands, or the nearest thing around it.
    pub fn place_of(&self, path: &str) -> Place {
        let mut here = self;
        let mut place = self.place;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let next = match step.strip_suffix(']') {
                Some(number) => here.nth(number),
                None => here.entry(step),
            };
            let Some((at, node)) = next else { break };
            (place, here) = (at, node);
        }
        place
    }

    fn entry(&self, name: &str) -> Option<(Place, &Node)> {
        let Value::Map(fields) = &self.value else { return None };
        fields.iter().find(|(key, _)| key.name == name).map(|(key, node)| (key.place, node))
    }

    fn nth(&self, number: &str) -> Option<(Place, &Node)> {
        let Value::List(nodes) = &self.value else { return None };
        nodes.get(number.parse::<usize>().ok()?).map(|node| (node.place, node))
    }
}
