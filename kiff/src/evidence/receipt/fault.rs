//! Why a receipt is refused.

use crate::{
    base::{
        code::coded,
        ids::{KeyId, NameError, TenantId},
        timestamp::Timestamp,
    },
    value::Faults,
};

coded! {
    /// Why a receipt is refused: what is wrong with its form, or what could not be proved.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum ReceiptFault {
        /// More than 64 KiB.
        #[error("the receipt has more than {most} bytes")]
        TooLarge {
            /// How many it may have.
            most: usize,
        } => "too_large",
        /// The bytes are not UTF-8.
        #[error("the receipt is not utf-8")]
        InvalidUtf8 => "invalid_utf8",
        /// It begins with a byte order mark.
        #[error("the receipt begins with a byte order mark")]
        ByteOrderMark => "byte_order_mark",
        /// It is not JSON.
        #[error("the receipt is not json")]
        NotJson(#[source] Faults) => "not_json",
        /// Something follows the object.
        #[error("something follows the receipt")]
        TrailingBytes => "trailing_bytes",
        /// A member is there twice, escapes resolved.
        #[error("member `{member}` is there twice")]
        DuplicateMember {
            /// The member, control characters escaped.
            member: String,
        } => "duplicate_member",
        /// An escape is half of a surrogate pair.
        #[error("an escape is half of a surrogate pair")]
        LoneSurrogate => "lone_surrogate",
        /// It is JSON, and no object.
        #[error("a receipt is an object")]
        NotAnObject => "not_an_object",
        /// A member that receipts do not have.
        #[error("receipts have no member `{member}`")]
        UnknownMember {
            /// The member, control characters escaped.
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
        #[error("member `{member}` has more than {most} bytes")]
        TooLong {
            /// The member.
            member: &'static str,
            /// How many it may have.
            most: usize,
        } => "too_long",
        /// A member has a control character, U+2028 or U+2029.
        #[error("member `{member}` has a control character or a line separator")]
        ForbiddenCharacter {
            /// The member; empty if it could not be told.
            member: String,
        } => "forbidden_character",
        /// It is of a format that this version does not know.
        #[error("the format is not `kiff-receipt/1`")]
        UnknownFormat => "unknown_format",
        /// The decision is none of the three words.
        #[error("the decision is not `allowed`, `approval_required` or `blocked`")]
        UnknownDecision => "unknown_decision",
        /// A name or an id breaks its alphabet.
        #[error("member `{member}` is malformed")]
        NameMalformed {
            /// The member.
            member: &'static str,
            /// The rule that it breaks.
            #[source]
            source: NameError,
        } => "name_malformed",
        /// The time is not in its one form, or does not exist.
        #[error("`issued_at` is not a time of the form `2026-05-24T09:50:18.431Z`")]
        TimeMalformed => "time_malformed",
        /// The number is not 1 to 2^53 − 1 in decimal digits without leading zeros.
        #[error("`entity_seq` is not a number from 1 without leading zeros")]
        NumberMalformed => "number_malformed",
        /// Hexadecimal digits are in upper case.
        #[error("member `{member}` has upper-case hexadecimal digits")]
        UpperCaseHex {
            /// The member.
            member: &'static str,
        } => "upper_case_hex",
        /// A digest or the signature has another number of digits.
        #[error("member `{member}` has {found} hexadecimal digits in place of {expected}")]
        WrongLength {
            /// The member.
            member: &'static str,
            /// How many it has.
            found: usize,
            /// How many it should have.
            expected: usize,
        } => "wrong_length",
        /// A digest without its prefix, or of other characters.
        #[error("member `{member}` is not `sha256:` and hexadecimal digits")]
        DigestMalformed {
            /// The member.
            member: &'static str,
        } => "digest_malformed",
        /// The signature lacks its prefix, or is of other characters.
        #[error("the signature is not `kiff_sig_` and hexadecimal digits")]
        SignatureMalformed => "signature_malformed",
        /// The address of the timeline is not that of the entity.
        #[error("`audit_url` does not follow from the entity")]
        AuditUrlMismatch => "audit_url_mismatch",
        /// A DSSE envelope lacks a member, or has one of another form.
        #[error("the envelope's `{member}` is missing or malformed")]
        EnvelopeMalformed {
            /// The member.
            member: &'static str,
        } => "envelope_malformed",
        /// A DSSE envelope holds something else than a receipt.
        #[error("the envelope holds no receipt")]
        OtherPayloadType => "other_payload_type",
        /// The payload of a DSSE envelope is not the canonical receipt, so that its signature is for other bytes.
        #[error("the envelope's payload is not canonical json")]
        PayloadNotCanonical => "payload_not_canonical",
        /// The key is not among those that the verifier trusts.
        #[error("key `{key_id}` is not trusted here")]
        UnknownKey {
            /// The key that the receipt names.
            key_id: KeyId,
        } => "unknown_key",
        /// The key has not signed this receipt.
        #[error("key `{key_id}` has not signed this receipt")]
        SignatureWrong {
            /// The key that the receipt names.
            key_id: KeyId,
        } => "signature_wrong",
        /// It is another tenant's.
        #[error("the receipt is of tenant `{found}`")]
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
        /// It was issued later than now.
        #[error("the receipt was issued at {issued_at}, which is yet to come")]
        FromTheFuture {
            /// When it was issued.
            issued_at: Timestamp,
        } => "from_the_future",
        /// It is older than the verifier accepts.
        #[error("the receipt was issued at {issued_at}, which is too long ago")]
        TooOld {
            /// When it was issued.
            issued_at: Timestamp,
        } => "too_old",
        /// Its key was revoked, and it is not proved that the receipt is from before.
        #[error("key `{key_id}` was revoked from log index {from_index} on")]
        KeyRevoked {
            /// The key.
            key_id: KeyId,
            /// Receipts at or behind this index do not count.
            from_index: u64,
        } => "key_revoked",
    }
}
