//! Proposals: what an agent asks for, and how it is admitted before anything is decided.

use crate::{
    base::{
        actor::Granted,
        code::coded,
        debug::debug_as_display,
        digest::Digest,
        ids::{ActionName, ApprovalId, EntityRef, IdempotencyKey, Ids, NameError, Permission, Role, TenantId},
        members::{AdmissionError, MemberFaults, Members},
    },
    domain::{
        Action, Domain,
        param::{ParamFault, Params, faults_of, take},
    },
    kernel::{
        caller::{Caller, holds_all, resolve},
        request::{Notes, Request, StoredProposal},
    },
    value::{Faults, Limits, Object, Value},
};
use std::sync::Arc;

/// A proposal of an agent: an action on an entity, with parameters and reasons.
///
/// A proposal says nothing about who asks. That comes from the [`Authority`](crate::Authority) beside it.
///
/// ```
/// use kiff::Proposal;
///
/// let proposal = Proposal::new("REFUND_ORDER", "order:ord_002")
///     .param("amount", "999.00")
///     .param("reason", "customer request")
///     .reasoning("the parcel is lost")
///     .idempotency_key("refund-ord_002-1");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    action: String,
    entity: String,
    params: Object,
    reasoning: Option<String>,
    confidence: Option<String>,
    evidence: Vec<String>,
    idempotency_key: Option<String>,
    correlation: Option<String>,
    approval: Option<String>,
    claimed: Option<Value>,
}

impl Proposal {
    /// A proposal without parameters. The names are checked when it is decided.
    pub fn new(action: impl Into<String>, entity: impl Into<String>) -> Self {
        Self { action: action.into(), entity: entity.into(), ..Self::default() }
    }

    /// Sets a parameter.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.params.insert(name, value);
        self
    }

    /// Sets all parameters at once. [`params!`](crate::params) makes such an object.
    #[must_use]
    pub fn params(mut self, params: Object) -> Self {
        self.params = params;
        self
    }

    /// Why, in the agent's words.
    #[must_use]
    pub fn reasoning(mut self, text: impl Into<String>) -> Self {
        self.reasoning = Some(text.into());
        self
    }

    /// How sure the agent says it is. It is a text, and no rule uses it.
    #[must_use]
    pub fn confidence(mut self, text: impl Into<String>) -> Self {
        self.confidence = Some(text.into());
        self
    }

    /// Adds a reference that the agent relies on, such as a message id or a document.
    #[must_use]
    pub fn evidence(mut self, reference: impl Into<String>) -> Self {
        self.evidence.push(reference.into());
        self
    }

    /// Makes the proposal safe to send again: the same key with the same content gets the recorded answer. Some
    /// refusals do not claim the key: those that may pass by themselves (an open execution, too many open approvals, a
    /// signer that fails), and those of a caller who may not propose the action at all.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The caller's own id of the conversation that this belongs to.
    #[must_use]
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation = Some(id.into());
        self
    }

    /// The approval to use. With it, the call that was held is repeated after the grant.
    #[must_use]
    pub fn approval(mut self, id: impl ToString) -> Self {
        self.approval = Some(id.to_string());
        self
    }

    /// Reads a proposal as an agent sends it: one JSON object with `action`, `entity`, `parameters` and,
    /// where they apply, `reasoning`, `confidence`, `evidence`, `idempotency_key`, `correlation`,
    /// `approval_id` and `actor`. `actor` is recorded as the sender's claim and never believed. The decision says
    /// whether the parameters are those of the action.
    ///
    /// ```
    /// use kiff::Proposal;
    ///
    /// let sent = br#"{"action":"AUTO_REFUND","entity":"order:ord_001","parameters":{"amount":49.0}}"#;
    /// let proposal = Proposal::from_json(sent)?;
    /// assert!(Proposal::from_json(br#"{"action":"A","action":"B","entity":"order:1"}"#).is_err());
    /// # Ok::<(), kiff::admission::ProposalError>(())
    /// ```
    ///
    /// # Errors
    /// [`ProposalError`] with every fault if the text is not strict JSON of that form. Nothing is recorded then.
    pub fn from_json(text: &[u8]) -> Result<Self, ProposalError> {
        Self::from_json_with(text, &Limits::default())
    }

    /// Reads a proposal within other limits, such as [`Domain::limits`].
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with(text: &[u8], limits: &Limits) -> Result<Self, ProposalError> {
        let mut members = Members::read(text, limits)?;
        let names = members.name::<ActionName>("action").zip(members.name::<EntityRef>("entity"));
        let proposal = Self {
            // A proposal may leave them out. A malformed member is a fault of `members`, which `finish` returns.
            params: members.object("parameters").unwrap_or_default(),
            reasoning: members.optional("reasoning"),
            confidence: members.optional("confidence"),
            evidence: members.texts("evidence"),
            idempotency_key: members.optional_name::<IdempotencyKey>("idempotency_key"),
            correlation: members.optional("correlation"),
            approval: members.optional_name::<ApprovalId>("approval_id"),
            claimed: members.take("actor"),
            ..Self::default()
        };
        Ok(members.finish(names.map(|(action, entity)| Self { action, entity, ..proposal }))?)
    }
}

