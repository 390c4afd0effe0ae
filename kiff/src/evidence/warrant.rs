//! Warrants: what an executor shows to a service that acts only on receipts.

use crate::{
    base::{
        actor::{Actor, ActorType},
        code::coded,
        debug::debug_as_display,
        ids::{ActorId, Salt},
    },
    evidence::receipt::{Receipt, ReceiptFault, read_object},
    value::{Object, Value},
};

/// Proof that an action was cleared, for a service that acts only on cleared actions. It holds the receipt of the
/// clearance, and what the service needs beside its own request to compute the request digest: who asked, and the
/// proposal's salt.
///
/// An executor takes a `&Warrant` as it takes anything that the host provides; the runtime then needs a signer. The
/// executor sends the warrant with its call, and a [`Guard`](crate::guard::Guard) in the service checks it.
///
/// ```
/// use kiff::{Runtime, keys::Ed25519Signer, receipt::Warrant};
/// # use kiff::{Authority, Domain, NewEvent, Outcome, Proposal, domain::{Call, Contract, Definition, Machine}};
/// # fn pay_back(headers: &[(&str, String)]) -> usize { headers.len() }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let refund = Contract::new("REFUND_ORDER", "order").allowed_states(["PAID"]).emits(["ORDER_REFUNDED"]);
/// // `#[action]` functions take it as `warrant: &Warrant`.
/// let refund = Definition::new(refund).executor(|call: Call<'_>| {
///     let warrant = call.provided::<Warrant>()?;
///     pay_back(&[("Kiff-Warrant", warrant.to_json())]);
///     Ok(Outcome::new("paid back").emit("ORDER_REFUNDED"))
/// });
/// # let orders = Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED");
/// # let domain = Domain::builder("shop", "v1").table(orders).define(refund).build()?;
/// let rt = Runtime::builder(domain).signer(Ed25519Signer::generate()?).build()?;
/// # let rt = rt.blocking();
/// # rt.ingest(&Authority::service("stripe")?, "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
/// # rt.execute(&Authority::agent("bot", [""; 0])?, Proposal::new("REFUND_ORDER", "order:1"))?.executed()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warrant {
    receipt: Receipt,
    salt: Salt,
    actor: Actor,
}

coded! {
    /// Why a warrant cannot be read.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum WarrantFault {
        /// The text is not a JSON object, or the receipt in it is malformed.
        #[error(transparent)]
        Receipt(#[from] ReceiptFault) => fault,
        /// A member is missing or malformed.
        #[error("the warrant's `{member}` is missing or malformed")]
        Member {
            /// The member.
            member: &'static str,
        } => "warrant_malformed",
        /// Warrants have no such member.
        #[error("a warrant has only the members `actor`, `receipt` and `salt`")]
        UnknownMember => "warrant_malformed",
    }
}

debug_as_display!(WarrantFault);

impl Warrant {
    pub(crate) fn new(receipt: Receipt, salt: Salt, actor: Actor) -> Self {
        Self { receipt, salt, actor }
    }

    /// Reads a warrant, as strictly as a receipt is read. The warrant proves nothing yet.
    ///
    /// ```
    /// use kiff::receipt::Warrant;
    ///
    /// assert_eq!(Warrant::parse(b"{}").unwrap_err().code(), "warrant_malformed");
    /// ```
    ///
    /// # Errors
    /// [`WarrantFault`], the first fault in the form.
    pub fn parse(text: &[u8]) -> Result<Self, WarrantFault> {
        let members = read_object(text)?;
        let malformed = |member| WarrantFault::Member { member };
        if members.iter().any(|(member, _)| !["actor", "receipt", "salt"].contains(&member)) {
            return Err(WarrantFault::UnknownMember);
        }
        let object = |member| members.get(member).and_then(Value::as_object).ok_or(malformed(member));
        let salt = members.get("salt").and_then(Value::as_str).and_then(Salt::decode).ok_or(malformed("salt"))?;
        let actor = read_actor(object("actor")?).ok_or(malformed("actor"))?;
        Ok(Self { receipt: Receipt::from_object(object("receipt")?)?, salt, actor })
    }

    /// The warrant as canonical JSON. It is ASCII if the issuer's name is.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut actor: Object =
            [("id", self.actor.id.as_str()), ("type", self.actor.kind.as_str())].into_iter().collect();
        if let Some(principal) = &self.actor.on_behalf_of {
            actor.insert("on_behalf_of", principal.as_str());
        }
        let receipt: Object = self.receipt.iter().collect();
        let salt = String::from_utf8_lossy(&self.salt.encode()).into_owned();
        let members = [("actor", Value::from(actor)), ("receipt", Value::from(receipt)), ("salt", Value::from(salt))];
        Value::object(members).to_string()
    }

    /// The receipt of the clearance.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The requester. The receipt's request digest covers it, so it cannot be exchanged.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The salt of the proposal's commitments.
    pub(crate) fn salt(&self) -> Salt {
        self.salt
    }
}

fn read_actor(members: &Object) -> Option<Actor> {
    let text = |member| members.get(member).and_then(Value::as_str);
    let kind = ActorType::from_word(text("type")?)?;
    let on_behalf_of = match members.get("on_behalf_of") {
        Some(principal) => Some(ActorId::new(principal.as_str()?).ok()?),
        None => None,
    };
    if members.len() != 2 + usize::from(on_behalf_of.is_some()) {
        return None;
    }
    Some(Actor::new(ActorId::new(text("id")?).ok()?, kind, on_behalf_of))
}
