//! Requests made from the API's own description, right, odd and wrong: the server never fails, and what it answers is what
//! the description says: its status, its media type, its body, with no field more (threats.md T67).

use std::collections::BTreeSet;

use jsonschema::Validator;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rstest::rstest;
use serde_json::{Map, Value, json};
use volbridge_proto::SubjectId;
use volbridge_tests::Database;

use crate::{
    House,
    house::{Answer, Ask, percent},
};

/// Requests to each operation.
const EACH: usize = 48;

/// Texts that schemas don't tell apart.
const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "en",
    "zh-CN",
    "CN",
    "2027-02-30",
    "2027-12-05",
    "0",
    "1",
    "-1",
    "100",
    "101",
    "4294967296",
    "1.5",
    "NaN",
    "null",
    "all",
    "志愿",
    "\u{0}",
    "\u{202e}",
    "e\u{301}",
    "'",
    "%",
    "[]",
    "{}",
    "a\nb",
];

struct Document {
    whole: Value,
    rng: StdRng,
}

impl Document {
    /// The document, its schemas of objects closed: an answer has no field that isn't described.
    async fn of(house: &House, seed: u64) -> Self {
        let answer = house.ask(Ask::get("/api/v1/openapi.json".to_owned())).await;
        let mut whole: Value = serde_json::from_slice(&answer.body).unwrap();
        close(&mut whole["components"]["schemas"]);
        Self { whole, rng: StdRng::seed_from_u64(seed) }
    }

    fn resolved(&self, schema: &Value) -> Value {
        match schema["$ref"].as_str().and_then(|link| link.strip_prefix('#')) {
            Some(pointer) => self.whole.pointer(pointer).unwrap().clone(),
            None => schema.clone(),
        }
    }

    /// A validator of a schema, which may name those of the document.
    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        schema["components"] = self.whole["components"].clone();
        jsonschema::draft202012::new(&schema).unwrap()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.rng.random_range(0..from.len())].clone()
    }

    fn once_in(&mut self, times: u32) -> bool {
        self.rng.random_range(0..times) == 0
    }

    /// Something of this schema; now and then something that isn't.
    fn value(&mut self, schema: &Value, depth: u32) -> Value {
        let schema = self.resolved(schema);
        if self.once_in(24) {
            return self.pick(&[
                json!(null),
                json!(true),
                json!(-1),
                json!(1e300),
                json!("x"),
                json!([]),
                json!({}),
            ]);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let choice = self.pick(choices);
            return self.value(&choice, depth);
        }
        let form = match &schema["type"] {
            Value::Array(forms) => self.pick(forms),
            form => form.clone(),
        };
        match form.as_str().unwrap_or("string") {
            "object" => self.object(&schema, depth),
            "array" => {
                let length = if depth > 3 { 0 } else { self.pick(&[0, 1, 1, 2, 65]) };
                (0..length).map(|_| self.value(&schema["items"], depth + 1)).collect()
            }
            "integer" => self.pick(&[
                json!(0),
                json!(1),
                json!(2),
                json!(17),
                json!(18),
                json!(64),
                json!(65),
                json!(u32::MAX),
                json!(i64::MAX),
                json!(u64::MAX),
            ]),
            "number" => self.pick(&[
                json!(0.0),
                json!(-90.0),
                json!(90.000_001),
                json!(180.0),
                json!(-1e308),
                json!(1e-9),
            ]),
            "boolean" => json!(self.once_in(2)),
            "null" => Value::Null,
            _ if self.once_in(16) => json!("long ".repeat(20_000)),
            _ => json!(self.pick(TEXTS)),
        }
    }

    fn object(&mut self, schema: &Value, depth: u32) -> Value {
        let mut object = Map::new();
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            // Now and then something is missing.
            if !self.once_in(24) {
                object.insert(name.clone(), self.value(inner, depth + 1));
            }
        }
        if self.once_in(12) {
            object.insert("state".to_owned(), json!("live"));
        }
        Value::Object(object)
    }

    /// The document's example, in some places otherwise.
    fn near(&mut self, example: &Value, schema: &Value) -> Value {
        let mut value = example.clone();
        let schema = self.resolved(schema);
        for _ in 0..self.rng.random_range(0..3) {
            let names: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
            let name = self.pick(&names);
            value[&name] = self.value(&schema["properties"][&name], 1);
        }
        if self.once_in(8) {
            let names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
            let name = self.pick(&names);
            value.as_object_mut().unwrap().remove(&name);
        }
        value
    }

    /// A parameter's value as text, as bytes of a query.
    fn text(&mut self, schema: &Value, fitting: &str) -> String {
        if self.once_in(2) {
            return fitting.to_owned();
        }
        match self.value(schema, 9) {
            Value::String(text) if text.len() > 8_000 => text[..8_000].to_owned(),
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// A request to an operation.
    fn request(&mut self, house: &House, route: &str, method: &str, operation: &Value) -> Ask {
        let (mut path, mut query) = (house.path(route), Vec::new());
        let mut ask = Ask::get(String::new());
        ask.method = method.to_uppercase().parse().unwrap();
        // Of many, few at a time: one that is out of form spoils all.
        let rarely =
            u32::try_from(operation["parameters"].as_array().map_or(0, Vec::len) / 2).unwrap().max(2);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let fitting = fitting(name, house);
            let text = self.text(&parameter["schema"], &fitting);
            match parameter["in"].as_str().unwrap() {
                "path" if self.once_in(3) => {
                    let text = if text.is_empty() { "x".to_owned() } else { text };
                    path = house.path(&route.replace(&format!("{{{name}}}"), &percent(text.as_bytes())));
                }
                "query" if self.once_in(rarely) => query.push(format!("{name}={}", percent(text.as_bytes()))),
                "header" if !self.once_in(8) => {
                    let key: u64 = self.rng.random();
                    ask = ask.with(name, if self.once_in(4) { "again".to_owned() } else { key.to_string() });
                }
                _ => {}
            }
        }
        if self.once_in(12) {
            query.push("page=2".to_owned());
        }
        let body = operation["requestBody"]["content"]["application/json"].clone();
        if body.is_object() {
            let wrong = self.once_in(10);
            let token = if wrong { "0".repeat(32) } else { house.node.token() };
            ask = ask.with("authorization", format!("Bearer {token}"));
            let media_type = if self.once_in(16) { "text/plain" } else { "application/json" };
            ask = ask.with("content-type", media_type);
            if self.once_in(24) {
                ask = ask.with("origin", "https://evil.example");
            }
            ask.body = Some(self.body(house, &body));
        }
        if body.is_null() && operation.get("security").is_some() && !self.once_in(4) {
            ask = ask.with("authorization", format!("Bearer {}", house.node.token()));
        }
        ask.path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        ask
    }

    fn body(&mut self, house: &House, described: &Value) -> Vec<u8> {
        if self.once_in(16) {
            return self.pick(&[&b""[..], b"{", b"[1,", b"\xff", b"\"\\ud800\"", b"nul"]).to_vec();
        }
        if self.once_in(24) {
            return vec![b' '; (1 << 20) + 1];
        }
        let organisation = SubjectId::try_from(house.organisation.subject.as_slice()).unwrap();
        let mut example = described["example"].clone();
        example["organisation"] = json!(organisation.to_string());
        let value = if self.once_in(3) {
            self.value(&described["schema"], 0)
        } else {
            self.near(&example, &described["schema"])
        };
        value.to_string().into_bytes()
    }
}

