//! The names of things: tenants, entities, actors, actions, and the ids that the runtime makes.
//!
//! Every name is checked once, when it is made, against the alphabet of `docs/FORMATS.md` §1. A value
//! of one of these types is therefore always safe to store, to hash and to show. Cloning is cheap: the
//! text is shared.

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
}

/// A reason code, also the name of a check: a stable word that goes to the log.
///
/// The alphabet: `[a-z][a-z0-9_]{0,63}`.
#[derive(Clone)]
pub struct Code(CodeText);

#[derive(Clone)]
enum CodeText {
    Fixed(&'static str),
    Shared(Arc<str>),
}

impl Code {
    /// Checks that `text` is a reason code.
    ///
    /// # Errors
    /// [`NameError`] if it breaks the alphabet above.
    pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
        let text = text.as_ref();
        if is_snake(text) {
            Ok(Self(CodeText::Shared(text.into())))
        } else {
            Err(NameError::new("a reason code", "[a-z][a-z0-9_]{0,63}", text))
        }
    }

    /// INVARIANT: the word keeps to the alphabet; `code` of every refusal is tested for it.
    pub(crate) const fn fixed(word: &'static str) -> Self {
        Self(CodeText::Fixed(word))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            CodeText::Fixed(word) => word,
            CodeText::Shared(word) => word,
        }
    }
}

impl FromStr for Code {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Code {}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
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

/// A ULID: 48 bits of milliseconds and 80 bits of randomness, 26 characters of Crockford's base 32
/// (<https://github.com/ulid/spec>). In kiff no ULID ever orders anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ulid(u128);

impl Ulid {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// Joins a time in Unix milliseconds (its lower 48 bits) and 80 random bits.
    #[must_use]
    pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        let low = random.iter().fold(0u128, |low, byte| low << 8 | u128::from(*byte));
        Self(u128::from(unix_ms & 0xFFFF_FFFF_FFFF) << 80 | low)
    }

    /// The 26 characters.
    #[must_use]
    pub fn encode(self) -> [u8; 26] {
        let mut text = [b'0'; 26];
        // Shifts of 128 bits are slow: twelve digits of five bits fit a word.
        for (part, digits) in text.rchunks_mut(12).enumerate() {
            let mut bits = (self.0 >> (60 * part)) as u64;
            for byte in digits.iter_mut().rev() {
                *byte = Self::ALPHABET.get((bits & 31) as usize).copied().unwrap_or(b'0');
                bits >>= 5;
            }
        }
        text
    }

