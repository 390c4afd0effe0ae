//! What the records of a proposal and of its decision hold.

use super::{
    error::missing,
    member::{Checks, ReadMember, WriteMember},
    table::members,
    verdict::Verdict,
};
use crate::{
    base::{
        actor::{Actor, Granted},
        code::Code,
        digest::Digest,
        ids::{
            ActionName, ApprovalId, EntityRef, ExecutionId, IdempotencyKey, Permission, ReceiptId, Salt, TenantId,
            Version,
        },
        scratch::with_scratch,
        timestamp::Timestamp,
    },
    domain::{
        contract::{Effect, Risk},
        param::Params,
    },
    kernel::request::{Commitments, Notes, Request, StoredProposal},
    value::Value,
};
use std::sync::Arc;

members! {
    impl StoredProposal (stream: &EntityRef; sender: Sender<'_>) {
        group notes: Notes,
        /// As asked; the domain need not have it.
        action: ActionName,
        ..notes.approval,
        /// `permissions` and `roles`, sorted arrays of strings: what the host's policy resolved.
        authority: Granted,
        /// Field name → commitment (§6).
        commitments: Commitments = |proposed| (&proposed.commitments, &proposed.params),
        ..notes.confidence,
        ..notes.correlation,
        ..notes.evidence,
        ..notes.idempotency_key,
        /// Only if the parameters were not admitted: SHA-256 of the canonical JSON of the object that was offered.
        offered: Option<Digest>,
        /// The admitted parameters in canonical form (§6); empty if `offered` is there.
        params: Params as "parameters",
        ..notes.reasoning,
        /// `low`, `medium`, `high` or `critical`, from the contract; left out for an unknown action.
        risk: Option<Risk>,
        /// New for each proposal.
        salt: Salt,
        /// Only in `kiff:refused`, and always there: the entity that was asked for.
        target: Option<EntityRef> = |proposed| (proposed.entity != *stream).then_some(&proposed.entity),
    }
    then {
        let Sender { tenant, stream, actor, claimed } = sender;
        let entity = target.unwrap_or_else(|| stream.clone());
        let request = Request { tenant, entity: &entity, action: &action, actor, params: &params };
        let request_digest = with_scratch(|scratch| request.combine(&commitments, scratch));
        let actor = Arc::clone(actor);
    } actor, claimed, commitments, entity, request_digest
}

/// What the record of a proposal says beside its body.
pub(crate) struct Sender<'a> {
    pub(crate) tenant: &'a TenantId,
    /// The entity in whose stream it stands.
    pub(crate) stream: &'a EntityRef,
    pub(crate) actor: &'a Arc<Actor>,
    pub(crate) claimed: Option<Value>,
}

members! {
    group impl Notes {
        /// The approval that the caller named.
        approval: Option<ApprovalId> as "approval_id",
        /// How sure the agent says it is.
        confidence: Option<String>,
        /// The caller's id of the conversation.
        correlation: Option<String>,
        /// References in the order given.
        evidence: Vec<String>,
        /// Left out in a refusal of a request whose key belongs to an earlier one, and in one that may be otherwise in a
        /// moment (`execution_open`, `execution_in_doubt`, `too_many_open_approvals`, `signer_unavailable`) or is of a
        /// caller who may not ask (`permission_denied`, `action_unknown`), so that the key can be used again.
        idempotency_key: Option<IdempotencyKey>,
        /// Why, in the agent's words.
        reasoning: Option<String>,
    }
}

members! {
    /// The record that carries a decision.
    #[derive(Clone, Debug, PartialEq)]
    struct Ruling (verdict: Verdict; verdict: Verdict) {
        group issue: Issue,
        /// For a held proposal: who must consent, how many, until when.
        group hold: Option<HoldTerms> if "expires_at",
        /// For a cleared proposal.
        group execution: Option<ExecutionTerms> if "execution_id",
        action: ActionName,
        ..issue.anchor,
        /// Of a cleared proposal the approval that it uses up, of a held one the approval that it opens. Of a refused one
        /// the approval under which it was held, or else the one that the caller named.
        approval: Option<ApprovalId> as "approval_id",
        ..execution?.attempt,
        /// Objects with `name` and `result` (`passed`, `failed` or `skipped`), in the order in which they were asked.
        checks: Checks,
        /// Of the action's contract (§7); 64 zeros for an unknown action.
        contract_digest: Digest,
        ..execution?.deadline,
        /// `allowed`, `approval_required` or `blocked`, as the kind says.
        decision: Verdict = |_ruling| verdict,
        domain_version: Version,
        ..execution?.effect,
        ..execution?.execution,
        ..hold?.expires_at,
        ..issue.issued_by,
        ..issue.key_id,
        policy_version: Version,
        ..hold?.quorum,
        /// `none` if cleared; otherwise §10, or the name of the check or approval policy that decided.
        reason: Code,
        receipt: ReceiptId as "receipt_id",
        /// §6.
        request_digest: Digest,
        ..hold?.reviewers,
        /// At which it was decided; 0 in `kiff:refused`.
        state_version: u64,
        /// Only in `kiff:refused`, and always there: the entity that was asked for.
        target: Option<EntityRef>,
    }
    then {
        if decision != verdict {
            return Err(missing("decision"));
        }
        if execution.is_some() != (verdict == Verdict::Allowed) {
            return Err(missing("execution_id"));
        }
    }
}

members! {
    /// Who issues receipts: the same for every decision of a runtime.
    #[derive(Clone, Debug, PartialEq)]
    group struct Issue {
        /// Where the log is anchored, or `none`; an address, never evidence.
        anchor: Arc<str>,
        /// Who issues receipts, as the host configured it.
        issued_by: Arc<str>,
        /// The key of the receipt's signature, or `none`.
        key_id: Arc<str>,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    group struct HoldTerms {
        /// From then on the approval cannot be used.
        expires_at: Timestamp,
        /// How many different people must grant.
        quorum: u32,
        /// What a reviewer must hold.
        reviewers: Permission,
    }
}

members! {
    #[derive(Clone, Copy, Debug, PartialEq)]
    group struct ExecutionTerms {
        /// 1.
        attempt: u32,
        /// When the attempt counts as abandoned: `recorded_at` and the contract's timeout, or else the domain's lease (ten
        /// minutes unless it says otherwise). Always written; a reader admits a record without it.
        deadline: Option<Timestamp>,
        /// `once`, `idempotent` or `none`, from the contract.
        effect: Effect,
        /// New; the key under which a provider should deduplicate.
        execution: ExecutionId as "execution_id",
    }
}
