//! What accounts present instead of signing in again: sessions of people, tokens of programs, invitations. The keys are
//! hashes: whoever reads the database can't use them.

use volbridge_proto::Timestamp;

use super::{Query, StoreError, Tx, accounts::AccountId, args, column};
use crate::people::roles::{Role, Scope};

/// SHA-256 of a secret that somebody holds.
pub type SecretHash = [u8; 32];

/// A session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// Whose.
    pub account: AccountId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A program's token.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenRow {
    /// Names it.
    pub id: [u8; 16],
    /// Whose.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour; 0: never.
    pub used_at: Timestamp,
}

/// An invitation that nobody has taken up yet.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitationRow {
    /// Names it.
    pub id: [u8; 16],
    /// Whom it is for, as the inviter wrote it.
    pub name: String,
    /// What they will be.
    pub roles: Vec<Role>,
    /// The account that it opens again; none: it makes one.
    pub account: Option<AccountId>,
    /// Who invited; none: whoever made the node.
    pub invited_by: Option<AccountId>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Opens a session.
pub async fn open(tx: &mut Tx, hash: SecretHash, session: &SessionRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO session (hash, account, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        args![hash, session.account, session.created_at, session.expires_at],
    )
    .await?;
    Ok(())
}

/// The session with this hash.
pub async fn find(q: &impl Query, hash: SecretHash) -> Result<Option<SessionRow>, StoreError> {
    let row: Option<(Vec<u8>, i64, i64)> =
        q.row_opt("SELECT account, created_at, expires_at FROM session WHERE hash = $1", args![hash]).await?;
    row.map(|(account, created_at, expires_at)| {
        Ok(SessionRow {
            account: column::id("session", hex::encode(hash), &account)?,
            created_at: Timestamp::from_millis(created_at),
            expires_at: Timestamp::from_millis(expires_at),
        })
    })
    .transpose()
}

/// How many sessions of the account are open.
pub async fn count(q: &impl Query, account: AccountId, now: Timestamp) -> Result<u64, StoreError> {
    let (count,): (i64,) = q
        .row("SELECT count(*) FROM session WHERE account = $1 AND expires_at > $2", args![account, now])
        .await?;
    column::count("session", "count", count)
}

/// Lets a session go on until then.
pub async fn prolong(tx: &mut Tx, hash: SecretHash, until: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE session SET expires_at = $1 WHERE hash = $2", args![until, hash]).await?;
    Ok(())
}

/// Ends one session.
pub async fn close(tx: &mut Tx, hash: SecretHash) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session WHERE hash = $1", args![hash]).await?;
    Ok(())
}

/// Ends all sessions of an account, but one if it is named.
pub async fn close_all(tx: &mut Tx, account: AccountId, but: Option<SecretHash>) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM session WHERE account = $1 AND hash <> $2",
        args![account, but.map(Vec::from).unwrap_or_default()],
    )
    .await?;
    Ok(())
}

/// Forgets what has run out.
pub async fn forget(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session WHERE expires_at <= $1", args![now]).await?;
    tx.execute("DELETE FROM token WHERE expires_at <= $1", args![now]).await?;
    tx.execute("DELETE FROM invitation WHERE expires_at <= $1", args![now]).await?;
    Ok(())
}

/// Ends everything that anybody presents.
pub async fn forget_all(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session", args![]).await?;
    tx.execute("DELETE FROM token", args![]).await?;
    tx.execute("DELETE FROM invitation", args![]).await?;
    Ok(())
}

type RawToken = (Vec<u8>, Vec<u8>, String, String, i64, i64, i64);

fn token(
    (id, account, name, scopes, created_at, expires_at, used_at): RawToken,
) -> Result<TokenRow, StoreError> {
    let key = hex::encode(&id);
    Ok(TokenRow {
        id: column::id("token", &key, &id)?,
        account: column::id("token", &key, &account)?,
        name,
        scopes: column::json("token", &key, &scopes)?,
        created_at: Timestamp::from_millis(created_at),
        expires_at: Timestamp::from_millis(expires_at),
        used_at: Timestamp::from_millis(used_at),
    })
}

