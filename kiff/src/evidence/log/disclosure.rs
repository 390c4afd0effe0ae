//! Selective disclosure (`docs/formats.md` §6): proves some fields of a request against the request digest of a
//! receipt, and hides the others.

use crate::{
    base::{
        actor::Actor,
        code::coded,
        debug::debug_as_display,
        digest::Digest,
        ids::{ActionName, EntityRef, NameError, ParamName, Salt, TenantId},
        scratch::with_scratch,
    },
    kernel::{
        record::{Record, body::Body},
        request::{StoredProposal, commitment_of, field_salt, write_actor_value},
    },
    value::{Faults, Limits, NumberRule, Object, Value},
};
use std::{collections::BTreeMap, fmt};

/// The name of the format.
const FORMAT: &str = "kiff-disclosure/1";
/// The members of a disclosure.
const MEMBERS: [&str; 6] = ["action", "commitments", "disclosed", "entity", "format", "tenant"];
/// The beginning of the name of each parameter's field.
const PARAMETERS: &str = "parameters.";

/// Some fields of a request with their salts, and commitments to the other fields.
///
/// The fields are `actor`, and `parameters.<name>` for each given parameter. A reader learns the names of the hidden
/// fields, and nothing about their values.
///
/// ```
/// use kiff::{Authority, Proposal, log::Disclosure, record::Record};
#[doc = include_str!("../../../docs/shop.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?.blocking();
/// # let agent = Authority::agent("bot", ["operator"])?;
/// # rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
/// # let log = rt.export()?;
/// # let mut records = log.split(|byte| *byte == b'\n').filter_map(|line| Record::parse(line.into()).ok());
/// # let record = records.find(|record| record.kind() == kiff::record::Kind::DecisionRecorded).ok_or("no proposal")?;
/// // The owner of the log discloses the amount, but not who asked for it.
/// let shown = Disclosure::of(&record, ["parameters.cents"])?.to_json();
///
/// // The receipt of the decision contains the request digest.
/// # let request_digest = Disclosure::of(&record, [""; 0])?.request_digest();
/// let disclosed = Disclosure::parse(shown.as_bytes())?.verify(&request_digest)?;
/// assert_eq!(disclosed.get("parameters.cents").map(|cents| cents.to_string()).as_deref(), Some("2000"));
/// assert_eq!(disclosed.get("actor"), None);
/// assert_eq!(disclosed.hidden().collect::<Vec<_>>(), ["actor"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    tenant: TenantId,
    entity: EntityRef,
    action: ActionName,
    /// Salts and values by the names of their fields. No name is in both maps.
    disclosed: BTreeMap<String, (Salt, Value)>,
    hidden: BTreeMap<String, Digest>,
}

