//! An entity as one name.

use super::{
    alphabet::{is_id, is_snake},
    name_error::NameError,
    names::{EntityId, EntityType},
};
use crate::value::Value;
use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

/// An entity: its type and its id, written `order:ord_002` and split at the first colon.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityRef {
    text: Arc<str>,
    colon: usize,
}

impl EntityRef {
    /// Checks and joins a type and an id.
    ///
    /// # Errors
    /// [`NameError`] if one of them breaks its alphabet.
    pub fn new(kind: impl AsRef<str>, id: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::of(&EntityType::new(kind)?, &EntityId::new(id)?))
    }

    /// Joins a type and an id.
    #[must_use]
    pub fn of(kind: &EntityType, id: &EntityId) -> Self {
        Self { text: format!("{kind}:{id}").into(), colon: kind.as_str().len() }
    }

    /// One of the runtime's own streams, such as `kiff:refused`.
    pub(crate) fn reserved(id: &'static str) -> Self {
        Self { text: format!("{RESERVED}:{id}").into(), colon: RESERVED.len() }
    }

    /// The type, such as `order`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.parts().0
    }

    /// The id, such as `ord_002`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.parts().1
    }

    /// Both, as `order:ord_002`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is one of the runtime's own streams, such as `kiff:refused`. No caller may name one.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.kind() == RESERVED
    }

    #[expect(clippy::expect_used, reason = "the constructors join the two parts with a colon")]
    fn parts(&self) -> (&str, &str) {
        let (kind, rest) = self.text.split_at_checked(self.colon).expect("the colon is in the text");
        (kind, rest.strip_prefix(':').expect("a colon follows the type"))
    }
}

/// The type of the runtime's own streams.
const RESERVED: &str = "kiff";

impl Hash for EntityRef {
    /// The text alone, because the place of the colon follows from it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl FromStr for EntityRef {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once(':') {
            Some((kind, id)) if is_snake(kind) && is_id(id) => Ok(Self { text: text.into(), colon: kind.len() }),
            // The error says which of the two is wrong.
            Some((kind, id)) => Self::new(kind, id),
            None => Err(NameError::new("an entity", "<type>:<id>", text)),
        }
    }
}

impl TryFrom<&str> for EntityRef {
    type Error = NameError;
    fn try_from(text: &str) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<EntityRef> for Value {
    fn from(entity: EntityRef) -> Self {
        Self::from(entity.as_str())
    }
}

impl From<&EntityRef> for Value {
    fn from(entity: &EntityRef) -> Self {
        Self::from(entity.as_str())
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_splits_at_the_first_colon() {
        let entity: EntityRef = "order:a:b".parse().unwrap();
        assert_eq!((entity.kind(), entity.id()), ("order", "a:b"));
    }
}
