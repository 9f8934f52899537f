//! The node's API (`volbridge.node.v1`) with a deadline on each call and retries
//! of reads while the node is unavailable. The channel may be a network
//! connection or an in-memory one.

use std::{fmt, future::Future, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use futures::Stream;
use tonic::{
    Code, Request, Response, Status, Streaming,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use volbridge_proto::wire::node::v1::{
    self as node, accounts_client::AccountsClient, agreements_client::AgreementsClient,
    alerts_client::AlertsClient, blobs_client::BlobsClient, checks_client::ChecksClient,
    conferences_client::ConferencesClient, desk_client::DeskClient, handovers_client::HandoversClient,
    imports_client::ImportsClient, listings_client::ListingsClient, logs_client::LogsClient,
    materials_client::MaterialsClient, network_client::NetworkClient,
    organisations_client::OrganisationsClient, partners_client::PartnersClient,
    profiles_client::ProfilesClient, records_client::RecordsClient, search_client::SearchClient,
    statistics_client::StatisticsClient, translations_client::TranslationsClient,
};

use crate::problem::Problem;

/// Longest wait for an answer.
const DEADLINE: Duration = Duration::from_secs(10);
const RETRY_AFTER: Duration = Duration::from_millis(50);
const RETRIES: usize = 3;

/// A caller of one node.
#[derive(Clone)]
pub struct NodeClient {
    channel: Channel,
    bearer: Option<MetadataValue<Ascii>>,
}

/// A token that can't stand in a header.
#[derive(Debug, thiserror::Error)]
#[error("the token holds characters that a header can't carry")]
pub struct InvalidToken;

impl NodeClient {
    /// A caller without a token.
    pub fn new(channel: Channel) -> Self {
        Self { channel, bearer: None }
    }

    /// The same node, called as the owner of `token`.
    pub fn with_token(&self, token: &str) -> Result<Self, InvalidToken> {
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| InvalidToken)?;
        bearer.set_sensitive(true);
        Ok(Self { channel: self.channel.clone(), bearer: Some(bearer) })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(bearer) = &self.bearer {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        request
    }

    async fn once<T, R, F, Fut>(&self, message: T, call: F) -> Result<R, Status>
    where
        F: Fn(Channel, Request<T>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let mut request = self.request(message);
        request.set_timeout(DEADLINE);
        match tokio::time::timeout(DEADLINE, call(self.channel.clone(), request)).await {
            Ok(answer) => answer.map(Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded("the node did not answer in time")),
        }
    }

    async fn read<T: Clone, R, F, Fut>(&self, message: T, call: F) -> Result<R, Problem>
    where
        F: Fn(Channel, Request<T>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let back_off = ExponentialBuilder::default().with_min_delay(RETRY_AFTER).with_max_times(RETRIES);
        (|| self.once(message.clone(), &call))
            .retry(back_off)
            .when(|status| status.code() == Code::Unavailable)
            .await
            .map_err(Problem::from)
    }

    /// A stream has no deadline as a whole, its opening has.
    async fn open<T, R, F, Fut>(&self, message: T, call: F) -> Result<Streaming<R>, Problem>
    where
        F: FnOnce(Channel, Request<T>) -> Fut,
        Fut: Future<Output = Result<Response<Streaming<R>>, Status>>,
    {
        let opening = call(self.channel.clone(), self.request(message));
        match tokio::time::timeout(DEADLINE, opening).await {
            Ok(answer) => Ok(answer?.into_inner()),
            Err(_) => Err(Status::deadline_exceeded("the node did not answer in time").into()),
        }
    }
}

impl NodeClient {
    /// Brings a file of listings, as fast as its pieces come; the node ends it when they don't.
    pub async fn upload_import(
        &self,
        pieces: impl Stream<Item = node::UploadImportRequest> + Send + 'static,
    ) -> Result<node::Import, Problem> {
        let request = self.request(pieces);
        Ok(ImportsClient::new(self.channel.clone()).upload(request).await?.into_inner())
    }

    /// Whether the node says that it is well: one whose disk has failed still reads, and stores nothing.
    pub async fn is_well(&self) -> bool {
        let whole = HealthCheckRequest { service: String::new() };
        let answer = self
            .once(whole, |channel, request| async move { HealthClient::new(channel).check(request).await });
        match answer.await {
            Ok(answer) => answer.status() == ServingStatus::Serving,
            // It doesn't tell.
            Err(status) => status.code() == Code::Unimplemented,
        }
    }
}

impl fmt::Debug for NodeClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NodeClient").field("with_token", &self.bearer.is_some()).finish_non_exhaustive()
    }
}

