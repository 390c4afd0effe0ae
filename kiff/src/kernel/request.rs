//! The request digest: what was asked, in a form that can be shown in part (`docs/formats.md` §6).
//!
//! Each field is committed to under its own salt, so that one can be disclosed and the rest stay hidden.

use crate::{
    base::{
        actor::{Actor, Granted},
        code::Code,
        digest::Digest,
        ids::{ActionName, ApprovalId, EntityRef, IdempotencyKey, ParamName, Salt, TenantId},
        scratch::with_scratch,
    },
    domain::{contract::Risk, param::Params},
    value::{Value, write_str},
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// A proposal as the log keeps it: who asks for what, with its commitments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredProposal {
    pub(crate) action: ActionName,
    pub(crate) entity: EntityRef,
    pub(crate) actor: Arc<Actor>,
    /// The sender's claim about itself. Recorded, never believed.
    pub(crate) claimed: Option<Value>,
    /// Empty if the parameters were not admitted.
    pub(crate) params: Params,
    /// The digest of the parameters that were offered, if they were not admitted.
    pub(crate) offered: Option<Digest>,
    pub(crate) salt: Salt,
    pub(crate) commitments: Commitments,
    pub(crate) request_digest: Digest,
    /// The contract's risk; absent if the action is unknown.
    pub(crate) risk: Option<Risk>,
    pub(crate) authority: Granted,
    pub(crate) notes: Notes,
}

/// The members of a proposal beside its parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Notes {
    pub(crate) reasoning: Option<String>,
    pub(crate) confidence: Option<String>,
    pub(crate) evidence: Vec<String>,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) correlation: Option<String>,
    /// The approval that the caller named.
    pub(crate) approval: Option<ApprovalId>,
}

/// A commitment for the actor and one for each parameter, in the order of the parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Commitments {
    pub(crate) actor: Digest,
    pub(crate) params: Vec<Digest>,
}

/// The content of a request, apart from its salt.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) entity: &'a EntityRef,
    pub(crate) action: &'a ActionName,
    pub(crate) actor: &'a Actor,
    pub(crate) params: &'a Params,
}

impl Request<'_> {
    /// Commits to each field and digests the whole, under one proposal's salt.
    pub(crate) fn digest(&self, salt: Salt) -> (Commitments, Digest) {
        with_scratch(|scratch| {
            let actor = commitment(scratch, salt, ["", "actor"], |out| write_actor_value(out, self.actor));
            let mut commit = |(name, value): (&ParamName, &Value)| {
                commitment(scratch, salt, ["parameters.", name.as_str()], |out| value.write(out))
            };
            let params = self.params.iter().map(&mut commit).collect();
            let commitments = Commitments { actor, params };
            let digest = self.combine(&commitments, scratch);
            (commitments, digest)
        })
    }

    /// The request digest over commitments that are known already.
    pub(crate) fn combine(&self, commitments: &Commitments, scratch: &mut Vec<u8>) -> Digest {
        scratch.clear();
        // Names have nothing to escape.
        scratch.extend_from_slice(b"{\"action\":\"");
        scratch.extend_from_slice(self.action.as_str().as_bytes());
        scratch.extend_from_slice(b"\",\"commitments\":");
        commitments.write(scratch, self.params);
        scratch.extend_from_slice(b",\"entity\":\"");
        scratch.extend_from_slice(self.entity.as_str().as_bytes());
        scratch.extend_from_slice(b"\",\"tenant\":\"");
        scratch.extend_from_slice(self.tenant.as_str().as_bytes());
        scratch.extend_from_slice(b"\"}");
        Digest::of(scratch)
    }
}

impl Commitments {
    /// The canonical JSON of the commitments; `actor` sorts before every `parameters.` name.
    pub(crate) fn write(&self, out: &mut Vec<u8>, params: &Params) {
        out.extend_from_slice(b"{\"actor\":\"");
        out.extend_from_slice(&self.actor.encode());
        for ((name, _), commitment) in params.iter().zip(&self.params) {
            out.extend_from_slice(b"\",\"parameters.");
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b"\":\"");
            out.extend_from_slice(&commitment.encode());
        }
        out.extend_from_slice(b"\"}");
    }
}

/// The code that the log has where a decision needs no reason.
pub(crate) const NO_REASON: Code = Code::fixed("none");

