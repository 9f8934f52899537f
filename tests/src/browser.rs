//! A real Chromium, driven over WebDriver. One driver a test, on a port of its own.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder};
use serde_json::{Map, json};
use tempfile::TempDir;

/// A browser window; gone with its value.
pub struct Browser {
    /// Commands for the page.
    pub page: Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// A window of this width that prefers this language.
    pub async fn start(width: u32, language: &str) -> Self {
        Self::start_with(width, language, true).await
    }

    /// The same, with scripts or without.
    pub async fn start_with(width: u32, language: &str, scripts: bool) -> Self {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: `make test` installs it");
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--window-size={width},1400"),
            format!("--accept-lang={language}"),
        ];
        if !scripts {
            arguments.push("--blink-settings=scriptEnabled=false".to_owned());
        }
        let options = json!({ "args": arguments, "prefs": { "intl.accept_languages": language } });
        let mut capabilities = Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let address = format!("http://127.0.0.1:{port}");
        let mut attempts = 0;
        let page = loop {
            let connected = ClientBuilder::rustls()
                .expect("TLS for the driver")
                .capabilities(capabilities.clone())
                .connect(&address)
                .await;
            match connected {
                Ok(page) => break page,
                // The driver needs a moment to listen.
                Err(_) if attempts < 400 => {
                    attempts += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("no browser: {error}"),
            }
        };
        Self { page, driver, _profile: profile }
    }

    /// The text of the page.
    pub async fn text(&self) -> String {
        // One call: a script of the page may replace elements between two.
        let text = self.page.execute("return document.body.innerText", Vec::new()).await.expect("a page");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Ends the session.
    pub async fn close(mut self) {
        let _ = self.page.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