impl Disclosure {
    /// Discloses these fields of a proposal, given its record of kind `decision_recorded`.
    ///
    /// # Errors
    /// [`DisclosureFault`] if the record is of another kind, or has no such field.
    pub fn of<'a>(record: &Record, fields: impl IntoIterator<Item = &'a str>) -> Result<Self, DisclosureFault> {
        let Body::DecisionRecorded(proposed) = &record.body else {
            return Err(DisclosureFault::NoProposal);
        };
        let mut disclosed = BTreeMap::new();
        let mut hidden = commitments_of(proposed);
        for field in fields {
            let value = value_of(proposed, record.actor(), field);
            let value = value.ok_or_else(|| DisclosureFault::UnknownField { field: field.to_owned() })?;
            hidden.remove(field);
            let salt = with_scratch(|scratch| field_salt(scratch, proposed.salt, [field, ""]));
            disclosed.insert(field.to_owned(), (salt, value));
        }
        Ok(Self {
            tenant: record.tenant().clone(),
            entity: proposed.entity.clone(),
            action: proposed.action.clone(),
            disclosed,
            hidden,
        })
    }

    /// Reads a disclosure. It is not verified yet.
    ///
    /// # Errors
    /// [`DisclosureFault`] if the bytes are not a disclosure.
    pub fn parse(bytes: &[u8]) -> Result<Self, DisclosureFault> {
        let value = Value::parse(bytes, &limits())?;
        let object = value.as_object().filter(|object| object.iter().map(|(name, _)| name).eq(MEMBERS));
        let object = object.ok_or(DisclosureFault::Members)?;
        let text = |name| object.get(name).and_then(Value::as_str).ok_or(DisclosureFault::Members);
        if text("format")? != FORMAT {
            return Err(DisclosureFault::Format);
        }
        let hidden = read_commitments(object)?;
        let disclosed = read_disclosed(object)?;
        if let Some(field) = disclosed.keys().find(|field| hidden.contains_key(*field)) {
            return Err(DisclosureFault::DuplicateField { field: field.clone() });
        }
        Ok(Self {
            tenant: TenantId::new(text("tenant")?)?,
            entity: text("entity")?.parse()?,
            action: ActionName::new(text("action")?)?,
            disclosed,
            hidden,
        })
    }

    /// The disclosure as canonical JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let disclosed = self.disclosed.iter().map(|(name, (salt, value))| {
            let salt = String::from_utf8_lossy(&salt.encode()).into_owned();
            Value::Array(vec![Value::String(salt), Value::String(name.clone()), value.clone()])
        });
        let hidden = Value::object(self.hidden.iter().map(|(name, digest)| (name.as_str(), digest.to_string())));
        let texts = [
            ("action", self.action.as_str()),
            ("entity", self.entity.as_str()),
            ("format", FORMAT),
            ("tenant", self.tenant.as_str()),
        ];
        let members = texts.map(|(name, text)| (name, Value::from(text)));
        let more = [("commitments", hidden), ("disclosed", Value::Array(disclosed.collect()))];
        Value::object(members.into_iter().chain(more)).to_string()
    }

    /// The digest of the request that consists of these fields and commitments.
    #[must_use]
    pub fn request_digest(&self) -> Digest {
        let shown = self.disclosed.iter().map(|(name, (salt, value))| {
            let digest = with_scratch(|scratch| commitment_of(scratch, *salt, [name, ""], |out| value.write(out)));
            (name.as_str(), digest)
        });
        let hidden = self.hidden.iter().map(|(name, digest)| (name.as_str(), *digest));
        let commitments = Value::object(shown.chain(hidden).map(|(name, digest)| (name, digest.to_string())));
        let request = Value::object([
            ("action", Value::from(self.action.as_str())),
            ("commitments", commitments),
            ("entity", Value::from(self.entity.as_str())),
            ("tenant", Value::from(self.tenant.as_str())),
        ]);
        Digest::of(&request.to_canonical())
    }

    /// Checks the fields against the request digest of a receipt. Verify the receipt first.
    ///
    /// # Errors
    /// [`DisclosureFault::DigestMismatch`] if the fields belong to another request.
    pub fn verify(self, request_digest: &Digest) -> Result<Disclosed, DisclosureFault> {
        if self.request_digest() != *request_digest {
            return Err(DisclosureFault::DigestMismatch);
        }
        Ok(Disclosed(self))
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// A verified disclosure. Only [`Disclosure::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosed(Disclosure);

impl Disclosed {
    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.0.tenant
    }

    /// The entity.
    #[must_use]
    pub const fn entity(&self) -> &EntityRef {
        &self.0.entity
    }

    /// The action.
    #[must_use]
    pub const fn action(&self) -> &ActionName {
        &self.0.action
    }

    /// The value of a disclosed field: `actor`, or `parameters.<name>`.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.disclosed.get(field).map(|(_, value)| value)
    }

    /// Every disclosed field with its value.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.disclosed.iter().map(|(name, (_, value))| (name.as_str(), value))
    }

    /// The names of the hidden fields.
    pub fn hidden(&self) -> impl Iterator<Item = &str> {
        self.0.hidden.keys().map(String::as_str)
    }
}

