//! Who works at a partner, in a real browser: taken in by a link, signed in with a passkey or a password, and from a
//! new listing to a published one in four steps; with the keyboard's form alone where there is no script.
#![expect(clippy::unwrap_used, reason = "tests")]

use fantoccini::Locator;
use rstest::rstest;
use totp_rs::{Builder, Secret};
use volbridge_proto::wire::node::v1::{self as wire, accounts_client::AccountsClient};
use volbridge_tests::{
    Database, Partner,
    browser::{Browser, Look, free_port},
    partner::PATIENCE,
    portal::Portal,
};

const PASSWORD: &str = "eleven green bicycles";

/// A partner with its portal under a name that passkeys can belong to.
async fn partner() -> (Partner, Portal) {
    let port = free_port();
    let address = format!("http://localhost:{port}");
    let bvf = Partner::start_with("BVF", Database::Sqlite, &[("gateway.public_url", &address)]).await;
    let portal = Portal::at_port(&bvf, port).await;
    (bvf, portal)
}

async fn invitation(partner: &Partner, role: &str) -> String {
    let message = wire::InviteRequest {
        name: "Lin Wei".to_owned(),
        roles: vec![wire::Role { name: role.to_owned(), ..Default::default() }],
        account: Vec::new(),
    };
    let mut accounts = AccountsClient::new(partner.channel());
    accounts.invite(partner.staff(message)).await.unwrap().into_inner().token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_at_the_link_and_opens_the_door_from_then_on() {
    let (bvf, portal) = partner().await;
    let token = invitation(&bvf, "operator").await;
    let browser = Browser::start(1280, "en").await;
    browser.keeps_passkeys().await;
    browser.page.goto(&portal.at(&format!("/invitation#{token}"))).await.unwrap();
    browser.wait_for("form[data-passkey='create']").await;
    assert!(!browser.page.current_url().await.unwrap().as_str().contains(&token), "the link is used up");
    assert!(browser.text().await.contains("Welcome, Lin Wei"));
    assert_eq!(browser.barriers().await, Vec::<String>::new());
    browser.fill("#passkey-login", "lin.wei").await;
    browser.click("form[data-passkey='create'] button").await;
    browser.wait_for("details.who").await;
    assert!(browser.page.current_url().await.unwrap().path().starts_with("/desk"));

    browser.click("details.who summary").await;
    browser.click("details.who form button").await;
    browser.wait_for("a.enter").await;
    browser.click("a.enter").await;
    browser.wait_for("form[data-passkey='get'] button").await;
    assert_eq!(browser.barriers().await, Vec::<String>::new());
    browser.click("form[data-passkey='get'] button").await;
    browser.wait_for("details.who").await;
    browser.page.goto(&portal.at("/account")).await.unwrap();
    let text = browser.text().await;
    assert!(text.contains("My device") && text.contains("lin.wei") && text.contains("Operator"), "{text}");
    browser.close().await;
}

/// What the app shows now.
async fn code(browser: &Browser, partner: &Partner) -> String {
    let secret = browser.page.find(Locator::Css(".secret code")).await.unwrap().text().await.unwrap();
    let secret = Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    let seconds = u64::try_from(partner.now().as_millis()).unwrap() / 1000;
    Builder::new().with_secret(secret).build().unwrap().generate(seconds).to_string()
}

/// From the link to the desk with a password and an app.
async fn taken_in(browser: &Browser, partner: &Partner, portal: &Portal, token: &str) {
    browser.page.goto(&portal.at(&format!("/invitation?token={token}"))).await.unwrap();
    browser.fill("#login", "lin.wei").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("form[action='/invitation/password'] button").await;
    browser.wait_for("#code").await;
    let code = code(browser, partner).await;
    browser.fill("#code", &code).await;
    browser.click("form[action='/invitation/finish'] button").await;
    browser.wait_for("details.who").await;
}

/// A listing in Chinese, its title in English too.
async fn write_listing(browser: &Browser) {
    for (field, text) in [
        ("title", "社区图书馆周末志愿者"),
        ("t.title", "Weekend helpers for the library"),
        ("summary", "帮助孩子们阅读。"),
        ("description", "每个周末两小时，在阅览室。"),
        ("costs", "无。"),
        ("contact", "library@example.org"),
        ("roles.0.title", "伴读"),
        ("place.city", "北京"),
    ] {
        browser.fill(&format!("[name='{field}']"), text).await;
    }
    for (field, value) in [("language", "zh-CN"), ("t.language", "en")] {
        let choice = browser.page.find(Locator::Css(&format!("[name='{field}']"))).await.unwrap();
        choice.select_by_value(value).await.unwrap();
    }
}

#[rstest]
#[case::english("en", 1280, true)]
#[case::chinese("zh-CN", 1280, true)]
#[case::narrow("zh-CN", 375, true)]
#[case::without_scripts("en", 1280, false)]
#[tokio::test(flavor = "multi_thread")]
async fn a_new_listing_is_published_in_four_steps(
    #[case] language: &'static str,
    #[case] width: u32,
    #[case] scripts: bool,
) {
    let (bvf, portal) = partner().await;
    bvf.organisation().await;
    let token = invitation(&bvf, "administrator").await;
    let browser = Browser::looking(Look { width, language, dark: false, scripts }).await;
    taken_in(&browser, &bvf, &portal, &token).await;

    // New.
    browser.page.goto(&portal.at("/desk")).await.unwrap();
    browser.click("a[href='/desk/listings/new']").await;
    browser.wait_for("form.editor").await;
    // Fill in.
    write_listing(&browser).await;
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
        let wide =
            browser.page.execute("return document.documentElement.scrollWidth", Vec::new()).await.unwrap();
        assert!(wide.as_u64().unwrap() <= u64::from(width.max(375)), "{wide} wide");
    }
    // Look at both languages.
    browser.click("form.editor button[value='preview']").await;
    browser.wait_for(".columns").await;
    let text = browser.text().await;
    assert!(text.contains("Weekend helpers for the library") && text.contains("每个周末两小时"), "{text}");
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
    }
    // Publish.
    browser.click("button[value='publish']").await;
    browser.wait_for(".said a").await;
    browser.click(".said a").await;
    browser.wait_for(".columns").await;
    let text = browser.text().await;
    assert!(
        text.contains("Weekend helpers for the library") && text.contains("社区图书馆周末志愿者"),
        "{text}"
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_beijing_publishes_in_chinese_is_found_in_melbourne_by_an_english_word() {
    let (bvf, beijing) = partner().await;
    let avi = Partner::start("AVI", Database::Sqlite).await;
    bvf.admit(&avi, None).await;
    avi.admit(&bvf, None).await;
    bvf.organisation().await;
    let melbourne = Portal::start(&avi).await;
    let token = invitation(&bvf, "editor").await;
    let desk = Browser::start(1280, "zh-CN").await;
    taken_in(&desk, &bvf, &beijing, &token).await;
    desk.page.goto(&beijing.at("/desk/listings/new")).await.unwrap();
    desk.wait_for("form.editor").await;
    write_listing(&desk).await;
    desk.click("form.editor button[value='preview']").await;
    desk.wait_for("button[value='publish']").await;
    desk.click("button[value='publish']").await;
    desk.wait_for(".said a").await;
    desk.close().await;
    avi.follows(&bvf).await;

    // Search, open: a volunteer reads it in English, and sees whose word it is.
    let reader = Browser::start(1280, "en").await;
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            reader.page.goto(&melbourne.at("/listings?q=library")).await.unwrap();
            if reader.page.find(Locator::Css(".card h3 a")).await.is_ok() {
                break;
            }
        }
    });
    assert!(found.await.is_ok(), "{}", reader.text().await);
    reader.click(".card h3 a").await;
    reader.wait_for(".provenance").await;
    let text = reader.text().await;
    assert!(text.contains("Weekend helpers for the library") && text.contains("每个周末两小时"), "{text}");
    let signed = reader.page.find(Locator::Css(".provenance")).await.unwrap().text().await.unwrap();
    assert!(signed.contains("BVF"), "{signed}");
    reader.close().await;
}

