//! The writer: takes what waits, enters it in the log as one group, signs, commits,
//! answers. One request's refusal is its own; a failed commit fails the whole group,
//! and nothing of it happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::FutureExt as _;
use volbridge_proto::{
    Code, SubjectId,
    identity::rotation::KeyHistory,
    record::EncodedBody,
    tlog::own::{OwnLog, add_mldsa44},
};

use super::{
    Idempotency, PublishedRecord, Request, Requests,
    draft::{self, read_back},
};
use crate::{
    context::Context,
    error::Error,
    failpoint,
    heads::Head,
    ingest::{self, Beside, Effects, Judged},
    metrics,
    store::{
        Query, Tx, entries,
        idempotency::{self, Done},
        logs,
    },
};

/// Drafts in one group: a commit of that many takes some ten milliseconds.
const GROUP: usize = 512;

/// Writes until the node stops. The last group is finished before it returns.
pub async fn run(context: Arc<Context>, requests: Requests) {
    let Requests(mut queue) = requests;
    let mut carried_over: Option<Request> = None;
    loop {
        let first = match carried_over.take() {
            Some(request) => request,
            None => tokio::select! {
                request = queue.recv() => match request { Some(request) => request, None => return },
                () = context.stopping() => return,
            },
        };
        let mut group = vec![first];
        let mut drafts = group.iter().map(|request| request.drafts.len()).sum::<usize>();
        let mut subjects: BTreeSet<SubjectId> = subjects_of(&group[0]).collect();
        while drafts < GROUP
            && let Some(Some(request)) = queue.recv().now_or_never()
        {
            // A second revision of one subject needs the first in the database: next group.
            if subjects_of(&request).any(|subject| subjects.contains(&subject)) {
                carried_over = Some(request);
                break;
            }
            subjects.extend(subjects_of(&request));
            drafts += request.drafts.len();
            group.push(request);
        }
        write(&context, group).await;
    }
}

fn subjects_of(request: &Request) -> impl Iterator<Item = SubjectId> + '_ {
    request.drafts.iter().filter_map(|draft| draft.subject)
}

type Answers = Vec<Result<Vec<PublishedRecord>, Error>>;

async fn write(context: &Arc<Context>, group: Vec<Request>) {
    let (work, answers): (Vec<_>, Vec<_>) =
        group.into_iter().map(|request| ((request.drafts, request.idempotency), request.answer)).unzip();
    let writer = Arc::clone(context);
    let written =
        context.db.write(move |tx| async move { write_group(&writer, tx, work).await }.boxed()).await;
    match written {
        Ok(group) => {
            failpoint::pass("publish.announce");
            if let Some(head) = group.head {
                let records = group.answers.iter().flatten().map(Vec::len).sum();
                metrics::published(records, head.size);
                context.heads.announce(head);
            }
            for (answer, result) in answers.into_iter().zip(group.answers) {
                // Who asked may have gone; what was published stands.
                let _ = answer.send(result);
            }
            failpoint::pass("publish.answered");
            context.after(group.effects);
        }
        Err(error) => {
            tracing::error!(%error, source = ?error.source, "a group could not be written, nothing of it was published");
            for answer in answers {
                let mut failure = Error::new(error.code);
                failure.params.clone_from(&error.params);
                let _ = answer.send(Err(failure));
            }
        }
    }
}

struct Group {
    answers: Answers,
    effects: Effects,
    head: Option<Head>,
}

