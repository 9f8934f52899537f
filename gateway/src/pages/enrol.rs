//! A new way to sign in, in two steps: what was begun with a password goes on with the code of an app; a passkey is
//! made between the two. An invitation and one's own account do the same.

use askama::Template;
use axum::response::Response;
use http::{HeaderValue, header};
use qrcode::{EcLevel, QrCode, render::svg};
use serde::Deserialize;
use volbridge_proto::{error::Code, wire::node::v1 as node};

use super::render;
use crate::{limit::Address, problem::Problem, shell::Shell};

/// Width of the picture, in CSS pixels.
const PICTURE: u32 = 220;
/// Letters of the secret that are read together.
const GROUP: usize = 4;

/// What the second step sends.
#[derive(Default, Deserialize)]
pub struct Finish {
    /// An invitation's token; empty: the own account.
    #[serde(default)]
    pub token: String,
    #[serde(default)]
    pub ceremony: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub credential: String,
    /// To show the same step again.
    #[serde(default)]
    secret: String,
    #[serde(default)]
    uri: String,
}

impl Finish {
    /// The call that ends the ceremony.
    pub fn request(&self, asker: Option<Address>) -> node::FinishEnrolmentRequest {
        node::FinishEnrolmentRequest {
            ceremony: hex::decode(&self.ceremony).unwrap_or_default(),
            code: self.code.split_whitespace().collect(),
            credential: self.credential.clone(),
            invitation: self.token.clone(),
            address: asker.map(|asker| asker.to_string()).unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "enrol_code.html")]
struct CodePage<'a> {
    ui: &'a Shell,
    /// Where the code goes.
    action: String,
    /// Where to begin anew.
    back: String,
    token: String,
    ceremony: String,
    secret: String,
    /// The secret in groups, for who types it.
    typed: String,
    uri: String,
    picture: String,
    wrong: String,
}

/// The secret for the app, and the field for its first code.
pub fn code(
    ui: &Shell,
    begun: &node::Ceremony,
    token: &str,
    action: String,
    back: String,
) -> Result<Response, Problem> {
    let finish = Finish {
        token: token.to_owned(),
        ceremony: hex::encode(&begun.id),
        secret: begun.secret.clone(),
        uri: begun.uri.clone(),
        ..Finish::default()
    };
    code_again(ui, &finish, String::new(), action, back)
}

/// The same once more, with what was wrong.
pub fn code_again(
    ui: &Shell,
    finish: &Finish,
    wrong: String,
    action: String,
    back: String,
) -> Result<Response, Problem> {
    let letters: Vec<char> = finish.secret.chars().collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    let page = CodePage {
        action,
        back,
        token: finish.token.clone(),
        ceremony: finish.ceremony.clone(),
        typed: groups.join(" "),
        secret: finish.secret.clone(),
        picture: picture(&finish.uri)?,
        uri: finish.uri.clone(),
        wrong,
        ui,
    };
    secret(render(&page)?)
}

/// A QR code as SVG, dark on light whatever the page's colours.
fn picture(uri: &str) -> Result<String, Problem> {
    if !uri.starts_with("otpauth://") {
        return Ok(String::new());
    }
    let code =
        QrCode::with_error_correction_level(uri, EcLevel::M).map_err(|_| Problem::new(Code::Internal))?;
    let image = code
        .render::<svg::Color<'_>>()
        .min_dimensions(PICTURE, PICTURE)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    Ok(image.find("<svg").map(|start| image.split_at(start).1.to_owned()).unwrap_or_default())
}

/// An answer that holds a secret: no copy is kept, and its address goes nowhere.
pub fn secret(mut response: Response) -> Result<Response, Problem> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
