//! The portal in a real browser: what comes in without a reload, the tour, both
//! languages, a narrow window, a window without scripts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use fantoccini::Locator;
use serde_json::Value;
use volbridge_tests::{Database, Partner, Record, browser::Browser, partner::PATIENCE, portal::Portal};

async fn wait_for(browser: &Browser, css: &str) {
    let wait = browser.page.wait().at_most(PATIENCE);
    if let Err(error) = wait.for_element(Locator::Css(css)).await {
        panic!("{css} never came: {error}\n{}", browser.text().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_from_beijing_comes_in_at_bonn_without_a_reload() {
    let (bvf, unv) =
        (Partner::start("BVF", Database::Sqlite).await, Partner::start("UNV", Database::Sqlite).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    bvf.listing("Here before", &organisation).await;
    unv.follows(&bvf).await;
    let portal = Portal::start(&unv).await;
    let browser = Browser::start(1280, "en").await;
    browser.page.goto(&portal.at("/listings")).await.unwrap();
    wait_for(&browser, ".card").await;
    browser.page.execute("window.notReloaded = true", Vec::new()).await.unwrap();

    let new = bvf.listing("Arrives while you watch", &organisation).await;
    let id = uuid(&new);
    wait_for(&browser, &format!("[data-subject='{id}']")).await;
    let text = browser.text().await;
    assert!(text.contains("Arrives while you watch") && text.contains("Here before"), "{text}");
    assert_eq!(
        browser.page.execute("return window.notReloaded", Vec::new()).await.unwrap(),
        Value::Bool(true)
    );
    bvf.withdraw(&[&new]).await;
    let gone = "return document.querySelector(`[data-subject='${arguments[0]}']`) === null";
    let wait = tokio::time::timeout(PATIENCE, async {
        while browser.page.execute(gone, vec![Value::from(id.clone())]).await.unwrap() != Value::Bool(true) {}
    });
    assert!(wait.await.is_ok(), "a withdrawn listing stays on the page");
    browser.close().await;
}

fn uuid(record: &Record) -> String {
    volbridge_proto::SubjectId::try_from(record.subject.as_slice()).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_is_walked_with_clicks_alone() {
    let unv = Partner::start("UNV", Database::Sqlite).await;
    let carriers = format!("[\"{}\"]", unv.id);
    let bvf = Partner::start_with("BVF", Database::Sqlite, &[("exchange.carriers", &carriers)]).await;
    let avi = Partner::start_with("AVI", Database::Sqlite, &[("exchange.carriers", &carriers)]).await;
    for (one, other) in [(&bvf, &unv), (&unv, &bvf), (&unv, &avi), (&avi, &unv)] {
        one.admit(other, None).await;
    }
    for (one, other) in [(&bvf, &avi), (&avi, &bvf)] {
        one.admit(other, Some("")).await;
        one.follows(other).await;
    }
    bvf.organisation().await;
    bvf.agree(&avi).await;
    avi.agree(&bvf).await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;
    let portals = Portal::tour([&bvf, &unv, &avi]).await;
    let browser = Browser::start(1280, "en").await;
    browser.page.goto(&portals[0].at("/demo")).await.unwrap();
    for (step, shown) in [("publish", "AVI"), ("seal", "opens"), ("open", "Lin Xiao"), ("withdraw", "Erased")]
    {
        let button = format!("form[action^='/demo/{step}'] button");
        wait_for(&browser, &button).await;
        browser.page.find(Locator::Css(&button)).await.unwrap().click().await.unwrap();
        let wait = tokio::time::timeout(PATIENCE, async {
            while !browser.text().await.to_lowercase().contains(&shown.to_lowercase()) {}
        });
        assert!(wait.await.is_ok(), "{step}: {}", browser.text().await);
    }
    let text = browser.text().await;
    assert!(text.contains("tlog-proof") && text.contains("volbridge record verify"), "{text}");
    browser.close().await;
}

struct Shown {
    _partners: [Partner; 2],
    portal: Portal,
    listing: String,
}

/// A listing in English with a Chinese translation by another partner; shared by the tests below.
async fn shown() -> Shown {
    let (bvf, unv) =
        (Partner::start("BVF", Database::Sqlite).await, Partner::start("UNV", Database::Sqlite).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    let listing = bvf.listing("Show the way at the Great Wall", &organisation).await;
    unv.follows(&bvf).await;
    unv.translation(&listing, "zh-CN", "长城志愿向导").await;
    bvf.follows(&unv).await;
    let portal = Portal::start(&bvf).await;
    Shown { _partners: [bvf, unv], portal, listing: uuid(&listing) }
}

const PAGES: &[&str] = &["/", "/listings", "/partners", "/conferences", "/verify", "/network"];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_narrow_window_in_both_languages() {
    let shown = shown().await;
    let listing = format!("/listings/{}", shown.listing);
    for language in ["zh-CN", "en"] {
        let browser = Browser::start(375, language).await;
        for path in PAGES.iter().copied().chain([listing.as_str()]) {
            let address = shown.portal.at(&format!("{path}?lang={language}"));
            browser.page.goto(&address).await.unwrap();
            let facts = "return [document.documentElement.lang, document.documentElement.scrollWidth, window.innerWidth, \
                         document.querySelectorAll('h1').length, document.querySelectorAll('img:not([alt])').length]";
            let facts = browser.page.execute(facts, Vec::new()).await.unwrap();
            assert_eq!(facts[0], language, "{path}");
            assert!(
                facts[1].as_u64() <= facts[2].as_u64(),
                "{path} {language} is wider than its window: {facts}"
            );
            assert_eq!((&facts[3], &facts[4]), (&Value::from(1), &Value::from(0)), "{path}");
        }
        let text = browser.text().await;
        assert!(text.contains("Show the way at the Great Wall") && text.contains("长城志愿向导"), "{text}");
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_and_with_the_keyboard_alone_a_listing_is_found_and_read() {
    let shown = shown().await;
    let browser = Browser::start_with(1280, "en", false).await;
    browser.page.goto(&shown.portal.at("/?lang=en")).await.unwrap();
    let search = browser.page.find(Locator::Css("input[name=q]")).await.unwrap();
    search.send_keys("great wall\u{E007}").await.unwrap();
    wait_for(&browser, ".card a").await;
    let link =
        browser.page.find(Locator::Css(&format!("[data-subject='{}'] a", shown.listing))).await.unwrap();
    link.send_keys("\u{E007}").await.unwrap();
    let wait = browser.page.wait().at_most(PATIENCE);
    wait.for_url(&shown.portal.at(&format!("/listings/{}", shown.listing)).parse().unwrap()).await.unwrap();
    let text = browser.text().await;
    for needle in ["Show visitors the way.", "长城志愿向导", "BVF", "UNV", "entry"] {
        assert!(text.contains(needle), "{needle}: {text}");
    }
    browser.close().await;
}
