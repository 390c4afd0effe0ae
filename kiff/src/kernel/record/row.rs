//! One row of a table of the format page, and what the page calls each type.

use super::{
    member::{Checks, Nullable},
    reported::Reported,
    verdict::{KeyPurpose, Verdict},
};
use crate::{
    base::{
        actor::Granted,
        code::Code,
        digest::Digest,
        ids::{
            ActionName, ApprovalId, EntityRef, EventId, EventType, ExecutionId, IdempotencyKey, KeyId, Permission,
            ReceiptId, Salt, StateName, Version,
        },
        public_key::PublicKey,
        timestamp::Timestamp,
    },
    domain::{
        contract::{Effect, Risk},
        param::Params,
    },
    kernel::request::Commitments,
    value::Value,
};
use std::sync::Arc;

/// One member of a body, as the format page has it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(super) name: &'static str,
    pub(super) form: String,
    pub(super) note: &'static str,
}

impl Row {
    pub(crate) fn of<T: Described>(name: &'static str, note: &'static str) -> Self {
        Self { name, form: T::form(), note: note.trim() }
    }
}

/// What the format page calls a type.
pub(crate) trait Described {
    fn form() -> String;
}

macro_rules! described {
    ($($($Type:ty),+: $form:literal;)*) => {$($(
        impl Described for $Type {
            fn form() -> String {
                $form.to_owned()
            }
        }
    )+)*};
}

described! {
    ActionName: "action";
    ApprovalId: "approval id";
    bool: "boolean";
    Checks: "array";
    Code: "code";
    Commitments, Granted, Params: "object";
    Digest: "digest";
    Effect, KeyPurpose, PublicKey, Risk, String, Arc<str>, Verdict: "string";
    EntityRef: "entity";
    EventId: "event id";
    EventType: "event type";
    ExecutionId: "execution id";
    IdempotencyKey: "idempotency key";
    KeyId: "key id";
    Permission: "permission";
    ReceiptId: "receipt id";
    Salt: "salt";
    StateName: "state";
    Timestamp: "time";
    Reported: "told";
    u32, u64: "integer";
    Value: "any JSON";
    Vec<String>: "array of strings, optional";
    Version: "version";
}

impl<T: Described> Described for Option<T> {
    fn form() -> String {
        T::form() + ", optional"
    }
}

impl<T: Described> Described for Nullable<Option<T>> {
    fn form() -> String {
        T::form() + " or `null`"
    }
}
