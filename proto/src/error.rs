//! Why something isn't accepted. A `Refusal` names the reason (`Code`, a stable
//! dotted name), the place (field path) and what belongs to it; `Fault` says whose
//! fault it is, and so how gRPC and HTTP answer. Node and gateway use the same codes.

use std::{fmt, str::FromStr};

/// Whose fault a refusal is, or what kind of answer it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The bytes or values break a rule: their author's fault.
    Malformed,
    /// Made by a newer version, or for one.
    Unsupported,
    /// Well formed, but not allowed to whom asks or says it.
    Forbidden,
    /// Contradicts what is already there.
    Conflicting,
    /// Right once, overtaken since.
    Stale,
    /// There is no such thing.
    Missing,
    /// The caller didn't show who it is.
    Unauthenticated,
    /// A limit or quota is used up.
    Exhausted,
    /// Not now; try again.
    Unavailable,
    /// It took too long.
    Late,
    /// Our own fault.
    Internal,
}

impl Fault {
    /// The number of the gRPC status.
    pub fn grpc(self) -> i32 {
        match self {
            Self::Malformed => 3,
            Self::Late => 4,
            Self::Missing => 5,
            Self::Conflicting => 6,
            Self::Forbidden => 7,
            Self::Exhausted => 8,
            Self::Stale => 9,
            Self::Unsupported => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }

    /// The HTTP status.
    pub fn http(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::Missing => 404,
            Self::Conflicting => 409,
            Self::Stale => 412,
            Self::Exhausted => 429,
            Self::Internal => 500,
            Self::Unsupported => 501,
            Self::Unavailable => 503,
            Self::Late => 504,
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $fault:ident $text:literal;)*) => {
        /// A reason, with a name that never changes once released.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $text] $variant,)*
        }

        impl Code {
            /// All codes, in the order in which they are listed here.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The dotted name: `field.required`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whose fault it is.
            pub fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault,)* }
            }

            /// What it means, in one English sentence without a full stop.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl FromStr for Code {
            type Err = UnknownCode;

            fn from_str(name: &str) -> Result<Self, UnknownCode> {
                match name {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(UnknownCode),
                }
            }
        }
    };
}

