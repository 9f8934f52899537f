//! The link of an invitation: what it is for, a name to sign in with, and a first way to sign in. The token stands
//! behind the `#` of the link, where only the reader's own browser sees it; a script, or the reader, hands it on.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::{
    enrol::{self, Finish},
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
    session::MaybeSigned,
    shell::Shell,
};

/// The link without its `#`, for who has no script.
#[derive(Default, Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// Who somebody will be here.
#[derive(Default, Deserialize)]
pub struct Chosen {
    #[serde(default)]
    token: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    passkey: String,
}

#[derive(Template)]
#[template(path = "invitation_link.html")]
struct LinkPage<'a> {
    ui: &'a Shell,
    wrong: String,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    ui: &'a Shell,
    token: String,
    login: String,
    name: String,
    /// The account is there already: another way to sign in is made for it.
    known: bool,
    is_first: bool,
    invited_by: String,
    roles: Vec<String>,
    until: String,
    wrong: String,
    /// Which field is wrong.
    field: String,
}

/// `GET /invitation`, `GET /invitation?token=…`
pub async fn show(State(app): State<App>, ui: Shell, Query(link): Query<Link>) -> Result<Response, Problem> {
    if link.token.is_empty() {
        return enrol::secret(render(&LinkPage { ui: &ui, wrong: String::new() })?);
    }
    page(&app, &ui, Chosen { token: link.token, ..Chosen::default() }, None).await
}

/// `POST /invitation`
pub async fn open(State(app): State<App>, ui: Shell, Form(link): Form<Link>) -> Result<Response, Problem> {
    let chosen = Chosen { token: token_of(&link.token).to_owned(), ..Chosen::default() };
    page(&app, &ui, chosen, None).await
}

/// `POST /invitation/password`
pub async fn password(
    State(app): State<App>,
    ui: Shell,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    match app.node().begin_enrolment(request(&chosen, true)).await {
        Ok(begun) => {
            let (finish, back) = (routes::invitation_finish(), routes::invitation());
            enrol::code(&ui, &begun, &chosen.token, finish, back)
        }
        Err(problem) => page(&app, &ui, chosen, Some(problem)).await,
    }
}

/// `POST /invitation/options`
pub async fn options(State(app): State<App>, ui: Shell, Form(chosen): Form<Chosen>) -> Response {
    let begun = app.node().begin_enrolment(request(&chosen, false)).await;
    Options::answer(begun.map_err(|problem| wrong(&problem, &ui)))
}

/// `POST /invitation/finish`
pub async fn finish(
    State(app): State<App>,
    ui: Shell,
    MaybeSigned(before): MaybeSigned,
    Asker(asker): Asker,
    Form(sent): Form<Finish>,
) -> Result<Response, Problem> {
    match app.node().finish_enrolment(sent.request(asker)).await {
        Ok(signed) => sign_in::begin(&app, before, &signed, "").await,
        Err(problem) if sent.credential.is_empty() => {
            let (finish, back) = (routes::invitation_finish(), routes::invitation());
            enrol::code_again(&ui, &sent, problem.sentence(ui.lang), finish, back)
        }
        Err(problem) => {
            let chosen = Chosen { token: sent.token, ..Chosen::default() };
            page(&app, &ui, chosen, Some(problem)).await
        }
    }
}

impl Chosen {
    /// The call that begins with an account elsewhere.
    pub fn link(&self) -> node::BeginOidcRequest {
        node::BeginOidcRequest {
            link: true,
            invitation: self.token.clone(),
            login: self.login.trim().to_owned(),
            name: self.name.trim().to_owned(),
        }
    }
}

/// The page once more, with what was wrong.
pub async fn again(app: &App, ui: &Shell, chosen: Chosen, problem: Problem) -> Result<Response, Problem> {
    page(app, ui, chosen, Some(problem)).await
}

fn request(chosen: &Chosen, by_password: bool) -> node::BeginEnrolmentRequest {
    let either = |one: &str, other: bool| if other { one.to_owned() } else { String::new() };
    node::BeginEnrolmentRequest {
        invitation: chosen.token.clone(),
        login: chosen.login.trim().to_owned(),
        name: chosen.name.trim().to_owned(),
        password: either(&chosen.password, by_password),
        passkey: either(chosen.passkey.trim(), !by_password),
    }
}

/// The whole link may be pasted.
fn token_of(pasted: &str) -> &str {
    let after = |mark: char| pasted.rsplit_once(mark).map(|(_, token)| token);
    after('#').or_else(|| after('=')).unwrap_or(pasted).trim()
}

/// What to tell of a step that was refused.
pub fn wrong(problem: &Problem, ui: &Shell) -> String {
    match problem.field.as_str() {
        "" => problem.sentence(ui.lang),
        field => {
            let label = ui.lang.maybe(&format!("field-{}", field.replace('_', "-")));
            let parts =
                [("field", label.unwrap_or_else(|| field.to_owned())), ("why", problem.sentence(ui.lang))];
            ui.lang.fill("wrong-field", &parts)
        }
    }
}

async fn page(app: &App, ui: &Shell, chosen: Chosen, problem: Option<Problem>) -> Result<Response, Problem> {
    let asked = node::GetInvitationRequest { token: chosen.token.clone() };
    let invitation = match app.node().invitation(asked).await {
        Ok(invitation) => invitation,
        // Used, revoked, expired or never made: the same for all.
        Err(problem) if problem.status.is_client_error() && problem.status.as_u16() != 429 => {
            return enrol::secret(render(&LinkPage { ui, wrong: ui.t("invitation-unknown") })?);
        }
        Err(problem) => return Err(problem),
    };
    let known = !invitation.login.is_empty();
    let page = InvitationPage {
        login: if known { invitation.login } else { chosen.login },
        name: if chosen.name.is_empty() { invitation.name } else { chosen.name },
        known,
        is_first: invitation.is_first,
        invited_by: invitation.invited_by,
        roles: invitation.roles.iter().map(|role| said(role, ui.lang)).collect(),
        until: locale::moment(ui.lang, invitation.expires_at),
        wrong: problem.as_ref().map(|problem| wrong(problem, ui)).unwrap_or_default(),
        field: problem.map(|problem| problem.field).unwrap_or_default(),
        token: chosen.token,
        ui,
    };
    enrol::secret(render(&page)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_link_may_be_pasted_for_its_token() {
        for pasted in
            ["abc-1", " abc-1\n", "https://portal.example/invitation#abc-1", "/invitation?token=abc-1"]
        {
            assert_eq!(token_of(pasted), "abc-1");
        }
    }
}
