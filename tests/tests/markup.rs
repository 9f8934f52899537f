//! T53: what people write stays text, in every page, card, picture and feed, in both languages, before and behind the
//! door of the desk.
#![expect(clippy::unwrap_used, reason = "tests")]

use volbridge_proto::{
    SubjectId,
    wire::{
        node::v1::{
            self as wire, accounts_client::AccountsClient, conferences_client::ConferencesClient,
            desk_client::DeskClient, materials_client::MaterialsClient,
            organisations_client::OrganisationsClient,
        },
        record::v1 as record,
    },
};
use volbridge_tests::{Database, Partner, Record, browser::Browser, desk, portal::Portal};

/// Each ends what it may stand in, then brings an element of its own.
const PAYLOADS: [&str; 3] = [
    "\"'><x53 onclick=ran53()></x53><img src=x onerror=ran53()>",
    "</script></title></textarea></style><svg onload=ran53()><x53/>",
    "]]></summary></description><x53/>{{7*7}}${7*7}<!--",
];

/// What has become an element, or has run.
const LOOK: &str = "return [document.getElementsByTagName('x53').length, \
    document.querySelectorAll('img[src=\"x\"], [onload], [onerror], [onclick]').length, \
    window.ran53 === undefined ? 0 : window.ran53, document.getElementsByTagName('parsererror').length]";

fn local(text: &str) -> Vec<record::LocalText> {
    ["en", "zh-CN"]
        .map(|language| record::LocalText { language: language.to_owned(), text: text.to_owned() })
        .to_vec()
}

async fn organisation(partner: &Partner, text: &str) -> Record {
    let organisation = record::Organisation {
        language: "en".to_owned(),
        names: local(text),
        description: text.to_owned(),
        level: "city".to_owned(),
        ..Default::default()
    };
    let message = wire::PublishOrganisationRequest { organisation: Some(organisation), ..Default::default() };
    let mut client = OrganisationsClient::new(partner.channel());
    client.publish(partner.staff(message)).await.unwrap().into_inner().into()
}

/// A listing with the text in each field that is prose.
fn listing(text: &str, organisation: &Record) -> record::Listing {
    let prose = || text.to_owned();
    let ordinary = desk::listing(text, organisation);
    let role = record::Role {
        title: prose(),
        tasks: prose(),
        offer: Some(record::Offer { stipend: prose(), ..Default::default() }),
        ..ordinary.roles[0].clone()
    };
    record::Listing {
        summary: prose(),
        description: prose(),
        place: Some(record::Place { country: "CN".to_owned(), city: prose(), ..Default::default() }),
        roles: vec![role],
        requirements: prose(),
        how_to_apply: prose(),
        contact: prose(),
        safety: prose(),
        costs: prose(),
        accessibility: prose(),
        selection: prose(),
        ..ordinary
    }
}

async fn conference(partner: &Partner, text: &str) -> Record {
    let conference = record::Conference {
        language: "en".to_owned(),
        names: local(text),
        theme: text.to_owned(),
        description: text.to_owned(),
        starts_on: "2027-12-05".to_owned(),
        ends_on: "2027-12-06".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        ..Default::default()
    };
    let message = wire::PublishConferenceRequest { conference: Some(conference), ..Default::default() };
    let mut client = ConferencesClient::new(partner.channel());
    client.publish(partner.staff(message)).await.unwrap().into_inner().into()
}

async fn material(partner: &Partner, text: &str, conference: &Record) {
    let stored = partner.try_store(text.as_bytes()).await.unwrap();
    let material = record::Material {
        title: text.to_owned(),
        authors: vec![text.to_owned()],
        r#abstract: text.to_owned(),
        ..desk::paper(conference, &stored)
    };
    let message = wire::PublishMaterialRequest { material: Some(material), ..Default::default() };
    MaterialsClient::new(partner.channel()).publish(partner.staff(message)).await.unwrap();
}

/// A draft that nobody has checked, and an account of that name: addresses of the desk.
async fn behind_the_door(partner: &Partner, text: &str, organisation: &Record) -> Vec<String> {
    let content = listing(text, organisation);
    let fields = volbridge_proto::kinds::listing::prose(&content);
    let translation =
        wire::DraftTranslation { language: "zh-CN".to_owned(), fields: fields.into_iter().collect() };
    let draft = wire::SaveDraftRequest {
        organisation: organisation.subject.clone(),
        listing: Some(content),
        translation: Some(translation),
        ..Default::default()
    };
    let draft = DeskClient::new(partner.channel()).save(partner.staff(draft)).await.unwrap().into_inner();
    let id = SubjectId::try_from(draft.id.as_slice()).unwrap();
    vec![format!("/desk/listings/{id}"), format!("/desk/listings/{id}/preview")]
}

