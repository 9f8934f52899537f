//! What drafts of listings begin with.

use volbridge_proto::{SubjectId, Timestamp};

use super::{Query, StoreError, Tx, Value, accounts::AccountId, args, column, select::Select};

/// Names a template.
pub type TemplateId = [u8; 16];

/// A template.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateRow {
    /// Which.
    pub id: TemplateId,
    /// Whose; none: the whole partner's.
    pub organisation: Option<SubjectId>,
    /// One of a kind there.
    pub name: String,
    /// `node.v1.DraftContent`
    pub content: Vec<u8>,
    /// Who saved it; none: whoever runs the machine.
    pub account: Option<AccountId>,
    /// When.
    pub changed_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Raw {
    id: Vec<u8>,
    organisation: Vec<u8>,
    name: String,
    content: Vec<u8>,
    account: Vec<u8>,
    changed_at: i64,
}

fn typed(raw: Raw) -> Result<TemplateRow, StoreError> {
    let key = hex::encode(&raw.id);
    let given = |bytes: Vec<u8>| Some(bytes).filter(|bytes| !bytes.is_empty());
    let (organisation, account) = (given(raw.organisation), given(raw.account));
    Ok(TemplateRow {
        id: column::id("draft_template", &key, &raw.id)?,
        organisation: column::optional_id("draft_template", &key, organisation.as_deref())?,
        name: raw.name,
        content: raw.content,
        account: column::optional_id("draft_template", &key, account.as_deref())?,
        changed_at: Timestamp::from_millis(raw.changed_at),
    })
}

/// The template with this id.
pub async fn find(q: &impl Query, id: TemplateId) -> Result<Option<TemplateRow>, StoreError> {
    let row: Option<Raw> = q.row_opt("SELECT * FROM draft_template WHERE id = $1", args![id]).await?;
    row.map(typed).transpose()
}

/// Up to `limit` by name: the whole partner's and those of these organisations; none: of all.
pub async fn list(
    q: &impl Query,
    organisations: Option<&[SubjectId]>,
    limit: u32,
) -> Result<Vec<TemplateRow>, StoreError> {
    let mut select = Select::new("SELECT * FROM draft_template WHERE 1 = 1", args![]);
    if let Some(organisations) = organisations {
        let whole = [Value::from(Vec::<u8>::new())];
        let of = organisations.iter().map(|subject| Value::from(*subject));
        select.add_list(" AND organisation IN ", whole.into_iter().chain(of).collect());
    }
    select.add(" ORDER BY name, id LIMIT ?", args![limit]);
    select.rows::<Raw>(q).await?.into_iter().map(typed).collect()
}

/// Keeps it; one of the same organisation with this name is replaced, and keeps its id.
pub async fn save(tx: &mut Tx, row: &TemplateRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO draft_template (id, organisation, name, content, account, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organisation, name) DO UPDATE SET
         content = excluded.content, account = excluded.account, changed_at = excluded.changed_at",
        args![
            row.id,
            row.organisation.map(SubjectId::to_vec).unwrap_or_default(),
            &row.name,
            &row.content,
            row.account.map(Vec::from).unwrap_or_default(),
            row.changed_at
        ],
    )
    .await?;
    Ok(())
}

/// Throws it away. False if there was none.
pub async fn remove(tx: &mut Tx, id: TemplateId) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM draft_template WHERE id = $1", args![id]).await? == 1)
}
