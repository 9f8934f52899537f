//! Cosigning others' checkpoints: as a witness, that the log only grew; as a mirror,
//! that all of it is held and served here. What is about to be signed is stored before
//! the signature exists, in the transaction that compares it (T08).

use std::sync::Arc;

use futures::FutureExt as _;
use volbridge_proto::tlog::{
    checkpoint::{Checkpoint, Origin, VerifiedCheckpoint},
    cosignature::cosign_ed25519,
    note::SignedNote,
};

use crate::{
    context::Context,
    error::Error,
    failpoint,
    heads::Head,
    publish::cosign::add_lines,
    store::{
        cosigned::{self, Role},
        entries::{self, State},
        logs,
    },
};

/// Cosigns the newest signed checkpoint of a followed log, once for each size. True if a line was added.
pub async fn cosign(context: &Arc<Context>, head: &Head) -> Result<bool, Error> {
    if head.number == context.own.number || head.frozen || head.signed.is_empty() {
        return Ok(false);
    }
    let note = SignedNote::parse(&head.signed)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    let counts = entries::counts(&context.db, head.number).await?;
    let mirrored = !counts.iter().any(|(state, _)| *state == State::Absent);
    let own = logs::load(&context.db, context.own.number).await?;
    let names: Origin = own.origin.parse()?;
    let mut lines = Vec::new();
    for role in [Role::Witness, Role::Mirror] {
        let (name, key) = match role {
            Role::Witness => (names.witness(), &context.keys.witness),
            Role::Mirror => (names.mirror(), &context.keys.mirror),
        };
        // A line that a death cut off, after what it says was stored, is made again.
        let is_there = note.signatures().iter().any(|line| line.name == name);
        if is_there || role == Role::Mirror && !mirrored || !may_sign(context, role, &checkpoint).await? {
            continue;
        }
        failpoint::pass("cosign.stored");
        lines.push(cosign_ed25519(&name, key, &checkpoint, context.env.now())?);
    }
    if lines.is_empty() {
        return Ok(false);
    }
    failpoint::pass("cosign.signed");
    let note = note.with_signatures([note.signatures(), &lines].concat())?;
    let log = logs::load(&context.db, head.number).await?;
    let history = context.key_history(&context.db, &log).await?;
    add_lines(context, head.number, VerifiedCheckpoint::verify(&note.encode(), &history)?).await
}

/// Stores the checkpoint as the last cosigned one; false if a larger one is, or another of its size.
///
/// What is stored here of the log is one history, extended only with proofs: any two of its sizes are
/// consistent, so comparing the sizes is enough.
async fn may_sign(context: &Arc<Context>, role: Role, checkpoint: &Checkpoint) -> Result<bool, Error> {
    let (origin, to) = (checkpoint.origin.clone(), (checkpoint.size, checkpoint.root));
    let stored = context.db.write(move |tx| {
        async move {
            let from = cosigned::last(tx, role, &origin).await?;
            if from.is_some_and(|(size, _)| size > to.0) {
                return Ok(false);
            }
            cosigned::advance(tx, role, &origin, from, to).await
        }
        .boxed()
    });
    Ok(stored.await?)
}