async fn write_group(
    context: &Arc<Context>,
    tx: &mut Tx,
    work: Vec<(Vec<super::Draft>, Option<Idempotency>)>,
) -> Result<Group, Error> {
    let log = logs::load(tx, context.own.number).await?;
    if log.frozen {
        return Err(Error::new(Code::LogFrozen).with("log", log.id));
    }
    log.check_frontier()?;
    if log.known_size > log.size {
        return Err(Error::new(Code::LogBehind).with("size", log.size).with("seen", log.known_size));
    }
    let keys: Vec<&str> =
        work.iter().filter_map(|(_, idempotency)| Some(idempotency.as_ref()?.key.as_str())).collect();
    let done = idempotency::find(tx, &keys).await?;
    let mut answers = Vec::with_capacity(work.len());
    let mut entered = Entered { start: log.size, bodies: Vec::new(), done, made: BTreeMap::new() };
    for (drafts, idempotency) in work {
        answers.push(enter(context, tx, drafts, idempotency, &mut entered).await?);
    }
    let Entered { bodies, made, .. } = entered;
    let made: Vec<_> = made.into_iter().map(|(key, made)| (key, made.done)).collect();
    idempotency::remember(tx, &made).await?;
    if bodies.is_empty() {
        return Ok(Group { answers, effects: Effects::default(), head: None });
    }
    let mut own =
        OwnLog::resume(KeyHistory::clone(&*context.key_history(tx, &log).await?), log.frontier.clone())?;
    let mut range = own.append(bodies, &[&context.keys.log])?;
    if let (Some(checkpoint), true) = (range.checkpoint(), context.cosign_due()) {
        // After a pause the slower line comes at once, and under load with one group in each second.
        let now = context.env.now();
        let signed =
            add_mldsa44(range.history(), checkpoint, &[&context.keys.log], now, &mut context.env.rng())?;
        range = range.with_lines(signed);
    }
    failpoint::pass("publish.signed");
    let reader = context.reader();
    let leaves: Vec<Vec<u8>> = range.entries().iter().map(|entry| entry.leaf().to_vec()).collect();
    let judged = Judged::of(&reader, range, Beside::default());
    let effects = ingest::store(tx, &reader, &log, vec![judged]).await?;
    read_back(tx, log.number, log.size, &leaves).await?;
    Ok(Group { answers, effects, head: Head::load(tx, log.number).await? })
}

/// What a group has so far.
struct Entered {
    /// Where its first entry will stand.
    start: u64,
    bodies: Vec<EncodedBody>,
    /// By idempotency key: what earlier groups made.
    done: BTreeMap<String, Done>,
    /// By idempotency key: what this very group made.
    made: BTreeMap<String, Made>,
}

/// What a request made.
struct Made {
    done: Done,
    records: Vec<PublishedRecord>,
}

/// Enters one request's drafts, all or none. `Err` is the group's; a refusal is the request's.
async fn enter(
    context: &Arc<Context>,
    tx: &mut Tx,
    drafts: Vec<super::Draft>,
    idempotency: Option<Idempotency>,
    entered: &mut Entered,
) -> Result<Result<Vec<PublishedRecord>, Error>, Error> {
    if let Some(Idempotency { key, request }) = &idempotency {
        let conflict = || Error::new(Code::IdempotencyConflict).at("idempotency_key");
        if let Some(made) = entered.made.get(key) {
            let same = made.done.request == *request;
            return Ok(if same { Ok(made.records.clone()) } else { Err(conflict()) });
        }
        if let Some(done) = entered.done.get(key) {
            let same = done.request == *request;
            return Ok(if same { records_at(tx, context, &done.indexes).await } else { Err(conflict()) });
        }
    }
    let mut ready = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        match draft::prepare(context, tx, draft).await {
            Ok(draft) => ready.push(draft),
            Err(error) if error.source.is_some() => return Err(error),
            Err(error) => return Ok(Err(error)),
        }
    }
    let mut records = Vec::with_capacity(ready.len());
    for draft in ready {
        let index = entered.start + entered.bodies.len() as u64;
        let (body, record) = draft.encode(context, tx, index).await?;
        entered.bodies.push(body);
        records.push(record);
    }
    if let Some(Idempotency { key, request }) = idempotency {
        let indexes = records.iter().map(|record| record.index).collect();
        let done = Done { request, log: context.own.number, indexes, at: context.env.now() };
        entered.made.insert(key, Made { done, records: records.clone() });
    }
    Ok(Ok(records))
}

/// The records that a request made when it first came. One that was withdrawn since is said to be.
pub(super) async fn records_at(
    query: &impl Query,
    context: &Context,
    indexes: &[u64],
) -> Result<Vec<PublishedRecord>, Error> {
    let mut records = Vec::with_capacity(indexes.len());
    for index in indexes {
        let row = entries::at(query, context.own.number, *index)
            .await?
            .ok_or_else(|| Error::new(Code::Internal))?;
        let id = row.id().ok_or_else(|| Error::new(Code::Internal))?;
        let statement =
            context.own_statement(&row)?.ok_or_else(|| Error::new(Code::RecordErased).with("record", id))?;
        records.push(PublishedRecord {
            index: *index,
            id,
            subject: statement.subject,
            revision: statement.revision,
            issued_at: statement.issued_at,
        });
    }
    Ok(records)
}
