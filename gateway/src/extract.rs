//! Extractors whose refusals are Problems like all others.

use axum::extract::{FromRequest, FromRequestParts};

use crate::problem::Problem;

/// Parts of the path; an id of another form names nothing.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

/// The query.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// A form's fields.
#[derive(FromRequest)]
#[from_request(via(axum::extract::Form), rejection(Problem))]
pub struct Form<T>(pub T);
