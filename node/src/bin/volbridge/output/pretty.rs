//! One answer for people: its fields in lines, what is empty left out.

use serde_json::Value;

/// `field: value` lines, indented by depth; ids and texts as they are.
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(_, value)| !is_empty(value)) {
                let indent = "  ".repeat(depth);
                out.push_str(&format!("{indent}{name}:"));
                child(out, value, depth);
            }
        }
        Value::Array(values) => {
            for value in values {
                out.push_str(&"  ".repeat(depth));
                out.push('-');
                child(out, value, depth);
            }
        }
        _ => {}
    }
}

fn child(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(_) | Value::Array(_) => {
            out.push('\n');
            write(out, value, depth + 1);
        }
        Value::String(text) if text.contains('\n') => {
            out.push('\n');
            for line in text.lines() {
                let indent = "  ".repeat(depth + 1);
                out.push_str(&format!("{indent}{line}\n"));
            }
        }
        Value::String(text) => out.push_str(&format!(" {text}\n")),
        other => out.push_str(&format!(" {other}\n")),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty_is_left_out() {
        let value = json!({ "a": "", "b": 1, "c": { "d": "x" }, "e": [{ "f": "1\n2" }], "g": { "h": [] } });
        assert_eq!(pretty(&value), "b: 1\nc:\n  d: x\ne:\n  -\n    f:\n      1\n      2\n");
    }
}
