//! A saved search: new listings by mail, for who has no account. It is kept once the link in the first mail was
//! opened and its button pressed: programs that look at links in mails press none.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderName, HeaderValue, header};
use volbridge_proto::wire::node::v1 as node;

use super::{invitation::wrong, render};
use crate::{
    app::App,
    choices::{self, Chip},
    events::Asker,
    extract::{Form, Query},
    locale,
    problem::Problem,
    query::{self, Asked, address},
    routes,
    shell::Shell,
};

/// What the form adds to the parameters of the search.
const OWN: [&str; 2] = ["mail", "every"];

#[derive(Template)]
#[template(path = "alerts_new.html")]
struct NewPage<'a> {
    ui: &'a Shell,
    chips: Vec<Chip>,
    /// The parameters of the search, to be sent again.
    search: Vec<(String, String)>,
    listings: String,
    mail: String,
    weekly: bool,
    wrong: String,
    sent: bool,
    /// The node sends mail.
    possible: bool,
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct SavedPage<'a> {
    ui: &'a Shell,
    label: String,
    listings: String,
    every: String,
    token: String,
    confirmed: bool,
    since: String,
    sent: String,
}

#[derive(Template)]
#[template(path = "alerts_gone.html")]
struct GonePage<'a> {
    ui: &'a Shell,
}

type Pairs = Vec<(String, String)>;

/// `GET /alerts`: the search stands in the address, as on `/listings`.
pub async fn new(State(app): State<App>, ui: Shell, Query(pairs): Query<Pairs>) -> Result<Response, Problem> {
    let (asked, _) = Asked::read(pairs)?;
    render(&page(&app, &asked, &ui))
}

fn page<'a>(app: &App, asked: &Asked, ui: &'a Shell) -> NewPage<'a> {
    NewPage {
        chips: choices::chips(asked, &routes::alerts(), None, ui),
        search: asked.said().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        listings: address(&routes::listings(), &asked.whole()),
        mail: String::new(),
        weekly: false,
        wrong: String::new(),
        sent: false,
        possible: app.config().mail,
        ui,
    }
}

/// `POST /alerts`
pub async fn save(
    State(app): State<App>,
    ui: Shell,
    Asker(asker): Asker,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    let value = |name: &str| {
        let found = pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let (mail, every) = (value(OWN[0]), value(OWN[1]));
    let weekly = every == "week";
    let (asked, _) =
        Asked::read(pairs.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())).collect())?;
    let request = node::SaveSearchRequest {
        query: Some(asked.query.clone()),
        mail: mail.clone(),
        language: ui.lang.tag().to_owned(),
        every: if weekly { "week" } else { "day" }.to_owned(),
        address: asker.map(|asker| asker.to_string()).unwrap_or_default(),
        label: label(&asked, &ui),
    };
    let shown = page(&app, &asked, &ui);
    match app.node().save_search(request).await {
        Ok(_) => render(&NewPage { mail, weekly, sent: true, ..shown }),
        Err(problem) if problem.status.is_server_error() && problem.code != "mail.failed" => Err(problem),
        Err(problem) => {
            let status = problem.status;
            let page = NewPage { mail, weekly, wrong: wrong(&problem, &ui), ..shown };
            Ok((status, render(&page)?).into_response())
        }
    }
}

/// The search as its owner will recognise it.
pub fn label(asked: &Asked, ui: &Shell) -> String {
    let chips = choices::chips(asked, &routes::alerts(), None, ui);
    let texts: Vec<String> = chips.into_iter().map(|chip| chip.text).collect();
    if texts.is_empty() { ui.t("alerts-everything") } else { texts.join(&ui.t("list-separator")) }
}

/// `GET /alerts/{token}`
pub async fn show(State(app): State<App>, ui: Shell, Path(token): Path<String>) -> Result<Response, Problem> {
    let saved = app.node().saved_search(node::SavedSearchRequest { token: token.clone() }).await;
    match saved {
        Ok(saved) => Ok(unshared(render(&SavedPage {
            every: ui.lang.code("alerts-every", &saved.every),
            listings: address(&routes::listings(), &query::of(&saved.query.unwrap_or_default())),
            label: saved.label,
            confirmed: saved.confirmed,
            since: locale::date(ui.lang, &locale::day(saved.created_at)),
            sent: if saved.sent_at > 0 {
                locale::date(ui.lang, &locale::day(saved.sent_at))
            } else {
                String::new()
            },
            token,
            ui: &ui,
        })?)),
        Err(problem) if problem.status == http::StatusCode::NOT_FOUND => gone(&ui),
        Err(problem) => Err(problem),
    }
}

/// Who holds the address of this page may end the search: no other site learns it, and no store keeps it.
fn unshared(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A link that was used to end a search still leads somewhere.
fn gone(ui: &Shell) -> Result<Response, Problem> {
    Ok(unshared((http::StatusCode::GONE, render(&GonePage { ui })?).into_response()))
}

/// `POST /alerts/{token}/confirm`
pub async fn confirm(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Problem> {
    app.node().confirm_search(node::SavedSearchRequest { token: token.clone() }).await?;
    Ok(Redirect::to(&routes::alert(token)).into_response())
}

/// `POST /alerts/{token}/remove`: also with the one click of a mail program (RFC 8058).
pub async fn remove(
    State(app): State<App>,
    ui: Shell,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    match app.node().remove_search(node::SavedSearchRequest { token }).await {
        Ok(_) => {}
        Err(problem) if problem.status == http::StatusCode::NOT_FOUND => {}
        Err(problem) => return Err(problem),
    }
    Ok(unshared(render(&GonePage { ui: &ui })?))
}
