//! Anyone checks a proof: a file, pasted text, or a record that this node holds.
//! Works without JavaScript; nothing that is sent is kept.

use askama::Template;
use axum::{
    extract::{Multipart, State},
    response::Response,
};
use serde::Deserialize;
use volbridge_proto::{
    error::{Code, Refusal},
    id::RecordId,
    wire::node::v1 as node,
};

use super::render;
use crate::{
    app::App,
    extract::Query,
    facts::Fact,
    locale,
    names::{self, PartnerLine},
    problem::Problem,
    routes,
    session::FORM_TOKEN,
    shell::Shell,
    texts::grouped,
    verify::{self, Checked},
};

/// A record that is to be checked here.
#[derive(Deserialize)]
pub struct Wish {
    record: Option<RecordId>,
}

struct Verdict {
    valid: bool,
    sentence: String,
    detail: String,
    facts: Vec<Fact>,
    /// For those who compare them with other tools.
    details: Vec<Fact>,
    signer: Option<PartnerLine>,
    /// What has become of the record since, as far as this node knows.
    since: String,
    withdrawn: bool,
    record: String,
    own_policy: bool,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage<'a> {
    ui: &'a Shell,
    verdict: Option<Verdict>,
    proof: String,
    policy: String,
}

/// `GET /verify`, `GET /verify?record=…`
pub async fn show(State(app): State<App>, ui: Shell, Query(wish): Query<Wish>) -> Result<Response, Problem> {
    let Some(record) = wish.record else {
        return render(&VerifyPage { ui: &ui, verdict: None, proof: String::new(), policy: String::new() });
    };
    let proof = app.node().proof(node::GetRecordRequest { hash: record.to_vec() }).await?;
    answer(&app, &ui, proof.proof, proof.policy, true).await
}

/// `POST /verify`
pub async fn check(State(app): State<App>, ui: Shell, form: Multipart) -> Result<Response, Problem> {
    let (proof, policy) = read(form).await?;
    if proof.trim().is_empty() {
        return Err(Problem::new(Code::FieldRequired).at("proof"));
    }
    let own = policy.trim().is_empty();
    let policy = if own { policy_of(&app, &proof).await } else { policy };
    answer(&app, &ui, proof, policy, own).await
}

/// The file goes before the pasted text; line ends as browsers send them are undone.
async fn read(mut form: Multipart) -> Result<(String, String), Problem> {
    let (mut file, mut text, mut policy) = (String::new(), String::new(), String::new());
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(unreadable)?;
        let content = String::from_utf8(bytes.to_vec()).map_err(|_| Problem::new(Code::ProofMalformed))?;
        match name.as_str() {
            "file" => file = content,
            "proof" => text = content.replace("\r\n", "\n"),
            "policy" => policy = content.replace("\r\n", "\n"),
            FORM_TOKEN => {}
            _ => return Err(Problem::new(Code::FieldUnknown)),
        }
    }
    let pasted = if text.is_empty() || text.ends_with('\n') { text } else { format!("{text}\n") };
    Ok((if file.is_empty() { pasted } else { file }, policy))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn unreadable(error: axum::extract::multipart::MultipartError) -> Problem {
    Problem::with_status(error.status(), Code::InputMalformed.as_str())
}

/// This node's own view of the log's keys and witnesses; empty if it doesn't know the log.
async fn policy_of(app: &App, proof: &str) -> String {
    let Some(log) = verify::claimed_log(proof) else { return String::new() };
    let log = node::LogRequest { partner: log.partner.to_vec(), epoch: log.epoch };
    app.node().policy(log).await.map(|answer| answer.policy).unwrap_or_default()
}

