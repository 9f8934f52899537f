//! Logs of a few partners with encoded records, and the views that follow from them.

use volbridge_node::{
    env::Env,
    store::{Db, Query, Tx, Value, args},
    views::{self, Opens, Shown},
};
use volbridge_proto::{
    id::{LogId, PartnerId, RecordId, Ref, SubjectId},
    kinds::Payload,
    record::{Body, EncodedBody, Statement, body},
    seal::{self, SealingSecret},
    time::Timestamp,
    tlog::entry::Leaf,
    wire::record::v1 as wire,
};

pub const BVF: PartnerId = PartnerId::new([1; 32]);
pub const UNV: PartnerId = PartnerId::new([2; 32]);
pub const AVI: PartnerId = PartnerId::new([3; 32]);

/// One record at its place.
#[derive(Clone)]
pub struct Entry {
    pub partner: PartnerId,
    pub index: u64,
    pub body: EncodedBody,
    pub statement: Statement,
    pub payload: Payload,
}

/// Makes records; the same world makes the same ones.
pub struct World {
    env: Env,
    next: [u64; 4],
    keys: [SealingSecret; 4],
}

/// What of a statement tests choose.
#[derive(Clone, Default)]
pub struct Envelope {
    pub subject: Option<SubjectId>,
    pub revision: u64,
    pub previous: Option<RecordId>,
    pub issued_at: i64,
    pub expires_at: i64,
    pub sources: Vec<Ref>,
    pub recipients: Vec<PartnerId>,
    pub continues: Option<(PartnerId, SubjectId)>,
}

impl Envelope {
    pub fn at(issued_at: i64) -> Self {
        Self { issued_at, ..Self::default() }
    }

    pub fn for_partners(mut self, recipients: &[PartnerId]) -> Self {
        self.recipients = recipients.to_vec();
        self
    }

    pub fn from(mut self, entry: &Entry) -> Self {
        self.sources = vec![Ref { partner: Some(entry.partner), id: entry.body.id }];
        self
    }

    pub fn after(mut self, entry: &Entry) -> Self {
        self.continues = Some((entry.partner, entry.statement.subject));
        self
    }

    pub fn revises(mut self, entry: &Entry) -> Self {
        self.subject = Some(entry.statement.subject);
        self.revision = entry.statement.revision + 1;
        self.previous = Some(entry.body.id);
        self
    }
}

impl World {
    pub fn new() -> Self {
        let (env, _) = Env::manual(Timestamp::from_millis(1_790_000_000_000), 7);
        let keys = std::array::from_fn(|_| SealingSecret::generate(&mut env.rng()));
        Self { env, next: [1; 4], keys }
    }

    /// A record that `partner` enters in its log.
    #[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
    pub fn enter(&mut self, partner: PartnerId, envelope: Envelope, payload: Payload) -> Entry {
        let named = !envelope.recipients.is_empty();
        let new = || if named { self.env.new_named_subject() } else { self.env.new_public_subject() };
        let message = wire::Statement {
            kind: payload.info().name.to_owned(),
            subject: envelope.subject.unwrap_or_else(new).to_vec(),
            revision: envelope.revision.max(1),
            previous: envelope.previous.map(RecordId::to_vec).unwrap_or_default(),
            issued_at: envelope.issued_at,
            expires_at: envelope.expires_at,
            sources: envelope.sources.iter().map(|source| source_message(source, partner)).collect(),
            recipients: envelope.recipients.iter().map(|recipient| recipient.to_vec()).collect(),
            continues: envelope.continues.map(|(partner, subject)| wire::Subject {
                partner: partner.to_vec(),
                subject: subject.to_vec(),
            }),
            payload: payload.encode().unwrap(),
            ..wire::Statement::default()
        };
        let number = usize::from(partner.as_bytes()[0]);
        let index = self.next[number];
        self.next[number] += 1;
        let body = if named {
            self.seal(partner, &envelope.recipients, &message)
        } else {
            let identity = matches!(payload, Payload::PartnerDescriptor(_))
                .then(|| wire::IdentitySignatures { ed25519: vec![1; 64], mldsa44: vec![1; 2420] });
            body::encode_public(self.env.bytes(), Some(partner), 1, &message, identity).unwrap()
        };
        let statement =
            Statement::parse(&prost::Message::encode_to_vec(&message), &LogId::new(partner, 1)).unwrap();
        Entry { partner, index, body, statement, payload }
    }

    fn seal(&self, partner: PartnerId, recipients: &[PartnerId], message: &wire::Statement) -> EncodedBody {
        let slots: Vec<_> = recipients
            .iter()
            .chain([&partner])
            .map(|to| (*to, self.keys[usize::from(to.as_bytes()[0])].public().unwrap(), 1))
            .collect();
        seal::seal(self.env.bytes(), partner, 1, message, &slots, &mut self.env.rng()).unwrap()
    }

    /// What opens records that are sealed to a partner.
    pub fn key(&self, partner: PartnerId) -> Key {
        Key { partner, secret: self.keys[usize::from(partner.as_bytes()[0])].clone() }
    }
}

fn source_message(source: &Ref, author: PartnerId) -> wire::Ref {
    let partner = source.partner.filter(|partner| *partner != author);
    wire::Ref { partner: partner.map(PartnerId::to_vec).unwrap_or_default(), id: source.id.to_vec() }
}

