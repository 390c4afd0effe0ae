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
use std::{cell::Cell, str::FromStr, sync::Arc, thread::LocalKey};

/// The last of each thread, by their texts.
type Recent<T> = [Cell<Option<T>>; SLOTS];

const SLOTS: usize = 32;
/// A longer text is not kept.
const MAX_KEPT: usize = 128;

/// A name of which a log has few.
pub(super) trait Recurring: Clone + 'static {
    fn recent() -> &'static LocalKey<Recent<Self>>;
    fn text(&self) -> &str;
    fn of(text: &str) -> Option<Self>;
}

macro_rules! recurring {
    ($($Type:ty: |$this:ident| $text:expr, $of:expr;)*) => {$(
        impl Recurring for $Type {
            fn recent() -> &'static LocalKey<Recent<Self>> {
                thread_local! {
                    static RECENT: Recent<$Type> = const { [const { Cell::new(None) }; SLOTS] };
                }
                &RECENT
            }

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
    kept(T::recent(), text, read)
}

/// An actor, shared with the records of the same.
pub(super) fn shared(actor: Actor) -> Arc<Actor> {
    thread_local! {
        static RECENT: Recent<Arc<Actor>> = const { [const { Cell::new(None) }; SLOTS] };
    }
    let id = actor.id.clone();
    kept(&RECENT, id.as_str(), |kept| match kept {
        Some(kept) if **kept == actor => Arc::clone(kept),
        _ => Arc::clone(kept.insert(Arc::new(actor))),
    })
}

/// What a policy resolved, shared with the proposals for which it resolved the same.
pub(super) fn granted(roles: &[Role], permissions: &[Permission]) -> Granted {
    thread_local! {
        static RECENT: Recent<Granted> = const { [const { Cell::new(None) }; SLOTS] };
    }
    let first = roles.first().map_or("", Role::as_str);
    kept(&RECENT, first, |kept| match kept {
        Some(kept) if *kept.roles == *roles && *kept.permissions == *permissions => kept.clone(),
        _ => kept.insert(Granted::new(roles.iter().cloned(), permissions.iter().cloned())).clone(),
    })
}

/// Lends the place of what has this text. A thread that is ending has none.
fn kept<T, R>(recent: &'static LocalKey<Recent<T>>, text: &str, work: impl FnOnce(&mut Option<T>) -> R) -> R {
    // A multiplication spreads the text's first bytes and its length over the upper bits.
    let mixed = (prefix(text.as_bytes()) ^ text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let slot = (mixed >> (u64::BITS - SLOTS.ilog2())) as usize;
    let mut place = recent.try_with(|recent| recent.get(slot)?.take()).ok().flatten();
    let result = work(&mut place);
    let _ = recent.try_with(|recent| recent.get(slot).map(|kept| kept.set(place)));
    result
}
