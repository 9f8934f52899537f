//! Accounts with their roles and passkeys.

use volbridge_proto::{SubjectId, Timestamp};

use super::{Query, StoreError, Tx, args, column};
use crate::people::roles::{Role, RoleName};

/// Names an account for ever: random, and nothing else.
pub type AccountId = [u8; 16];

/// An account.
#[derive(Clone, PartialEq)]
pub struct AccountRow {
    /// Which.
    pub id: AccountId,
    /// What its owner types; lower-case.
    pub login: String,
    /// As others see it.
    pub name: String,
    /// PHC string; empty: none.
    pub password: String,
    /// Secret of the second factor; empty: none.
    pub totp: Vec<u8>,
    /// The step of the newest code that was taken.
    pub totp_step: u64,
    /// Locked out.
    pub locked: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last signed in; 0: never.
    pub seen_at: Timestamp,
}

/// A passkey.
#[derive(Clone, Debug, PartialEq)]
pub struct PasskeyRow {
    /// The credential's id.
    pub id: Vec<u8>,
    /// Whose.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// What checks its answers: JSON of the library's.
    pub credential: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last signed in; 0: never.
    pub used_at: Timestamp,
}

type Raw = (Vec<u8>, String, String, String, Vec<u8>, i64, bool, i64, i64);

fn typed(raw: Raw) -> Result<AccountRow, StoreError> {
    let (id, login, name, password, totp, totp_step, locked, created_at, seen_at) = raw;
    let key = hex::encode(&id);
    Ok(AccountRow {
        id: column::id("account", &key, &id)?,
        login,
        name,
        password,
        totp,
        totp_step: column::count("account", &key, totp_step)?,
        locked,
        created_at: Timestamp::from_millis(created_at),
        seen_at: Timestamp::from_millis(seen_at),
    })
}

/// The account with this id.
pub async fn by_id(q: &impl Query, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
    let row: Option<Raw> = q
        .row_opt(
            "SELECT id, login, name, password, totp, totp_step, locked, created_at, seen_at FROM account
             WHERE id = $1",
            args![id],
        )
        .await?;
    row.map(typed).transpose()
}

/// The account with this login.
pub async fn by_login(q: &impl Query, login: &str) -> Result<Option<AccountRow>, StoreError> {
    let row: Option<Raw> = q
        .row_opt(
            "SELECT id, login, name, password, totp, totp_step, locked, created_at, seen_at FROM account
             WHERE login = $1",
            args![login],
        )
        .await?;
    row.map(typed).transpose()
}

/// All accounts, by login.
pub async fn all(q: &impl Query) -> Result<Vec<AccountRow>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT id, login, name, password, totp, totp_step, locked, created_at, seen_at FROM account
             ORDER BY login",
            args![],
        )
        .await?;
    rows.into_iter().map(typed).collect()
}

/// Makes an account. A login that is taken is a duplicate ([`StoreError::is_duplicate`]).
pub async fn insert(tx: &mut Tx, account: &AccountRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (id, login, name, password, totp, totp_step, locked, created_at, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            account.id,
            &account.login,
            &account.name,
            &account.password,
            &account.totp,
            account.totp_step,
            account.locked,
            account.created_at,
            account.seen_at
        ],
    )
    .await?;
    Ok(())
}

/// Sets password and second factor; the code that proved the factor doesn't count again.
pub async fn set_password(
    tx: &mut Tx,
    id: AccountId,
    password: &str,
    totp: &[u8],
    totp_step: u64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET password = $1, totp = $2, totp_step = $3 WHERE id = $4",
        args![password, totp, totp_step, id],
    )
    .await?;
    Ok(())
}

/// Takes a code of the second factor: false if this one, or a later one, was taken before.
pub async fn take_code(tx: &mut Tx, id: AccountId, step: u64) -> Result<bool, StoreError> {
    let touched = tx
        .execute("UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step < $1", args![step, id])
        .await?;
    Ok(touched == 1)
}

/// Notes a sign-in.
pub async fn seen(tx: &mut Tx, id: AccountId, at: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE account SET seen_at = $1 WHERE id = $2", args![at, id]).await?;
    Ok(())
}

/// Locks or opens it.
pub async fn set_locked(tx: &mut Tx, id: AccountId, locked: bool) -> Result<(), StoreError> {
    tx.execute("UPDATE account SET locked = $1 WHERE id = $2", args![locked, id]).await?;
    Ok(())
}

