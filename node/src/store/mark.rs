//! How far the accounts have come, as numbers that only grow: what stands beside the database says the same, and of an old
//! copy of the database more (threats.md F17).

use std::collections::BTreeMap;

use super::{Query, StoreError, Tx, accounts::AccountId, args, column};

/// How many deeds there were.
pub async fn deeds(q: &impl Query) -> Result<u64, StoreError> {
    let (deeds,): (i64,) = q.row("SELECT deeds FROM account_mark", args![]).await?;
    column::count("account_mark", "deeds", deeds)
}

/// One more.
pub async fn count(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("UPDATE account_mark SET deeds = deeds + 1", args![]).await?;
    Ok(())
}

/// So many, whatever this database knew of.
pub async fn set(tx: &mut Tx, deeds: u64) -> Result<(), StoreError> {
    tx.execute("UPDATE account_mark SET deeds = $1", args![deeds]).await?;
    Ok(())
}

/// An account can be signed in to in fewer ways, or may do less, than before.
pub async fn changed(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    tx.execute("UPDATE account SET changes = changes + 1 WHERE id = $1", args![id]).await?;
    Ok(())
}

/// The account has changed so often, whatever this database knew of.
pub async fn set_changes(tx: &mut Tx, id: AccountId, changes: u64) -> Result<(), StoreError> {
    tx.execute("UPDATE account SET changes = $1 WHERE id = $2", args![changes, id]).await?;
    Ok(())
}

/// How often each account has changed; those that never did are left out.
pub async fn changes(q: &impl Query) -> Result<BTreeMap<AccountId, u64>, StoreError> {
    let rows: Vec<(Vec<u8>, i64)> =
        q.rows("SELECT id, changes FROM account WHERE changes > 0", args![]).await?;
    rows.into_iter()
        .map(|(id, changes)| {
            let key = hex::encode(&id);
            Ok((column::id("account", &key, &id)?, column::count("account", &key, changes)?))
        })
        .collect()
}
