//! What went wrong: what happened, that nothing was lost or published, what to do.
//! The sentences belong to the stable code; with `--json` they come as one document.

use prost::Message as _;
use serde_json::{Value, json};
use volbridge_proto::{Code, Refusal, wire::node::v1 as node};

use super::{Output, code};
use crate::{
    input::Fault,
    lang::{Lang, say},
};

/// Why a command ends without success.
#[derive(Debug)]
pub struct Problem {
    /// Stable.
    pub code: Code,
    /// The sentence; empty: the one of the code.
    pub what: String,
    /// What did not happen, so that nobody has to wonder.
    pub kept: String,
    /// What to do; empty: the advice of the code.
    pub hint: String,
    /// What is wrong with input files.
    pub faults: Vec<Fault>,
    /// What belongs to the reason.
    pub refusal: Option<Box<Refusal>>,
    /// 1 refused or failed, 2 the command line was wrong.
    pub exit: u8,
    /// The JSON document was printed by the command itself.
    pub told: bool,
}

/// What a command returns.
pub type Outcome<T = ()> = Result<T, Problem>;

impl Problem {
    /// A problem with a code's own sentence.
    pub fn new(code: Code) -> Self {
        Self::from(Refusal::new(code))
    }

    /// A problem in one's own words.
    pub fn saying(code: Code, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::new(code) }
    }

    /// The command line itself was wrong.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::saying(Code::RequestInvalid, what) }
    }

    /// Says what did not happen.
    pub fn kept(mut self, kept: impl Into<String>) -> Self {
        self.kept = kept.into();
        self
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Leaves the JSON document to the command.
    pub fn reported(mut self) -> Self {
        self.told = true;
        self
    }

    /// As one document.
    pub fn json(&self, lang: Lang) -> Value {
        let mut error = json!({ "code": self.code.as_str(), "message": self.sentence(lang) });
        let hint = self.advice(lang);
        if !hint.is_empty() {
            error["hint"] = json!(hint);
        }
        if let Some(refusal) = self.refusal.as_ref().filter(|refusal| !refusal.field.is_empty()) {
            error["field"] = json!(refusal.field);
        }
        if let Some(refusal) = self.refusal.as_ref().filter(|refusal| !refusal.params.is_empty()) {
            error["params"] = params(refusal);
        }
        let mut document = json!({ "error": error });
        if !self.faults.is_empty() {
            document["faults"] = self.faults.iter().map(|fault| fault_json(fault, lang)).collect();
        }
        document
    }

    /// Tells people, and programs if they asked.
    pub fn report(&self, output: Output) {
        let lang = output.lang;
        if output.json && !self.told {
            output.result(&self.json(lang), String::new);
        }
        for fault in &self.faults {
            output.hint(&fault_line(fault, lang));
        }
        let sentence = self.sentence(lang);
        output.hint(&say!(lang, "error: {sentence}", "错误：{sentence}"));
        output.hint(&self.kept);
        let advice = self.advice(lang);
        if !advice.is_empty() {
            output.hint(&say!(lang, "what to do: {advice}", "怎么办：{advice}"));
        }
    }

    fn sentence(&self, lang: Lang) -> String {
        match (&self.what, &self.refusal) {
            (what, _) if !what.is_empty() => what.clone(),
            (_, Some(refusal)) => code::refusal(refusal, lang),
            _ => code::sentence(self.code, lang).to_owned(),
        }
    }

    fn advice(&self, lang: Lang) -> String {
        if !self.hint.is_empty() {
            return self.hint.clone();
        }
        code::advice(self.code, lang)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code,
            what: String::new(),
            kept: String::new(),
            hint: String::new(),
            faults: Vec::new(),
            refusal: Some(Box::new(refusal)),
            exit: 1,
            told: false,
        }
    }
}

impl From<tonic::Status> for Problem {
    fn from(status: tonic::Status) -> Self {
        Self::from(refusal_of(&status))
    }
}

/// The reason that a node gave: its detail message, or what the status number says.
pub fn refusal_of(status: &tonic::Status) -> Refusal {
    let told = node::Problem::decode(status.details()).ok().filter(|problem| !problem.code.is_empty());
    let Some(problem) = told else {
        let code = match status.code() {
            tonic::Code::Unavailable => Code::Unavailable,
            tonic::Code::DeadlineExceeded | tonic::Code::Cancelled => Code::DeadlineExceeded,
            tonic::Code::Unauthenticated => Code::Unauthenticated,
            tonic::Code::PermissionDenied => Code::PermissionDenied,
            tonic::Code::NotFound => Code::NotFound,
            tonic::Code::Unimplemented => Code::Unimplemented,
            tonic::Code::InvalidArgument => Code::RequestInvalid,
            tonic::Code::ResourceExhausted => Code::RateLimited,
            _ => Code::Internal,
        };
        return Refusal::new(code).with("detail", status.message());
    };
    let Ok(code) = problem.code.parse::<Code>() else {
        return Refusal::new(Code::Internal).at(problem.field).with("code", problem.code);
    };
    let mut refusal = Refusal::new(code).at(problem.field);
    for (key, value) in problem.params {
        refusal = refusal.with(key, value);
    }
    refusal
}

/// `listings.yaml:12:3 roles[0].slots: the value is not … (entry 2)`
fn fault_line(fault: &Fault, lang: Lang) -> String {
    let Fault { file, place, entry, refusal } = fault;
    let text = code::refusal(refusal, lang);
    let entry = entry.map(|entry| say!(lang, " (entry {entry})", "（第 {entry} 条）")).unwrap_or_default();
    format!("{file}:{}:{}: {text}{entry}", place.line, place.column)
}

fn fault_json(fault: &Fault, lang: Lang) -> Value {
    let Fault { file, place, entry, refusal } = fault;
    json!({
        "file": file, "line": place.line, "column": place.column, "entry": entry,
        "field": refusal.field, "code": refusal.code.as_str(), "message": code::refusal(refusal, lang),
        "params": params(refusal),
    })
}

fn params(refusal: &Refusal) -> Value {
    refusal.params.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
}
