//! Who may publish what a file holds: the same as at the desk, asked again for each organisation while it is published,
//! for roles may have changed since.

use std::collections::BTreeMap;

use volbridge_proto::{Code, SubjectId};

use crate::{
    context::Context,
    error::Error,
    people::roles::{self, Right, Rights},
    store::accounts::{self, AccountId},
};

/// What an account may do with what belongs to an organisation, or to the partner itself. None: whoever runs the machine.
///
/// # Errors
/// What the database says.
pub async fn over(
    context: &Context,
    account: Option<AccountId>,
    organisation: Option<SubjectId>,
) -> Result<Rights, Error> {
    let Some(account) = account else { return Ok(Rights::ALL) };
    match accounts::by_id(&context.db, account).await? {
        Some(row) if !row.locked => {}
        _ => return Ok(Rights::NONE),
    }
    let roles = accounts::roles(&context.db, account).await?;
    Ok(organisation.map_or_else(|| roles::over_partner(&roles), |one| roles::over(&roles, one)))
}

/// Whether these rights let listings be published: where a review is demanded, a reviewer's.
#[must_use]
pub fn publishes(context: &Context, rights: Rights) -> bool {
    rights.has(Right::Review) || rights.has(Right::Edit) && !context.config.desk.review
}

/// Refuses what the account may not publish for an organisation.
///
/// # Errors
/// `permission.denied`, `id.malformed`
pub async fn check(context: &Context, account: Option<AccountId>, organisation: &[u8]) -> Result<(), Error> {
    let organisation = subject(organisation)?;
    if publishes(context, over(context, account, organisation).await?) {
        Ok(())
    } else {
        Err(Error::new(Code::PermissionDenied).at("organisation"))
    }
}

fn subject(bytes: &[u8]) -> Result<Option<SubjectId>, Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(SubjectId::try_from(bytes).map_err(|refusal| refusal.at("organisation"))?))
}

/// Answers that were given for the organisations of one batch.
#[derive(Debug, Default)]
pub struct Asked(BTreeMap<Vec<u8>, bool>);

impl Asked {
    /// Whether the account writes for an organisation, or also publishes for it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn may(
        &mut self,
        context: &Context,
        account: Option<AccountId>,
        organisation: &[u8],
        publish: bool,
    ) -> Result<bool, Error> {
        if let Some(known) = self.0.get(organisation) {
            return Ok(*known);
        }
        let may = match subject(organisation) {
            Ok(subject) => {
                let rights = over(context, account, subject).await?;
                publishes(context, rights) || !publish && rights.has(Right::Edit)
            }
            // The listing's own rule says what is wrong with it.
            Err(_) => true,
        };
        self.0.insert(organisation.to_vec(), may);
        Ok(may)
    }
}