/// A value that a parameter of this name takes.
fn fitting(name: &str, house: &House) -> String {
    let text = match name {
        "partner" | "partners" => return house.node.id.to_string(),
        "countries" => "CN,online",
        "near" => "39.9,116.4",
        "modalities" => "onsite",
        "durations" => "month",
        "months" => "2027-03",
        "benefits" => "visa",
        "languages" => "en",
        "open" | "facets" => "true",
        "facet_names" => "countries",
        "sort" => "newest",
        "from" | "until" => "2027-03-01",
        _ => "1",
    };
    text.to_owned()
}

/// An object has the properties that its schema names, and no other.
fn close(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
            fields.insert("additionalProperties".to_owned(), json!(false));
        }
        fields.values_mut().for_each(close);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(close);
    }
}

/// Whether this is an answer that the operation describes.
fn described(document: &Document, operation: &Value, answer: &Answer) -> Result<(), String> {
    let status = answer.status.as_u16().to_string();
    let response = &operation["responses"][&status];
    if response.is_null() {
        return Err(format!("{status} isn't described"));
    }
    let media_type = answer.media_type.split(';').next().unwrap_or_default();
    let content = &response["content"][media_type];
    if content.is_null() {
        return Err(format!("{status}: {media_type} isn't described"));
    }
    let body = match media_type {
        "text/plain" | "text/event-stream" => {
            Value::String(String::from_utf8(answer.body.clone()).map_err(|error| error.to_string())?)
        }
        _ => serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?,
    };
    if let Err(error) = document.validator(&content["schema"]).validate(&body) {
        return Err(format!("{status}: {} at {}: {body}", error, error.instance_path()));
    }
    if media_type == "application/problem+json" && body["status"] != answer.status.as_u16() {
        return Err(format!("{status}: {body}"));
    }
    Ok(())
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t67_generated_requests_are_answered_as_the_description_says(#[case] database: Database) {
    let house = House::start(database).await;
    let seed = 20_261_124;
    println!("seed {seed}");
    let mut document = Document::of(&house, seed).await;
    let mut seen = BTreeSet::new();
    let paths = document.whole["paths"].as_object().unwrap().clone();
    for (route, operations) in &paths {
        for (method, operation) in operations.as_object().unwrap() {
            let rounds = if method == "post" { 4 * EACH } else { EACH };
            for _ in 0..rounds {
                let ask = document.request(&house, route, method, operation);
                let shown =
                    format!("{method} {} {:?}", ask.path, ask.body.as_deref().map(String::from_utf8_lossy));
                let too_large = ask.body.as_ref().is_some_and(|body| body.len() > 1 << 20);
                let Some(answer) = house.try_ask(ask).await else {
                    assert!(too_large, "no answer: {shown}");
                    continue;
                };
                let fault = described(&document, operation, &answer);
                assert_eq!(fault, Ok(()), "{}", shown.chars().take(2_000).collect::<String>());
                seen.insert(format!("{method} {route} {}", answer.status.as_u16()));
            }
        }
    }
    // Each description of an answer was met, and publishing in each of its ways.
    for status in [201, 400, 401, 403, 409, 415, 422] {
        assert!(seen.contains(&format!("post /api/v1/listings {status}")), "{status}: {seen:#?}");
    }
    // What anybody may read is met in each way; what is behind a token needs ids that nobody guesses.
    for (route, operations) in &paths {
        let read = operations.get("get").filter(|operation| operation.get("security").is_none());
        let responses = read.and_then(|operation| operation["responses"].as_object());
        let missing: Vec<_> = responses
            .into_iter()
            .flat_map(|responses| responses.keys())
            // Nothing has moved here.
            .filter(|status| !status.starts_with('3') && !seen.contains(&format!("get {route} {status}")))
            .collect();
        assert!(missing.is_empty(), "get {route}: never {missing:?}");
    }
}