/// An invitation for somebody of that name.
async fn invitation(partner: &Partner, name: &str) -> String {
    let role = wire::Role { name: "operator".to_owned(), ..Default::default() };
    let message = wire::InviteRequest { name: name.to_owned(), roles: vec![role], account: Vec::new() };
    let mut accounts = AccountsClient::new(partner.channel());
    accounts.invite(partner.staff(message)).await.unwrap().into_inner().token
}

/// Addresses that show one set of records.
fn addresses(listing: &Record, organisation: &Record, conference: &Record, text: &str) -> Vec<String> {
    let id = |record: &Record| SubjectId::try_from(record.subject.as_slice()).unwrap().to_string();
    let (listing_id, organisation_id, conference_id) = (id(listing), id(organisation), id(conference));
    let words: String = form_urlencoded(text);
    vec![
        format!("/listings/{listing_id}"),
        format!("/listings/{listing_id}/card"),
        format!("/listings/{listing_id}/picture.svg"),
        format!("/organisations/{organisation_id}"),
        format!("/conferences/{conference_id}"),
        format!("/records/{}", hex(&listing.hash)),
        format!("/records/{}", hex(&organisation.hash)),
        format!("/listings?q={words}"),
        format!("/alerts?q={words}"),
        format!("/match?where={words}&skills={words}"),
    ]
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The pages that show something of everything.
const EVERYWHERE: [&str; 13] = [
    "/",
    "/listings",
    "/match",
    "/organisations",
    "/conferences",
    "/partners",
    "/statistics",
    "/network",
    "/listings.atom",
    "/sitemap.xml",
    "/desk",
    "/desk/people",
    "/account",
];

/// What on this page is more than text, if anything.
async fn more_than_text(browser: &Browser, portal: &Portal, path: &str, language: &str) -> Option<String> {
    let join = if path.contains('?') { '&' } else { '?' };
    browser.page.goto(&portal.at(&format!("{path}{join}lang={language}"))).await.unwrap();
    let found = browser.page.execute(LOOK, Vec::new()).await.unwrap();
    let clean = found.as_array().unwrap().iter().all(|count| count.as_u64() == Some(0));
    (!clean).then(|| format!("{path} {language}: {found}"))
}

/// Takes the browser in as an operator, by the passkey of its device.
async fn come_in(browser: &Browser, portal: &Portal, token: &str) {
    browser.keeps_passkeys().await;
    browser.page.goto(&portal.at(&format!("/invitation#{token}"))).await.unwrap();
    browser.wait_for("#passkey-login").await;
    browser.fill("#passkey-login", "lin.wei").await;
    browser.click("form[data-passkey='create'] button").await;
    browser.wait_for("details.who").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t53_what_people_write_stays_text_on_every_page_and_in_every_feed() {
    let port = volbridge_tests::browser::free_port();
    let address = format!("http://localhost:{port}");
    let partner = Partner::start_with("BVF", Database::Sqlite, &[("gateway.public_url", &address)]).await;
    let portal = Portal::at_port(&partner, port).await;
    let mut paths: Vec<String> = EVERYWHERE.iter().map(|path| (*path).to_owned()).collect();
    let mut shown = 0;
    for text in PAYLOADS {
        let organisation = organisation(&partner, text).await;
        let listing: Record = partner.try_listing(listing(text, &organisation)).await.unwrap().into();
        partner.translation(&listing, "zh-CN", text).await;
        let conference = conference(&partner, text).await;
        material(&partner, text, &conference).await;
        paths.extend(addresses(&listing, &organisation, &conference, text));
        paths.extend(behind_the_door(&partner, text, &organisation).await);
    }
    partner.indexes().await;
    let browser = Browser::start(1280, "en").await;
    let token = invitation(&partner, PAYLOADS[0]).await;
    come_in(&browser, &portal, &token).await;
    let mut found = Vec::new();
    for path in &paths {
        for language in ["en", "zh-CN"] {
            found.extend(more_than_text(&browser, &portal, path, language).await);
            shown += usize::from(browser.page.source().await.unwrap().contains("x53"));
        }
    }
    browser.close().await;
    assert_eq!(found, Vec::<String>::new());
    // The pages do show it: an empty page proves nothing.
    assert!(shown > paths.len(), "{shown} of {}", 2 * paths.len());
}
