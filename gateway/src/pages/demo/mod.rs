//! The tour of the demonstration network in six steps. What has been done stands
//! in the address (`trail`), so the back button works and nothing is kept here;
//! each click is a form that answers with a redirect, but for the one that opens a profile. It acts through the three
//! nodes' APIs as anybody with their tokens could.

mod acts;
mod trail;
mod view;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use self::{trail::Trail, view::Tour};
use super::render;
use crate::{
    app::App,
    config::DemoPartner,
    extract::{Form, Query},
    problem::Problem,
    routes,
    shell::Shell,
};

/// The parts that the tour needs of the three partners.
pub struct Cast<'a> {
    /// Publishes and seals.
    author: &'a DemoPartner,
    /// Passes on and can't read.
    carrier: &'a DemoPartner,
    /// May read.
    host: &'a DemoPartner,
}

impl<'a> Cast<'a> {
    fn of(app: &'a App) -> Result<Self, Problem> {
        let partners = app.config().demo.as_ref().map(|demo| demo.partners.as_slice()).unwrap_or_default();
        match partners {
            [author, carrier, host, ..] => Ok(Self { author, carrier, host }),
            _ => Err(Problem::not_found()),
        }
    }
}

#[derive(Template)]
#[template(path = "demo.html")]
struct DemoPage<'a> {
    ui: &'a Shell,
    tour: Tour,
}

#[derive(Template)]
#[template(path = "demo_part.html")]
struct DemoPart<'a> {
    ui: &'a Shell,
    tour: Tour,
}

/// `GET /demo`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    headers: HeaderMap,
    Query(trail): Query<Trail>,
) -> Result<Response, Problem> {
    let tour = Tour::load(&Cast::of(&app)?, &ui, trail, key(&headers), false).await;
    render(&DemoPage { ui: &ui, tour })
}

/// `GET /demo/part`: the steps without the page around them.
pub async fn part(
    State(app): State<App>,
    ui: Shell,
    headers: HeaderMap,
    Query(trail): Query<Trail>,
) -> Result<Response, Problem> {
    let tour = Tour::load(&Cast::of(&app)?, &ui, trail, key(&headers), false).await;
    render(&DemoPart { ui: &ui, tour })
}

/// `POST /demo/join`: whoever tries the demonstration becomes an operator of the partner whose portal this is.
pub async fn join(State(app): State<App>, ui: Shell) -> Result<Response, Problem> {
    let role = node::Role { name: "operator".to_owned(), ..node::Role::default() };
    let request = node::InviteRequest { name: ui.t("demo-guest"), roles: vec![role], account: Vec::new() };
    let invited = app.operator().invite(request).await?;
    Ok(Redirect::to(&format!("{}?token={}", routes::invitation(), invited.token)).into_response())
}

/// What every form of the tour sends: the trail so far, and a key that makes a
/// second click the same click.
#[derive(Deserialize)]
pub struct Click {
    key: String,
    #[serde(flatten)]
    trail: Trail,
}

/// `POST /demo/publish`
pub async fn publish(
    State(app): State<App>,
    ui: Shell,
    Form(click): Form<Click>,
) -> Result<Response, Problem> {
    let trail = acts::publish(&Cast::of(&app)?, &ui, click.trail, click.key, || app.now()).await?;
    Ok(onward(&trail, 2))
}

/// `POST /demo/seal`
pub async fn seal(State(app): State<App>, ui: Shell, Form(click): Form<Click>) -> Result<Response, Problem> {
    let trail = acts::seal(&Cast::of(&app)?, &ui, click.trail, click.key).await?;
    Ok(onward(&trail, 3))
}

/// `POST /demo/open`: the answer shows the profile, once.
pub async fn open(
    State(app): State<App>,
    mut ui: Shell,
    headers: HeaderMap,
    Form(click): Form<Click>,
) -> Result<Response, Problem> {
    // Links of the page lead back to the tour, where nothing is open.
    let address = click.trail.address();
    let joint = if address.contains('?') { '&' } else { '?' };
    for language in &mut ui.languages {
        language.href = format!("{address}{joint}lang={}", language.tag);
    }
    ui.path = routes::demo();
    let tour = Tour::load(&Cast::of(&app)?, &ui, click.trail, key(&headers), true).await;
    render(&DemoPage { ui: &ui, tour })
}

/// `POST /demo/withdraw`
pub async fn withdraw(State(app): State<App>, Form(click): Form<Click>) -> Result<Response, Problem> {
    let trail = acts::withdraw(&Cast::of(&app)?, click.trail, click.key).await?;
    Ok(onward(&trail, 4))
}

fn onward(trail: &Trail, step: u8) -> Response {
    Redirect::to(&format!("{}#step-{step}", trail.address())).into_response()
}

/// Each rendering of the page has a request id of its own: the key of its forms.
fn key(headers: &HeaderMap) -> String {
    headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned()
}
