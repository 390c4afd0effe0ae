//! Reads receipts. White space, the order of the members and escapes are free; everything else has one form.

use super::{
    claims::{Claims, FORMAT},
    fault::ReceiptFault,
    signed::{Receipt, SIGNATURE_PREFIX},
};
use crate::{
    base::{digest::Digest, ids::NameError, timestamp::Timestamp},
    kernel::record::Verdict,
    value::{FaultKind, Faults, Limits, Object, Value},
};
use std::{collections::BTreeMap, str::FromStr};

/// The most bytes that a receipt may have in transit.
const MAX_BYTES: usize = 64 * 1024;
/// The most bytes that a member may have, with its escapes resolved.
const MAX_MEMBER: usize = 512;
/// The largest integer that every reader of JSON keeps.
const MAX_NUMBER: u64 = (1 << 53) - 1;

const MEMBERS: [&str; 19] = [
    "action",
    "anchor",
    "audit_url",
    "decision",
    "domain_version",
    "entity",
    "entity_seq",
    "format",
    "issued_at",
    "issued_by",
    "key_id",
    "policy_version",
    "reason",
    "receipt_id",
    "record",
    "request_digest",
    "signature",
    "tenant",
    "trace_id",
];

impl Receipt {
    /// Reads a receipt. White space, the order of the members and JSON escapes are free; everything else has one form.
    ///
    /// The receipt proves nothing yet. To rely on one, use a
    /// [`ReceiptVerifier`](crate::evidence::verify::ReceiptVerifier), which parses as well.
    ///
    /// ```
    /// use kiff::Receipt;
    ///
    /// let fault = Receipt::parse(br#"{"decision": "allowed"}"#).unwrap_err();
    /// assert_eq!(fault.code(), "missing_member");
    /// ```
    ///
    /// # Errors
    /// [`ReceiptFault`], the first fault in the form.
    pub fn parse(text: &[u8]) -> Result<Self, ReceiptFault> {
        Self::from_object(&read_object(text)?)
    }

    /// Reads a receipt from members that [`read_object`] has read.
    pub(in crate::evidence) fn from_object(members: &Object) -> Result<Self, ReceiptFault> {
        let texts = Texts::of(members, &MEMBERS)?;
        let claims = texts.claims()?;
        Ok(Self::new(claims, texts.signature()?))
    }
}

/// Reads the eighteen signed members.
pub(super) fn read_claims(text: &[u8]) -> Result<Claims, ReceiptFault> {
    let signed: Vec<_> = MEMBERS.into_iter().filter(|name| *name != "signature").collect();
    Texts::of(&read_object(text)?, &signed)?.claims()
}

/// Reads one JSON object within the limits of a receipt.
pub(in crate::evidence) fn read_object(text: &[u8]) -> Result<Object, ReceiptFault> {
    let limits = Limits::default().with_bytes(MAX_BYTES).with_string(MAX_BYTES).with_members(MAX_BYTES);
    match Value::parse(text, &limits) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ReceiptFault::NotAnObject),
        Err(faults) => Err(fault_of(faults)),
    }
}

/// The first fault of a text, as the fault of a receipt.
fn fault_of(faults: Faults) -> ReceiptFault {
    let Some(first) = faults.iter().next() else { return ReceiptFault::NotJson(faults) };
    match first.kind() {
        FaultKind::TooLarge { limit } => ReceiptFault::TooLarge { max: *limit },
        FaultKind::InvalidUtf8 => ReceiptFault::InvalidUtf8,
        FaultKind::ByteOrderMark => ReceiptFault::ByteOrderMark,
        FaultKind::TrailingBytes => ReceiptFault::TrailingBytes,
        FaultKind::LoneSurrogate => ReceiptFault::LoneSurrogate,
        FaultKind::DuplicateMember { name } => ReceiptFault::DuplicateMember { member: shown(name) },
        FaultKind::Nul => ReceiptFault::ForbiddenCharacter { member: shown(first.pointer().trim_start_matches('/')) },
        _ => ReceiptFault::NotJson(faults),
    }
}

/// A name from outside, escaped and cut to fit into one line of a message.
fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

/// The members of a receipt as texts. Length and characters of each text have been checked.
struct Texts<'a>(BTreeMap<&'static str, &'a str>);