codes! {
    IdMalformed "id.malformed" Malformed "the id is not written as it must be";
    DateMalformed "date.malformed" Malformed "the date is not a day as YYYY-MM-DD";
    TimeMalformed "time.malformed" Malformed "the time lies outside the years 1970 to 9999";

    CanonicalTruncated "canonical.truncated" Malformed "the bytes end inside a field";
    CanonicalVarint "canonical.varint" Malformed "a number is not written in its shortest form or is too large";
    CanonicalTag "canonical.tag" Malformed "a field number is 0 or too large, or a wire type is not in use";
    CanonicalWireType "canonical.wire_type" Malformed "a field has the wire type of another";
    CanonicalOrder "canonical.order" Malformed "fields are not in ascending order, each once";
    CanonicalDefault "canonical.default" Malformed "a field holds its default and must be left out";
    CanonicalUtf8 "canonical.utf8" Malformed "a text is not UTF-8";
    CanonicalNesting "canonical.nesting" Malformed "messages are nested too deeply";
    CanonicalSchema "canonical.schema" Internal "there is no such message in the schema";

    RecordTooLarge "record.too_large" Malformed "the body is larger than 256 KiB";
    RecordFormat "record.format" Unsupported "the record has another format";
    RecordNeedsNewer "record.needs_newer" Unsupported "the record has a field that only a newer node understands";
    RecordId "record.id" Malformed "the body doesn't hash to the id in its leaf";
    RecordClass "record.class" Malformed "the class is not the leaf's, or not one in use";
    RecordPartner "record.partner" Malformed "the body names another partner than its log's";
    RecordEpoch "record.epoch" Malformed "the body names another epoch than its log's";
    RecordContent "record.content" Malformed "the body holds what its class doesn't allow, or lacks what it demands";
    RecordFirst "record.first" Malformed "this kind can't stand at this place of a log";
    RecordIdentity "record.identity" Malformed "identity signatures are missing, or stand where none belong";
    RecordErased "record.erased" Missing "the record was withdrawn and its body erased";
    RecordWithheld "record.withheld" Unavailable "the record is public, but nobody has handed out its body";
    RecordSealed "record.sealed" Forbidden "the record is sealed to others";
    RecordUnknown "record.unknown" Missing "no such record is held here";

    LeafUnsupported "leaf.unsupported" Unsupported "the leaf has a length, version or class that this node doesn't know";

    StatementKind "statement.kind" Malformed "the kind's name is malformed";
    StatementClass "statement.class" Malformed "this kind is not allowed in this class";
    StatementAuthority "statement.authority" Malformed "an authority is missing, or stands where none belongs";
    StatementKindUnknown "statement.kind_unknown" Unsupported "the kind is not known to this node";
    StatementSources "statement.sources" Malformed "the sources are not those that this kind demands";

    SealSuite "seal.suite" Unsupported "the sealing suite is not known";
    SealSlots "seal.slots" Malformed "the number of slots is not 1, 2, 4, 8, 16, 32 or 64";
    SealLength "seal.length" Malformed "the ciphertext has a length that padding can't give";
    SealRecipients "seal.recipients" Malformed "the slots are not those of the recipients and the author";
    SealKey "seal.key" Malformed "the sealing key is malformed";
    SealCannotOpen "seal.cannot_open" Forbidden "the record can't be opened with this key";
    SealContent "seal.content" Malformed "what was sealed is not a padded statement";
    SealNotNamed "seal.not_named" Malformed "the sealed statement doesn't name who can open it";

    FieldRequired "field.required" Malformed "the field must be given";
    FieldUnexpected "field.unexpected" Malformed "the field must be left out here";
    FieldInvalid "field.invalid" Malformed "the value is not one that this field can have";
    FieldLength "field.length" Malformed "the value has the wrong length";
    FieldTooLong "field.too_long" Malformed "the value is too long";
    FieldTooMany "field.too_many" Malformed "there are too many values";
    FieldOutOfRange "field.out_of_range" Malformed "the number is out of range";
    FieldDuplicate "field.duplicate" Malformed "the value stands here twice";
    FieldUnsorted "field.unsorted" Malformed "the values are not in ascending order";
    FieldMismatch "field.mismatch" Malformed "the value contradicts another field";
    FieldUnknown "field.unknown" Malformed "there is no such field";

    TextControl "text.control" Malformed "the text has a control character";
    TextLineBreak "text.line_break" Malformed "the text has a line break where one line is meant";
    TextDirection "text.direction" Malformed "the text has a character that reorders what is read";
    TextInvisible "text.invisible" Malformed "the name has an invisible character";
    TextNotNormal "text.not_normal" Malformed "the text is not in Unicode normal form C";
    TextUnassigned "text.unassigned" Malformed "the text has a character that Unicode 16.0 doesn't have";
    TextBlank "text.blank" Malformed "the text begins or ends with white space, or is nothing else";
    TextLanguage "text.language" Malformed "the language is not written as a language tag such as zh-CN";

    KeyMalformed "key.malformed" Malformed "the key is malformed";
    KeyWeak "key.weak" Malformed "the key has small order or is not canonical";
    SignatureMalformed "signature.malformed" Malformed "the signature has the wrong length or form";
    SignatureInvalid "signature.invalid" Malformed "the signature doesn't verify";

    NoteMalformed "note.malformed" Malformed "the signed note is malformed";
    NoteTooLarge "note.too_large" Malformed "the signed note is too large or has too many lines";
    NoteKey "note.key" Malformed "the verifier key is malformed";
    NoteUnsigned "note.unsigned" Malformed "the note has no line by the key that is asked for";
    NoteSignature "note.signature" Malformed "a line of the note doesn't verify";
    CheckpointMalformed "checkpoint.malformed" Malformed "the checkpoint is malformed";
    CheckpointOrigin "checkpoint.origin" Malformed "the checkpoint is of another log";
    CheckpointUnsigned "checkpoint.unsigned" Malformed "the checkpoint is not signed by the log's key";
    CheckpointSignature "checkpoint.signature" Malformed "a signature on the checkpoint doesn't verify";
    CheckpointRoot "checkpoint.root" Malformed "the entries don't give the checkpoint's root";
    CheckpointSize "checkpoint.size" Malformed "the checkpoint has another size than it must have";
    CheckpointStale "checkpoint.stale" Stale "the log hasn't been signed for too long";
    CosignatureMalformed "cosignature.malformed" Malformed "the cosignature is malformed";
    CosignatureInvalid "cosignature.invalid" Malformed "the cosignature doesn't verify";
    CosignatureRole "cosignature.role" Malformed "the line is by a key of another role";

    ProofMalformed "proof.malformed" Malformed "the proof is malformed";
    ProofTooLarge "proof.too_large" Malformed "the proof is too large";
    ProofLength "proof.length" Malformed "the proof has too many hashes or too few";
    ProofRange "proof.range" Malformed "the proof is about entries that don't exist";
    ProofInclusion "proof.inclusion" Malformed "the log doesn't hold this record at this place";
    ProofConsistency "proof.consistency" Malformed "the larger tree doesn't contain the smaller";
    ProofSubtree "proof.subtree" Malformed "the tree doesn't contain these entries";
    ProofRecord "proof.record" Malformed "the proof's record is not a valid body of this log";
    ProofLog "proof.log" Malformed "the policy doesn't name the proof's log";
    ProofQuorum "proof.quorum" Malformed "too few of the policy's witnesses have signed";
    PolicyMalformed "policy.malformed" Malformed "the policy is malformed";
    TileMalformed "tile.malformed" Malformed "the tile or its path is malformed";
    TileMissing "tile.missing" Missing "a tile that the proof needs is not held";

    LogUnknown "log.unknown" Missing "no such log is held here";
    LogFrozen "log.frozen" Conflicting "the log is frozen: it was shown in two versions";
    LogFork "log.fork" Conflicting "the log has two signed histories";
    LogSmaller "log.smaller" Stale "the log was larger before";
    LogIndex "log.index" Malformed "the log has no such entry";
    LogGap "log.gap" Malformed "entries are missing in between";
    LogBehind "log.behind" Unavailable "the own log is shorter than what others have seen of it";
    LogFull "log.full" Exhausted "the log is as large as a log can be";

    IdentitySignature "identity.signature" Malformed "an identity signature doesn't verify";
    IdentityKeys "identity.keys" Malformed "the keys of the descriptor are malformed";
    IdentityNext "identity.next" Malformed "the new identity keys are not those that were committed to";
    IdentityFirst "identity.first" Malformed "the log doesn't begin with a descriptor";
    IdentityPartner "identity.partner" Malformed "the first descriptor doesn't hash to the partner's id";
    IdentityOrder "identity.order" Malformed "descriptors are not in the order of the log";
    IdentityGroupEnd "identity.group_end" Malformed "a change of the log keys lacks the checkpoint that both keys signed";
    IdentityIncomplete "identity.incomplete" Malformed "descriptors of the log are missing";
    IdentityUntrusted "identity.untrusted" Forbidden "too few trusted partners vouch for this one";

    FollowOrder "follow.order" Malformed "the message doesn't follow on what was sent before";
    FollowAlignment "follow.alignment" Malformed "the range doesn't end at a multiple of 256 or at the target";
    FollowBodies "follow.bodies" Malformed "bodies are missing, repeated or not of this range";
    FollowErased "follow.erased" Malformed "what is said of erased entries is not of this range, repeated or contradicted";
    FollowClaim "follow.claim" Malformed "a missing body is explained with a withdrawal that is not there";
    FollowUnexpected "follow.unexpected" Malformed "nobody asked for this log";
    FollowNeedsKeys "follow.needs_keys" Stale "the log's keys have changed and must be fetched first";
    FollowWindow "follow.window" Exhausted "more was sent than was acknowledged for";
    FollowSubscription "subscription.invalid" Malformed "the subscription is malformed or of a log that isn't served";

    EvidenceMalformed "evidence.malformed" Malformed "the evidence file is malformed";
    EvidenceNoFork "evidence.no_fork" Malformed "the two checkpoints don't contradict each other";

    PeerUnknown "peer.unknown" Forbidden "the partner is not admitted here";
    PeerSuspended "peer.suspended" Forbidden "the partner is suspended here";
    PeerUnreachable "peer.unreachable" Unavailable "the partner can't be reached";
    PeerSlow "peer.slow" Exhausted "the partner takes too long";
    PeerQuota "peer.quota" Exhausted "more came of the partner's log than a day allows: the rest comes later";
    PeerRefused "peer.refused" Forbidden "the partner refused";
    PeerVersion "peer.version" Unsupported "the partner speaks another version of the protocol";
    PeerProtocol "peer.protocol" Malformed "the partner breaks the protocol";
    PeerKey "peer.key" Forbidden "the node that answers doesn't hold a key of the partner";
    PeerSelf "peer.self" Malformed "this is the own partner";

    StatisticsSmall "statistics.small" Malformed "a figure of fewer than ten people is told, or follows from the others";
    WithdrawalKind "withdrawal.kind" Forbidden "records of this kind can't be withdrawn";
    WithdrawalTarget "withdrawal.target" Malformed "the record is not one that this withdrawal can take back";
    RevisionStale "revision.stale" Stale "the subject has a newer revision";
    AgreementNone "agreement.none" Forbidden "no agreement between the two partners covers this";
    AgreementEnded "agreement.ended" Forbidden "the agreement has ended";
    AgreementNotYet "agreement.not_yet" Forbidden "the agreement is not in force yet";
    AgreementTerms "agreement.terms" Conflicting "the two partners have agreed on different terms";
    ConsentNone "consent.none" Forbidden "no consent covers this";
    ConsentExpired "consent.expired" Forbidden "the consent has expired";

    BlobUnknown "blob.unknown" Missing "no such blob is held here";
    BlobHash "blob.hash" Malformed "the bytes don't give the blob's hash";
    BlobSize "blob.size" Malformed "the blob has another size";
    BlobRange "blob.range" Malformed "the range is not in the blob or not aligned";
    BlobTooLarge "blob.too_large" Exhausted "the blob is too large";

    InputMalformed "input.malformed" Malformed "the input can't be read";
    InputTooLarge "input.too_large" Exhausted "the input is too large";
    RequestInvalid "request.invalid" Malformed "the request is malformed";
    CursorInvalid "cursor.invalid" Malformed "the cursor is not one that this list gave out";
    NotFound "not_found" Missing "there is no such thing here";
    Unauthenticated "unauthenticated" Unauthenticated "a valid token is needed";
    PermissionDenied "permission.denied" Forbidden "this is not allowed to the caller";
    SignInRefused "sign_in.refused" Unauthenticated "this can't be signed in with";
    InvitationOver "invitation.over" Missing "the invitation was used, taken back or has run out";
    CeremonyOver "ceremony.over" Stale "it took too long, or was answered before: begin again";
    CodeWrong "code.wrong" Malformed "the code is not the one that the app shows now";
    PasskeyRefused "passkey.refused" Malformed "the passkey's answer doesn't fit what was asked";
    PasskeyUnavailable "passkey.unavailable" Unsupported "passkeys need a portal with a host name";
    PasswordWeak "password.weak" Malformed "the password is too short, too plain, or has the login in it";
    OidcRefused "oidc.refused" Unauthenticated "what the issuer of the account answered can't be signed in with";
    OidcUnlinked "oidc.unlinked" Unauthenticated "no account here is linked to that account";
    OidcTaken "oidc.taken" Conflicting "that account is linked already";
    OidcUnavailable "oidc.unavailable" Unavailable "the issuer of the account can't be asked, or there is none";
    LoginTaken "login.taken" Conflicting "another account has this login, or this passkey";
    WayLast "way.last" Conflicting "it is the account's only way to sign in";
    OperatorLast "operator.last" Conflicting "the node needs an operator: this is the only one";
    DraftChanged "draft.changed" Stale "somebody has changed the draft since it was read";
    DraftState "draft.state" Conflicting "the draft is not at the step for this";
    DraftFaulty "draft.faulty" Conflicting "the draft can't be published as it is: its faults say why";
    ImportState "import.state" Conflicting "the import isn't at a point where this can be done";
    CheckNothingSeen "check.nothing_seen" Conflicting "nothing was noted in the last days that a check could rest on";
    HandoverOver "handover.over" Conflicting "the organisation can no longer be taken over by this";
    OrganisationMoved "organisation.moved" Conflicting "the organisation has moved to another partner, with its listings";
    ReviewNeeded "review.needed" Forbidden "this partner publishes only what a reviewer has approved";
    MailNone "mail.none" Unsupported "this node sends no mail";
    MailFailed "mail.failed" Unavailable "the mail server didn't take the message; try again later";
    IdempotencyKey "idempotency.key" Malformed "the idempotency key is missing or malformed";
    IdempotencyConflict "idempotency.conflict" Conflicting "the idempotency key was used for another request";
    AlreadyExists "already_exists" Conflicting "it exists already";
    RateLimited "rate.limited" Exhausted "too many requests";
    Unimplemented "unimplemented" Unsupported "this node doesn't do that";
    DeadlineExceeded "deadline.exceeded" Late "it took too long";
    Unavailable "unavailable" Unavailable "the node can't do that now; try again";
    ShuttingDown "shutting_down" Unavailable "the node is stopping";
    StoreFull "store.full" Unavailable "the node's disk is full: nothing was written";
    StoreFailed "store.failed" Unavailable "a write to the node's disk failed: it writes nothing until it is restarted";
    StoreCorrupt "store.corrupt" Internal "a stored row is damaged";
    Internal "internal" Internal "the node failed; its log says why";
}

