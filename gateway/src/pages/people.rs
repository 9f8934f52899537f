//! Who works here: accounts with what each may do, open invitations. For operators, and for administrators within
//! their organisations; the node says who may what.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::{
    enrol,
    invitation::wrong,
    render,
    roles::{self, OF_ORGANISATIONS, ROLES, said},
};
use crate::{
    app::App,
    extract::{Form, Query},
    locale,
    names::{self, OrganisationLine},
    problem::Problem,
    routes,
    session::Signed,
    shell::Shell,
};

/// Organisations that are offered to choose from; others are named by their address.
const OFFERED: u32 = 100;

struct Chosen {
    value: String,
    text: String,
    chosen: bool,
}

struct Person {
    id: String,
    name: String,
    login: String,
    roles: Vec<String>,
    choices: Vec<Chosen>,
    ways: String,
    seen: String,
    locked: bool,
    own: bool,
}

struct Open {
    id: String,
    name: String,
    roles: Vec<String>,
    until: String,
    by: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage<'a> {
    ui: &'a Shell,
    people: Vec<Person>,
    invitations: Vec<Open>,
    /// Roles for who is invited, or gets one more.
    choices: Vec<Chosen>,
    narrow: Vec<Chosen>,
    organisations: Vec<String>,
    /// Whoever may invite for one organisation alone names it.
    organisation_needed: bool,
    name: String,
    /// The link that was just made, shown once, and whom it is for.
    link: String,
    link_name: String,
    done: String,
    wrong: String,
}

/// What was done before: `?done=roles`.
#[derive(Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// One account or invitation, in hex.
#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    id: String,
    #[serde(default)]
    locked: String,
}

type Pairs = Vec<(String, String)>;

/// `GET /desk/people`
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let known = ["roles", "revoked", "locked", "opened"];
    let told = known.iter().find(|known| **known == done.done);
    let done = told.map(|done| ui.lang.code("people-done", done)).unwrap_or_default();
    render(&PeoplePage { done, ..page(&app, &signed, &ui).await? })
}

/// `POST /desk/people/invite`: the answer shows the link, once.
pub async fn invite(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    let name = value(&pairs, "name").trim().to_owned();
    let request = roles_of(&pairs).map(|roles| node::InviteRequest {
        name: name.clone(),
        roles,
        account: hex::decode(value(&pairs, "account")).unwrap_or_default(),
    });
    let answer = match request {
        Ok(request) => signed.client.invite(request).await,
        Err(problem) => Err(problem),
    };
    match answer {
        Ok(made) => {
            let link = format!("{}{}#{}", ui.public_url, routes::invitation(), made.token);
            let link_name = made.invitation.map(|invitation| invitation.name).unwrap_or_default();
            let page = PeoplePage { link, link_name, ..page(&app, &signed, &ui).await? };
            enrol::secret(render(&page)?)
        }
        Err(problem) => refuse(&app, &signed, &ui, name, &problem).await,
    }
}

/// `POST /desk/people/revoke`
pub async fn revoke(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    let request = node::RevokeInvitationRequest { id: hex::decode(&which.id).unwrap_or_default() };
    match signed.client.revoke_invitation(request).await {
        Ok(_) => Ok(onward("revoked")),
        Err(problem) => refuse(&app, &signed, &ui, String::new(), &problem).await,
    }
}

/// `POST /desk/people/roles`
pub async fn set_roles(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    let account = hex::decode(value(&pairs, "id")).unwrap_or_default();
    let answer = match roles_of(&pairs) {
        Ok(roles) => signed.client.set_roles(node::SetRolesRequest { account, roles }).await,
        Err(problem) => Err(problem),
    };
    match answer {
        Ok(_) => Ok(onward("roles")),
        Err(problem) => refuse(&app, &signed, &ui, String::new(), &problem).await,
    }
}

/// `POST /desk/people/lock`
pub async fn lock(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    let locked = which.locked == "true";
    let request = node::SetLockedRequest { account: hex::decode(&which.id).unwrap_or_default(), locked };
    match signed.client.set_locked(request).await {
        Ok(_) => Ok(onward(if locked { "locked" } else { "opened" })),
        Err(problem) => refuse(&app, &signed, &ui, String::new(), &problem).await,
    }
}

fn onward(done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", routes::people())).into_response()
}

async fn refuse(
    app: &App,
    signed: &Signed,
    ui: &Shell,
    name: String,
    problem: &Problem,
) -> Result<Response, Problem> {
    if problem.status.is_server_error() {
        return Err(problem.clone());
    }
    render(&PeoplePage { wrong: wrong(problem, ui), name, ..page(app, signed, ui).await? })
}

fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// The roles that are ticked, and one more for the organisation that is named.
fn roles_of(pairs: &Pairs) -> Result<Vec<node::Role>, Problem> {
    let ticked = pairs.iter().filter(|(name, _)| name == "role").map(|(_, value)| roles::parse(value));
    let mut roles: Vec<node::Role> =
        ticked.collect::<Option<_>>().ok_or_else(|| Problem::invalid("roles"))?;
    let (name, organisation) = (value(pairs, "narrow"), value(pairs, "organisation"));
    if !organisation.trim().is_empty() {
        let id = roles::organisation_id(organisation).ok_or_else(|| Problem::invalid("organisation"))?;
        if !OF_ORGANISATIONS.contains(&name) {
            return Err(Problem::invalid("roles"));
        }
        let role = node::Role { name: name.to_owned(), organisation: id.to_vec(), ..Default::default() };
        if !roles.iter().any(|known| known.name == role.name && known.organisation == role.organisation) {
            roles.push(role);
        }
    }
    Ok(roles)
}

async fn page<'a>(app: &App, signed: &Signed, ui: &'a Shell) -> Result<PeoplePage<'a>, Problem> {
    let (answer, organisations) =
        tokio::join!(signed.client.accounts(node::ListAccountsRequest {}), organisations(app, signed, ui));
    let answer = answer?;
    Ok(PeoplePage {
        people: answer.accounts.iter().map(|account| person(account, signed, ui)).collect(),
        invitations: answer.invitations.iter().map(|invitation| open(invitation, ui)).collect(),
        choices: wide(signed)
            .iter()
            .map(|name| Chosen { value: (*name).to_owned(), text: ui.lang.code("role", name), chosen: false })
            .collect(),
        narrow: OF_ORGANISATIONS
            .iter()
            .rev()
            .map(|name| Chosen { value: (*name).to_owned(), text: ui.lang.code("role", name), chosen: false })
            .collect(),
        organisations,
        organisation_needed: wide(signed).is_empty(),
        name: String::new(),
        link: String::new(),
        link_name: String::new(),
        done: String::new(),
        wrong: String::new(),
        ui,
    })
}

/// Roles for the whole partner that the caller may give.
fn wide(signed: &Signed) -> &'static [&'static str] {
    if signed.has_for_all(&["operator"]) {
        ROLES
    } else if signed.has_for_all(&["administrator"]) {
        OF_ORGANISATIONS
    } else {
        &[]
    }
}

/// "Green Beijing · 0193…", as a field with suggestions takes it.
async fn organisations(app: &App, signed: &Signed, ui: &Shell) -> Vec<String> {
    let written = |name: &str, id: &str| format!("{name} · {id}");
    if wide(signed).is_empty() {
        let roles = signed.account.roles.iter().filter(|role| !role.organisation.is_empty());
        return roles
            .map(|role| written(&roles::organisation(role, ui.lang), &names::subject(&role.organisation)))
            .collect();
    }
    let Some(partner) = app.own().await.and_then(|own| own.name) else { return Vec::new() };
    let request = node::ListOrganisationsRequest {
        partner: partner.id,
        limit: OFFERED,
        language: ui.lang.tag(),
        ..Default::default()
    };
    let found = app.node().organisations(request).await.unwrap_or_default();
    found
        .organisations
        .iter()
        .filter_map(|view| {
            Some(written(&OrganisationLine::new(view, ui.lang)?.name, &names::subject(&view.subject)))
        })
        .collect()
}

fn person(account: &node::Account, signed: &Signed, ui: &Shell) -> Person {
    let mut choices: Vec<Chosen> = account
        .roles
        .iter()
        .map(|role| Chosen { value: roles::value(role), text: said(role, ui.lang), chosen: true })
        .collect();
    for name in wide(signed) {
        if !choices.iter().any(|choice| choice.value == *name) {
            let text = ui.lang.code("role", name);
            choices.push(Chosen { value: (*name).to_owned(), text, chosen: false });
        }
    }
    let mut ways = Vec::new();
    if !account.passkeys.is_empty() {
        ways.push(ui.count("people-passkeys", account.passkeys.len() as u64));
    }
    if account.has_password {
        ways.push(ui.t("people-password"));
    }
    Person {
        id: hex::encode(&account.id),
        name: account.name.clone(),
        login: account.login.clone(),
        roles: account.roles.iter().map(|role| said(role, ui.lang)).collect(),
        choices,
        ways: if ways.is_empty() { ui.t("people-no-way") } else { ways.join(&ui.t("list-separator")) },
        seen: match account.seen_at {
            0 => ui.t("never-seen"),
            at => ui.with("last-seen", "date", locale::recent(ui.lang, at, ui.now)),
        },
        locked: account.locked,
        own: account.id == signed.account.id,
    }
}

fn open(invitation: &node::Invitation, ui: &Shell) -> Open {
    Open {
        id: hex::encode(&invitation.id),
        name: invitation.name.clone(),
        roles: invitation.roles.iter().map(|role| said(role, ui.lang)).collect(),
        until: locale::moment(ui.lang, invitation.expires_at),
        by: invitation.invited_by.clone(),
    }
}
