//! Why a receipt is refused.

use crate::{
    base::{
        code::coded,
        debug::debug_as_display,
        ids::{KeyId, NameError, TenantId},
        timestamp::Timestamp,
    },
    value::Faults,
};

coded! {
    /// Why a receipt is refused: a fault in its form, or something that could not be proved.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum ReceiptFault {
        /// More than 64 KiB.
        #[error("the receipt has more than {max} bytes")]
        TooLarge {
            /// The most bytes that it may have.
            max: usize,
        } => "too_large",
        /// The bytes are not UTF-8.
        #[error("the receipt is not UTF-8")]
        InvalidUtf8 => "invalid_utf8",
        /// The text begins with a byte order mark.
        #[error("the receipt begins with a byte order mark")]
        ByteOrderMark => "byte_order_mark",
        /// The text is not JSON.
        #[error("the receipt is not JSON")]
        NotJson(#[source] Faults) => "not_json",
        /// There are bytes after the object.
        #[error("there are bytes after the receipt")]
        TrailingBytes => "trailing_bytes",
        /// A member occurs twice, once its escapes are resolved.
        #[error("member `{member}` occurs twice")]
        DuplicateMember {
            /// The member, with control characters escaped.
            member: String,
        } => "duplicate_member",
        /// An escape is half of a surrogate pair.
        #[error("an escape is half of a surrogate pair")]
        LoneSurrogate => "lone_surrogate",
        /// The text is JSON, but not an object.
        #[error("a receipt must be a JSON object")]
        NotAnObject => "not_an_object",
        /// Receipts have no such member.
        #[error("receipts have no member `{member}`")]
        UnknownMember {
            /// The member, with control characters escaped.
            member: String,
        } => "unknown_member",
        /// A member is missing.
        #[error("member `{member}` is missing")]
        MissingMember {
            /// The member.
            member: &'static str,
        } => "missing_member",
        /// A member is not a string.
        #[error("member `{member}` is not a string")]
        NotAString {
            /// The member.
            member: &'static str,
        } => "not_a_string",
        /// A member has more than 512 bytes.
        #[error("member `{member}` has more than {max} bytes")]
        TooLong {
            /// The member.
            member: &'static str,
            /// The most bytes that it may have.
            max: usize,
        } => "too_long",
        /// A member contains a control character, U+2028 or U+2029.
        #[error("member `{member}` contains a control character or a line separator")]
        ForbiddenCharacter {
            /// The member; empty if it is not known.
            member: String,
        } => "forbidden_character",
        /// This version does not know the format.
        #[error("the format is not `kiff-receipt/1`")]
        UnknownFormat => "unknown_format",
        /// The decision is not one of the three words.
        #[error("the decision is not `allowed`, `approval_required` or `blocked`")]
        UnknownDecision => "unknown_decision",
        /// A name or an id is malformed.
        #[error("member `{member}` is malformed")]
        NameMalformed {
            /// The member.
            member: &'static str,
            /// The rule that it breaks.
            #[source]
            source: NameError,
        } => "name_malformed",
        /// The time is not in its one form, or there is no such time.
        #[error("`issued_at` is not a time such as `2026-05-24T09:50:18.431Z`")]
        TimeMalformed => "time_malformed",
        /// The number is not between 1 and 2^53 − 1, in decimal digits without leading zeros.
        #[error("`entity_seq` is not a positive decimal number without leading zeros")]
        NumberMalformed => "number_malformed",
        /// A member has upper-case hexadecimal digits.
        #[error("member `{member}` has upper-case hexadecimal digits")]
        UpperCaseHex {
            /// The member.
            member: &'static str,
        } => "upper_case_hex",
        /// A digest or the signature has the wrong number of digits.
        #[error("member `{member}` has {found} hexadecimal digits, not {expected}")]
        WrongLength {
            /// The member.
            member: &'static str,
            /// The number of its digits.
            found: usize,
            /// The number of digits that it must have.
            expected: usize,
        } => "wrong_length",
        /// A digest lacks its prefix, or has other characters than digits.
        #[error("member `{member}` is not `sha256:` followed by hexadecimal digits")]
        DigestMalformed {
            /// The member.
            member: &'static str,
        } => "digest_malformed",
        /// The signature lacks its prefix, or has other characters than digits.
        #[error("the signature is not `kiff_sig_` followed by hexadecimal digits")]
        SignatureMalformed => "signature_malformed",
        /// The address of the timeline does not belong to the entity.
        #[error("`audit_url` is not the timeline of the receipt's entity")]
        AuditUrlMismatch => "audit_url_mismatch",
        /// A member of a DSSE envelope is missing or malformed.
        #[error("the envelope's `{member}` is missing or malformed")]
        EnvelopeMalformed {
            /// The member.
            member: &'static str,
        } => "envelope_malformed",
        /// The payload of a DSSE envelope is of another type.
        #[error("the envelope's payload is not a receipt")]
        OtherPayloadType => "other_payload_type",
        /// The payload of a DSSE envelope is not the canonical receipt, so the signature is over other bytes.
        #[error("the envelope's payload is not canonical JSON")]
        PayloadNotCanonical => "payload_not_canonical",
        /// The verifier does not trust the key.
        #[error("key `{key_id}` is not trusted")]
        UnknownKey {
            /// The key that the receipt names.
            key_id: KeyId,
        } => "unknown_key",
        /// The signature is not by the key that the receipt names.
        #[error("the signature is not by key `{key_id}`")]
        SignatureWrong {
            /// The key that the receipt names.
            key_id: KeyId,
        } => "signature_wrong",
        /// The receipt belongs to another tenant.
        #[error("the receipt belongs to tenant `{found}`")]
        OtherTenant {
            /// The tenant in the receipt.
            found: TenantId,
        } => "other_tenant",
        /// Another service issued it.
        #[error("the receipt was issued by `{found}`")]
        OtherIssuer {
            /// The issuer in the receipt.
            found: String,
        } => "other_issuer",
        /// The time of issue is in the future.
        #[error("the receipt was issued at {issued_at}, which is in the future")]
        FromTheFuture {
            /// When it was issued.
            issued_at: Timestamp,
        } => "from_the_future",
        /// The receipt is older than the verifier accepts.
        #[error("the receipt was issued at {issued_at}, which is too long ago")]
        TooOld {
            /// When it was issued.
            issued_at: Timestamp,
        } => "too_old",
        /// The key was revoked, and nothing proves that the receipt is older than the revocation.
        #[error("key `{key_id}` is revoked from log index {from_index} on")]
        KeyRevoked {
            /// The key.
            key_id: KeyId,
            /// Receipts at this index and after it do not count.
            from_index: u64,
        } => "key_revoked",
    }
}

debug_as_display!(ReceiptFault);