/// Its roles, in a fixed order.
pub async fn roles(q: &impl Query, id: AccountId) -> Result<Vec<Role>, StoreError> {
    let rows: Vec<(Vec<u8>, String)> = q
        .rows(
            "SELECT organisation, role FROM account_role WHERE account = $1 ORDER BY organisation, role",
            args![id],
        )
        .await?;
    rows.into_iter().map(|(organisation, role)| role_of(id, &organisation, &role)).collect()
}

fn role_of(account: AccountId, organisation: &[u8], role: &str) -> Result<Role, StoreError> {
    let key = hex::encode(account);
    let name: RoleName = role.parse().map_err(|why| StoreError::corrupt("account_role", &key, why))?;
    let given = Some(organisation).filter(|bytes| !bytes.is_empty());
    Ok(Role { name, organisation: column::optional_id("account_role", &key, given)? })
}

/// Gives it these roles and no others.
pub async fn set_roles(tx: &mut Tx, id: AccountId, roles: &[Role]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM account_role WHERE account = $1", args![id]).await?;
    for role in roles {
        let organisation = role.organisation.map(SubjectId::to_vec).unwrap_or_default();
        tx.execute(
            "INSERT INTO account_role (account, organisation, role) VALUES ($1, $2, $3)
             ON CONFLICT (account, organisation, role) DO NOTHING",
            args![id, organisation, role.name.as_str()],
        )
        .await?;
    }
    Ok(())
}

/// How many accounts that aren't locked are operators, beside `but`.
pub async fn other_operators(q: &impl Query, but: AccountId) -> Result<u64, StoreError> {
    let (count,): (i64,) = q
        .row(
            "SELECT count(*) FROM account a JOIN account_role r ON r.account = a.id
             WHERE r.role = 'operator' AND NOT a.locked AND a.id <> $1",
            args![but],
        )
        .await?;
    column::count("account_role", "operators", count)
}

type RawPasskey = (Vec<u8>, Vec<u8>, String, String, i64, i64);

fn passkey(
    (id, account, name, credential, created_at, used_at): RawPasskey,
) -> Result<PasskeyRow, StoreError> {
    Ok(PasskeyRow {
        account: column::id("passkey", hex::encode(&id), &account)?,
        id,
        name,
        credential,
        created_at: Timestamp::from_millis(created_at),
        used_at: Timestamp::from_millis(used_at),
    })
}

/// The account's passkeys, the oldest first.
pub async fn passkeys(q: &impl Query, account: AccountId) -> Result<Vec<PasskeyRow>, StoreError> {
    let rows: Vec<RawPasskey> = q
        .rows(
            "SELECT id, account, name, credential, created_at, used_at FROM passkey
             WHERE account = $1 ORDER BY created_at, id",
            args![account],
        )
        .await?;
    rows.into_iter().map(passkey).collect()
}

/// The passkey with this credential id.
pub async fn find_passkey(q: &impl Query, id: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
    let row: Option<RawPasskey> = q
        .row_opt(
            "SELECT id, account, name, credential, created_at, used_at FROM passkey WHERE id = $1",
            args![id],
        )
        .await?;
    row.map(passkey).transpose()
}

/// Adds a passkey. One that is known already is a duplicate.
pub async fn add_passkey(tx: &mut Tx, passkey: &PasskeyRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO passkey (id, account, name, credential, created_at, used_at) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            &passkey.id,
            passkey.account,
            &passkey.name,
            &passkey.credential,
            passkey.created_at,
            passkey.used_at
        ],
    )
    .await?;
    Ok(())
}

/// Notes that it signed in; its counter has moved.
pub async fn passkey_used(tx: &mut Tx, id: &[u8], credential: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE passkey SET credential = $1, used_at = $2 WHERE id = $3", args![credential, at, id])
        .await?;
    Ok(())
}

/// Takes one of the account's passkeys away. False if it has none such.
pub async fn remove_passkey(tx: &mut Tx, account: AccountId, id: &[u8]) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM passkey WHERE account = $1 AND id = $2", args![account, id]).await? == 1)
}

/// Takes all of them away: the account begins anew.
pub async fn remove_passkeys(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM passkey WHERE account = $1", args![account]).await?;
    Ok(())
}
