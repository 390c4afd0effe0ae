//! Who acted.

use crate::base::{code::words, ids::ActorId};

words! {
    /// The kind of an actor.
    #[expect(clippy::exhaustive_enums, reason = "complete by meaning: the format names these four")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ActorType {
        /// A program that decides for itself, such as a language model with tools.
        Agent = "agent",
        /// A person.
        Human = "human",
        /// Another service, such as a payment provider that reports events.
        Service = "service",
        /// The host itself, such as a scheduled job.
        System = "system",
    }
}

/// Who acted, as a record names it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor {
    /// The actor's id.
    pub id: ActorId,
    /// The kind of actor.
    pub kind: ActorType,
    /// The principal behind an agent, where the host names one.
    pub on_behalf_of: Option<ActorId>,
}

impl Actor {
    pub(crate) fn new(id: ActorId, kind: ActorType, on_behalf_of: Option<ActorId>) -> Self {
        Self { id, kind, on_behalf_of }
    }

    /// Whether the two are one actor, or have a principal in common, or one is the principal of the other. Ids that differ
    /// in case alone stand for one person.
    pub(crate) fn is_party_with(&self, other: &Self) -> bool {
        self.parties().any(|mine| other.parties().any(|theirs| mine.as_str().eq_ignore_ascii_case(theirs.as_str())))
    }

    fn parties(&self) -> impl Iterator<Item = &ActorId> {
        std::iter::once(&self.id).chain(&self.on_behalf_of)
    }
}
