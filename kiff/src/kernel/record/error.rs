//! Why bytes are not a record.

use crate::{base::code::coded, value::Faults};

coded! {
    /// Why bytes are not a record that this version can read.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum RecordError {
        /// The bytes are not JSON as records are written.
        #[error("not a record")]
        Json(#[from] Faults) => "not_a_record",
        /// A member is missing, or of another form than the format says.
        #[error("member `{member}` is missing or malformed")]
        Member {
            /// The member's name.
            member: String,
        } => "member_malformed",
        /// The envelope has a member that the format does not name.
        #[error("the envelope has a member `{member}` that the format does not name")]
        UnknownMember {
            /// The member's name.
            member: String,
        } => "unknown_member",
        /// A format of records that this version does not know.
        #[error("unknown format `{format}`")]
        UnknownFormat {
            /// The format.
            format: String,
        } => "unknown_format",
        /// A kind of record that this version does not know.
        #[error("unknown kind `{kind}`")]
        UnknownKind {
            /// The kind.
            kind: String,
        } => "unknown_kind",
    }
}

/// The error for a member that is missing or malformed.
pub(crate) fn missing(member: &str) -> RecordError {
    RecordError::Member { member: member.to_owned() }
}
