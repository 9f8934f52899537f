//! One's own account: ways to sign in, other sessions, tokens for programs.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::{
    enrol::{self, Finish},
    invitation::wrong,
    render,
    roles::said,
    sign_in::{self, Options},
};
use crate::{
    app::App,
    events::Asker,
    extract::{Form, Query},
    locale,
    problem::Problem,
    routes,
    session::Signed,
    shell::Shell,
};

/// What a token may be for.
const SCOPES: &[&str] = &["read", "publish", "operate"];
/// Days that a token lives, if nothing else is chosen.
const DAYS: u32 = 90;

struct PasskeyRow {
    id: String,
    name: String,
    created: String,
    used: String,
}

struct IdentityRow {
    id: String,
    name: String,
    issuer: String,
    created: String,
    used: String,
}

struct TokenRow {
    id: String,
    name: String,
    scopes: String,
    until: String,
    run_out: bool,
    used: String,
}

struct Scope {
    value: &'static str,
    text: String,
    why: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    ui: &'a Shell,
    name: String,
    login: String,
    roles: Vec<String>,
    has_password: bool,
    passkeys: Vec<PasskeyRow>,
    /// Accounts elsewhere.
    identities: Vec<IdentityRow>,
    /// Other sessions than this one.
    others: String,
    tokens: Vec<TokenRow>,
    scopes: Vec<Scope>,
    days: u32,
    /// A token that was just made, shown once.
    secret: String,
    done: String,
    wrong: String,
}

/// What was done before the page is shown: `?done=password`.
#[derive(Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// One passkey or token, in hex.
#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    id: String,
}

/// A password, or the name of a passkey.
#[derive(Deserialize)]
pub struct Way {
    #[serde(default)]
    password: String,
    #[serde(default)]
    passkey: String,
}

/// `GET /account`
pub async fn show(signed: Signed, ui: Shell, Query(done): Query<Done>) -> Result<Response, Problem> {
    let known = ["password", "passkey", "oidc", "removed", "sessions", "revoked"];
    let told = known.iter().find(|known| **known == done.done);
    let done = told.map(|done| ui.lang.code("account-done", done)).unwrap_or_default();
    render(&AccountPage { done, ..page(&ui, &signed.account) })
}

/// `POST /account/password`
pub async fn password(signed: Signed, ui: Shell, Form(way): Form<Way>) -> Result<Response, Problem> {
    let request = node::BeginEnrolmentRequest { password: way.password, ..Default::default() };
    match signed.client.begin_enrolment(request).await {
        Ok(begun) => enrol::code(&ui, &begun, "", routes::account_finish(), routes::account()),
        Err(problem) => refuse(&signed, &ui, &problem),
    }
}

/// `POST /account/options`
pub async fn options(signed: Signed, ui: Shell, Form(way): Form<Way>) -> Response {
    let passkey = way.passkey.trim().to_owned();
    let begun =
        signed.client.begin_enrolment(node::BeginEnrolmentRequest { passkey, ..Default::default() }).await;
    Options::answer(begun.map_err(|problem| wrong(&problem, &ui)))
}

/// `POST /account/finish`
pub async fn finish(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Asker(asker): Asker,
    Form(sent): Form<Finish>,
) -> Result<Response, Problem> {
    match signed.client.finish_enrolment(sent.request(asker)).await {
        Ok(renewed) => {
            let done = if sent.credential.is_empty() { "password" } else { "passkey" };
            let next = format!("{}?done={done}", routes::account());
            // A new way in is a new session: the one before ends (threats T55).
            sign_in::begin(&app, Some(signed), &renewed, &next).await
        }
        Err(problem) if sent.credential.is_empty() => {
            let why = problem.sentence(ui.lang);
            enrol::code_again(&ui, &sent, why, routes::account_finish(), routes::account())
        }
        Err(problem) => refuse(&signed, &ui, &problem),
    }
}

/// `POST /account/passkey/remove`
pub async fn remove_passkey(
    signed: Signed,
    ui: Shell,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    let request = node::RemovePasskeyRequest { id: hex::decode(&which.id).unwrap_or_default() };
    onward(signed.client.remove_passkey(request).await, "removed", &signed, &ui)
}

/// `POST /account/oidc/remove`
pub async fn remove_identity(
    signed: Signed,
    ui: Shell,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    let request = node::RemoveIdentityRequest { id: hex::decode(&which.id).unwrap_or_default() };
    onward(signed.client.remove_identity(request).await, "removed", &signed, &ui)
}

