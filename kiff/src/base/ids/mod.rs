//! The names of things: tenants, entities, actors, actions, and the ids that the runtime makes.
//!
//! Every name is checked once, when it is made, against the alphabet of `docs/formats.md` §1. A value
//! of one of these types is therefore always safe to store, to hash and to show. Cloning is cheap: the
//! text is shared.

mod made;

pub use made::{ApprovalId, ExecutionId, Ids, ReceiptId, Salt, TraceId, Ulid};

use base64ct::{Base64UrlUnpadded, Encoding};
use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

/// A text that is not a name of the kind that was asked for.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {rule}")]
pub struct NameError {
    /// What was asked for, with its article: "an entity id".
    pub what: &'static str,
    /// What was given, cut to 64 characters and escaped.
    pub text: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, rule: &'static str, text: &str) -> Self {
        let text = text.chars().take(64).flat_map(char::escape_debug).collect();
        Self { what, text, rule }
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $Name:ident: $what:literal, $rule:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[doc = concat!("\n\nThe alphabet: `", $rule, "`.")]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(Arc<str>);

        impl $Name {
            #[doc = concat!("Checks that `text` is ", $what, ".")]
            ///
            /// # Errors
            /// [`NameError`] if it breaks the alphabet above.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(NameError::new($what, $rule, text)) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl FromStr for $Name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $Name {
            type Error = NameError;
            fn try_from(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $Name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $Name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $Name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }
    )*};
}

names! {
    /// A tenant: one customer's log, separate from every other.
    TenantId: "a tenant", "[a-z0-9][a-z0-9-]{0,62}",
        |t| matches(t, |b| is_lower(b) || b.is_ascii_digit(), |b| is_lower(b) || b.is_ascii_digit() || b == b'-', 63);
    /// The type of an entity, such as `order`. The type `kiff` is the runtime's own.
    EntityType: "an entity type", "[a-z][a-z0-9_]{0,63}", is_snake;
    /// The id of an entity within its type, such as `ord_002`. Case-sensitive.
    EntityId: "an entity id", "[A-Za-z0-9._~:@+-]{1,128}", is_id;
    /// The id of an actor. Case-sensitive.
    ActorId: "an actor id", "[A-Za-z0-9._~:@+-]{1,128}", is_id;
    /// The id that the source of an event gave to it. Case-sensitive.
    EventId: "an event id", "[A-Za-z0-9._~:@+-]{1,128}", is_id;
    /// The name of an action, such as `REFUND_ORDER`.
    ActionName: "an action name", "[A-Z][A-Z0-9_]{0,63}", is_upper_snake;
    /// The type of an event, such as `ORDER_PAID`.
    EventType: "an event type", "[A-Z][A-Z0-9_]{0,63}", is_upper_snake;
    /// The name of a state, such as `PAID`.
    StateName: "a state", "[A-Z][A-Z0-9_]{0,63}", is_upper_snake;
    /// The name of a parameter.
    ParamName: "a parameter name", "[a-z][a-z0-9_]{0,63}", is_snake;
    /// A permission: dotted words, such as `orders.refund`.
    Permission: "a permission", "[a-z][a-z0-9_]*(.[a-z][a-z0-9_]*)+ of at most 128 bytes", is_permission;
    /// A role, such as `operator`.
    Role: "a role", "[A-Za-z0-9._~:@+-]{1,128}", is_id;
    /// A version of a domain or of its policy, such as `refund-ops-v2`.
    Version: "a version", "[A-Za-z0-9._~:@+-]{1,128}", is_id;
    /// What makes a proposal safe to send again: the caller's own key for one intended effect.
    IdempotencyKey: "an idempotency key", "1 to 255 visible ASCII characters", |t| (1..=255).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic());
    /// The id of a key: the RFC 7638 thumbprint of its public half, 32 bytes in base64url without padding.
    KeyId: "a key id", "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", is_key_id;
}

impl Permission {
    /// A permission of kiff's own.
    ///
    /// INVARIANT: the word keeps to the alphabet.
    pub(crate) fn fixed(word: &'static str) -> Self {
        Self(word.into())
    }
}

impl KeyId {
    /// The id of these 32 bytes.
    pub(crate) fn of_bytes(thumbprint: &[u8; 32]) -> Self {
        Self(Base64UrlUnpadded::encode_string(thumbprint).into())
    }
}

/// An entity: its type and its id, written `order:ord_002` and split at the first colon.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityRef {
    text: Arc<str>,
    colon: u8,
}