/// A node's own key.
pub struct Key {
    partner: PartnerId,
    secret: SealingSecret,
}

impl Opens for Key {
    fn open(&self, body: &Body) -> Option<Statement> {
        seal::open(body, self.partner, &self.secret).ok().map(|opened| opened.statement)
    }
}

/// Stores entries and shows them, in this order.
pub async fn fill(db: &Db, entries: &[Entry]) {
    let mut tx = db.begin().await.unwrap();
    for partner in [BVF, UNV, AVI] {
        tx.execute(
            "INSERT INTO log (number, partner, epoch, origin, own, size, frontier, checkpoint, checkpoint_size, \
             signed_at, known_size, frozen, changed_at) VALUES ($1, $2, 1, $3, $4, 0, $5, '', 0, 0, 0, $6, 0)",
            args![number(partner), partner.as_bytes(), partner.to_string(), false, Vec::new(), false],
        )
        .await
        .unwrap();
    }
    for entry in entries {
        let leaf = Leaf { class: entry.body.class, id: entry.body.id };
        tx.execute(
            "INSERT INTO entry (log, entry_index, leaf, id_prefix, state, verdict, body) VALUES ($1, $2, $3, $4, 0, 0, $5)",
            args![
                number(entry.partner),
                entry.index,
                leaf.encode(),
                entry.body.id.prefix(),
                &entry.body.bytes
            ],
        )
        .await
        .unwrap();
        show(&mut tx, entry).await;
    }
    tx.commit().await.unwrap();
}

/// Shows one entry as the current revision of its subject.
pub async fn show(tx: &mut Tx, entry: &Entry) {
    let shown = Shown {
        log: number(entry.partner),
        log_id: LogId::new(entry.partner, 1),
        index: entry.index,
        id: entry.body.id,
        statement: &entry.statement,
        payload: &entry.payload,
        first_issued_at: entry.statement.issued_at,
        own: false,
    };
    views::event(tx, &shown).await.unwrap();
    views::show(tx, &[shown], false).await.unwrap();
}

/// The number of a partner's log in these databases.
pub fn number(partner: PartnerId) -> i64 {
    i64::from(partner.as_bytes()[0])
}

/// Everything that the views hold, readable.
pub async fn rows(db: &Db) -> Vec<String> {
    let mut rows = Vec::new();
    for (table, sql) in [
        ("partner", "SELECT log, entry_index, node_info_index, country || search_text FROM partner"),
        ("descriptor", "SELECT log, entry_index, CAST(0 AS BIGINT), '' FROM descriptor"),
        ("organisation", "SELECT log, entry_index, CAST(0 AS BIGINT), search_text FROM organisation"),
        (
            "listing",
            "SELECT log, entry_index, published_at + open_until + open_slots + filled_slots + sdgs, \
             language || country || starts_month FROM listing",
        ),
        (
            "statistics",
            "SELECT log, entry_index, CAST(0 AS BIGINT), month || country || region FROM statistics",
        ),
        ("translation", "SELECT log, entry_index, quality, language FROM translation"),
        ("conference", "SELECT log, entry_index, starts_at, '' FROM conference"),
        ("material", "SELECT log, entry_index, CAST(0 AS BIGINT), '' FROM material"),
        ("agreement", "SELECT log, entry_index, CAST(0 AS BIGINT), '' FROM agreement"),
        ("agreement_end", "SELECT log, entry_index, CAST(0 AS BIGINT), '' FROM agreement_end"),
        ("handover", "SELECT log, entry_index, CAST(0 AS BIGINT), day FROM handover"),
        ("moved", "SELECT CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), moved_on FROM moved"),
        ("continued", "SELECT log, CAST(0 AS BIGINT), CAST(0 AS BIGINT), kind FROM continued"),
        ("profile", "SELECT log, entry_index, expires_at, '' FROM profile"),
        ("consent", "SELECT log, entry_index, expires_at, '' FROM consent"),
    ] {
        let found: Vec<(i64, i64, i64, String)> = db.rows(sql, Vec::<Value>::new()).await.unwrap();
        rows.extend(found.into_iter().map(|row| format!("{table} {row:?}")));
    }
    rows.sort();
    rows
}

pub fn listing(title: &str, language: &str, country: &str) -> wire::Listing {
    wire::Listing {
        language: language.to_owned(),
        organisation: SubjectId::v7(1, [1; 10]).to_vec(),
        title: title.to_owned(),
        summary: "Two hours a week".to_owned(),
        place: (!country.is_empty()).then(|| wire::Place {
            country: country.to_owned(),
            city: "Bonn".to_owned(),
            ..wire::Place::default()
        }),
        roles: vec![wire::Role { number: 1, title: "Guide".to_owned(), slots: 2, ..wire::Role::default() }],
        ..wire::Listing::default()
    }
}

pub fn translation(of: &Entry, language: &str, title: &str, origin: &str, reviewed_by: &str) -> Payload {
    Payload::Translation(wire::Translation {
        of: Some(wire::Subject { partner: of.partner.to_vec(), subject: of.statement.subject.to_vec() }),
        language: language.to_owned(),
        segments: vec![wire::Segment {
            field: "title".to_owned(),
            text: title.to_owned(),
            origin: origin.to_owned(),
            reviewed_by: reviewed_by.to_owned(),
            ..wire::Segment::default()
        }],
    })
}
