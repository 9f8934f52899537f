//! Pages of others' sites, with the rules of the house (threats.md T23): https alone, public addresses alone, no redirects,
//! bounded in time and size. Where private addresses are allowed, http is too: for trying things out.

use std::{net::IpAddr, time::Duration};

use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use crate::tls::address::is_public;

/// Until a connection is made, and until all of a page is there.
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(60);
/// Bytes of a page.
const LARGEST: usize = 16 << 20;

/// Why a page isn't there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address.
    #[error("{0} may not be called: only https:// and public addresses may")]
    Forbidden(String),
    /// What the site answers.
    #[error("the site answers with status {0}")]
    Status(u16),
    /// It never ends.
    #[error("the page is larger than {LARGEST} bytes")]
    TooLarge,
    /// The way there.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
}

/// Fetches pages.
pub struct Fetcher {
    client: Client,
    allow_private: bool,
}

impl Fetcher {
    /// One that may, or may not, call private networks and this machine.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(allow_private: bool) -> Result<Self, FetchError> {
        // The client takes the process's; a second one is refused and does no harm.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("volbridge/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(Policy::none())
            .dns_resolver(PublicOnly { allow_private })
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .build()?;
        Ok(Self { client, allow_private })
    }

    /// The bytes of a page.
    ///
    /// # Errors
    /// `FetchError`
    pub async fn page(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        if !self.may(url) {
            return Err(FetchError::Forbidden(url.to_string()));
        }
        let mut answer = self.client.get(url.clone()).send().await?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if bytes.len() + chunk.len() > LARGEST {
                return Err(FetchError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// An address that is written as one isn't looked up: it is judged here.
    fn may(&self, url: &Url) -> bool {
        if self.allow_private {
            return ["https", "http"].contains(&url.scheme());
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let public = host.parse::<IpAddr>().map_or(!host.is_empty(), is_public);
        url.scheme() == "https" && public && url.username().is_empty() && url.password().is_none()
    }
}

/// Names resolve to public addresses alone; what was judged is what is called.
struct PublicOnly {
    allow_private: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may: Vec<_> = found.filter(|place| allow_private || is_public(place.ip())).collect();
            if may.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(may.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t23_only_https_and_public_addresses_may_be_called() {
        let fetcher = Fetcher::new(false).unwrap();
        for (url, may) in [
            ("https://feeds.example.org/rpde?afterId=1", true),
            ("https://93.184.216.34/rpde", true),
            ("http://feeds.example.org/rpde", false),
            ("https://127.0.0.1/rpde", false),
            ("https://0x7f.1/rpde", false),
            ("https://[::1]/rpde", false),
            ("https://[::ffff:169.254.169.254]/latest", false),
            ("https://10.0.0.7:8443/", false),
            ("https://user:secret@feeds.example.org/", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(fetcher.may(&url.parse().unwrap()), may, "{url}");
        }
    }

    #[tokio::test]
    async fn t23_a_name_of_this_machine_is_not_called() {
        let fetcher = Fetcher::new(false).unwrap();
        let refused = fetcher.page(&"https://localhost:1/".parse().unwrap()).await;
        assert!(matches!(refused, Err(FetchError::Http(error)) if error.is_connect()));
    }
}
