//! A draft's next step: handed in, approved or sent back with remarks, published, thrown away.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{civil::DateTime, tz::TimeZone};
use volbridge_proto::wire::node::v1 as node;

use super::{id_of, preview};
use crate::{
    app::App,
    extract::{Form, Path},
    names,
    problem::Problem,
    routes,
    session::Signed,
    shell::Shell,
};

/// `POST /desk/listings/{id}/step`
pub async fn take(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let step = Step { id: id_of(&id)?, pairs: &pairs };
    let done = match step.one("do") {
        "submit" => step.submit(&signed).await,
        "publish" => step.publish(&signed).await,
        "approve" => step.decide(&signed, true).await,
        "ask" => step.decide(&signed, false).await,
        "discard" => step.discard(&signed).await,
        _ => Err(Problem::invalid("do")),
    };
    match done {
        Ok(next) => Ok(Redirect::to(&next).into_response()),
        Err(problem) if problem.status.is_server_error() => Err(problem),
        // The draft as it is now, with why not, and with what the reviewer has written.
        Err(problem) => {
            let draft = signed.client.draft(node::GetDraftRequest { id: step.id.clone() }).await?;
            preview::page(&app, &ui, &draft, &pairs, problem.sentence(ui.lang)).await
        }
    }
}

struct Step<'a> {
    id: Vec<u8>,
    pairs: &'a [(String, String)],
}

impl Step<'_> {
    fn one(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn draft(&self) -> node::DraftStep {
        node::DraftStep { id: self.id.clone(), version: self.one("version").parse().unwrap_or(0) }
    }

    fn stays(&self, done: &str) -> String {
        format!("{}?done={done}", routes::desk_preview(hex::encode(&self.id)))
    }

    async fn submit(&self, signed: &Signed) -> Result<String, Problem> {
        signed.client.submit_draft(self.draft()).await?;
        Ok(self.stays("submitted"))
    }

    /// One click where no review is demanded: handed in, which approves it, and published.
    async fn publish(&self, signed: &Signed) -> Result<String, Problem> {
        let mut step = self.draft();
        let draft = signed.client.draft(node::GetDraftRequest { id: self.id.clone() }).await?;
        if draft.version == step.version && draft.state != "approved" && !draft.review_needed {
            step.version = signed.client.submit_draft(step.clone()).await?.version;
        }
        let published = signed.client.publish_draft(step).await?;
        let subject = published.listing.map(|listing| names::subject(&listing.subject)).unwrap_or_default();
        Ok(format!("{}?published={subject}", routes::desk()))
    }

    async fn decide(&self, signed: &Signed, approved: bool) -> Result<String, Problem> {
        let remarks = self.pairs.iter().filter_map(|(name, text)| {
            let field = name.strip_prefix("remark.")?;
            let said = !text.trim().is_empty();
            said.then(|| node::Remark { field: field.to_owned(), text: text.trim().replace("\r\n", "\n") })
        });
        let request = node::DecideDraftRequest {
            remarks: remarks.collect(),
            approved,
            publish_at: moment(self.one("publish_at"))?,
            id: self.id.clone(),
            version: self.draft().version,
        };
        signed.client.decide_draft(request).await?;
        Ok(self.stays(if approved { "approved" } else { "asked" }))
    }

    async fn discard(&self, signed: &Signed) -> Result<String, Problem> {
        signed.client.discard_draft(self.draft()).await?;
        Ok(format!("{}?done=discarded", routes::desk()))
    }
}

/// `2027-01-02T10:00`, UTC; empty: at once.
fn moment(text: &str) -> Result<i64, Problem> {
    if text.is_empty() {
        return Ok(0);
    }
    let read = text.parse::<DateTime>().ok().and_then(|at| TimeZone::UTC.to_timestamp(at).ok());
    read.map(|at| at.as_millisecond()).ok_or_else(|| Problem::named("time.malformed").at("publish_at"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_the_browser_writes_it() {
        assert_eq!(moment("").unwrap(), 0);
        assert_eq!(moment("1970-01-02T00:00").unwrap(), 86_400_000);
        assert_eq!(moment("tomorrow").unwrap_err().field, "publish_at");
    }
}