impl Code {
    /// The number of the gRPC status.
    pub fn grpc(self) -> i32 {
        self.fault().grpc()
    }

    /// The HTTP status.
    pub fn http(self) -> u16 {
        match self {
            Self::InputTooLarge | Self::BlobTooLarge => 413,
            Self::RecordErased => 410,
            _ => self.fault().http(),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no code of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no code has this name")]
pub struct UnknownCode;

/// Why something isn't accepted, and where.
///
/// `roles[0].title: the field must be given (field.required)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub code: Code,
    /// Path of the field in wire names (`roles[0].title`); empty: the whole.
    pub field: String,
    /// What belongs to the reason: limits, values.
    pub params: Vec<(String, String)>,
}

impl Refusal {
    /// A refusal of the whole.
    pub fn new(code: Code) -> Self {
        Self { code, field: String::new(), params: Vec::new() }
    }

    /// Names the field; called again on the way out, it puts the outer path before.
    #[must_use]
    pub fn at(mut self, field: impl AsRef<str>) -> Self {
        let outer = field.as_ref();
        self.field = match (outer.is_empty(), self.field.is_empty()) {
            (true, _) => self.field,
            (false, true) => outer.to_owned(),
            (false, false) if self.field.starts_with('[') => format!("{outer}{}", self.field),
            (false, false) => format!("{outer}.{}", self.field),
        };
        self
    }

    /// Adds what belongs to the reason.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.params.push((key.into(), value.to_string()));
        self
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.code.fault()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(self.code.text())?;
        for (key, value) in &self.params {
            write!(f, ", {key} {value}")?;
        }
        write!(f, " ({})", self.code)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_is_read_back() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!((400..600).contains(&code.http()) && (1..=16).contains(&code.grpc()), "{code}");
        }
        assert_eq!("no.such".parse::<Code>(), Err(UnknownCode));
    }

    #[test]
    fn a_refusal_names_the_path_from_the_outside_in() {
        let refusal = Refusal::new(Code::FieldTooLong).with("limit", 200).at("title").at("roles[0]");
        assert_eq!(refusal.to_string(), "roles[0].title: the value is too long, limit 200 (field.too_long)");
        assert_eq!(Refusal::new(Code::FieldInvalid).at("[3]").at("tags").field, "tags[3]");
    }
}
