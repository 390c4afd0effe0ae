//! Why a receipt is refused.

use crate::{
    base::{
        ids::{KeyId, NameError, TenantId},
        timestamp::Timestamp,
    },
    value::Faults,
};

/// Why a receipt is refused: what is wrong with its form, or what could not be proved.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// More than 64 KiB.
    #[error("the receipt has more than {most} bytes")]
    TooLarge {
        /// How many it may have.
        most: usize,
    },
    /// The bytes are not UTF-8.
    #[error("the receipt is not utf-8")]
    InvalidUtf8,
    /// It begins with a byte order mark.
    #[error("the receipt begins with a byte order mark")]
    ByteOrderMark,
    /// It is not JSON.
    #[error("the receipt is not json")]
    NotJson(#[source] Faults),
    /// Something follows the object.
    #[error("something follows the receipt")]
    TrailingBytes,
    /// A member is there twice, escapes resolved.
    #[error("member `{member}` is there twice")]
    DuplicateMember {
        /// The member, control characters escaped.
        member: String,
    },
    /// An escape is half of a surrogate pair.
    #[error("an escape is half of a surrogate pair")]
    LoneSurrogate,
    /// It is JSON, and no object.
    #[error("a receipt is an object")]
    NotAnObject,
    /// A member that receipts do not have.
    #[error("receipts have no member `{member}`")]
    UnknownMember {
        /// The member, control characters escaped.
        member: String,
    },
    /// A member is missing.
    #[error("member `{member}` is missing")]
    MissingMember {
        /// The member.
        member: &'static str,
    },
    /// A member is not a string.
    #[error("member `{member}` is not a string")]
    NotAString {
        /// The member.
        member: &'static str,
    },
    /// A member has more than 512 bytes.
    #[error("member `{member}` has more than {most} bytes")]
    TooLong {
        /// The member.
        member: &'static str,
        /// How many it may have.
        most: usize,
    },
    /// A member has a control character, U+2028 or U+2029.
    #[error("member `{member}` has a control character or a line separator")]
    ForbiddenCharacter {
        /// The member; empty if it could not be told.
        member: String,
    },
    /// It is of a format that this version does not know.
    #[error("the format is not `kiff-receipt/1`")]
    UnknownFormat,
    /// The decision is none of the three words.
    #[error("the decision is not `allowed`, `approval_required` or `blocked`")]
    UnknownDecision,
    /// A name or an id breaks its alphabet.
    #[error("member `{member}` is malformed")]
    NameMalformed {
        /// The member.
        member: &'static str,
        /// The rule that it breaks.
        #[source]
        source: NameError,
    },
    /// The time is not in its one form, or does not exist.
    #[error("`issued_at` is not a time of the form `2026-05-24T09:50:18.431Z`")]
    TimeMalformed,
    /// The number is not 1 to 2^53 − 1 in decimal digits without leading zeros.
    #[error("`entity_seq` is not a number from 1 without leading zeros")]
    NumberMalformed,
    /// Hexadecimal digits are in upper case.
    #[error("member `{member}` has upper-case hexadecimal digits")]
    UpperCaseHex {
        /// The member.
        member: &'static str,
    },
    /// A digest or the signature has another number of digits.
    #[error("member `{member}` has {found} hexadecimal digits in place of {expected}")]
    WrongLength {
        /// The member.
        member: &'static str,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A digest without its prefix, or of other characters.
    #[error("member `{member}` is not `sha256:` and hexadecimal digits")]
    DigestMalformed {
        /// The member.
        member: &'static str,
    },
    /// The signature lacks its prefix, or is of other characters.
    #[error("the signature is not `kiff_sig_` and hexadecimal digits")]
    SignatureMalformed,
    /// The address of the timeline is not that of the entity.
    #[error("`audit_url` does not follow from the entity")]
    AuditUrlMismatch,
    /// A DSSE envelope lacks a member, or has one of another form.
    #[error("the envelope's `{member}` is missing or malformed")]
    EnvelopeMalformed {
        /// The member.
        member: &'static str,
    },
    /// A DSSE envelope holds something else than a receipt.
    #[error("the envelope holds no receipt")]
    OtherPayloadType,
    /// The payload of a DSSE envelope is not the canonical receipt, so that its signature is for other bytes.
    #[error("the envelope's payload is not canonical json")]
    PayloadNotCanonical,
    /// The key is not among those that the verifier trusts.
    #[error("key `{key_id}` is not trusted here")]
    UnknownKey {
        /// The key that the receipt names.
        key_id: KeyId,
    },
    /// The key has not signed this receipt.
    #[error("key `{key_id}` has not signed this receipt")]
    SignatureWrong {
        /// The key that the receipt names.
        key_id: KeyId,
    },
    /// It is another tenant's.
    #[error("the receipt is of tenant `{found}`")]
    OtherTenant {
        /// The tenant in the receipt.
        found: TenantId,
    },
    /// Another service issued it.
    #[error("the receipt was issued by `{found}`")]
    OtherIssuer {
        /// The issuer in the receipt.
        found: String,
    },
    /// It was issued later than now.
    #[error("the receipt was issued at {issued_at}, which is yet to come")]
    FromTheFuture {
        /// When it was issued.
        issued_at: Timestamp,
    },
    /// It is older than the verifier accepts.
    #[error("the receipt was issued at {issued_at}, which is too long ago")]
    TooOld {
        /// When it was issued.
        issued_at: Timestamp,
    },
    /// Its key was revoked, and it is not proved that the receipt is from before.
    #[error("key `{key_id}` was revoked from log index {from_index} on")]
    KeyRevoked {
        /// The key.
        key_id: KeyId,
        /// Receipts at or behind this index do not count.
        from_index: u64,
    },
}

impl ReceiptFault {
    /// A stable word for the fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::ByteOrderMark => "byte_order_mark",
            Self::NotJson(_) => "not_json",
            Self::TrailingBytes => "trailing_bytes",
            Self::DuplicateMember { .. } => "duplicate_member",
            Self::LoneSurrogate => "lone_surrogate",
            Self::NotAnObject => "not_an_object",
            Self::UnknownMember { .. } => "unknown_member",
            Self::MissingMember { .. } => "missing_member",
            Self::NotAString { .. } => "not_a_string",
            Self::TooLong { .. } => "too_long",
            Self::ForbiddenCharacter { .. } => "forbidden_character",
            Self::UnknownFormat => "unknown_format",
            Self::UnknownDecision => "unknown_decision",
            Self::NameMalformed { .. } => "name_malformed",
            Self::TimeMalformed => "time_malformed",
            Self::NumberMalformed => "number_malformed",
            Self::UpperCaseHex { .. } => "upper_case_hex",
            Self::WrongLength { .. } => "wrong_length",
            Self::DigestMalformed { .. } => "digest_malformed",
            Self::SignatureMalformed => "signature_malformed",
            Self::AuditUrlMismatch => "audit_url_mismatch",
            Self::EnvelopeMalformed { .. } => "envelope_malformed",
            Self::OtherPayloadType => "other_payload_type",
            Self::PayloadNotCanonical => "payload_not_canonical",
            Self::UnknownKey { .. } => "unknown_key",
            Self::SignatureWrong { .. } => "signature_wrong",
            Self::OtherTenant { .. } => "other_tenant",
            Self::OtherIssuer { .. } => "other_issuer",
            Self::FromTheFuture { .. } => "from_the_future",
            Self::TooOld { .. } => "too_old",
            Self::KeyRevoked { .. } => "key_revoked",
        }
    }
}