/// The salt of one field, with which it can be shown without the others: half of `SHA-256(JCS([salt, name]))`.
/// The name is given in two parts, which have nothing to escape.
pub(crate) fn field_salt(scratch: &mut Vec<u8>, salt: Salt, name: [&str; 2]) -> Salt {
    open_commitment(scratch, salt, name);
    scratch.extend_from_slice(b"\"]");
    let full: [u8; 32] = Sha256::digest(&*scratch).into();
    let mut half = [0; 16];
    for (byte, from) in half.iter_mut().zip(full) {
        *byte = from;
    }
    Salt::new(half)
}

/// `SHA-256(JCS([field_salt, name, value]))`.
pub(crate) fn commitment_of(
    scratch: &mut Vec<u8>,
    field_salt: Salt,
    name: [&str; 2],
    value: impl FnOnce(&mut Vec<u8>),
) -> Digest {
    open_commitment(scratch, field_salt, name);
    scratch.extend_from_slice(b"\",");
    value(scratch);
    scratch.push(b']');
    Digest::of(scratch)
}

fn open_commitment(scratch: &mut Vec<u8>, salt: Salt, name: [&str; 2]) {
    scratch.clear();
    scratch.extend_from_slice(b"[\"");
    scratch.extend_from_slice(&salt.encode());
    scratch.extend_from_slice(b"\",\"");
    name.iter().for_each(|part| scratch.extend_from_slice(part.as_bytes()));
}

/// The commitment to a field under the salt of its proposal.
fn commitment(scratch: &mut Vec<u8>, salt: Salt, name: [&str; 2], value: impl FnOnce(&mut Vec<u8>)) -> Digest {
    let field_salt = field_salt(scratch, salt, name);
    commitment_of(scratch, field_salt, name, value)
}

/// `{"id":…,"on_behalf_of":…,"type":…}`: the actor as a commitment's value.
pub(crate) fn write_actor_value(out: &mut Vec<u8>, actor: &Actor) {
    out.extend_from_slice(b"{\"id\":");
    write_str(out, actor.id.as_str());
    if let Some(principal) = &actor.on_behalf_of {
        out.extend_from_slice(b",\"on_behalf_of\":");
        write_str(out, principal.as_str());
    }
    out.extend_from_slice(b",\"type\":");
    write_str(out, actor.kind.as_str());
    out.push(b'}');
}

impl StoredProposal {
    pub(crate) fn request<'a>(&'a self, tenant: &'a TenantId) -> Request<'a> {
        Request { tenant, entity: &self.entity, action: &self.action, actor: &self.actor, params: &self.params }
    }

    /// True if `other` asks for the same: its digest is computed again under this proposal's salt.
    pub(crate) fn is_same_request(&self, other: &Self, tenant: &TenantId) -> bool {
        // Parameters that were not admitted are not committed to, so the digests of what was offered are compared.
        self.offered == other.offered
            && (self.action == other.action)
            && self.request_digest == other.request(tenant).digest(self.salt).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{
        actor::ActorType,
        ids::{ActorId, ParamName},
    };

    /// The worked example of the format: actor, amount 999.0 and a reason under a known salt.
    #[test]
    fn the_published_example_is_reproduced() {
        let tenant = TenantId::new("kiff-demo").unwrap();
        let actor = Actor::new(ActorId::new("ops-agent").unwrap(), ActorType::Agent, None);
        let param = |name: &str, value: &str| (ParamName::new(name).unwrap(), Value::from(value));
        let params = Params::from_sorted(vec![param("amount", "999.0"), param("reason", "customer request")]);
        let entity = "order:ord_002".parse().unwrap();
        let action = ActionName::new("REFUND_ORDER").unwrap();
        let request = Request { tenant: &tenant, entity: &entity, action: &action, actor: &actor, params: &params };
        let (commitments, digest) = request.digest(Salt::new(*b"0123456789abcdef"));
        assert_eq!(
            commitments.actor.to_string(),
            "sha256:6ca9e84f1d4b54d758854b4d83bc07daf7e67b78325d8620c009fdba05a13cd1"
        );
        assert_eq!(
            commitments.params[0].to_string(),
            "sha256:d1ed6451452536f5d0ed6ad4229d4810ff20b63d5ca36a1069146cf9b0193717"
        );
        assert_eq!(
            commitments.params[1].to_string(),
            "sha256:28695d9908cee480805cf92d520da91d243cb3b29df92ec414e56351d12d574a"
        );
        assert_eq!(digest.to_string(), "sha256:bd47179b65a72c902bd6fa29bbb7412ee3de5221781ecd3bacab7863fd48b7d0");
    }
}