/// `POST /account/sessions/end`
pub async fn end_sessions(signed: Signed, ui: Shell) -> Result<Response, Problem> {
    onward(signed.client.end_sessions(node::EndSessionsRequest {}).await, "sessions", &signed, &ui)
}

/// `POST /account/token/revoke`
pub async fn revoke_token(signed: Signed, ui: Shell, Form(which): Form<Which>) -> Result<Response, Problem> {
    let request = node::RevokeTokenRequest { id: hex::decode(&which.id).unwrap_or_default() };
    onward(signed.client.revoke_token(request).await, "revoked", &signed, &ui)
}

/// `POST /account/token/create`: the answer shows the token, once.
pub async fn create_token(
    signed: Signed,
    ui: Shell,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    let request = node::CreateTokenRequest {
        name: value("name").unwrap_or_default().to_owned(),
        scopes: pairs.iter().filter(|(key, _)| key == "scope").map(|(_, value)| value.clone()).collect(),
        days: value("days").and_then(|days| days.parse().ok()).unwrap_or(0),
    };
    match signed.client.create_token(request).await {
        Ok(made) => {
            let account = made.account.unwrap_or_else(|| (*signed.account).clone());
            enrol::secret(render(&AccountPage { secret: made.secret, ..page(&ui, &account) })?)
        }
        Err(problem) => refuse(&signed, &ui, &problem),
    }
}

fn onward(
    answer: Result<node::Account, Problem>,
    done: &str,
    signed: &Signed,
    ui: &Shell,
) -> Result<Response, Problem> {
    match answer {
        Ok(_) => Ok(Redirect::to(&format!("{}?done={done}", routes::account())).into_response()),
        Err(problem) => refuse(signed, ui, &problem),
    }
}

/// The page with what was wrong; a node that doesn't answer has a page of its own.
pub fn refuse(signed: &Signed, ui: &Shell, problem: &Problem) -> Result<Response, Problem> {
    if problem.status.is_server_error() {
        return Err(problem.clone());
    }
    render(&AccountPage { wrong: wrong(problem, ui), ..page(ui, &signed.account) })
}

fn page<'a>(ui: &'a Shell, account: &node::Account) -> AccountPage<'a> {
    let lang = ui.lang;
    let day = |millis: i64| locale::date(lang, &locale::day(millis));
    let used =
        |millis: i64| if millis > 0 { ui.with("last-used", "date", day(millis)) } else { ui.t("never-used") };
    let scopes = |list: &[String]| {
        let names: Vec<String> = list.iter().map(|scope| lang.code("scope", scope)).collect();
        names.join(&ui.t("list-separator"))
    };
    AccountPage {
        name: account.name.clone(),
        login: account.login.clone(),
        roles: account.roles.iter().map(|role| said(role, lang)).collect(),
        has_password: account.has_password,
        passkeys: account
            .passkeys
            .iter()
            .map(|passkey| PasskeyRow {
                id: hex::encode(&passkey.id),
                name: passkey.name.clone(),
                created: ui.with("made-on", "date", day(passkey.created_at)),
                used: used(passkey.used_at),
            })
            .collect(),
        identities: account
            .identities
            .iter()
            .map(|identity| IdentityRow {
                id: hex::encode(&identity.id),
                name: identity.name.clone(),
                issuer: identity.issuer.clone(),
                created: ui.with("made-on", "date", day(identity.created_at)),
                used: used(identity.used_at),
            })
            .collect(),
        others: match account.sessions.saturating_sub(1) {
            0 => String::new(),
            others => ui.count("sessions-others", others),
        },
        tokens: account
            .tokens
            .iter()
            .map(|token| TokenRow {
                id: hex::encode(&token.id),
                name: token.name.clone(),
                scopes: scopes(&token.scopes),
                until: day(token.expires_at),
                run_out: token.expires_at <= ui.now,
                used: used(token.used_at),
            })
            .collect(),
        scopes: SCOPES
            .iter()
            .map(|scope| Scope {
                value: scope,
                text: lang.code("scope", scope),
                why: lang.code("scope-why", scope),
                chosen: *scope == "read",
            })
            .collect(),
        days: DAYS,
        secret: String::new(),
        done: String::new(),
        wrong: String::new(),
        ui,
    }
}