    fn decode(text: &str) -> Option<Self> {
        if text.len() != 26 || !text.starts_with(|c: char| ('0'..='7').contains(&c)) {
            return None;
        }
        text.bytes()
            .try_fold(0u128, |value, byte| {
                let digit = Self::ALPHABET.iter().position(|symbol| *symbol == byte)?;
                Some(value << 5 | u128::try_from(digit).ok()?)
            })
            .map(Self)
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.encode();
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! made_ids {
    ($($(#[$doc:meta])* $Name:ident: $what:literal, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[doc = concat!("\n\nWritten `", $prefix, "` and a ULID. The runtime makes these ids; a caller can only repeat one.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(Ulid);

        impl $Name {
            pub(crate) const PREFIX: &str = $prefix;

            /// The id with this ULID. For implementations of [`IdGen`](crate::clock::IdGen).
            #[must_use]
            pub fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The ULID behind the prefix.
            #[must_use]
            pub fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl FromStr for $Name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                text.strip_prefix($prefix)
                    .and_then(Ulid::decode)
                    .map(Self)
                    .ok_or_else(|| NameError::new($what, concat!("`", $prefix, "` and 26 characters of Crockford's base 32"), text))
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

made_ids! {
    /// The id of one receipt.
    ReceiptId: "a receipt id", "rcpt_";
    /// The id of one approval: one held proposal, waiting for its reviewers.
    ApprovalId: "an approval id", "appr_";
    /// The id of one cleared execution; also the key under which a provider should deduplicate the effect.
    ExecutionId: "an execution id", "exec_";
    /// The id that all records of one call share.
    TraceId: "a trace id", "trace_";
}

/// Sixteen random bytes that blind one proposal's commitments (`docs/FORMATS.md` §3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub(crate) [u8; 16]);

impl Salt {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// A salt of these bytes. For implementations of [`IdGen`](crate::clock::IdGen).
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 22 characters of base64url without padding (RFC 4648 §5).
    pub(crate) fn encode(self) -> [u8; 22] {
        let mut text = [b'A'; 22];
        // Three bytes make four characters; of the last byte's twelve bits the lowest four are nothing.
        for (digits, bytes) in text.chunks_mut(4).zip(self.0.chunks(3)) {
            let bits = bytes.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - bytes.len()));
            for (place, digit) in digits.iter_mut().enumerate() {
                let six = bits >> (18 - 6 * place) & 63;
                *digit = Self::ALPHABET.get(six as usize).copied().unwrap_or(b'A');
            }
        }
        text
    }

    /// Reads the 22 characters; unused bits must be zero, so that a salt has one spelling.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let digit = |byte| {
            Self::ALPHABET.iter().position(|symbol| *symbol == byte).and_then(|digit| u128::try_from(digit).ok())
        };
        let (last, head) = text.as_bytes().split_last()?;
        let last = digit(*last)?;
        if head.len() != 21 || last & 15 != 0 {
            return None;
        }
        let bits = head.iter().try_fold(0u128, |bits, byte| Some(bits << 6 | digit(*byte)?))?;
        Some(Self((bits << 2 | last >> 4).to_be_bytes()))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// All the ids that one call may need, drawn once: deciding again after a conflict uses the same ones,
/// so that it gives the same bytes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    /// For every record of the call.
    pub trace: TraceId,
    /// For the decision, if one is made.
    pub receipt: ReceiptId,
    /// For the approval, if one is opened.
    pub approval: ApprovalId,
    /// For the execution, if one is cleared.
    pub execution: ExecutionId,
    /// For the proposal's commitments.
    pub salt: Salt,
}

impl Ids {
    /// Joins five ids. For implementations of [`IdGen`](crate::clock::IdGen).
    #[must_use]
    pub fn new(trace: TraceId, receipt: ReceiptId, approval: ApprovalId, execution: ExecutionId, salt: Salt) -> Self {
        Self { trace, receipt, approval, execution, salt }
    }
}

fn matches(text: &str, first: fn(u8) -> bool, rest: fn(u8) -> bool, most: usize) -> bool {
    let mut bytes = text.bytes();
    text.len() <= most && bytes.next().is_some_and(first) && bytes.all(rest)
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

fn is_snake(text: &str) -> bool {
    matches(text, is_lower, |b| is_lower(b) || b.is_ascii_digit() || b == b'_', 64)
}

fn is_upper_snake(text: &str) -> bool {
    matches(text, |b| b.is_ascii_uppercase(), |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_', 64)
}

fn is_id(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._~:@+-".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(good)
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

    #[test]
    fn a_salt_is_written_in_base64url() {
        let salt = Salt::new(*b"0123456789abcdef");
        assert_eq!(&salt.encode(), b"MDEyMzQ1Njc4OWFiY2RlZg");
        assert_eq!(Salt::decode("MDEyMzQ1Njc4OWFiY2RlZg"), Some(salt));
        assert_eq!(Salt::decode("MDEyMzQ1Njc4OWFiY2RlZh"), None);
        assert_eq!(Salt::decode("MDEyMzQ1Njc4OWFiY2RlZ"), None);
    }

    #[test]
    fn a_ulid_is_written_as_its_specification_says() {
        let ulid = Ulid::new(1_469_922_850_259, [0xFF; 10]);
        assert_eq!(ulid.to_string(), "01ARZ3NDEKZZZZZZZZZZZZZZZZ");
        assert_eq!(Ulid::decode("01ARZ3NDEKZZZZZZZZZZZZZZZZ"), Some(ulid));
    }
}
