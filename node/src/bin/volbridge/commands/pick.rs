//! Naming things on the command line: a partner by id, fingerprint, domain or
//! name; a record by its hash, a subject by its UUID.

use volbridge_proto::{Code, PartnerId, RecordId, SubjectId, wire::node::v1 as node};

use crate::{
    client::Client,
    lang::{Lang, say},
    output::{
        json::id_or_base64,
        problem::{Outcome, Problem},
    },
};

/// A record, or a subject with all of its revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Record(RecordId),
    Subject(SubjectId),
}

/// Reads a target, for clap.
pub fn target(text: &str) -> Result<Target, String> {
    let lower = text.to_ascii_lowercase();
    if let Ok(subject) = lower.parse() {
        return Ok(Target::Subject(subject));
    }
    lower
        .parse()
        .map(Target::Record)
        .map_err(|_| "an id (UUID) or a record's hash (64 hex digits) is expected".to_owned())
}

/// Reads a record's hash, for clap.
pub fn record(text: &str) -> Result<RecordId, String> {
    text.to_ascii_lowercase().parse().map_err(|_| "a record's hash (64 hex digits) is expected".to_owned())
}

/// Reads a subject, for clap.
pub fn subject(text: &str) -> Result<SubjectId, String> {
    text.to_ascii_lowercase().parse().map_err(|_| "an id (UUID) is expected".to_owned())
}

/// The partner that is meant.
pub async fn partner(client: &Client, text: &str, lang: Lang) -> Outcome<PartnerId> {
    if let Ok(id) = text.to_ascii_lowercase().parse() {
        return Ok(id);
    }
    let answer = client.partners().list(node::ListPartnersRequest {}).await?.into_inner();
    let mut found: Vec<&node::PartnerView> =
        answer.partners.iter().filter(|view| names(view, text)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(view), true) => {
            let id = view.name.as_ref().map(|name| name.id.as_slice()).unwrap_or_default();
            Ok(PartnerId::try_from(id)?)
        }
        (None, _) => {
            let what = say!(lang, "this node knows no partner \"{text}\"", "本节点不认识伙伴“{text}”");
            Err(Problem::saying(Code::NotFound, what).hint(say!(
                lang,
                "see: volbridge partner list",
                "请看：volbridge partner list"
            )))
        }
        (Some(_), false) => {
            let what = say!(lang, "\"{text}\" is the name of several partners", "有多个伙伴名为“{text}”");
            Err(Problem::saying(Code::RequestInvalid, what).hint(say!(
                lang,
                "give the fingerprint; see: volbridge partner list",
                "请用指纹；见：volbridge partner list"
            )))
        }
    }
}

/// Same, where a partner may be named.
pub async fn maybe_partner(client: &Client, text: Option<&str>, lang: Lang) -> Outcome<Vec<u8>> {
    match text {
        Some(text) => Ok(partner(client, text, lang).await?.to_vec()),
        None => Ok(Vec::new()),
    }
}

fn names(view: &node::PartnerView, text: &str) -> bool {
    let Some(name) = &view.name else { return false };
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let hex = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && id_or_base64(&name.id).starts_with(&digits))
        || view.domain.eq_ignore_ascii_case(text)
        || name.names.iter().any(|name| name.text.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_are_found_by_fingerprint_domain_or_name() {
        let view = node::PartnerView {
            name: Some(node::PartnerName {
                id: vec![0xab; 32],
                names: vec![node::Text { text: "北京".to_owned(), ..Default::default() }],
                ..Default::default()
            }),
            domain: "bvf.example".to_owned(),
            ..Default::default()
        };
        for text in ["abab abab abab", "BVF.example", "北京", &"ab".repeat(32)] {
            assert!(names(&view, text), "{text}");
        }
        for text in ["abab", "bvf", "cdcd cdcd"] {
            assert!(!names(&view, text), "{text}");
        }
    }
}
