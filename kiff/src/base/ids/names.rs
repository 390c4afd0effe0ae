//! Names that people choose, each with its alphabet.

use super::{
    alphabet::{is_id, is_idempotency_key, is_key_id, is_permission, is_snake, is_tenant, is_upper_snake},
    name_error::NameError,
};
use crate::value::Value;
use base64ct::{Base64UrlUnpadded, Encoding};
use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

macro_rules! names {
    ($($(#[$doc:meta])* $Name:ident: $what:literal, $rule:literal, $check:ident;)*) => {$(
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
                if $check(text) { Ok(Self(text.into())) } else { Err(NameError::new($what, $rule, text)) }
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

        impl From<$Name> for Value {
            fn from(name: $Name) -> Self {
                Self::from(name.as_str())
            }
        }

        impl From<&$Name> for Value {
            fn from(name: &$Name) -> Self {
                Self::from(name.as_str())
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
    TenantId: "a tenant", "[a-z0-9][a-z0-9-]{0,62}", is_tenant;
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
    IdempotencyKey: "an idempotency key", "1 to 255 visible ASCII characters", is_idempotency_key;
    /// The id of a key: the RFC 7638 thumbprint of its public half, 32 bytes in base64url without padding.
    KeyId: "a key id", "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", is_key_id;
}

impl Permission {
    /// A permission of kiff's own.
    // INVARIANT: the word keeps to the alphabet.
    pub(crate) fn fixed(word: &'static str) -> Self {
        Self(word.into())
    }
}

impl KeyId {
    /// The id of a thumbprint.
    pub(crate) fn of_bytes(thumbprint: &[u8; 32]) -> Self {
        Self(Base64UrlUnpadded::encode_string(thumbprint).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{EntityRef, ReceiptId};

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
}
