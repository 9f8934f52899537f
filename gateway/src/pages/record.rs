//! Where a record stands in its author's log, and the file that proves it.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::{
    id::{PartnerId, RecordId},
    wire::node::v1 as node,
};

use super::render;
use crate::{
    app::App,
    extract::Path,
    facts::Fact,
    locale,
    names::{self, PartnerLine},
    problem::Problem,
    provenance::ProvenanceLine,
    routes,
    shell::Shell,
    texts::{Lang, grouped},
    tiles::policy_file,
};

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage<'a> {
    ui: &'a Shell,
    kind: String,
    hash: String,
    state: String,
    state_text: String,
    live: bool,
    provenance: ProvenanceLine,
    facts: Vec<Fact>,
    json: String,
    refused: String,
    source: Option<SourceLine>,
    proof: String,
    policy: String,
    check: String,
    command: String,
    api: String,
}

/// The withdrawn record that this one went with.
struct SourceLine {
    hash: String,
    href: String,
    partner: PartnerLine,
    word: String,
}

impl SourceLine {
    fn new(gone: &node::SourceGone, reader: Lang) -> Option<Self> {
        let id = RecordId::try_from(gone.source.as_slice()).ok()?;
        let word = if gone.claimed { "record-source-claimed" } else { "record-source-seen" };
        let date = locale::moment(reader, gone.owed_by);
        Some(Self {
            hash: id.to_string(),
            href: routes::record(id),
            partner: PartnerLine::of(gone.partner.as_ref(), reader),
            word: reader.fill(word, &[("date", date)]),
        })
    }
}

/// `GET /records/{hash}`
pub async fn show(State(app): State<App>, ui: Shell, Path(id): Path<RecordId>) -> Result<Response, Problem> {
    let record = app.node().record(node::GetRecordRequest { hash: id.to_vec() }).await?;
    let from = record.provenance.clone().unwrap_or_default();
    let signer = app.node().partner(node::GetPartnerRequest { partner: from.partner.clone() }).await.ok();
    let signer = signer.and_then(|view| view.name);
    let state = names::state(record.state());
    let partner = hex::encode(&from.partner);
    let page = RecordPage {
        state: ui.lang.code("state", state),
        state_text: ui.lang.code("state-text", state),
        live: record.state() == node::RecordState::Live,
        kind: match record.kind.as_str() {
            "" => ui.t("kind-sealed"),
            kind => ui.lang.code("kind", kind),
        },
        facts: facts(&ui, &record, &from, signer.as_ref()),
        provenance: ProvenanceLine::new(&from, signer.as_ref(), &ui),
        json: pretty(&record.json),
        proof: routes::api_proof(id),
        policy: routes::policy(&partner),
        check: format!("{}?record={id}", routes::verify()),
        command: command(id, &from.partner),
        api: routes::api_record(id),
        hash: id.to_string(),
        refused: record.refused,
        source: record.source_gone.as_ref().and_then(|gone| SourceLine::new(gone, ui.lang)),
        ui: &ui,
    };
    render(&page)
}

fn facts(
    ui: &Shell,
    record: &node::Record,
    from: &node::Provenance,
    signer: Option<&node::PartnerName>,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut say = |label: &str, value: String| {
        if !value.is_empty() {
            facts.push(Fact { label: ui.t(label), value });
        }
    };
    say("record-class", ui.t(if record.class == 0 { "class-public" } else { "class-named" }));
    let signer = PartnerLine::of(signer, ui.lang);
    say("record-signer", format!("{} · {} · {}", signer.name, signer.country_code, signer.fingerprint));
    say("record-log", from.origin.clone());
    say("record-entry", grouped(from.index));
    say("record-revision", if from.revision > 0 { grouped(from.revision) } else { String::new() });
    say("record-checkpoint", ui.count("record-checkpoint-size", from.checkpoint_size));
    facts
}

/// The name of a downloaded proof.
pub fn proof_file(id: RecordId) -> String {
    format!("{}.tlog-proof", hex::encode(&id.as_bytes()[..8]))
}

/// What checks the two files where they were saved.
pub fn command(id: RecordId, partner: &[u8]) -> String {
    let policy = PartnerId::try_from(partner).map(policy_file).unwrap_or_default();
    format!("volbridge record verify {} --policy {policy}", proof_file(id))
}

/// JSON for people; what isn't JSON stays as it is.
fn pretty(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| text.to_owned())
}
