//! What the records that were read last have named. The records of a log name the same tenant, actors, actions and
//! versions over and over; what comes again is neither checked nor allocated again.

use crate::{
    base::{
        actor::{Actor, Granted},
        code::Code,
        ids::{ActionName, ActorId, EntityRef, EventType, KeyId, Permission, Role, StateName, TenantId, Version},
    },
    value::prefix,
};
use std::{cell::Cell, str::FromStr, sync::Arc};

/// The last of each thread, by their texts.
type Slots<T> = [Cell<Option<T>>; SLOTS];

/// A type whose last values a thread keeps.
trait Recent: Sized + 'static {
    /// Lends the thread's slots. A thread that is ending has none.
    fn lend<R>(look: impl FnOnce(&Slots<Self>) -> R) -> Option<R>;
}

macro_rules! recent {
    ($($Type:ty)*) => {$(
        impl Recent for $Type {
            fn lend<R>(look: impl FnOnce(&Slots<Self>) -> R) -> Option<R> {
                thread_local! {
                    static RECENT: Slots<$Type> = const { [const { Cell::new(None) }; SLOTS] };
                }
                RECENT.try_with(look).ok()
            }
        }
    )*};
}

recent! { ActionName ActorId Code EntityRef EventType KeyId Permission Role StateName TenantId Version }
recent! { Arc<str> Arc<Actor> Granted }

const SLOTS: usize = 32;
/// A longer text is not kept.
const MAX_KEPT: usize = 128;

/// A name of which a log has few.
#[expect(private_bounds, reason = "what keeps the values is nobody else's")]
pub(super) trait Recurring: Recent + Clone {
    fn text(&self) -> &str;
    fn of(text: &str) -> Option<Self>;
}

macro_rules! recurring {
    ($($Type:ty: |$this:ident| $text:expr, $of:expr;)*) => {$(
        impl Recurring for $Type {
            fn text(&self) -> &str {
                let $this = self;
                $text
            }

            fn of(text: &str) -> Option<Self> {
                let of: fn(&str) -> Option<Self> = $of;
                of(text)
            }
        }
    )*};
    ($($Type:ident)*) => { recurring! { $($Type: |this| this.as_str(), |text| <$Type>::from_str(text).ok();)* } };
}

recurring! { ActionName ActorId Code EntityRef EventType KeyId Permission Role StateName TenantId Version }
recurring! { Arc<str>: |this| this, |text| Some(text.into()); }

/// The name that a text is; nothing if it is none.
pub(super) fn named<T: Recurring>(text: &str) -> Option<T> {
    let read = |kept: &mut Option<T>| {
        if let Some(kept) = kept.as_ref().filter(|kept| kept.text() == text) {
            return Some(kept.clone());
        }
        let name = T::of(text)?;
        if text.len() <= MAX_KEPT {
            *kept = Some(name.clone());
        }
        Some(name)
    };
    kept(text, read)
}

/// An actor, shared with the records of the same.
pub(super) fn shared(actor: Actor) -> Arc<Actor> {
    let id = actor.id.clone();
    kept(id.as_str(), |kept: &mut Option<Arc<Actor>>| match kept {
        Some(kept) if **kept == actor => Arc::clone(kept),
        _ => Arc::clone(kept.insert(Arc::new(actor))),
    })
}

/// What a policy resolved, shared with the proposals for which it resolved the same.
pub(super) fn granted(roles: &[Role], permissions: &[Permission]) -> Granted {
    let first = roles.first().map_or("", Role::as_str);
    kept(first, |kept: &mut Option<Granted>| match kept {
        Some(kept) if *kept.roles == *roles && *kept.permissions == *permissions => kept.clone(),
        _ => kept.insert(Granted::new(roles.iter().cloned(), permissions.iter().cloned())).clone(),
    })
}

/// Lends the slot of what has this text.
fn kept<T: Recent, R>(text: &str, work: impl FnOnce(&mut Option<T>) -> R) -> R {
    // A multiplication spreads the text's first bytes and its length over the upper bits.
    let mixed = (prefix(text.as_bytes()) ^ text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let slot = (mixed >> (u64::BITS - SLOTS.ilog2())) as usize;
    let mut place = T::lend(|slots| slots.get(slot)?.take()).flatten();
    let result = work(&mut place);
    let _ = T::lend(|slots| slots.get(slot).map(|kept| kept.set(place)));
    result
}