/// A spreadsheet of a volunteer centre: the places of row 3 and the country of row 5 can't be read.
fn spreadsheet() -> String {
    let header = "编号,标题（中文）,标题（英文）,一句话,介绍,国家,费用,联系方式,招募对象,岗位,招募人数\n";
    let rows = (1..=6).map(|number| {
        let slots = if number == 2 { "很多" } else { "3" };
        let country = if number == 4 { "Atlantis" } else { "CN" };
        format!(
            "{number},伴读{number},Reading {number},帮助孩子们阅读,每周两小时,{country},无,a@b.example,不限,伴读,{slots}\n"
        )
    });
    header.to_owned() + &rows.collect::<String>()
}

#[rstest]
#[case::english("en", 1280, true)]
#[case::chinese_and_narrow("zh-CN", 375, true)]
#[case::without_scripts("en", 1280, false)]
#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_with_two_faulty_rows_is_checked_and_the_others_are_published(
    #[case] language: &'static str,
    #[case] width: u32,
    #[case] scripts: bool,
) {
    let (bvf, portal) = partner().await;
    bvf.organisation().await;
    let token = invitation(&bvf, "editor").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("listings.csv");
    std::fs::write(&file, spreadsheet()).unwrap();
    let browser = Browser::looking(Look { width, language, dark: false, scripts }).await;
    taken_in(&browser, &bvf, &portal, &token).await;
    let sound = async || {
        if scripts {
            assert_eq!(browser.barriers().await, Vec::<String>::new());
            let wide = browser.page.execute("return document.documentElement.scrollWidth", Vec::new()).await;
            let wide = wide.unwrap().as_u64().unwrap();
            assert!(wide <= u64::from(width.max(375)), "{wide} wide");
        }
    };

    // Choose the file.
    browser.page.goto(&portal.at("/desk")).await.unwrap();
    browser.click("a[href='/desk/imports']").await;
    browser.wait_for("#file").await;
    sound().await;
    let choice = browser.page.find(Locator::Css("[name='organisation']")).await.unwrap();
    choice.select_by_index(1).await.unwrap();
    let choice = browser.page.find(Locator::Css("[name='language']")).await.unwrap();
    choice.select_by_value("zh-CN").await.unwrap();
    let field = browser.page.find(Locator::Css("#file")).await.unwrap();
    field.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.click("form[enctype] button").await;

    // What was found: two columns aren't understood by themselves.
    browser.wait_for("#import-ready").await;
    for (header, meaning) in [("一句话", "summary_zh-CN"), ("介绍", "description_zh-CN")] {
        let of = format!("//tr[th/label[.='{header}']]//select");
        let choice = browser.page.find(Locator::XPath(&of)).await.unwrap();
        choice.select_by_value(meaning).await.unwrap();
    }
    browser.click("form[action$='/columns'] button").await;
    browser.wait_for("button[value='start']").await;
    let text = browser.text().await;
    assert!(text.contains("Reading 1") && text.contains("伴读1") && text.contains("Atlantis"), "{text}");
    let rows = browser.page.find_all(Locator::Css(".faults tbody tr")).await.unwrap();
    assert_eq!(rows.len(), 2, "{text}");
    for (row, place) in rows.iter().zip([("3", "招募人数"), ("5", "国家")]) {
        let told = row.text().await.unwrap();
        assert!(told.contains(place.0) && told.contains(place.1), "{told}");
    }
    sound().await;

    // Publish, and see what came of it.
    browser.click("button[value='start']").await;
    browser.wait_for("#import-done").await;
    let results = browser.page.find_all(Locator::Css(".results li a")).await.unwrap();
    assert_eq!(results.len(), 4, "{}", browser.text().await);
    assert_eq!(bvf.listings().await.len(), 4);
    sound().await;
    browser.click(".results li a").await;
    browser.wait_for(".provenance").await;
    let text = browser.text().await;
    assert!(text.contains("Reading 1") && text.contains("伴读1"), "{text}");
    browser.close().await;
}

