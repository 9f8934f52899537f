//! Mail that the node sends: built here, handed to the operator's server (SMTP, RFC 5321), never kept.

pub mod address;
mod texts;

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::authentication::Credentials,
};
use volbridge_proto::Code;

pub use self::texts::{Language, confirm, digest};
use crate::{config::Config, error::Error};

/// How long the server may take for one message.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message without its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Where its reader stops it with one click (RFC 8058); empty: nowhere.
    pub stop: String,
}

/// Hands mail over.
pub struct Mailer {
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    from: Option<Mailbox>,
}

impl Mailer {
    /// As configured; without a server nothing is sent.
    ///
    /// # Errors
    /// When the password's file can't be read, or the server's address not be understood.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let mail = &config.mail;
        if mail.server.is_empty() {
            return Ok(Self { transport: None, from: None });
        }
        let failed =
            |error: &dyn std::fmt::Display| Error::new(Code::Internal).at("mail").because(error.to_string());
        // On this machine nobody listens in, and small relays have no certificate.
        let near = ["smtp://localhost", "smtp://127.0.0.1", "smtp://[::1]"];
        let clear =
            near.iter().any(|host| mail.server.strip_prefix(host).is_some_and(|rest| !rest.starts_with('.')));
        let url = match mail.server.strip_prefix("smtp://") {
            Some(_) if !clear => format!("{}?tls=required", mail.server),
            _ => mail.server.clone(),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)
            .map_err(|error| failed(&error))?
            .timeout(Some(PATIENCE));
        if let Some(password) = &mail.password {
            let password = password.read(&config.node.data_dir).map_err(|error| failed(&error))?;
            builder = builder.credentials(Credentials::new(mail.user.clone(), password.to_string()));
        }
        let from = mail.from.parse().map_err(|error| failed(&error))?;
        Ok(Self { transport: Some(builder.build()), from: Some(from) })
    }

    /// Whether mail can be sent at all.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    /// Hands a letter over.
    ///
    /// # Errors
    /// `mail.failed` when the server doesn't take it: it can be tried again.
    pub async fn send(&self, to: &str, letter: &Letter) -> Result<(), Error> {
        let (Some(transport), Some(from)) = (&self.transport, &self.from) else {
            return Err(Error::new(Code::MailNone));
        };
        let to: Mailbox = to.parse().map_err(|_| Error::new(Code::FieldInvalid).at("mail"))?;
        // The cause may name the address: it isn't kept.
        let failed = |_| Error::new(Code::MailFailed);
        let mut message = Message::builder()
            .from(from.clone())
            .to(to)
            .subject(&letter.subject)
            .header(ContentType::TEXT_PLAIN);
        if !letter.stop.is_empty() {
            let header = |name, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
            message = message
                .raw_header(header("List-Unsubscribe", format!("<{}>", letter.stop)))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        let message = message.body(letter.body.clone()).map_err(|_| Error::new(Code::MailFailed))?;
        let sent = transport.send(message).await;
        if let Err(error) = &sent {
            tracing::warn!(
                kind = if error.is_permanent() { "refused" } else { "failed" },
                "the mail server didn't take a message"
            );
        }
        sent.map(drop).map_err(failed)
    }
}
