//! Every path once: the pattern that the router matches and the function that
//! prints a link to it.

use std::fmt::Display;

macro_rules! paths {
    ($($(#[$doc:meta])* $pattern:ident $print:ident ( $($part:ident),* ) = $path:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $pattern: &str = $path;
            $(#[$doc])*
            pub fn $print($($part: impl Display),*) -> String {
                format!($path)
            }
        )*
    };
}

paths! {
    /// Start.
    HOME home() = "/";
    /// The tour.
    DEMO demo() = "/demo";
    /// What the tour's step shows, without the page around it.
    DEMO_PART demo_part() = "/demo/part";
    /// Come in as an operator.
    DEMO_JOIN demo_join() = "/demo/join";
    /// Publish a listing.
    DEMO_PUBLISH demo_publish() = "/demo/publish";
    /// Seal a profile.
    DEMO_SEAL demo_seal() = "/demo/seal";
    /// Open the profile.
    DEMO_OPEN demo_open() = "/demo/open";
    /// Withdraw the profile.
    DEMO_WITHDRAW demo_withdraw() = "/demo/withdraw";
    /// Listings.
    LISTINGS listings() = "/listings";
    /// One listing.
    LISTING listing(id) = "/listings/{id}";
    /// One listing's picture, for those who share it.
    LISTING_PICTURE listing_picture(id) = "/listings/{id}/picture.svg";
    /// One listing's card, for pages that are open.
    LISTING_CARD listing_card(id) = "/listings/{id}/card";
    /// One listing as JSON-LD.
    LISTING_JSONLD listing_jsonld(id) = "/listings/{id}/about.jsonld";
    /// Listings as a table.
    LISTINGS_CSV listings_csv() = "/listings.csv";
    /// Listings as a workbook.
    LISTINGS_XLSX listings_xlsx() = "/listings.xlsx";
    /// Listings, one a line.
    LISTINGS_JSONL listings_jsonl() = "/listings.jsonl";
    /// Listings as JSON-LD.
    LISTINGS_JSONLD listings_jsonld() = "/listings.jsonld";
    /// The newest listings as a feed.
    LISTINGS_ATOM listings_atom() = "/listings.atom";
    /// Start dates of listings.
    LISTINGS_ICS listings_ics() = "/listings.ics";
    /// Changes of listings, page by page.
    FEED_RPDE feed_rpde() = "/feeds/rpde";
    /// Save a search: new listings by mail.
    ALERTS alerts() = "/alerts";
    /// A saved search, for who holds its link.
    ALERT alert(token) = "/alerts/{token}";
    /// Confirm it.
    ALERT_CONFIRM alert_confirm(token) = "/alerts/{token}/confirm";
    /// End and erase it.
    ALERT_REMOVE alert_remove(token) = "/alerts/{token}/remove";
    /// Listings that fit somebody.
    MATCH matching() = "/match";
    /// Partners.
    PARTNERS partners() = "/partners";
    /// One partner.
    PARTNER partner(id) = "/partners/{id}";
    /// Organisations.
    ORGANISATIONS organisations() = "/organisations";
    /// One organisation.
    ORGANISATION organisation(id) = "/organisations/{id}";
    /// Conferences.
    CONFERENCES conferences() = "/conferences";
    /// One conference.
    CONFERENCE conference(id) = "/conferences/{id}";
    /// The bytes of a material.
    MATERIAL_FILE material_file(id) = "/materials/{id}/file";
    /// Check a proof.
    VERIFY verify() = "/verify";
    /// Where a record stands.
    RECORD record(hash) = "/records/{hash}";
    /// The policy that checks a partner's proofs.
    POLICY policy(partner) = "/policy/{partner}";
    /// The directory in figures.
    STATISTICS statistics() = "/statistics";
    /// How exchange goes.
    NETWORK network() = "/network";
    /// The same without the page around it.
    NETWORK_PART network_part() = "/network/part";
    /// Changes of the directory, as server-sent events.
    EVENTS_CHANGES events_changes() = "/events/changes";
    /// Changes of the network's state, as server-sent events.
    EVENTS_NETWORK events_network() = "/events/network";
    /// Sign in.
    SIGN_IN sign_in() = "/sign-in";
    /// Options for signing in with a passkey, as JSON.
    SIGN_IN_OPTIONS sign_in_options() = "/sign-in/options";
    /// Sign in with a passkey.
    SIGN_IN_PASSKEY sign_in_passkey() = "/sign-in/passkey";
    /// Leave for the account elsewhere, to sign in with it.
    SIGN_IN_OIDC sign_in_oidc() = "/sign-in/oidc";
    /// Sign out.
    SIGN_OUT sign_out() = "/sign-out";
    /// What an invitation is for, and a way to sign in.
    INVITATION invitation() = "/invitation";
    /// Begin with a password.
    INVITATION_PASSWORD invitation_password() = "/invitation/password";
    /// Options for making a passkey, as JSON.
    INVITATION_OPTIONS invitation_options() = "/invitation/options";
    /// Leave for the account elsewhere, to link it.
    INVITATION_OIDC invitation_oidc() = "/invitation/oidc";
    /// The account can be used.
    INVITATION_FINISH invitation_finish() = "/invitation/finish";
    /// One's own account.
    ACCOUNT account() = "/account";
    /// Begin with another password.
    ACCOUNT_PASSWORD account_password() = "/account/password";
    /// Options for making one more passkey, as JSON.
    ACCOUNT_OPTIONS account_options() = "/account/options";
    /// The password or passkey can be used.
    ACCOUNT_FINISH account_finish() = "/account/finish";
    /// Take a passkey away.
    ACCOUNT_PASSKEY_REMOVE account_passkey_remove() = "/account/passkey/remove";
    /// Leave for an account elsewhere, to link it.
    ACCOUNT_OIDC account_oidc() = "/account/oidc";
    /// Unlink it.
    ACCOUNT_OIDC_REMOVE account_oidc_remove() = "/account/oidc/remove";
    /// End the other sessions.
    ACCOUNT_SESSIONS_END account_sessions_end() = "/account/sessions/end";
    /// Make a token for a program.
    ACCOUNT_TOKEN_CREATE account_token_create() = "/account/token/create";
    /// End a token.
    ACCOUNT_TOKEN_REVOKE account_token_revoke() = "/account/token/revoke";
    /// Drafts, and what is published.
    DESK desk() = "/desk";
    /// Open, pause or close published listings.
    DESK_STATUS desk_status() = "/desk/status";
    /// A draft of what is published, or a copy.
    DESK_BEGIN desk_begin() = "/desk/begin";
    /// A new listing.
    DESK_NEW desk_new() = "/desk/listings/new";
    /// A draft in the editor.
    DESK_DRAFT desk_draft(id) = "/desk/listings/{id}";
    /// A draft in both languages.
    DESK_PREVIEW desk_preview(id) = "/desk/listings/{id}/preview";
    /// A draft's next step.
    DESK_STEP desk_step(id) = "/desk/listings/{id}/step";
    /// Files of listings that were brought, and a new one.
    DESK_IMPORTS desk_imports() = "/desk/imports";
    /// One of them, on its way.
    DESK_IMPORT desk_import(id) = "/desk/imports/{id}";
    /// The same without the page around it.
    DESK_IMPORT_PART desk_import_part(id) = "/desk/imports/{id}/part";
    /// What its columns mean.
    DESK_IMPORT_COLUMNS desk_import_columns(id) = "/desk/imports/{id}/columns";
    /// Publish what has no fault.
    DESK_IMPORT_START desk_import_start(id) = "/desk/imports/{id}/start";
    /// End it, or forget it.
    DESK_IMPORT_CANCEL desk_import_cancel(id) = "/desk/imports/{id}/cancel";
    /// Its faults as a table.
    DESK_IMPORT_FAULTS desk_import_faults(id) = "/desk/imports/{id}/faults.csv";
    /// Organisations at the desk: checks, and what may be revised.
    DESK_ORGANISATIONS desk_organisations() = "/desk/organisations";
    /// Apply for a new organisation.
    DESK_ORGANISATION_NEW desk_organisation_new() = "/desk/organisations/new";
    /// A draft of an organisation.
    DESK_ORGANISATION_DRAFT desk_organisation_draft(id) = "/desk/organisations/drafts/{id}";
    /// An organisation's check.
    DESK_ORGANISATION desk_organisation(id) = "/desk/organisations/{id}";
    /// Note what was seen.
    DESK_ORGANISATION_NOTE desk_organisation_note(id) = "/desk/organisations/{id}/note";
    /// Publish it as checked.
    DESK_ORGANISATION_CHECK desk_organisation_check(id) = "/desk/organisations/{id}/check";
    /// A draft of its next revision.
    DESK_ORGANISATION_REVISE desk_organisation_revise(id) = "/desk/organisations/{id}/revise";
    /// Begin a listing with a template.
    DESK_TEMPLATE_BEGIN desk_template_begin() = "/desk/templates/begin";
    /// Keep a draft as a template.
    DESK_TEMPLATE_SAVE desk_template_save() = "/desk/templates/save";
    /// Throw a template away.
    DESK_TEMPLATE_REMOVE desk_template_remove() = "/desk/templates/remove";
    /// Organisations that move between partners.
    DESK_HANDOVERS desk_handovers() = "/desk/handovers";
    /// Take one over.
    DESK_HANDOVERS_ACCEPT desk_handovers_accept() = "/desk/handovers/accept";
    /// Who has an account.
    PEOPLE people() = "/desk/people";
    /// Invite somebody.
    PEOPLE_INVITE people_invite() = "/desk/people/invite";
    /// Take an invitation back.
    PEOPLE_REVOKE people_revoke() = "/desk/people/revoke";
    /// Say what somebody may do.
    PEOPLE_ROLES people_roles() = "/desk/people/roles";
    /// Lock an account, or open it again.
    PEOPLE_LOCK people_lock() = "/desk/people/lock";
    /// What accounts did.
    PEOPLE_LOG people_log() = "/desk/people/log";
    /// Files of the portal.
    ASSET asset(name) = "/assets/{name}";

    /// REST: listings.
    API_LISTINGS api_listings() = "/api/v1/listings";
    /// REST: one listing.
    API_LISTING api_listing(id) = "/api/v1/listings/{id}";
    /// REST: one draft.
    API_DRAFT api_draft(id) = "/api/v1/drafts/{id}";
    /// REST: listings by words and facets.
    API_SEARCH api_search() = "/api/v1/search";
    /// REST: completions of what is being typed.
    API_SUGGEST api_suggest() = "/api/v1/suggest";
    /// REST: listings that fit somebody.
    API_MATCH api_match() = "/api/v1/match";
    /// REST: organisations.
    API_ORGANISATIONS api_organisations() = "/api/v1/organisations";
    /// REST: one organisation.
    API_ORGANISATION api_organisation(id) = "/api/v1/organisations/{id}";
    /// REST: partners.
    API_PARTNERS api_partners() = "/api/v1/partners";
    /// REST: one partner.
    API_PARTNER api_partner(id) = "/api/v1/partners/{id}";
    /// REST: conferences.
    API_CONFERENCES api_conferences() = "/api/v1/conferences";
    /// REST: one conference.
    API_CONFERENCE api_conference(id) = "/api/v1/conferences/{id}";
    /// REST: one file of listings.
    API_IMPORT api_import(id) = "/api/v1/imports/{id}";
    /// REST: the directory in figures.
    API_STATISTICS api_statistics() = "/api/v1/statistics";
    /// REST: one record.
    API_RECORD api_record(hash) = "/api/v1/records/{hash}";
    /// REST: the proof file of a record.
    API_PROOF api_proof(hash) = "/api/v1/records/{hash}/proof";
    /// REST: the description of it all.
    API_DOCUMENT api_document() = "/api/v1/openapi.json";
}

/// A table of the figures as a file.
pub const STATISTICS_CSV: &str = "/statistics.csv";

/// A link to one.
pub fn statistics_csv(by: &str) -> String {
    format!("{STATISTICS_CSV}?by={by}")
}

/// C2SP tlog-tiles: checkpoint, tiles and entry bundles of a log.
pub const TILES: &str = "/log/{partner}/{epoch}/{*path}";

/// A link into a log.
pub fn tiles(partner: impl Display, epoch: u64, path: &str) -> String {
    format!("/log/{partner}/{epoch}/{path}")
}

/// Pages for search engines.
pub const SITEMAP: &str = "/sitemap.xml";
/// Health of this process.
pub const HEALTHZ: &str = "/healthz";
/// Whether the node answers.
pub const READYZ: &str = "/readyz";
/// Prometheus.
pub const METRICS: &str = "/metrics";
/// Come back from there.
pub const SIGN_IN_OIDC_RETURN: &str = "/sign-in/oidc/return";
/// REST: whether a published listing takes applications.
pub const API_LISTING_STATUS: &str = "/api/v1/listings/{id}/status";
/// REST: drafts.
pub const API_DRAFTS: &str = "/api/v1/drafts";
/// REST: hand a draft in.
pub const API_DRAFT_SUBMIT: &str = "/api/v1/drafts/{id}/submit";
/// REST: a reviewer's word.
pub const API_DRAFT_DECISION: &str = "/api/v1/drafts/{id}/decision";
/// REST: publish a draft.
pub const API_DRAFT_PUBLISH: &str = "/api/v1/drafts/{id}/publish";
/// REST: save a search.
pub const API_SAVED_SEARCHES: &str = "/api/v1/saved-searches";
/// REST: a saved search, for who holds its link.
pub const API_SAVED_SEARCH: &str = "/api/v1/saved-searches/{token}";
/// REST: how many listings each choice would leave.
pub const API_FACETS: &str = "/api/v1/facets";
/// REST: files of listings.
pub const API_IMPORTS: &str = "/api/v1/imports";
/// REST: publish what a file holds.
pub const API_IMPORT_START: &str = "/api/v1/imports/{id}/start";
/// REST: what is wrong with a file.
pub const API_IMPORT_FAULTS: &str = "/api/v1/imports/{id}/faults";
/// REST: the same as a table.
pub const API_IMPORT_FAULTS_CSV: &str = "/api/v1/imports/{id}/faults.csv";
/// REST: what came of a file.
pub const API_IMPORT_LISTINGS: &str = "/api/v1/imports/{id}/listings";
/// REST: changes of the directory, as server-sent events.
pub const API_CHANGES: &str = "/api/v1/changes";
/// REST: the policy that checks a log.
pub const API_POLICY: &str = "/api/v1/policy";
