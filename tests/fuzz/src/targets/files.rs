//! Files that people write: entries to publish, and the configuration.

use volbridge_proto::kinds;

use super::{named, text};
use crate::node::{
    config::Config,
    input::{
        message,
        parse::{Form, documents},
        tree::{Node, Value},
    },
    noun::Noun,
};

/// The whole configuration.
pub fn config(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let lines = text.lines().count() + 1;
    match Config::parse("f", text) {
        // The data folder is the one thing that everything else starts at.
        Ok(config) => assert!(config.keys_dir().starts_with(&config.node.data_dir)),
        Err(error) => {
            assert!(!error.problems.is_empty());
            for problem in &error.problems {
                let line = problem.place.strip_prefix("f:").and_then(|line| line.parse::<usize>().ok());
                assert!(line.is_none_or(|line| (1..=lines).contains(&line)), "{problem}");
            }
        }
    }
}

const NOUNS: &[Noun] = &[
    Noun::Listing,
    Noun::Organisation,
    Noun::Conference,
    Noun::Profile,
    Noun::Material,
    Noun::Agreement,
    Noun::Translation,
];

/// What the entries are in the first line, then a file of them: YAML, JSON or JSON Lines.
pub fn entries(bytes: &[u8]) {
    let Some((word, file)) = named(bytes) else { return };
    let Some(noun) = NOUNS.iter().find(|noun| noun.word() == word) else { return };
    let Some(text) = text(file) else { return };
    let lines = text.split('\n').count();
    for document in documents(text, Form::of("-", text)) {
        match document {
            Ok(Node { value: Value::List(nodes), .. }) => {
                nodes.iter().for_each(|node| entry(*noun, node, lines));
            }
            Ok(node) => entry(*noun, &node, lines),
            Err((place, _)) => assert!((1..=lines + 1).contains(&place.line), "{place:?}"),
        }
    }
}

fn entry(noun: Noun, node: &Node, lines: usize) {
    let mut faults = Vec::new();
    let payload = message::encode(noun.message(), node, &mut faults);
    for (place, refusal) in &faults {
        assert!((1..=lines + 1).contains(&place.line), "{refusal}: {place:?}");
    }
    // What was read without a fault is the message of its kind, whatever its rule says of it.
    let verdict = kinds::validate(noun.kind(), &payload);
    if let Some(value) = verdict.payload()
        && faults.is_empty()
    {
        assert_eq!(value.encode().as_ref(), Ok(&payload));
    }
}