impl<'a> Texts<'a> {
    /// Takes exactly these members, in any order.
    fn of(object: &'a Object, names: &[&'static str]) -> Result<Self, ReceiptFault> {
        if let Some((member, _)) = object.iter().find(|(member, _)| !names.contains(member)) {
            return Err(ReceiptFault::UnknownMember { member: shown(member) });
        }
        let mut texts = BTreeMap::new();
        for member in names.iter().copied() {
            let text = object.get(member).ok_or(ReceiptFault::MissingMember { member })?;
            let text = text.as_str().ok_or(ReceiptFault::NotAString { member })?;
            if text.len() > MAX_MEMBER {
                return Err(ReceiptFault::TooLong { member, max: MAX_MEMBER });
            }
            if text.chars().any(|c| c.is_ascii_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
                return Err(ReceiptFault::ForbiddenCharacter { member: member.to_owned() });
            }
            texts.insert(member, text);
        }
        Ok(Self(texts))
    }

    fn claims(&self) -> Result<Claims, ReceiptFault> {
        if self.text("format")? != FORMAT {
            return Err(ReceiptFault::UnknownFormat);
        }
        let claims = Claims {
            action: self.name("action")?,
            anchor: self.text("anchor")?.to_owned(),
            decision: Verdict::from_word(self.text("decision")?).ok_or(ReceiptFault::UnknownDecision)?,
            domain_version: self.name("domain_version")?,
            entity: self.name("entity")?,
            entity_seq: self.number("entity_seq")?,
            issued_at: self.time("issued_at")?,
            issued_by: self.text("issued_by")?.to_owned(),
            key_id: self.name("key_id")?,
            policy_version: self.name("policy_version")?,
            reason: self.name("reason")?,
            receipt: self.name("receipt_id")?,
            record: self.digest("record")?,
            request_digest: self.digest("request_digest")?,
            tenant: self.name("tenant")?,
            trace: self.name("trace_id")?,
        };
        // The signed bytes are rebuilt from the claims, so each text must be the one that its claim is written as.
        match claims.members().iter().find(|(member, text)| self.0.get(member) != Some(&text.as_str())) {
            None => Ok(claims),
            Some(("audit_url", _)) => Err(ReceiptFault::AuditUrlMismatch),
            Some((member, text)) => {
                let source = NameError::new("in its canonical form", "one text for each value", text);
                Err(ReceiptFault::NameMalformed { member, source })
            }
        }
    }

    fn signature(&self) -> Result<[u8; 64], ReceiptFault> {
        let digits = self.text("signature")?.strip_prefix(SIGNATURE_PREFIX).ok_or(ReceiptFault::SignatureMalformed)?;
        check_hex("signature", digits, 128)?;
        let (pairs, _) = digits.as_bytes().as_chunks::<2>();
        let mut signature = [0; 64];
        for (byte, [high, low]) in signature.iter_mut().zip(pairs) {
            let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            let (Some(high), Some(low)) = (value(high), value(low)) else {
                return Err(ReceiptFault::SignatureMalformed);
            };
            *byte = high << 4 | low;
        }
        Ok(signature)
    }

    fn digest(&self, member: &'static str) -> Result<Digest, ReceiptFault> {
        let text = self.text(member)?;
        let malformed = ReceiptFault::DigestMalformed { member };
        check_hex(member, text.strip_prefix("sha256:").ok_or_else(|| malformed.clone())?, 64)?;
        text.parse().map_err(|_| malformed)
    }

    fn time(&self, member: &'static str) -> Result<Timestamp, ReceiptFault> {
        let text = self.text(member)?;
        let time = text.parse::<Timestamp>().map_err(|_| ReceiptFault::TimeMalformed)?;
        // A timestamp may lack its fraction elsewhere, but not in a receipt.
        if text.len() == 24 { Ok(time) } else { Err(ReceiptFault::TimeMalformed) }
    }

    fn number(&self, member: &'static str) -> Result<u64, ReceiptFault> {
        let text = self.text(member)?;
        let is_plain = !text.starts_with('0') && text.bytes().all(|digit| digit.is_ascii_digit());
        let number = text.parse().ok().filter(|number| is_plain && (1..=MAX_NUMBER).contains(number));
        number.ok_or(ReceiptFault::NumberMalformed)
    }

    fn name<T: FromStr<Err = NameError>>(&self, member: &'static str) -> Result<T, ReceiptFault> {
        self.text(member)?.parse().map_err(|source| ReceiptFault::NameMalformed { member, source })
    }

    fn text(&self, member: &'static str) -> Result<&'a str, ReceiptFault> {
        self.0.get(member).copied().ok_or(ReceiptFault::MissingMember { member })
    }
}

/// Refuses a wrong length and upper case with faults of their own. The caller refuses everything else.
fn check_hex(member: &'static str, digits: &str, expected: usize) -> Result<(), ReceiptFault> {
    let found = digits.chars().count();
    if found != expected {
        return Err(ReceiptFault::WrongLength { member, found, expected });
    }
    if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) && digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return Err(ReceiptFault::UpperCaseHex { member });
    }
    Ok(())
}
