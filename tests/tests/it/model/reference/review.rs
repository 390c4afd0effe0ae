//! Who may review, and what a review comes to.

use super::{End, Reference, holds, is_same_person, reason_of};
use crate::model::plan::{Person, Who, Wish};

impl Reference {
    // Rule 5: somebody else, with the permission for it, and each a different person.
    pub(crate) fn review(&mut self, at: usize, by: Person, wish: Wish) -> String {
        let entity = self.approvals[at].request.entity;
        let refusal = self.may_review(at, &by, wish);
        self.touch(entity);
        if let Some(refusal) = refusal {
            if refusal == "approval_expired" && self.approvals[at].end.is_none() {
                self.approvals[at].end = Some(End::Expired);
            }
            return format!("refused:{refusal}");
        }
        let quorum = self.quorum(at);
        let held = &mut self.approvals[at];
        let state = match wish {
            Wish::Grant => {
                held.grants.push(by);
                if held.grants.len() >= quorum { "granted" } else { "pending" }
            }
            Wish::Deny => {
                held.end = Some(End::Denied);
                self.entities[entity].denied.push(held.request.clone());
                "denied"
            }
            Wish::Revoke => {
                held.end = Some(End::Revoked);
                "revoked"
            }
            Wish::Escalate(to) => {
                held.escalated = Some(to);
                "escalated"
            }
        };
        format!("{state}:{}/{quorum}", held.grants.len())
    }

    pub(super) fn may_review(&self, at: usize, by: &Person, wish: Wish) -> Option<&'static str> {
        let held = &self.approvals[at];
        let action = self.of(&held.request);
        let is_grant = matches!(wish, Wish::Grant);
        let lacks_more = held.escalated.is_some_and(|more| held.end.is_none() && is_grant && !holds(by, more));
        if !holds(by, crate::model::plan::REVIEW) || lacks_more {
            return Some("permission_denied");
        }
        if let Some(end) = held.end {
            return Some(reason_of(end));
        }
        let is_complete = held.grants.len() >= self.quorum(at);
        match wish {
            _ if by.who != Who::Human && !(action.agents_review && by.who == Who::Agent) => Some("reviewer_kind"),
            _ if !action.self_review && is_same_person(by, &held.request.by) => Some("self_review"),
            _ if self.has_expired(at) => Some("approval_expired"),
            Wish::Escalate(to) if is_complete || to == crate::model::plan::NOBODY => Some("not_escalatable"),
            Wish::Grant if held.version != self.entities[held.request.entity].version => Some("approval_stale"),
            Wish::Grant if held.grants.iter().any(|earlier| is_same_person(by, earlier)) => Some("already_granted"),
            _ => None,
        }
    }
}
