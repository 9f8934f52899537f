//! From a row of a view to the record that it shows. The body was verified on its way in; here it is hashed once
//! more, so that a damaged one is found and never served; what stands beside it is (F12, P9).

use prost::Message;
use volbridge_proto::{
    Timestamp,
    id::{LogId, PartnerId, RecordId, SubjectId},
    record::{
        Statement,
        body::{Body, Content},
    },
    tlog::entry::Leaf,
};

use super::{Cursor, Page, Viewer};
use crate::store::{StoreError, entries::sound_body};

/// `SELECT` of what [`EntryRow`] holds from a view `v`, its log `l` and its entry `e`: the view, what its list is
/// ordered by, what tells its rows apart, and how the text goes on. When a record was logged is `store::signed::at`.
macro_rules! select_entries {
    ($view:literal, $order:literal, $subject:literal, $rest:literal) => {
        concat!(
            "SELECT v.log, l.partner, l.epoch, v.entry_index, e.leaf, e.body, \
             (SELECT s.at FROM signed_size s WHERE s.log = v.log AND s.size > v.entry_index ORDER BY s.size LIMIT 1) \
             AS logged_at, ",
            $order,
            " AS list_order, ",
            $subject,
            " AS subject FROM ",
            $view,
            " v JOIN log l ON l.number = v.log JOIN entry e ON e.log = v.log AND e.entry_index = v.entry_index ",
            $rest
        )
    };
}
pub(super) use select_entries;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The log's number in this database.
    pub log: i64,
    /// Whose log.
    pub log_id: LogId,
    /// Its entry.
    pub index: u64,
    /// Its id.
    pub id: RecordId,
    /// The time of the first ML-DSA-44 line seen here that covers it.
    pub logged_at: Option<Timestamp>,
}

/// The current revision of a subject, read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Current<T> {
    /// Where it stands.
    pub place: Place,
    /// What its author says about it.
    pub statement: Statement,
    /// What it says.
    pub content: T,
}

impl<T> Current<T> {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> SubjectId {
        self.statement.subject
    }

    /// Who says it.
    #[must_use]
    pub fn partner(&self) -> PartnerId {
        self.place.log_id.partner
    }
}

/// What [`select_entries`] selects.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct EntryRow {
    log: i64,
    partner: Vec<u8>,
    epoch: i64,
    entry_index: i64,
    leaf: Vec<u8>,
    body: Option<Vec<u8>>,
    logged_at: Option<i64>,
    list_order: i64,
    subject: Vec<u8>,
}

impl EntryRow {
    /// The row's place in its list, also if its body is just being erased.
    pub(super) fn cursor(&self) -> Result<Cursor, StoreError> {
        let subject =
            SubjectId::try_from(self.subject.as_slice()).map_err(|refusal| self.corrupt(refusal))?;
        Ok(Cursor { order: self.list_order, subject, log: self.log })
    }

    /// The record; none if the viewer can't open it, or its body is gone or damaged.
    pub(super) fn read<T: Message + Default>(
        self,
        viewer: Viewer<'_>,
    ) -> Result<Option<Current<T>>, StoreError> {
        let Some((place, statement)) = self.statement(viewer)? else { return Ok(None) };
        let content = T::decode(statement.payload.as_slice()).map_err(|error| self.corrupt(error))?;
        Ok(Some(Current { place, statement, content }))
    }

    /// The record's statement, its content unread.
    pub(super) fn statement(&self, viewer: Viewer<'_>) -> Result<Option<(Place, Statement)>, StoreError> {
        let place = self.place()?;
        let Some(bytes) = sound_body(&self.key(), Some(place.id), self.body.as_deref()) else {
            return Ok(None);
        };
        let body = Body::parse(bytes, &place.log_id).map_err(|refusal| self.corrupt(refusal))?;
        let statement = match body.content {
            Content::Public(statement) => Some(statement),
            Content::Sealed(_) => viewer.open(&body),
        };
        Ok(statement.filter(|statement| self.shows(&place, statement)).map(|statement| (place, statement)))
    }

    /// Whether the row is about what its entry is about; one that isn't is damaged, and shows nothing.
    fn shows(&self, place: &Place, statement: &Statement) -> bool {
        let about: [&[u8]; 3] = [statement.subject.as_bytes(), place.id.as_bytes(), &self.partner];
        let shows = about.contains(&self.subject.as_slice());
        if !shows {
            tracing::error!(entry = self.key(), "a view's row is damaged: run `volbridge fsck --repair`");
        }
        shows
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Result<Place, StoreError> {
        let partner =
            PartnerId::try_from(self.partner.as_slice()).map_err(|refusal| self.corrupt(refusal))?;
        let leaf = Leaf::parse(&self.leaf).ok_or_else(|| self.corrupt("a view shows an unsupported leaf"))?;
        let epoch = u64::try_from(self.epoch).map_err(|error| self.corrupt(error))?;
        let index = u64::try_from(self.entry_index).map_err(|error| self.corrupt(error))?;
        let logged_at = self.logged_at.map(Timestamp::from_millis);
        Ok(Place { log: self.log, log_id: LogId::new(partner, epoch), index, id: leaf.id, logged_at })
    }

    /// The body as it is stored, if it is what its leaf says.
    pub(super) fn sound_body(&self) -> Option<Vec<u8>> {
        let id = Leaf::parse(&self.leaf).map(|leaf| leaf.id);
        sound_body(&self.key(), id, self.body.as_deref()).map(<[u8]>::to_vec)
    }

    pub(super) fn corrupt(&self, why: impl ToString) -> StoreError {
        StoreError::corrupt("entry", self.key(), why)
    }

    fn key(&self) -> String {
        format!("{}/{}", self.log, self.entry_index)
    }
}

/// Cuts `limit + 1` rows down to a page.
pub(super) fn cut(mut rows: Vec<EntryRow>, limit: u32) -> Result<Page<EntryRow>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(EntryRow::cursor).transpose()?;
    Ok(Page { rows, next })
}

/// Cuts rows down to a page and reads them. The cursor is that of the last row, also if it can't be read.
pub(super) fn page<T: Message + Default>(
    rows: Vec<EntryRow>,
    limit: u32,
    viewer: Viewer<'_>,
) -> Result<Page<Current<T>>, StoreError> {
    let page = cut(rows, limit)?;
    Ok(Page { rows: read_all(page.rows, viewer)?, next: page.next })
}

/// Of rows about subjects with one id: the first partner's that this node knew, in its newest epoch, so that
/// nobody takes over a link by using another's subject.
pub(super) fn first_known<T: Message + Default>(
    rows: Vec<EntryRow>,
    viewer: Viewer<'_>,
) -> Result<Option<Current<T>>, StoreError> {
    let Some(first) = rows.iter().min_by_key(|row| row.log).map(|row| row.partner.clone()) else {
        return Ok(None);
    };
    let newest = rows.into_iter().filter(|row| row.partner == first).max_by_key(|row| row.epoch);
    newest.map_or(Ok(None), |row| row.read(viewer))
}

/// Reads rows; what the viewer can't open is left out.
pub(super) fn read_all<T: Message + Default>(
    rows: Vec<EntryRow>,
    viewer: Viewer<'_>,
) -> Result<Vec<Current<T>>, StoreError> {
    rows.into_iter().filter_map(|row| row.read(viewer).transpose()).collect()
}
