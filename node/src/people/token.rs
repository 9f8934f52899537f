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
        StoreError,
        accounts::AccountId,
        events::{self, Deed, Doer, What},
        sessions::{self, TokenRow},
    },
};

/// Tokens of one account.
const TOKENS: usize = 50;
/// Bytes of its id that name it to people.
const BRIEF: usize = 4;
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
    let deed = Deed::new(context.env.now(), Doer::Person(account), What::TokenMade);
    let deed = deed.with(brief(token.id, &token.scopes));
    let write = context.db.write(move |tx| {
        async move {
            sessions::add_token(tx, hash, &token).await?;
            events::add(tx, &deed).await
        }
        .boxed()
    });
    write.await?;
    Ok(secret)
}

/// A token in the log of what accounts did: its owner's name for it may say too much.
pub(super) fn brief(id: [u8; 16], scopes: &[Scope]) -> String {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    format!("{} {}", hex::encode(id.split_at(BRIEF).0), scopes.join(" "))
}

/// Ends one of the account's tokens.
///
/// # Errors
/// `not_found`
pub async fn revoke(context: &Context, account: AccountId, id: Vec<u8>) -> Result<(), Error> {
    let deed = Deed::new(context.env.now(), Doer::Person(account), What::TokenRevoked);
    let deed = deed.with(hex::encode(id.get(..BRIEF).unwrap_or_default()));
    let write = context.db.write(move |tx| {
        async move {
            let found = sessions::remove_token(tx, account, &id).await?;
            if found {
                events::add(tx, &deed).await?;
            }
            Ok::<_, StoreError>(found)
        }
        .boxed()
    });
    let found = write.await?;
    if found { Ok(()) } else { Err(Error::new(Code::NotFound).at("id")) }
}
