//! What stands around every page: the reader's language, the portal's own
//! partner, navigation, and the mark of demonstration data.

use std::{convert::Infallible, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use volbridge_proto::wire::node::v1 as node;

use crate::{app::App, assets, guard, locale, names::PartnerLine, routes, session, texts::Lang};

/// One language of the switch.
#[derive(Clone, Debug)]
pub struct LanguageLink {
    pub tag: String,
    pub name: String,
    pub href: String,
    pub current: bool,
}

/// The frame of a page, as templates use it.
#[derive(Clone, Debug)]
pub struct Shell {
    pub lang: Lang,
    pub languages: Vec<LanguageLink>,
    /// Path without the query.
    pub path: String,
    pub own: Option<PartnerLine>,
    pub demo: bool,
    pub network: bool,
    /// What the account elsewhere is called; empty: there is none to sign in with.
    pub oidc: String,
    /// Address of the portal, without a final slash.
    pub public_url: String,
    /// Unix milliseconds.
    pub now: i64,
    /// Who is signed in.
    pub signed: Option<SignedLine>,
    /// What every form bears; empty: nobody is signed in.
    pub form_token: String,
    /// Where to sign in, and come back.
    pub sign_in: String,
    partners: Arc<[node::PartnerName]>,
}

/// Who is signed in, as the header says it.
#[derive(Clone, Debug)]
pub struct SignedLine {
    pub name: String,
    /// Whether there is anything for them at the desk.
    pub desk: bool,
    pub people: bool,
    /// Whether they check organisations, or write about one.
    pub organisations: bool,
    /// Whether they lead the whole partner.
    pub leads: bool,
    /// What accounts did.
    pub log: bool,
}

/// One entry of the navigation.
#[derive(Debug)]
pub struct NavLink {
    pub text: String,
    pub href: String,
    pub current: bool,
}

impl Shell {
    /// The frame for a request.
    pub async fn new(parts: &Parts, app: &App) -> Self {
        let config = app.config();
        let offered = locale::offered(&config.languages);
        let query = parts.uri.query().unwrap_or_default();
        let lang = reader(parts, app);
        let (own, partners) = tokio::join!(app.own(), app.partners());
        let session = session::of(parts);
        let own = own.and_then(|own| own.name).map(|name| PartnerLine::new(&name, lang));
        Self {
            lang,
            languages: offered
                .iter()
                .map(|&other| language_link(other, lang, parts.uri.path(), query))
                .collect(),
            path: parts.uri.path().to_owned(),
            own,
            demo: config.demo.is_some(),
            network: guard::may_see_network(parts, config),
            oidc: config.oidc.clone().unwrap_or_default(),
            public_url: config.public_url.trim_end_matches('/').to_owned(),
            now: app.now(),
            signed: session.map(|signed| SignedLine {
                name: signed.account.name.clone(),
                desk: signed.has_desk(),
                people: signed.has_people(),
                organisations: signed.has_people() || signed.has_for_all(&["reviewer"]),
                leads: signed.has_for_all(&["operator", "administrator"]),
                log: signed.has_log(),
            }),
            form_token: session.map(|signed| signed.form_token.clone()).unwrap_or_default(),
            sign_in: session::sign_in_and_return(&parts.uri),
            partners,
        }
    }

    /// The text of a key in the reader's language.
    pub fn t(&self, key: &str) -> String {
        self.lang.t(key)
    }

    /// The text of a key with one thing filled in.
    pub fn with(&self, key: &str, name: &'static str, value: impl std::fmt::Display) -> String {
        self.lang.with(key, name, value)
    }

    /// The text of a key that counts.
    pub fn count(&self, key: &str, count: impl Into<u64>) -> String {
        self.lang.count(key, count.into())
    }

    /// A partner that is told by one of its names, by its name in the reader's language.
    pub fn partner_called(&self, name: &str) -> String {
        let called = |partner: &&node::PartnerName| partner.names.iter().any(|text| text.text == name);
        let known = self.partners.iter().find(called).map(|partner| PartnerLine::new(partner, self.lang));
        known.map_or_else(|| name.to_owned(), |partner| partner.name)
    }

    /// A partner by its id in hex.
    pub fn partner_with_id(&self, id: &str) -> Option<PartnerLine> {
        let known = self.partners.iter().find(|partner| hex::encode(&partner.id) == id);
        known.map(|partner| PartnerLine::new(partner, self.lang))
    }

    /// The mark of demonstration data; it is shown in both languages at once.
    pub fn demo_mark(&self, tag: &str) -> String {
        Lang::of(tag).unwrap_or(self.lang).t("demo-mark")
    }

    /// A file of the portal, named so that a changed one is fetched again.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The navigation.
    pub fn nav(&self) -> Vec<NavLink> {
        let mut links = Vec::new();
        if self.demo {
            links.push(self.link(self.t("nav-demo"), routes::demo()));
        }
        links.push(self.link(self.t("nav-listings"), routes::listings()));
        links.push(self.link(self.t("nav-match"), routes::matching()));
        links.push(self.link(self.t("nav-organisations"), routes::organisations()));
        links.push(self.link(self.t("nav-conferences"), routes::conferences()));
        links.push(self.link(self.t("nav-partners"), routes::partners()));
        links.push(self.link(self.t("nav-verify"), routes::verify()));
        if self.network {
            links.push(self.link(self.t("nav-network"), routes::network()));
        }
        links
    }

    fn link(&self, text: String, href: String) -> NavLink {
        let below =
            self.path.strip_prefix(&href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        NavLink { text, href, current: below }
    }
}

/// The reader's language.
pub fn reader(parts: &Parts, app: &App) -> Lang {
    let offered = locale::offered(&app.config().languages);
    let query = parts.uri.query().unwrap_or_default();
    locale::chosen(query, &parts.headers, &offered).unwrap_or_else(Lang::fallback)
}

/// The same page in another language: the rest of the query stays.
fn language_link(other: Lang, current: Lang, path: &str, query: &str) -> LanguageLink {
    let mut pairs: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
    let wish = format!("lang={other}");
    pairs.push(&wish);
    LanguageLink {
        tag: other.tag(),
        name: other.t("language-name"),
        href: format!("{path}?{}", pairs.join("&")),
        current: other == current,
    }
}

impl FromRequestParts<App> for Shell {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::new(parts, app).await)
    }
}