#[rstest]
#[case::narrow("zh-CN", 375, "核验", "已核验")]
#[case::english("en", 1280, "Seen", "Checked by")]
#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_applied_for_checked_and_handed_over(
    #[case] language: &'static str,
    #[case] width: u32,
    #[case] note: &str,
    #[case] checked: &str,
) {
    let (bvf, portal) = partner().await;
    bvf.organisation().await;
    let token = invitation(&bvf, "operator").await;
    let browser = Browser::looking(Look { width, language, dark: false, scripts: true }).await;
    taken_in(&browser, &bvf, &portal, &token).await;
    let fits = async || {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
        let wide =
            browser.page.execute("return document.documentElement.scrollWidth", Vec::new()).await.unwrap();
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{wide} wide");
    };

    // Not checked yet: what was seen, then the check.
    browser.page.goto(&portal.at("/desk/organisations")).await.unwrap();
    fits().await;
    browser.click("section[aria-labelledby='unchecked'] a").await;
    browser.wait_for("#note").await;
    fits().await;
    browser.fill("#note", note).await;
    browser.click("form[action$='/note'] button").await;
    browser.wait_for(".said").await;
    let until = bvf.now().plus(300 * 86_400_000).date().to_string();
    let script = "document.querySelector('#valid_until').value = arguments[0]";
    browser.page.execute(script, vec![until.into()]).await.unwrap();
    browser.click("form[action$='/check'] button").await;
    browser.wait_for(".said").await;
    let text = browser.text().await;
    assert!(text.contains(checked) && text.contains(note), "{text}");

    // A new one, written and handed in.
    browser.page.goto(&portal.at("/desk/organisations/new")).await.unwrap();
    fits().await;
    browser.fill("#name_zh", "港湾志愿服务队").await;
    browser.fill("#name_en", "Harbour Team").await;
    browser.click("button[value='save']").await;
    browser.wait_for("button[value='submit']").await;
    fits().await;
    browser.click("button[value='submit']").await;
    browser.wait_for("button[value='approve']").await;
    browser.click("button[value='approve']").await;
    browser.wait_for("button[value='publish']").await;
    browser.click("button[value='publish']").await;
    browser.wait_for(".said").await;
    browser.page.goto(&portal.at("/organisations")).await.unwrap();
    let text = browser.text().await;
    assert!(text.contains("港湾志愿服务队") || text.contains("Harbour Team"), "{text}");

    browser.page.goto(&portal.at("/desk/handovers")).await.unwrap();
    fits().await;
    browser.close().await;
}
