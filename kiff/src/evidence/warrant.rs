//! What goes along with a call to a service that acts only on receipts.

use crate::{
    base::{
        actor::{Actor, ActorType},
        code::coded,
        ids::{ActorId, Salt},
    },
    evidence::receipt::{Receipt, ReceiptFault},
    value::{Object, Value},
};

/// What an executor shows to a service that acts only on what was cleared: the receipt of the clearance, and what the
/// service needs beside its own request to compute the request digest: who asked, and the proposal's salt.
///
/// An executor takes it by reference, as it takes what the host provides; the runtime then needs a signer. It goes to
/// the service with the call, and a [`Guard`](crate::guard::Guard) there reads it.
///
/// ```
/// use kiff::{Ed25519Signer, Runtime, Warrant};
/// # use kiff::{Authority, Call, Contract, Definition, Domain, Machine, NewEvent, Outcome, Proposal};
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
    /// A text that is no warrant.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum WarrantFault {
        /// The text, or the receipt in it, cannot be read.
        #[error(transparent)]
        Receipt(#[from] ReceiptFault) => fault,
        /// A member is missing, or of another form.
        #[error("the warrant's `{member}` is missing or malformed")]
        Member {
            /// The member.
            member: &'static str,
        } => "warrant_malformed",
        /// A member that warrants do not have.
        #[error("warrants have no other members than `actor`, `receipt` and `salt`")]
        UnknownMember => "warrant_malformed",
    }
}

impl Warrant {
    pub(crate) fn new(receipt: Receipt, salt: Salt, actor: Actor) -> Self {
        Self { receipt, salt, actor }
    }

    /// Reads a warrant, strictly as a receipt is read. Nothing is proved by that.
    ///
    /// ```
    /// use kiff::Warrant;
    ///
    /// assert_eq!(Warrant::parse(b"{}").map_err(|fault| fault.code()), Err("warrant_malformed"));
    /// ```
    ///
    /// # Errors
    /// [`WarrantFault`], the first fault of the form.
    pub fn parse(text: &[u8]) -> Result<Self, WarrantFault> {
        let members = Receipt::object(text)?;
        let missing = |member| WarrantFault::Member { member };
        if members.iter().any(|(member, _)| !["actor", "receipt", "salt"].contains(&member)) {
            return Err(WarrantFault::UnknownMember);
        }
        let object = |member| members.get(member).and_then(Value::as_object).ok_or(missing(member));
        let salt = members.get("salt").and_then(Value::as_str).and_then(Salt::decode).ok_or(missing("salt"))?;
        let actor = actor(object("actor")?).ok_or(missing("actor"))?;
        Ok(Self { receipt: Receipt::from_object(object("receipt")?)?, salt, actor })
    }

    /// The warrant as canonical JSON, in ASCII unless the issuer's name is not.
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

    /// Who asked. The receipt's request digest holds it, so that nobody can say otherwise.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The salt of the proposal's commitments.
    pub(crate) fn salt(&self) -> Salt {
        self.salt
    }
}

fn actor(members: &Object) -> Option<Actor> {
    let text = |member| members.get(member).and_then(Value::as_str);
    let kind = ActorType::from_word(text("type")?)?;
    let on_behalf_of = match members.get("on_behalf_of") {
        Some(principal) => Some(ActorId::new(principal.as_str()?).ok()?),
        None => None,
    };
    let is_whole = members.len() == 2 + usize::from(on_behalf_of.is_some());
    Some(Actor::new(ActorId::new(text("id")?).ok()?, kind, on_behalf_of)).filter(|_| is_whole)
}
