//! What accounts did: who signed in, gave roles, approved, published. For operators and auditors; the node says who may
//! read it.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::{render, roles::said};
use crate::{
    extract::Query, locale, names, problem::Problem, query::encoded, routes, session::Signed, shell::Shell,
};

/// Lines of a page.
const LINES: u32 = 50;

struct Person {
    name: String,
    login: String,
    /// All that concerns them.
    href: String,
}

struct Line {
    at: String,
    iso: String,
    who: Option<Person>,
    /// Instead of a person, or how they did it.
    doer: String,
    what: String,
    about: Option<Person>,
    detail: String,
    listing: String,
    address: String,
}

#[derive(Template)]
#[template(path = "deeds.html")]
struct DeedsPage<'a> {
    ui: &'a Shell,
    lines: Vec<Line>,
    /// Only what concerns one account.
    one: bool,
    older: String,
}

/// Which page.
#[derive(Default, Deserialize)]
pub struct Asked {
    /// In hex.
    #[serde(default)]
    account: String,
    #[serde(default)]
    cursor: String,
}

/// `GET /desk/people/log`
pub async fn show(signed: Signed, ui: Shell, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let request = node::AccountLogRequest {
        account: hex::decode(&asked.account).map_err(|_| Problem::invalid("account"))?,
        limit: LINES,
        cursor: asked.cursor,
    };
    let answer = signed.client.account_log(request).await?;
    let older = match answer.next_cursor.as_str() {
        "" => String::new(),
        cursor => address(&asked.account, cursor),
    };
    render(&DeedsPage {
        lines: answer.events.iter().map(|event| line(event, &ui)).collect(),
        one: !asked.account.is_empty(),
        older,
        ui: &ui,
    })
}

fn address(account: &str, cursor: &str) -> String {
    let mut said = Vec::new();
    for (name, value) in [("account", account), ("cursor", cursor)] {
        if !value.is_empty() {
            said.push(format!("{name}={}", encoded(value)));
        }
    }
    format!("{}?{}", routes::people_log(), said.join("&"))
}

fn person(name: Option<&node::AccountName>) -> Option<Person> {
    let name = name?;
    let id = hex::encode(&name.id);
    let shown = if name.name.is_empty() { &id } else { &name.name };
    Some(Person { name: shown.clone(), login: name.login.clone(), href: address(&id, "") })
}

fn line(event: &node::AccountEvent, ui: &Shell) -> Line {
    let separator = ui.t("list-separator");
    let mut details: Vec<String> = event.roles.iter().map(|role| said(role, ui.lang)).collect();
    if !event.way.is_empty() {
        details.push(ui.lang.code("way", &event.way));
    }
    if let Some((token, scopes)) = event.token.split_once(' ') {
        let scopes: Vec<String> = scopes.split(' ').map(|scope| ui.lang.code("scope", scope)).collect();
        details.push(format!("{token} ({})", scopes.join(&separator)));
    } else if !event.token.is_empty() {
        details.push(event.token.clone());
    }
    Line {
        at: locale::moment(ui.lang, event.at),
        iso: locale::iso(event.at),
        who: person(event.account.as_ref()),
        doer: if event.doer == "person" { String::new() } else { ui.lang.code("doer", &event.doer) },
        what: ui.lang.code("deed", &event.what.replace('_', "-")),
        about: person(event.about.as_ref()),
        detail: details.join(&separator),
        listing: if event.listing.is_empty() {
            String::new()
        } else {
            routes::listing(names::subject(&event.listing))
        },
        address: event.address.clone(),
    }
}
