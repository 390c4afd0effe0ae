//! Selective disclosure: some fields of a request, proved against the request digest of a receipt, and the
//! rest hidden (`docs/formats.md` §6).

use crate::{
    base::{
        actor::Actor,
        code::coded,
        digest::Digest,
        ids::{ActionName, EntityRef, NameError, ParamName, Salt, TenantId},
        scratch::with_scratch,
    },
    kernel::{
        record::{Record, body::Body},
        request::{Proposed, commitment_of, field_salt, write_actor_value},
    },
    value::{Faults, Limits, NumberRule, Object, Value},
};
use std::{collections::BTreeMap, fmt};

/// The format's name.
const FORMAT: &str = "kiff-disclosure/1";
/// The members of a disclosure.
const MEMBERS: [&str; 6] = ["action", "commitments", "disclosed", "entity", "format", "tenant"];
/// What the name of a parameter's field begins with.
const PARAMETERS: &str = "parameters.";

/// Some fields of a request with their salts, and the commitments to those that stay hidden.
///
/// The fields are `actor`, and `parameters.<name>` for each parameter that was given. Whoever gets a
/// disclosure sees that a hidden field is there, and its name, but nothing of its value.
///
/// ```
/// use kiff::{Authority, Proposal, Record, log::Disclosure};
#[doc = include_str!("../../../docs/shop.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?.blocking();
/// # let agent = Authority::agent("bot", ["operator"])?;
/// # rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
/// # let log = rt.export()?;
/// # let mut records = log.split(|byte| *byte == b'\n').filter_map(|line| Record::parse(line.into()).ok());
/// # let record = records.find(|record| record.kind() == kiff::Kind::DecisionRecorded).ok_or("no proposal")?;
/// // Whoever has the log shows how much was asked for, but not who asked.
/// let shown = Disclosure::of(&record, ["parameters.cents"])?.to_json();
///
/// // The request digest is in the receipt of the decision.
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
    /// Shows these fields of a proposal, as its record of kind `decision_recorded` has them.
    ///
    /// # Errors
    /// [`DisclosureFault`] if the record is of another kind, or has no such field.
    pub fn of<'a>(record: &Record, fields: impl IntoIterator<Item = &'a str>) -> Result<Self, DisclosureFault> {
        let Body::DecisionRecorded(proposed) = &record.body else {
            return Err(DisclosureFault::NoProposal);
        };
        let (mut disclosed, mut hidden) = (BTreeMap::new(), commitments_of(proposed));
        for field in fields {
            let value = value_of(proposed, record.actor(), field);
            let value = value.ok_or_else(|| DisclosureFault::UnknownField { field: field.to_owned() })?;
            hidden.remove(field);
            let salt = with_scratch(|scratch| field_salt(scratch, proposed.salt, [field, ""]));
            disclosed.insert(field.to_owned(), (salt, value));
        }
        let (entity, action) = (proposed.entity.clone(), proposed.action.clone());
        Ok(Self { tenant: record.tenant().clone(), entity, action, disclosed, hidden })
    }

    /// Reads a disclosure.
    ///
    /// # Errors
    /// [`DisclosureFault`] if the bytes are none. Nothing is verified yet.
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

    /// The digest of the request that these fields and commitments make up.
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

    /// Checks the fields against the request digest of a receipt, which must have been verified itself.
    ///
    /// # Errors
    /// [`DisclosureFault::DigestMismatch`] if they are not of that request.
    pub fn verify(self, request_digest: &Digest) -> Result<Disclosed, DisclosureFault> {
        match self.request_digest() == *request_digest {
            true => Ok(Disclosed(self)),
            false => Err(DisclosureFault::DigestMismatch),
        }
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// Fields that are those of a request. Only [`Disclosure::verify`] makes it.
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

    /// The value of a field that is shown: `actor`, or `parameters.<name>`.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.disclosed.get(field).map(|(_, value)| value)
    }

    /// Every field that is shown, with its value.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.disclosed.iter().map(|(name, (_, value))| (name.as_str(), value))
    }

    /// The names of the fields that the request has and that are not shown.
    pub fn hidden(&self) -> impl Iterator<Item = &str> {
        self.0.hidden.keys().map(String::as_str)
    }
}

coded! {
    /// Why a disclosure is refused, or cannot be made.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum DisclosureFault {
        /// It is no JSON that can be relied on.
        #[error("a disclosure is one JSON object without duplicate members and rounded numbers")]
        Json(#[from] Faults) => "json_malformed",
        /// A member is missing, too many or of another type.
        #[error("a disclosure has the members {MEMBERS:?}")]
        Members => "disclosure_members",
        /// It is in another format.
        #[error("a disclosure has the format `{FORMAT}`")]
        Format => "disclosure_format",
        /// A name breaks its alphabet.
        #[error(transparent)]
        Name(#[from] NameError) => "name_malformed",
        /// A field is not `[salt, name, value]`, or a commitment no digest.
        #[error("a field of a disclosure is a salt, a name and a value, or a name and a digest")]
        Field => "field_malformed",
        /// A field is shown twice, or shown and hidden.
        #[error("field `{field}` is there twice")]
        DuplicateField {
            /// The field.
            field: String,
        } => "duplicate_field",
        /// The record holds no proposal.
        #[error("the record holds no proposal")]
        NoProposal => "no_proposal",
        /// The proposal has no such field.
        #[error("the proposal has no field `{field}`")]
        UnknownField {
            /// The field.
            field: String,
        } => "unknown_field",
        /// The fields are not those of the request.
        #[error("the fields are not those of the request")]
        DigestMismatch => "request_digest_mismatch",
    }
}

/// A record fits into 65,535 bytes, and a salt and a name go with each value.
fn limits() -> Limits {
    let limits = Limits::default().with_bytes(256 * 1024).with_string(65_535).with_members(100_000).with_depth(64);
    limits.with_numbers(NumberRule::SafeIntegers)
}

/// The commitment to each field of a proposal.
fn commitments_of(proposed: &Proposed) -> BTreeMap<String, Digest> {
    let names = proposed.params.iter().map(|(name, _)| format!("{PARAMETERS}{name}"));
    let params = names.zip(proposed.commitments.params.iter().copied());
    params.chain([("actor".to_owned(), proposed.commitments.actor)]).collect()
}

/// What is committed to as the value of a field.
fn value_of(proposed: &Proposed, actor: &Actor, field: &str) -> Option<Value> {
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
