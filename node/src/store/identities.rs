//! Accounts of an OpenID Connect issuer that are linked to accounts of this node. Issuer and subject together name one for
//! ever; nothing else of what the issuer says does.

use volbridge_proto::Timestamp;

use super::{Query, StoreError, Tx, accounts::AccountId, args, column};

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityRow {
    /// Names it here.
    pub id: [u8; 16],
    /// Who vouches for it.
    pub issuer: String,
    /// As the issuer names it.
    pub subject: String,
    /// Whose.
    pub account: AccountId,
    /// As the issuer called it when it was linked.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last signed in; 0: never.
    pub used_at: Timestamp,
}

type Raw = (Vec<u8>, String, String, Vec<u8>, String, i64, i64);

fn typed((id, issuer, subject, account, name, created_at, used_at): Raw) -> Result<IdentityRow, StoreError> {
    let key = hex::encode(&id);
    Ok(IdentityRow {
        id: column::id("account_identity", &key, &id)?,
        account: column::id("account_identity", &key, &account)?,
        issuer,
        subject,
        name,
        created_at: Timestamp::from_millis(created_at),
        used_at: Timestamp::from_millis(used_at),
    })
}

/// The one that this issuer names so.
pub async fn find(q: &impl Query, issuer: &str, subject: &str) -> Result<Option<IdentityRow>, StoreError> {
    let row: Option<Raw> = q
        .row_opt(
            "SELECT id, issuer, subject, account, name, created_at, used_at FROM account_identity
             WHERE issuer = $1 AND subject = $2",
            args![issuer, subject],
        )
        .await?;
    row.map(typed).transpose()
}

/// The account's, the oldest first.
pub async fn of(q: &impl Query, account: AccountId) -> Result<Vec<IdentityRow>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT id, issuer, subject, account, name, created_at, used_at FROM account_identity
             WHERE account = $1 ORDER BY created_at, id",
            args![account],
        )
        .await?;
    rows.into_iter().map(typed).collect()
}

/// Links one. One that is linked already is a duplicate.
pub async fn add(tx: &mut Tx, row: &IdentityRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account_identity (id, issuer, subject, account, name, created_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![row.id, &row.issuer, &row.subject, row.account, &row.name, row.created_at, row.used_at],
    )
    .await?;
    Ok(())
}

/// Notes that it signed in.
pub async fn used(tx: &mut Tx, id: [u8; 16], at: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE account_identity SET used_at = $1 WHERE id = $2", args![at, id]).await?;
    Ok(())
}

/// Unlinks one of the account's. False if it has none such.
pub async fn remove(tx: &mut Tx, account: AccountId, id: &[u8]) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM account_identity WHERE account = $1 AND id = $2", args![account, id]).await?
        == 1)
}

/// Unlinks all of them: the account begins anew.
pub async fn remove_all(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM account_identity WHERE account = $1", args![account]).await?;
    Ok(())
}
