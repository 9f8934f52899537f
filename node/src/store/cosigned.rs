//! What this node has cosigned as witness and as mirror. Compare and store are one transaction, before the signature
//! exists (threats.md T08): a smaller size after a larger one, or two roots of one size, can't both pass.

use volbridge_proto::tlog::entry::Hash;

use super::{Query, StoreError, Tx, args, column};

/// In which role a checkpoint is cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Consistent with all seen.
    Witness,
    /// And everything public held, durable, served.
    Mirror,
}

impl Role {
    /// Its name: the end of the cosigner's name too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Mirror => "mirror",
        }
    }
}

/// The size and root that were last cosigned.
pub async fn last(q: &impl Query, role: Role, origin: &str) -> Result<Option<(u64, Hash)>, StoreError> {
    let row: Option<(i64, Vec<u8>)> = q
        .row_opt(
            "SELECT size, root FROM cosigned WHERE role = $1 AND origin = $2",
            args![role.as_str(), origin],
        )
        .await?;
    row.map(|(size, root)| {
        Ok((column::count("cosigned", origin, size)?, column::id("cosigned", origin, &root)?))
    })
    .transpose()
}

/// Stores what is about to be cosigned, if the last is still `from` (to which the caller has verified consistency)
/// and `to` isn't smaller. False: somebody was faster, or it would go back; sign nothing.
pub async fn advance(
    tx: &mut Tx,
    role: Role,
    origin: &str,
    from: Option<(u64, Hash)>,
    to: (u64, Hash),
) -> Result<bool, StoreError> {
    let last = last(tx, role, origin).await?;
    let goes_back = last.is_some_and(|(size, root)| to.0 < size || (to.0 == size && to.1 != root));
    if last != from || goes_back {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO cosigned (role, origin, size, root) VALUES ($1, $2, $3, $4)
         ON CONFLICT (role, origin) DO UPDATE SET size = excluded.size, root = excluded.root",
        args![role.as_str(), origin, to.0, to.1],
    )
    .await?;
    Ok(true)
}