coded! {
    /// Why a disclosure is refused, or cannot be made.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum DisclosureFault {
        /// The text is not JSON, or two readers could understand it differently.
        #[error("a disclosure must be one JSON object without duplicate members and rounded numbers")]
        Json(#[from] Faults) => "json_malformed",
        /// A member is missing, unknown or of another type.
        #[error("a disclosure must have exactly the members {MEMBERS:?}")]
        Members => "disclosure_members",
        /// The format is unknown.
        #[error("the format of the disclosure is not `{FORMAT}`")]
        Format => "disclosure_format",
        /// A name is malformed.
        #[error(transparent)]
        Name(#[from] NameError) => "name_malformed",
        /// A disclosed field is not `[salt, name, value]`, or a commitment is not a digest.
        #[error("a disclosed field must be a salt, a name and a value, and a hidden one a name and a digest")]
        Field => "field_malformed",
        /// A field is disclosed twice, or both disclosed and hidden.
        #[error("field `{field}` occurs twice")]
        DuplicateField {
            /// The field.
            field: String,
        } => "duplicate_field",
        /// The record does not contain a proposal.
        #[error("the record does not contain a proposal")]
        NoProposal => "no_proposal",
        /// The proposal has no such field.
        #[error("the proposal has no field `{field}`")]
        UnknownField {
            /// The field.
            field: String,
        } => "unknown_field",
        /// The fields belong to another request.
        #[error("the fields do not belong to the request")]
        DigestMismatch => "request_digest_mismatch",
    }
}

debug_as_display!(DisclosureFault);

/// A record has at most 65,535 bytes. A disclosure adds a salt and a name to each value.
fn limits() -> Limits {
    let limits = Limits::default().with_bytes(256 * 1024).with_string(65_535).with_members(100_000).with_depth(64);
    limits.with_numbers(NumberRule::SafeIntegers)
}

/// The commitment to each field of a proposal.
fn commitments_of(proposed: &StoredProposal) -> BTreeMap<String, Digest> {
    let names = proposed.params.iter().map(|(name, _)| format!("{PARAMETERS}{name}"));
    let params = names.zip(proposed.commitments.params.iter().copied());
    params.chain([("actor".to_owned(), proposed.commitments.actor)]).collect()
}

/// The value that the commitment to a field covers.
fn value_of(proposed: &StoredProposal, actor: &Actor, field: &str) -> Option<Value> {
    if field == "actor" {
        let mut text = Vec::new();
        write_actor_value(&mut text, actor);
        return Value::parse(&text, &limits()).ok();
    }
    let name = field.strip_prefix(PARAMETERS)?;
    proposed.params.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value.clone())
}

fn read_commitments(object: &Object) -> Result<BTreeMap<String, Digest>, DisclosureFault> {
    let commitments = object.get("commitments").and_then(Value::as_object).ok_or(DisclosureFault::Members)?;
    let read = |(name, digest): (&str, &Value)| {
        let digest = digest.as_str().and_then(|digest| digest.parse().ok()).ok_or(DisclosureFault::Field)?;
        Ok((field_name(name)?, digest))
    };
    commitments.iter().map(read).collect()
}

fn read_disclosed(object: &Object) -> Result<BTreeMap<String, (Salt, Value)>, DisclosureFault> {
    let fields = object.get("disclosed").and_then(Value::as_array).ok_or(DisclosureFault::Members)?;
    let mut disclosed = BTreeMap::new();
    for field in fields {
        let Some([Value::String(salt), Value::String(name), value]) = field.as_array() else {
            return Err(DisclosureFault::Field);
        };
        let salt = Salt::decode(salt).ok_or(DisclosureFault::Field)?;
        if disclosed.insert(field_name(name)?, (salt, value.clone())).is_some() {
            return Err(DisclosureFault::DuplicateField { field: name.clone() });
        }
    }
    Ok(disclosed)
}

fn field_name(name: &str) -> Result<String, DisclosureFault> {
    if name != "actor" {
        ParamName::new(name.strip_prefix(PARAMETERS).ok_or(DisclosureFault::Field)?)?;
    }
    Ok(name.to_owned())
}
