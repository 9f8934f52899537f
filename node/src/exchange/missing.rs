//! Records for this node that aren't here. Their author numbers them (protocol section
//! 2), and says in `Heads` how many there are: a number that is missing in between or at
//! the end, and that no withdrawn named leaf accounts for, was left out on its way.

use volbridge_proto::tlog::entry::Class;

use crate::store::{
    Query, StoreError,
    entries::{self, EntryRow},
    logs::LogRow,
    received::{self, Gap},
    withdrawals,
};

/// Gaps looked at in one log.
const GAPS: u32 = 100;

/// Entries read at a time.
const STEP: u64 = 1_024;

/// How many records of a log are missing.
pub async fn count(q: &impl Query, log: &LogRow) -> Result<u64, StoreError> {
    Ok(gaps(q, log).await?.iter().map(|(_, numbers)| numbers).sum())
}

/// From which index on the first of them may stand; none if nothing is missing.
pub async fn first(q: &impl Query, log: &LogRow) -> Result<Option<u64>, StoreError> {
    Ok(gaps(q, log).await?.first().map(|(gap, _)| start(gap)))
}

/// The gaps that withdrawals don't account for, ascending, each with how many records it lacks.
async fn gaps(q: &impl Query, log: &LogRow) -> Result<Vec<(Gap, u64)>, StoreError> {
    let mut gaps = received::gaps(q, log.number, GAPS).await?;
    gaps.extend(received::left_out(q, log.number, log.size).await?);
    let mut missing = Vec::new();
    for gap in gaps {
        let numbers = gap.last.saturating_sub(gap.first).saturating_add(1);
        let numbers = numbers.saturating_sub(withdrawn_named(q, log, start(&gap), gap.before).await?);
        if numbers > 0 {
            missing.push((gap, numbers));
        }
    }
    Ok(missing)
}

fn start(gap: &Gap) -> u64 {
    gap.after.map_or(0, |index| index + 1)
}

async fn withdrawn_named(q: &impl Query, log: &LogRow, from: u64, to: u64) -> Result<u64, StoreError> {
    let (mut count, mut start) = (0, from);
    while start < to {
        let end = to.min(start + STEP);
        let rows = entries::range(q, log.number, start..end).await?;
        let leaves = rows.iter().filter_map(EntryRow::parsed);
        let named: Vec<_> = leaves.filter(|leaf| leaf.class == Class::Named).map(|leaf| leaf.id).collect();
        let mut withdrawn = withdrawals::among(q, &[log.number], &named).await?;
        withdrawn.dedup_by_key(|withdrawn| withdrawn.id);
        count += withdrawn.len() as u64;
        start = end;
    }
    Ok(count)
}