/// Makes the parameters of a proposal from names and values. A value is anything that converts into a [`Value`].
///
/// ```
/// let params = kiff::params! { amount: "999.00", reason: "customer request" };
/// assert_eq!(params.len(), 2);
/// ```
#[macro_export]
macro_rules! params {
    ($($name:ident: $value:expr),* $(,)?) => {{
        #[allow(unused_mut, reason = "there may be no parameters")]
        let mut params = $crate::value::Object::new();
        $(params.insert(::core::stringify!($name), $crate::Value::from($value));)*
        params
    }};
}

coded! {
    /// A proposal that cannot be admitted at all. Nothing is decided, and nothing recorded.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum ProposalError {
        /// The text is not strict JSON.
        #[error("not a proposal: {0}")]
        Json(Faults) => "json_malformed",
        /// A member that host code set has another form.
        #[error("member `{member}` of a proposal must be {expected}")]
        Member {
            /// The member's name.
            member: String,
            /// The form that it must have.
            expected: &'static str,
        } => "member_malformed",
        /// Members of the text are not as they must be.
        #[error("not a proposal: {0}")]
        Members(MemberFaults) => faults,
        /// A name breaks its alphabet.
        #[error(transparent)]
        Name(#[from] NameError) => "name_malformed",
        /// The runtime's own streams take no proposals.
        #[error("entity type `kiff` is reserved")]
        ReservedEntity => "entity_reserved",
        /// More text than a record can hold.
        #[error("the proposal has {bytes} bytes of parameters and notes; at most {most} are admitted")]
        TooLarge {
            /// Its size in canonical JSON.
            bytes: usize,
            /// The most that is admitted.
            most: usize,
        } => "proposal_too_large",
        /// More roles and permissions than a record can hold.
        #[error("the authority has {bytes} bytes of roles and permissions; at most {most} are admitted")]
        AuthorityTooLarge {
            /// The size of their names, with the quotes and commas around them.
            bytes: usize,
            /// The most that is admitted.
            most: usize,
        } => "authority_too_large",
    }
}

debug_as_display!(ProposalError);

impl From<AdmissionError> for ProposalError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Json(faults) => Self::Json(faults),
            AdmissionError::Members(faults) => Self::Members(faults),
        }
    }
}

/// The most bytes that a proposal's parameters and notes may have in canonical JSON. With the envelope,
/// the commitments and the authority, a record stays below its own limit.
pub(crate) const MAX_PROPOSED: usize = 32 * 1024;

/// The most bytes that the names of an actor's roles and permissions may have: each decision records them.
pub(crate) const MAX_AUTHORITY: usize = 8 * 1024;

/// A proposal that was admitted, with the domain's contract for it and the faults of its parameters.
#[derive(Clone, Debug)]
pub(crate) struct AdmittedProposal {
    pub(crate) proposal: Arc<StoredProposal>,
    /// Absent if the domain has no such action for the entity's type.
    pub(crate) action: Option<Arc<Action>>,
    pub(crate) faults: Vec<ParamFault>,
}

impl AdmittedProposal {
    /// The action, if the domain has it and the requester holds all its permissions.
    pub(crate) fn permitted_action(&self) -> Option<&Arc<Action>> {
        self.action.as_ref().filter(|action| holds_all(action, &self.proposal.authority))
    }
}

/// Admits a proposal: names, size, parameters, commitments. It is pure, and done once for a call.
pub(crate) fn admit_proposal(
    domain: &Domain,
    tenant: &TenantId,
    caller: Caller,
    proposal: Proposal,
    ids: &Ids,
) -> Result<AdmittedProposal, ProposalError> {
    let known = domain.find(&proposal.action);
    let name: ActionName = known.map_or_else(|| proposal.action.parse(), |action| Ok(action.name.clone()))?;
    let entity: EntityRef = proposal.entity.parse()?;
    if entity.is_reserved() {
        return Err(ProposalError::ReservedEntity);
    }
    check_size(&proposal)?;
    check_texts(&proposal)?;
    check_authority(&caller.granted)?;
    let action = known.filter(|action| action.entity.as_str() == entity.kind());
    let (params, offered, faults) = match action {
        Some(action) => admit_params(action, proposal.params),
        None => (Params::default(), Some(Value::Object(proposal.params)), Vec::new()),
    };
    let request = Request { tenant, entity: &entity, action: &name, actor: &caller.actor, params: &params };
    let (commitments, request_digest) = request.digest(ids.salt);
    let notes = Notes {
        reasoning: proposal.reasoning,
        confidence: proposal.confidence,
        evidence: proposal.evidence,
        idempotency_key: proposal.idempotency_key.map(|key| key.parse()).transpose()?,
        correlation: proposal.correlation,
        approval: proposal.approval.map(|id| id.parse()).transpose()?,
    };
    let proposal = StoredProposal {
        authority: caller.granted,
        action: name,
        entity,
        actor: caller.actor,
        claimed: proposal.claimed.map(Value::into_safe_numbers),
        params,
        offered: offered.map(|offered| Digest::of(&offered.to_canonical())),
        salt: ids.salt,
        commitments,
        request_digest,
        risk: action.map(|action| action.risk()),
        notes,
    };
    Ok(AdmittedProposal { proposal: Arc::new(proposal), action: action.cloned(), faults })
}

