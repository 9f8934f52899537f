//! Words that somebody who types may mean: those of public listings' titles that begin so, the most frequent first, as
//! they are written there.

use std::collections::BTreeMap;

use tantivy::{DocSet, SegmentReader, TERMINATED, schema::IndexRecordOption};

use super::{index::Reader, schema::column, words::fold};

/// Terms that are looked through: a single letter begins tens of thousands.
const LOOKED_THROUGH: usize = 20_000;

/// Characters that count of what was typed.
const TYPED: usize = 64;

/// Completions of the last word of what was typed, with the words before it.
///
/// # Errors
/// When the index is damaged.
pub fn suggest(reader: &Reader, typed: &str, now: i64, limit: usize) -> tantivy::Result<Vec<String>> {
    let typed: String = typed.chars().take(TYPED).collect();
    let (before, start) = last_word(&typed);
    let start = fold(start);
    if start.is_empty() {
        return Ok(Vec::new());
    }
    let searcher = reader.searcher();
    let mut found: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let terms = segment.inverted_index(reader.fields.word)?;
        let mut stream = terms.terms().range().ge(start.as_bytes()).into_stream()?;
        let mut looked = 0;
        while looked < LOOKED_THROUGH && stream.advance() && stream.key().starts_with(start.as_bytes()) {
            looked += 1;
            let Some((word, written)) =
                std::str::from_utf8(stream.key()).ok().and_then(|term| term.split_once('\0'))
            else {
                continue;
            };
            let ways = found.entry(word.to_owned()).or_default();
            *ways.entry(written.to_owned()).or_default() += u64::from(stream.value().doc_freq);
        }
    }
    let mut ranked: Vec<(u64, String, String)> = found
        .into_iter()
        .filter_map(|(word, ways)| {
            let sum = ways.values().sum();
            let (written, _) = ways.into_iter().max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)))?;
            Some((sum, word, written))
        })
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut suggested = Vec::new();
    for (_, word, written) in ranked {
        if suggested.len() == limit {
            break;
        }
        let term = format!("{word}\0{written}");
        let mut shown = false;
        for segment in searcher.segment_readers() {
            shown = shown || is_shown(reader, segment, &term, now)?;
        }
        if shown {
            suggested.push(format!("{before}{written}"));
        }
    }
    Ok(suggested)
}

/// What stands before the last word, and that word: behind the last blank, or the last Chinese word.
fn last_word(typed: &str) -> (&str, &str) {
    let blank = typed
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + typed.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    let (before, word) = typed.split_at_checked(blank).unwrap_or(("", typed));
    if word.is_empty() { ("", before.trim_end()) } else { (before, word) }
}

/// Whether a listing that still counts has it: words of what was withdrawn or is over suggest nothing.
fn is_shown(reader: &Reader, segment: &SegmentReader, term: &str, now: i64) -> tantivy::Result<bool> {
    let term = tantivy::Term::from_field_text(reader.fields.word, term);
    let Some(mut postings) =
        segment.inverted_index(reader.fields.word)?.read_postings(&term, IndexRecordOption::Basic)?
    else {
        return Ok(false);
    };
    let expires = segment.fast_fields().column_opt::<i64>(column::EXPIRES)?;
    let mut doc = postings.doc();
    while doc != TERMINATED {
        let over = expires.as_ref().and_then(|expires| expires.first(doc)).is_some_and(|at| at <= now);
        if !over && !segment.is_deleted(doc) {
            return Ok(true);
        }
        doc = postings.advance();
    }
    Ok(false)
}