async fn answer(
    app: &App,
    ui: &Shell,
    proof: String,
    policy: String,
    own_policy: bool,
) -> Result<Response, Problem> {
    let permit = app.checks().acquire_owned().await.map_err(|_| Problem::new(Code::ShuttingDown))?;
    let (text, rules) = (proof.clone(), policy.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let _held = permit;
        verify::check(&text, &rules)
    })
    .await
    .map_err(|_| Problem::new(Code::Internal))?;
    let verdict = match checked {
        Ok(checked) => accepted(app, ui, checked, own_policy).await,
        Err(refusal) => {
            let unknown_log = own_policy && policy.is_empty() && verify::claimed_log(&proof).is_some();
            refused(ui, &refusal, unknown_log)
        }
    };
    let shown_policy = if own_policy { String::new() } else { policy };
    render(&VerifyPage { ui, verdict: Some(verdict), proof, policy: shown_policy })
}

async fn accepted(app: &App, ui: &Shell, checked: Checked, own_policy: bool) -> Verdict {
    let partner =
        app.node().partner(node::GetPartnerRequest { partner: checked.log.partner.to_vec() }).await.ok();
    let signer = partner.and_then(|view| view.name).map(|name| PartnerLine::new(&name, ui.lang));
    let record = app.node().record(node::GetRecordRequest { hash: checked.record.to_vec() }).await.ok();
    let state = record.as_ref().map(|record| names::state(record.state()));
    let kind = checked.kind.as_ref().map_or_else(|| ui.t("kind-sealed"), |kind| ui.lang.code("kind", kind));
    let witnesses = if checked.cosigners.is_empty() {
        ui.t("verify-no-witnesses")
    } else {
        let known =
            if own_policy { app.node().partners(node::ListPartnersRequest {}).await.ok() } else { None };
        let known = known.map(|answer| answer.partners).unwrap_or_default();
        let names: Vec<String> = checked.cosigners.iter().map(|name| witness(name, &known, ui)).collect();
        names.join(&ui.t("list-separator"))
    };
    let fact = |label: &str, value: String| Fact { label: ui.t(label), value };
    Verdict {
        valid: true,
        sentence: ui.t("verify-valid"),
        detail: ui.t(if own_policy { "verify-own-policy" } else { "verify-your-policy" }),
        facts: vec![
            fact("record-kind", kind),
            fact("verify-signed-at", locale::moment(ui.lang, checked.signed_at)),
            fact("verify-witnesses", witnesses),
        ],
        details: vec![
            fact("record-log", checked.origin),
            fact("record-entry", grouped(checked.index)),
            fact("record-checkpoint", ui.count("record-checkpoint-size", checked.size)),
            fact("record-hash", checked.record.to_string()),
        ],
        signer,
        since: state
            .map(|state| ui.lang.code("state-text", state))
            .unwrap_or_else(|| ui.t("verify-unknown-here")),
        withdrawn: matches!(state, Some("erased" | "erased-with-source")),
        record: if state.is_some() { routes::record(checked.record) } else { String::new() },
        own_policy,
    }
}

/// `unv.example/witness` by the name of the partner that has the domain. Only for this
/// node's own policy: in a stranger's a name is whatever the stranger wrote.
fn witness(name: &str, partners: &[node::PartnerView], ui: &Shell) -> String {
    let domain = name.split('/').next().unwrap_or(name);
    let known = partners.iter().find(|view| view.domain == domain).and_then(|view| view.name.as_ref());
    known.map_or_else(
        || name.to_owned(),
        |known| format!("{} · {name}", PartnerLine::new(known, ui.lang).name),
    )
}

fn refused(ui: &Shell, refusal: &Refusal, unknown_log: bool) -> Verdict {
    let problem = Problem::named(refusal.code.as_str());
    Verdict {
        valid: false,
        sentence: ui.t("verify-invalid"),
        detail: if unknown_log { ui.t("verify-unknown-log") } else { problem.sentence(ui.lang) },
        facts: Vec::new(),
        details: vec![Fact { label: ui.t("verify-reason"), value: refusal.code.to_string() }],
        signer: None,
        since: String::new(),
        withdrawn: false,
        record: String::new(),
        own_policy: false,
    }
}