/// Makes a token.
pub async fn add_token(tx: &mut Tx, hash: SecretHash, token: &TokenRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO token (hash, id, account, name, scopes, created_at, expires_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            hash,
            token.id,
            token.account,
            &token.name,
            serde_json::json!(token.scopes).to_string(),
            token.created_at,
            token.expires_at,
            token.used_at
        ],
    )
    .await?;
    Ok(())
}

/// The token with this hash.
pub async fn find_token(q: &impl Query, hash: SecretHash) -> Result<Option<TokenRow>, StoreError> {
    let row: Option<RawToken> = q
        .row_opt(
            "SELECT id, account, name, scopes, created_at, expires_at, used_at FROM token WHERE hash = $1",
            args![hash],
        )
        .await?;
    row.map(token).transpose()
}

/// The account's tokens, the newest first.
pub async fn tokens(q: &impl Query, account: AccountId) -> Result<Vec<TokenRow>, StoreError> {
    let rows: Vec<RawToken> = q
        .rows(
            "SELECT id, account, name, scopes, created_at, expires_at, used_at FROM token
             WHERE account = $1 ORDER BY created_at DESC, id",
            args![account],
        )
        .await?;
    rows.into_iter().map(token).collect()
}

/// Notes that it was used.
pub async fn token_used(tx: &mut Tx, hash: SecretHash, at: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE token SET used_at = $1 WHERE hash = $2", args![at, hash]).await?;
    Ok(())
}

/// Ends one of the account's tokens. False if it has none such.
pub async fn remove_token(tx: &mut Tx, account: AccountId, id: &[u8]) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM token WHERE account = $1 AND id = $2", args![account, id]).await? == 1)
}

/// Ends all of them.
pub async fn remove_tokens(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM token WHERE account = $1", args![account]).await?;
    Ok(())
}

type RawInvitation = (Vec<u8>, String, String, Vec<u8>, Vec<u8>, i64, i64);

fn invitation(raw: RawInvitation) -> Result<InvitationRow, StoreError> {
    let (id, name, roles, account, invited_by, created_at, expires_at) = raw;
    let key = hex::encode(&id);
    let some = |bytes: &[u8]| column::optional_id("invitation", &key, Some(bytes).filter(|b| !b.is_empty()));
    Ok(InvitationRow {
        id: column::id("invitation", &key, &id)?,
        name,
        roles: column::json("invitation", &key, &roles)?,
        account: some(&account)?,
        invited_by: some(&invited_by)?,
        created_at: Timestamp::from_millis(created_at),
        expires_at: Timestamp::from_millis(expires_at),
    })
}

/// Adds an invitation.
pub async fn invite(tx: &mut Tx, hash: SecretHash, invitation: &InvitationRow) -> Result<(), StoreError> {
    let bytes = |id: Option<AccountId>| id.map(Vec::from).unwrap_or_default();
    tx.execute(
        "INSERT INTO invitation (hash, id, name, roles, account, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            hash,
            invitation.id,
            &invitation.name,
            serde_json::json!(invitation.roles).to_string(),
            bytes(invitation.account),
            bytes(invitation.invited_by),
            invitation.created_at,
            invitation.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// The invitation with this hash.
pub async fn find_invitation(q: &impl Query, hash: SecretHash) -> Result<Option<InvitationRow>, StoreError> {
    let row: Option<RawInvitation> = q
        .row_opt(
            "SELECT id, name, roles, account, invited_by, created_at, expires_at FROM invitation WHERE hash = $1",
            args![hash],
        )
        .await?;
    row.map(invitation).transpose()
}

/// All that are open, the newest first.
pub async fn invitations(q: &impl Query, now: Timestamp) -> Result<Vec<InvitationRow>, StoreError> {
    let rows: Vec<RawInvitation> = q
        .rows(
            "SELECT id, name, roles, account, invited_by, created_at, expires_at FROM invitation
             WHERE expires_at > $1 ORDER BY created_at DESC, id",
            args![now],
        )
        .await?;
    rows.into_iter().map(invitation).collect()
}

/// Takes it up: false if somebody was faster, or took it back.
pub async fn use_invitation(tx: &mut Tx, id: [u8; 16]) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM invitation WHERE id = $1", args![id]).await? == 1)
}

/// Takes those back that open this account again.
pub async fn remove_invitations_to(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invitation WHERE account = $1", args![account]).await?;
    Ok(())
}
