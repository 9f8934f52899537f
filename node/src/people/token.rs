//! Tokens of programs: made by a person, with no more than that person may do, and never for accounts themselves.

use futures::FutureExt as _;
use volbridge_proto::Code;

use super::{
    enrol::check_name,
    minutes,
    roles::Scope,
    session::{self, TOKEN},
};
use crate::{
    context::Context,
    error::Error,
    store::{
        accounts::AccountId,
        sessions::{self, TokenRow},
    },
};

/// Tokens of one account.
const TOKENS: usize = 50;
/// Days that one is good, at most.
const DAYS: u32 = 366;

/// Makes a token; gives its secret, which nobody sees again.
///
/// # Errors
/// `field.*`
pub async fn create(
    context: &Context,
    account: AccountId,
    name: &str,
    mut scopes: Vec<Scope>,
    days: u32,
) -> Result<String, Error> {
    let name = check_name(name, "name")?;
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("scopes"));
    }
    if !(1..=DAYS).contains(&days) {
        return Err(Error::new(Code::FieldOutOfRange).at("days").with("least", 1).with("most", DAYS));
    }
    if sessions::tokens(&context.db, account).await?.len() >= TOKENS {
        return Err(Error::new(Code::FieldTooMany).at("tokens").with("limit", TOKENS));
    }
    let now = context.now();
    let (secret, hash) = session::secret(&context.env, TOKEN);
    let token = TokenRow {
        id: context.env.bytes(),
        account,
        name,
        scopes,
        created_at: now,
        expires_at: now.plus(minutes(i64::from(days) * 24 * 60)),
        used_at: volbridge_proto::Timestamp::from_millis(0),
    };
    context.db.write(move |tx| async move { sessions::add_token(tx, hash, &token).await }.boxed()).await?;
    Ok(secret)
}

/// Ends one of the account's tokens.
///
/// # Errors
/// `not_found`
pub async fn revoke(context: &Context, account: AccountId, id: Vec<u8>) -> Result<(), Error> {
    let found = context
        .db
        .write(move |tx| async move { sessions::remove_token(tx, account, &id).await }.boxed())
        .await?;
    if found { Ok(()) } else { Err(Error::new(Code::NotFound).at("id")) }
}
