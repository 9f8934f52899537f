//! Publishing translations, of own records and of others'.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId, RecordId, Ref,
    kinds::{self, Payload},
    record::{Body, Content, Statement, content_valid},
    wire::{
        node::v1::{self as wire, translations_server::Translations},
        record::v1 as record,
    },
};

use super::{Api, answer, permit::Caller, request};
use crate::{
    error::Error,
    publish::Draft,
    store::{entries, logs},
    views::Viewer,
};

#[tonic::async_trait]
impl Translations for Api {
    async fn publish(
        &self,
        request: Request<wire::PublishTranslationRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Translations.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishTranslationRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Translations.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let mut translation = request::message(request.translation, "translation")?;
    let source: RecordId = request::required(&request.source, "source")?;
    let statement = source_statement(api, caller, source).await?;
    let prose = content_valid(&statement).payload().and_then(|payload| kinds::prose(&payload));
    let prose = prose.ok_or_else(|| Error::new(Code::StatementSources).at("source"))?;
    if let Some(refusal) = kinds::translation::validate_against(&translation, &prose).into_iter().next() {
        return Err(refusal.at("translation").into());
    }
    let me = api.context.own.id.partner;
    let author = Some(statement.author).filter(|author| *author != me);
    let of = record::Subject {
        partner: author.map(PartnerId::to_vec).unwrap_or_default(),
        subject: statement.subject.to_vec(),
    };
    match &translation.of {
        Some(given)
            if given.subject != of.subject
                || (given.partner != of.partner && given.partner != me.to_vec()) =>
        {
            return Err(Error::new(Code::FieldMismatch).at("of"));
        }
        _ => translation.of = Some(of),
    }
    let draft = Draft {
        subject: request::new_or_known(&request.subject)?,
        sources: vec![Ref { partner: author, id: source }],
        recipients: readers(&statement, me),
        ..Draft::public(kinds::translation::KIND, Payload::Translation(translation).encode()?)
    };
    api.publish_one(caller, draft, idempotency).await
}

/// A translation has the readers of its source.
fn readers(source: &Statement, me: PartnerId) -> Vec<PartnerId> {
    if source.recipients.is_empty() {
        return Vec::new();
    }
    let mut readers = source.recipients.clone();
    readers.push(source.author);
    readers.retain(|partner| *partner != me);
    readers
}

/// What the source says, if the caller may read it.
async fn source_statement(api: &Api, caller: Caller, id: RecordId) -> Result<Statement, Error> {
    let reading = api.read(caller).await?;
    for entry in entries::find(&reading.tx, id).await? {
        let Some(bytes) = entry.sound_body() else { continue };
        let log = logs::load(&reading.tx, entry.log).await?;
        let Ok(body) = Body::parse(bytes, &log.id) else { continue };
        let statement = match (&body.content, reading.viewer) {
            (Content::Public(statement), _) => Some(statement.clone()),
            (Content::Sealed(_), Viewer::Staff(key)) => key.open(&body),
            (Content::Sealed(_), Viewer::Public) => None,
        };
        if let Some(statement) = statement {
            return Ok(statement);
        }
    }
    Err(Error::new(Code::RecordUnknown).at("source"))
}
