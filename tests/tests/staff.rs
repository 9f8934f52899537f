//! Who works at a partner, in a real browser: taken in by a link, signed in with a passkey or a password, and from a
//! new listing to a published one in four steps; with the keyboard's form alone where there is no script.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

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

async fn wait_for(browser: &Browser, css: &str) {
    let wait = browser.page.wait().at_most(PATIENCE);
    if let Err(error) = wait.for_element(Locator::Css(css)).await {
        let at = browser.page.current_url().await.unwrap();
        panic!("{css} never came at {at}: {error}\n{}", browser.text().await);
    }
}

async fn fill(browser: &Browser, css: &str, text: &str) {
    let field = browser.page.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

async fn click(browser: &Browser, css: &str) {
    let button = browser.page.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    button.click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_at_the_link_and_opens_the_door_from_then_on() {
    let (bvf, portal) = partner().await;
    let token = invitation(&bvf, "operator").await;
    let browser = Browser::start(1280, "en").await;
    browser.keeps_passkeys().await;
    browser.page.goto(&portal.at(&format!("/invitation#{token}"))).await.unwrap();
    wait_for(&browser, "form[data-passkey='create']").await;
    assert!(!browser.page.current_url().await.unwrap().as_str().contains(&token), "the link is used up");
    assert!(browser.text().await.contains("Welcome, Lin Wei"));
    assert_eq!(browser.barriers().await, Vec::<String>::new());
    fill(&browser, "#passkey-login", "lin.wei").await;
    click(&browser, "form[data-passkey='create'] button").await;
    wait_for(&browser, "details.who").await;
    assert!(browser.page.current_url().await.unwrap().path().starts_with("/desk"));

    click(&browser, "details.who summary").await;
    click(&browser, "details.who form button").await;
    wait_for(&browser, "a.enter").await;
    click(&browser, "a.enter").await;
    wait_for(&browser, "form[data-passkey='get'] button").await;
    assert_eq!(browser.barriers().await, Vec::<String>::new());
    click(&browser, "form[data-passkey='get'] button").await;
    wait_for(&browser, "details.who").await;
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
    fill(browser, "#login", "lin.wei").await;
    fill(browser, "#password", PASSWORD).await;
    click(browser, "form[action='/invitation/password'] button").await;
    wait_for(browser, "#code").await;
    let code = code(browser, partner).await;
    fill(browser, "#code", &code).await;
    click(browser, "form[action='/invitation/finish'] button").await;
    wait_for(browser, "details.who").await;
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
        fill(browser, &format!("[name='{field}']"), text).await;
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
    click(&browser, "a[href='/desk/listings/new']").await;
    wait_for(&browser, "form.editor").await;
    // Fill in.
    write_listing(&browser).await;
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
        let wide =
            browser.page.execute("return document.documentElement.scrollWidth", Vec::new()).await.unwrap();
        assert!(wide.as_u64().unwrap() <= u64::from(width.max(375)), "{wide} wide");
    }
    // Look at both languages.
    click(&browser, "form.editor button[value='preview']").await;
    wait_for(&browser, ".columns").await;
    let text = browser.text().await;
    assert!(text.contains("Weekend helpers for the library") && text.contains("每个周末两小时"), "{text}");
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
    }
    // Publish.
    click(&browser, "button[value='publish']").await;
    wait_for(&browser, ".said a").await;
    click(&browser, ".said a").await;
    wait_for(&browser, ".columns").await;
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
    wait_for(&desk, "form.editor").await;
    write_listing(&desk).await;
    click(&desk, "form.editor button[value='preview']").await;
    wait_for(&desk, "button[value='publish']").await;
    click(&desk, "button[value='publish']").await;
    wait_for(&desk, ".said a").await;
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
    click(&reader, ".card h3 a").await;
    wait_for(&reader, ".provenance").await;
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
    click(&browser, "a[href='/desk/imports']").await;
    wait_for(&browser, "#file").await;
    sound().await;
    let choice = browser.page.find(Locator::Css("[name='organisation']")).await.unwrap();
    choice.select_by_index(1).await.unwrap();
    let choice = browser.page.find(Locator::Css("[name='language']")).await.unwrap();
    choice.select_by_value("zh-CN").await.unwrap();
    let field = browser.page.find(Locator::Css("#file")).await.unwrap();
    field.send_keys(file.to_str().unwrap()).await.unwrap();
    click(&browser, "form[enctype] button").await;

    // What was found: two columns aren't understood by themselves.
    wait_for(&browser, "#import-ready").await;
    for (header, meaning) in [("一句话", "summary_zh-CN"), ("介绍", "description_zh-CN")] {
        let of = format!("//tr[th/label[.='{header}']]//select");
        let choice = browser.page.find(Locator::XPath(&of)).await.unwrap();
        choice.select_by_value(meaning).await.unwrap();
    }
    click(&browser, "form[action$='/columns'] button").await;
    wait_for(&browser, "button[value='start']").await;
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
    click(&browser, "button[value='start']").await;
    wait_for(&browser, "#import-done").await;
    let results = browser.page.find_all(Locator::Css(".results li a")).await.unwrap();
    assert_eq!(results.len(), 4, "{}", browser.text().await);
    assert_eq!(bvf.listings().await.len(), 4);
    sound().await;
    click(&browser, ".results li a").await;
    wait_for(&browser, ".provenance").await;
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
    click(&browser, "section[aria-labelledby='unchecked'] a").await;
    wait_for(&browser, "#note").await;
    fits().await;
    fill(&browser, "#note", note).await;
    click(&browser, "form[action$='/note'] button").await;
    wait_for(&browser, ".said").await;
    let until = bvf.now().plus(300 * 86_400_000).date().to_string();
    let script = "document.querySelector('#valid_until').value = arguments[0]";
    browser.page.execute(script, vec![until.into()]).await.unwrap();
    click(&browser, "form[action$='/check'] button").await;
    wait_for(&browser, ".said").await;
    let text = browser.text().await;
    assert!(text.contains(checked) && text.contains(note), "{text}");

    // A new one, written and handed in.
    browser.page.goto(&portal.at("/desk/organisations/new")).await.unwrap();
    fits().await;
    fill(&browser, "#name_zh", "港湾志愿服务队").await;
    fill(&browser, "#name_en", "Harbour Team").await;
    click(&browser, "button[value='save']").await;
    wait_for(&browser, "button[value='submit']").await;
    fits().await;
    click(&browser, "button[value='submit']").await;
    wait_for(&browser, "button[value='approve']").await;
    click(&browser, "button[value='approve']").await;
    wait_for(&browser, "button[value='publish']").await;
    click(&browser, "button[value='publish']").await;
    wait_for(&browser, ".said").await;
    browser.page.goto(&portal.at("/organisations")).await.unwrap();
    let text = browser.text().await;
    assert!(text.contains("港湾志愿服务队") || text.contains("Harbour Team"), "{text}");

    browser.page.goto(&portal.at("/desk/handovers")).await.unwrap();
    fits().await;
    browser.close().await;
}