/// Admits a stored proposal to the domain as it is now, with the roles that were recorded: today's policy decides what those
/// roles may do.
pub(crate) fn admit_again(domain: &Domain, stored: &Arc<StoredProposal>) -> AdmittedProposal {
    let action = domain.find(stored.action.as_str()).filter(|action| action.entity.as_str() == stored.entity.kind());
    let faults = action.map_or_else(Vec::new, |action| {
        let offered = stored.params.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        faults_of(&action.params, &offered)
    });
    let authority = resolve(domain, &stored.actor, &stored.authority.roles);
    let proposal = if authority == stored.authority {
        Arc::clone(stored)
    } else {
        Arc::new(StoredProposal { authority, ..(**stored).clone() })
    };
    AdmittedProposal { proposal, action: action.cloned(), faults }
}

/// The admitted parameters; or their faults, with everything that was offered, for its digest.
fn admit_params(action: &Action, offered: Object) -> (Params, Option<Value>, Vec<ParamFault>) {
    let faults = faults_of(&action.params, &offered);
    if faults.is_empty() {
        (take(&action.params, offered), None, faults)
    } else {
        (Params::default(), Some(Value::Object(offered)), faults)
    }
}

/// Checks what the JSON reader has checked already: no U+0000, and no depth that a record could not hold. A proposal that host
/// code builds did not pass the reader.
fn check_texts(proposal: &Proposal) -> Result<(), ProposalError> {
    let malformed = |member: &str, expected| Err(ProposalError::Member { member: member.to_owned(), expected });
    let notes = [
        ("reasoning", &proposal.reasoning),
        ("confidence", &proposal.confidence),
        ("correlation", &proposal.correlation),
    ];
    let notes = notes.into_iter().filter_map(|(member, text)| text.as_ref().map(|text| (member, text)));
    let evidence = proposal.evidence.iter().map(|text| ("evidence", text));
    if let Some((member, _)) = notes.chain(evidence).find(|(_, text)| text.contains('\0')) {
        return malformed(member, "without the character U+0000");
    }
    if proposal.params.iter().all(|(name, value)| !name.contains('\0') && value.is_recordable()) {
        Ok(())
    } else {
        malformed("parameters", "an object of bounded depth without the character U+0000")
    }
}

fn check_authority(resolved: &Granted) -> Result<(), ProposalError> {
    let roles = resolved.roles.iter().map(Role::as_str);
    let names = roles.chain(resolved.permissions.iter().map(Permission::as_str));
    // The quotes and the comma count too, or very many short names would not fit.
    let bytes = names.map(|name| name.len() + 3).sum();
    if bytes <= MAX_AUTHORITY { Ok(()) } else { Err(ProposalError::AuthorityTooLarge { bytes, most: MAX_AUTHORITY }) }
}

fn check_size(proposal: &Proposal) -> Result<(), ProposalError> {
    let texts = [&proposal.reasoning, &proposal.confidence, &proposal.correlation];
    let texts = texts.into_iter().flatten().chain(&proposal.evidence).map(|text| text.len() + 3);
    let raw: usize =
        texts.sum::<usize>() + proposal.params.raw_len() + proposal.claimed.as_ref().map_or(0, Value::raw_len);
    // One byte of text takes at most six in JSON, so most proposals need no second look.
    if raw.saturating_mul(6) <= MAX_PROPOSED {
        return Ok(());
    }
    let notes = [&proposal.reasoning, &proposal.confidence, &proposal.correlation]
        .into_iter()
        .flatten()
        .chain(&proposal.evidence);
    let exact = Value::from(notes.map(|text| Value::from(text.as_str())).collect::<Vec<_>>()).to_canonical().len();
    let params = Value::Object(proposal.params.clone()).to_canonical().len();
    let bytes = exact + params + proposal.claimed.as_ref().map_or(0, |claimed| claimed.to_canonical().len());
    if bytes <= MAX_PROPOSED { Ok(()) } else { Err(ProposalError::TooLarge { bytes, most: MAX_PROPOSED }) }
}