impl EntityRef {
    /// Checks and joins a type and an id.
    ///
    /// # Errors
    /// [`NameError`] if one of them breaks its alphabet.
    pub fn new(kind: impl AsRef<str>, id: impl AsRef<str>) -> Result<Self, NameError> {
        let (kind, id) = (EntityType::new(kind)?, EntityId::new(id)?);
        Ok(Self::of(&kind, &id))
    }

    /// Joins a type and an id.
    #[must_use]
    pub fn of(kind: &EntityType, id: &EntityId) -> Self {
        // A type has at most 64 bytes, so the colon's place fits.
        let colon = u8::try_from(kind.as_str().len()).unwrap_or(u8::MAX);
        Self { text: format!("{kind}:{id}").into(), colon }
    }

    /// A stream of the tenant's own, such as `kiff:refused`.
    pub(crate) fn reserved(id: &'static str) -> Self {
        Self { text: format!("kiff:{id}").into(), colon: 4 }
    }

    /// The type, such as `order`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text.get(..usize::from(self.colon)).unwrap_or_default()
    }

    /// The id, such as `ord_002`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text.get(usize::from(self.colon) + 1..).unwrap_or_default()
    }

    /// Both, as `order:ord_002`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True for the tenant's own streams (`kiff:refused` and its like), which no caller may name.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.kind() == "kiff"
    }
}

impl Hash for EntityRef {
    /// The text tells where its colon is.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl FromStr for EntityRef {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once(':') {
            // A type has at most 64 bytes, so the colon's place fits.
            Some((kind, id)) if is_snake(kind) && is_id(id) => Ok(Self { text: text.into(), colon: kind.len() as u8 }),
            // Tells which of the two is wrong.
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

fn matches(text: &str, first: fn(u8) -> bool, rest: fn(u8) -> bool, most: usize) -> bool {
    let mut bytes = text.bytes();
    text.len() <= most && bytes.next().is_some_and(first) && bytes.all(rest)
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

pub(super) fn is_snake(text: &str) -> bool {
    matches(text, is_lower, |b| is_lower(b) || b.is_ascii_digit() || b == b'_', 64)
}

fn is_upper_snake(text: &str) -> bool {
    matches(text, |b| b.is_ascii_uppercase(), |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_', 64)
}

fn is_id(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._~:@+-".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(good)
}

/// Of the last character's six bits two are nothing.
fn is_key_id(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    text.len() == 43 && text.bytes().all(good) && text.ends_with(|c| "AEIMQUYcgkosw048".contains(c))
}

fn is_permission(text: &str) -> bool {
    text.len() <= 128 && text.contains('.') && text.split('.').all(is_snake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_alphabets() {
        fn check<T: FromStr<Err = NameError> + fmt::Display>(good: &[&str], bad: &[&str]) {
            for text in good {
                assert_eq!(text.parse::<T>().unwrap().to_string(), **text);
            }
            for text in bad {
                assert!(text.parse::<T>().is_err(), "{text:?} was accepted");
            }
        }
        let long = "a".repeat(129);
        check::<TenantId>(&["a", "kiff-demo", "0x"], &["", "-a", "A", "a_b", &"a".repeat(64)]);
        check::<EntityType>(&["order", "o_1"], &["", "Order", "1o", "o-1"]);
        check::<EntityId>(&["ord_002", "a:b", "x@y+z~.-"], &["", "a b", "ö", "a/b", "a\u{202e}", &long]);
        check::<ActionName>(&["REFUND_ORDER", "A1"], &["", "refund", "_A", "1A"]);
        check::<Permission>(&["orders.refund", "a.b.c"], &["", "refund", "a..b", ".a", "A.b"]);
        let key = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4";
        check::<KeyId>(&[&format!("{key}k"), &format!("{key}A")], &["", key, &format!("{key}l"), &format!("{key}+")]);
        check::<EntityRef>(&["order:ord:1"], &["order", ":x", "order:", "Order:x"]);
        check::<ReceiptId>(
            &["rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2"],
            &["rcpt_81J8Z9K3M4N5P6Q7R8S9T0V1W2", "appr_01J8Z9K3M4N5P6Q7R8S9T0V1W2", "rcpt_01j8Z9K3M4N5P6Q7R8S9T0V1W2"],
        );
    }

    #[test]
    fn an_entity_splits_at_the_first_colon() {
        let entity: EntityRef = "order:a:b".parse().unwrap();
        assert_eq!((entity.kind(), entity.id()), ("order", "a:b"));
    }
}