/// Calls that change nothing: retried.
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident = $client:ident . $method:ident ($ask:ident) -> $answer:ident;)*) => {
        impl NodeClient {
            $($(#[$doc])*
            pub async fn $name(&self, message: node::$ask) -> Result<node::$answer, Problem> {
                self.read(message, |channel, request| async move {
                    $client::new(channel).$method(request).await
                })
                .await
            })*
        }
    };
}

/// Calls that publish or withdraw: once; whoever repeats one sends the same idempotency key.
macro_rules! writes {
    ($($(#[$doc:meta])* $name:ident = $client:ident . $method:ident ($ask:ident) -> $answer:ident;)*) => {
        impl NodeClient {
            $($(#[$doc])*
            pub async fn $name(&self, message: node::$ask) -> Result<node::$answer, Problem> {
                let answer = self.once(message, |channel, request| async move {
                    $client::new(channel).$method(request).await
                });
                Ok(answer.await?)
            })*
        }
    };
}

/// Calls that answer with a stream.
macro_rules! streams {
    ($($(#[$doc:meta])* $name:ident = $client:ident . $method:ident ($ask:ident) -> $answer:ident;)*) => {
        impl NodeClient {
            $($(#[$doc])*
            pub async fn $name(&self, message: node::$ask) -> Result<Streaming<node::$answer>, Problem> {
                self.open(message, |channel, request| async move {
                    $client::new(channel).$method(request).await
                })
                .await
            })*
        }
    };
}

reads! {
    /// Listings, newest first.
    listings = ListingsClient.list(ListListingsRequest) -> ListListingsResponse;
    /// One listing.
    listing = ListingsClient.get(GetSubjectRequest) -> ListingView;
    /// Listings by words and facets.
    search = SearchClient.listings(SearchListingsRequest) -> SearchListingsResponse;
    /// Completions of what is being typed.
    suggest = SearchClient.suggest(SuggestRequest) -> SuggestResponse;
    /// Listings for somebody, with the reasons.
    match_listings = SearchClient.r#match(MatchRequest) -> MatchResponse;
    /// The directory in figures.
    statistics = StatisticsClient.get(GetStatisticsRequest) -> StatisticsView;
    /// The partners' signed figures by month.
    statistics_months = StatisticsClient.months(StatisticsMonthsRequest) -> StatisticsMonthsResponse;
    /// Organisations of a partner.
    organisations = OrganisationsClient.list(ListOrganisationsRequest) -> ListOrganisationsResponse;
    /// One organisation.
    organisation = OrganisationsClient.get(GetSubjectRequest) -> OrganisationView;
    /// Conferences.
    conferences = ConferencesClient.list(ListConferencesRequest) -> ListConferencesResponse;
    /// One conference with its materials.
    conference = ConferencesClient.get(GetSubjectRequest) -> ConferenceView;
    /// One material.
    material = MaterialsClient.get(GetSubjectRequest) -> MaterialView;
    /// Partners that the node knows.
    partners = PartnersClient.list(ListPartnersRequest) -> ListPartnersResponse;
    /// One partner.
    partner = PartnersClient.get(GetPartnerRequest) -> PartnerView;
    /// The node's own partner.
    own_partner = PartnersClient.self_(SelfRequest) -> PartnerView;
    /// How exchange goes.
    status = NetworkClient.status(StatusRequest) -> StatusResponse;
    /// Whether something public has changed.
    directory_version = NetworkClient.directory_version(DirectoryVersionRequest) -> DirectoryVersionResponse;
    /// One record.
    record = RecordsClient.get(GetRecordRequest) -> Record;
    /// A record's proof file and the policy that checks it.
    proof = RecordsClient.proof(GetRecordRequest) -> ProofFile;
    /// Who has erased a withdrawn record.
    erasures = RecordsClient.erasures(ErasuresRequest) -> ErasuresResponse;
    /// Opens a sealed profile.
    profile = ProfilesClient.get(GetProfileRequest) -> ProfileView;
    /// Agreements between partners.
    agreements = AgreementsClient.list(ListAgreementsRequest) -> ListAgreementsResponse;
    /// Newest checkpoint of a log.
    checkpoint = LogsClient.checkpoint(LogRequest) -> CheckpointResponse;
    /// A tile of a log's tree.
    tile = LogsClient.tile(TileRequest) -> TileResponse;
    /// An entry bundle of a log.
    entry_bundle = LogsClient.entry_bundle(EntryBundleRequest) -> TileResponse;
    /// The policy that checks a log's proofs.
    policy = LogsClient.policy(LogRequest) -> PolicyResponse;
    /// The account of whoever is signed in.
    account = AccountsClient.self_(OwnAccountRequest) -> Account;
    /// Who has accounts here.
    accounts = AccountsClient.list(ListAccountsRequest) -> ListAccountsResponse;
    /// What accounts did.
    account_log = AccountsClient.log(AccountLogRequest) -> AccountLogResponse;
    /// What an invitation is for.
    invitation = AccountsClient.get_invitation(GetInvitationRequest) -> Invitation;
    /// A saved search, for who holds its link.
    saved_search = AlertsClient.get(SavedSearchRequest) -> SavedSearch;
    /// Drafts that the caller may see.
    drafts = DeskClient.list(ListDraftsRequest) -> ListDraftsResponse;
    /// Checks that end soon, or organisations without one.
    checks = ChecksClient.list(ListChecksRequest) -> ListChecksResponse;
    /// An organisation with what was noted about it.
    check = ChecksClient.get(GetCheckRequest) -> CheckView;
    /// What drafts of listings begin with.
    templates = DeskClient.list_templates(ListTemplatesRequest) -> ListTemplatesResponse;
    /// Organisations that are offered from one partner to another.
    handovers = HandoversClient.list(ListHandoversRequest) -> ListHandoversResponse;
    /// One draft.
    draft = DeskClient.get(GetDraftRequest) -> Draft;
    /// Files of listings that were brought.
    imports = ImportsClient.list(ListImportsRequest) -> ListImportsResponse;
    /// One of them.
    import = ImportsClient.get(ImportRequest) -> Import;
    /// What is wrong with it.
    import_faults = ImportsClient.faults(ImportPageRequest) -> ImportFaultsResponse;
    /// What came of it.
    imported_listings = ImportsClient.listings(ImportPageRequest) -> ImportedListingsResponse;
}

writes! {
    /// Publishes a listing.
    publish_listing = ListingsClient.publish(PublishListingRequest) -> Published;
    /// Publishes a translation.
    publish_translation = TranslationsClient.publish(PublishTranslationRequest) -> Published;
    /// Seals a profile to a host.
    publish_profile = ProfilesClient.publish(PublishProfileRequest) -> PublishProfileResponse;
    /// Signs in with a password and a code.
    sign_in = AccountsClient.sign_in(SignInRequest) -> SignedIn;
    /// Options for signing in with a passkey.
    begin_passkey = AccountsClient.begin_passkey(BeginPasskeyRequest) -> Ceremony;
    /// Signs in with a passkey.
    finish_passkey = AccountsClient.finish_passkey(FinishPasskeyRequest) -> SignedIn;
    /// Where the browser goes to sign in with an account elsewhere.
    begin_oidc = AccountsClient.begin_oidc(BeginOidcRequest) -> OidcDeparture;
    /// Signs in with what it came back with, or links it.
    finish_oidc = AccountsClient.finish_oidc(FinishOidcRequest) -> SignedIn;
    /// Unlinks an account elsewhere.
    remove_identity = AccountsClient.remove_identity(RemoveIdentityRequest) -> Account;
    /// Ends the session.
    sign_out = AccountsClient.sign_out(SignOutRequest) -> SignOutResponse;
    /// Begins a way to sign in.
    begin_enrolment = AccountsClient.begin_enrolment(BeginEnrolmentRequest) -> Ceremony;
    /// Ends it: the account can be used.
    finish_enrolment = AccountsClient.finish_enrolment(FinishEnrolmentRequest) -> SignedIn;
    /// Takes a passkey away.
    remove_passkey = AccountsClient.remove_passkey(RemovePasskeyRequest) -> Account;
    /// Ends the other sessions.
    end_sessions = AccountsClient.end_sessions(EndSessionsRequest) -> Account;
    /// Makes a token for a program.
    create_token = AccountsClient.create_token(CreateTokenRequest) -> CreatedToken;
    /// Ends a token.
    revoke_token = AccountsClient.revoke_token(RevokeTokenRequest) -> Account;
    /// Invites somebody.
    invite = AccountsClient.invite(InviteRequest) -> Invited;
    /// Takes an invitation back.
    revoke_invitation = AccountsClient.revoke_invitation(RevokeInvitationRequest) -> RevokeInvitationResponse;
    /// Says what somebody may do.
    set_roles = AccountsClient.set_roles(SetRolesRequest) -> Account;
    /// Locks an account, or opens it again.
    set_locked = AccountsClient.set_locked(SetLockedRequest) -> Account;
    /// Saves a search; a mail asks to confirm it.
    save_search = AlertsClient.save(SaveSearchRequest) -> SaveSearchResponse;
    /// Confirms a saved search.
    confirm_search = AlertsClient.confirm(SavedSearchRequest) -> SavedSearch;
    /// Erases a saved search.
    remove_search = AlertsClient.remove(SavedSearchRequest) -> RemoveSavedSearchResponse;
    /// Stores a draft.
    save_draft = DeskClient.save(SaveDraftRequest) -> Draft;
    /// A draft of what is published, or a copy.
    begin_draft = DeskClient.begin(BeginDraftRequest) -> Draft;
    /// Hands a draft to the reviewers.
    submit_draft = DeskClient.submit(DraftStep) -> Draft;
    /// A reviewer's word.
    decide_draft = DeskClient.decide(DecideDraftRequest) -> Draft;
    /// Publishes a draft.
    publish_draft = DeskClient.publish(DraftStep) -> PublishedDraft;
    /// Throws a draft away.
    discard_draft = DeskClient.discard(DraftStep) -> DiscardDraftResponse;
    /// Opens, pauses or closes published listings.
    set_status = DeskClient.set_status(SetStatusRequest) -> SetStatusResponse;
    /// Says what the columns of a file mean.
    configure_import = ImportsClient.configure(ConfigureImportRequest) -> Import;
    /// Publishes what a file holds.
    start_import = ImportsClient.start(ImportRequest) -> Import;
    /// Ends an import, or forgets it.
    cancel_import = ImportsClient.cancel(ImportRequest) -> CancelImportResponse;
    /// Notes what was seen at a check.
    note_check = ChecksClient.note(NoteCheckRequest) -> CheckView;
    /// Publishes an organisation as checked.
    publish_check = ChecksClient.publish(PublishCheckRequest) -> Published;
    /// Keeps a draft as a template.
    save_template = DeskClient.save_template(SaveTemplateRequest) -> Template;
    /// Throws a template away.
    remove_template = DeskClient.remove_template(RemoveTemplateRequest) -> RemoveTemplateResponse;
    /// Offers an organisation to another partner.
    offer_handover = HandoversClient.offer(OfferHandoverRequest) -> Published;
    /// Takes one over.
    accept_handover = HandoversClient.accept(AcceptHandoverRequest) -> AcceptedHandover;
    /// Withdraws records.
    withdraw = RecordsClient.withdraw(WithdrawRequest) -> Published;
}

streams! {
    /// A status at once and after each change.
    watch_status = NetworkClient.watch_status(StatusRequest) -> StatusResponse;
    /// Changes of the directory.
    watch_changes = NetworkClient.watch_changes(WatchChangesRequest) -> Change;
    /// The bytes of a blob.
    fetch_blob = BlobsClient.fetch(FetchBlobRequest) -> FetchBlobResponse;
}
