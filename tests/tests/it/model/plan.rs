//! What is drawn at random: the rules of a domain, the people, and the calls.

use proptest::{
    option::weighted,
    prelude::*,
    sample::{Index, select, subsequence},
};

/// The entities of every domain, each with the number of its machine; the first machine has two.
pub(crate) const ENTITIES: [(&str, usize); 4] = [("m0:a", 0), ("m0:b", 0), ("m1:a", 1), ("m2:a", 2)];
pub(crate) const STATES: [&str; 3] = ["NEW", "OPEN", "DONE"];
/// An event leads from a state to a state; every machine has these steps.
pub(crate) const STEPS: [(&str, Option<usize>, usize); 7] = [
    ("START", None, 0),
    ("GO", Some(0), 1),
    ("NOTE", Some(0), 0),
    ("NOTE", Some(1), 1),
    ("NOTE", Some(2), 2),
    ("END", Some(0), 2),
    ("END", Some(1), 2),
];
pub(crate) const EVENTS: [&str; 4] = ["START", "GO", "NOTE", "END"];
pub(crate) const PERMISSIONS: [&str; 2] = ["act.one", "act.two"];
pub(crate) const REVIEW: &str = "review.any";
pub(crate) const SENIOR: &str = "review.senior";
pub(crate) const NOBODY: &str = "review.nobody";

#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) actions: Vec<Action>,
    pub(crate) most_open: usize,
    /// Whether `GO` is for one source alone.
    pub(crate) one_source: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) machine: usize,
    pub(crate) allowed: Vec<usize>,
    pub(crate) permission: &'static str,
    pub(crate) approval: Approval,
    pub(crate) quorum: u32,
    pub(crate) agents_review: bool,
    pub(crate) self_review: bool,
    pub(crate) expires: u64,
    pub(crate) effect: Effect,
    pub(crate) timeout: Option<u64>,
    pub(crate) window: u64,
    pub(crate) is_checked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    Never,
    Required,
    /// Above a hundred.
    When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Idempotent,
    Once,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Agent,
    Human,
    Service,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: &'static str,
    pub(crate) who: Who,
    pub(crate) principal: Option<&'static str>,
    pub(crate) roles: &'static [&'static str],
}

/// What each role gives.
pub(crate) const ROLES: [(&str, &[&str]); 5] = [
    ("operator", &["act.one"]),
    ("chief", &["act.two"]),
    ("reviewer", &[REVIEW]),
    ("senior", &[SENIOR]),
    ("resolver", &["kiff.resolve"]),
];

const fn person(id: &'static str, who: Who, principal: Option<&'static str>, roles: &'static [&'static str]) -> Person {
    Person { id, who, principal, roles }
}

pub(crate) const REQUESTERS: [Person; 5] = [
    person("bot", Who::Agent, Some("alice"), &["operator"]),
    person("bot", Who::Agent, Some("bob"), &["operator"]),
    person("hugo", Who::Human, None, ALL),
    person("ann", Who::Human, None, &["operator", "chief"]),
    person("stranger", Who::Agent, None, &[]),
];

const ALL: &[&str] = &["operator", "chief", "reviewer", "senior", "resolver"];

pub(crate) const REVIEWERS: [Person; 8] = [
    person("ann", Who::Human, None, &["reviewer", "resolver"]),
    person("bea", Who::Human, None, &["reviewer", "senior"]),
    person("cora", Who::Human, None, &["reviewer", "resolver"]),
    person("hugo", Who::Human, None, ALL),
    // Another spelling is not another person, and neither is whoever acts for one.
    person("ANN", Who::Human, None, &["reviewer"]),
    person("judge", Who::Agent, Some("bea"), &["reviewer", "resolver"]),
    person("alice", Who::Human, None, &["reviewer", "resolver"]),
    person("eve", Who::Human, None, &["operator"]),
];

pub(crate) const SOURCES: [Person; 3] = [
    person("stripe", Who::Service, None, &[]),
    person("shop", Who::Service, None, &[]),
    person("bot", Who::Agent, None, &[]),
];

/// What an executor, or a host, makes of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Quiet,
    Note,
    End,
    Ghost,
    NotApplied,
    Error,
    Panic,
    /// It gives no answer in time; an action without a timeout fails instead.
    Late,
}

impl Outcome {
    /// The events that it emits, if it succeeds.
    pub(crate) fn events(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Quiet => Some(&[]),
            Self::Note => Some(&["NOTE"]),
            Self::End => Some(&["NOTE", "END", "END"]),
            Self::Ghost => Some(&["GHOST", "NOTE"]),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish {
    Grant,
    Deny,
    Revoke,
    Escalate(&'static str),
}

/// One call, through one of the two runtimes. What it speaks of is chosen among what there is then.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Ingest {
        entity: usize,
        event: usize,
        id: u8,
        other_payload: bool,
        by: Person,
    },
    Execute {
        ask: Ask,
        outcome: Outcome,
    },
    /// The call's future is dropped while the executor runs.
    Drop {
        ask: Ask,
    },
    /// The host runs the effect, and settles with the permit later.
    Decide {
        ask: Ask,
    },
    Settle {
        which: Index,
        outcome: Outcome,
    },
    Resume {
        which: Index,
        outcome: Outcome,
    },
    Review {
        which: Index,
        by: Person,
        wish: Wish,
    },
    Resolve {
        which: Index,
        by: Person,
        outcome: Outcome,
    },
    Retry {
        which: Index,
        by: Person,
        outcome: Outcome,
    },
    Forward(u64),
    Back,
}

#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) by: Person,
    pub(crate) action: Index,
    pub(crate) entity: Option<usize>,
    /// None is offered as a text, and so is no parameter.
    pub(crate) cents: Option<u64>,
    pub(crate) key: Option<u8>,
    pub(crate) approval: Option<Index>,
}

/// One call: through which runtime, and whether the store is away meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) op: Op,
    pub(crate) runtime: usize,
    pub(crate) is_away: bool,
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let of_machine = |machine| proptest::collection::vec(action(machine), 1..=4);
    let actions = (1..=3usize).prop_flat_map(move |machines| (0..machines).map(of_machine).collect::<Vec<_>>());
    (actions, 1..=4usize, any::<bool>()).prop_map(|(actions, most_open, one_source)| Rules {
        actions: actions.into_iter().flatten().collect(),
        most_open,
        one_source,
    })
}

fn action(machine: usize) -> impl Strategy<Value = Action> {
    let approval = select(vec![Approval::Never, Approval::Required, Approval::When]);
    let allowed = prop_oneof![3 => Just(vec![0, 1]), 1 => subsequence(vec![0, 1, 2], 1..=3)];
    let review = (approval, 1..=3u32, weighted(0.2, Just(())), weighted(0.2, Just(())), select(vec![60, 3_600u64]));
    let effect = select(vec![Effect::None, Effect::Idempotent, Effect::Idempotent, Effect::Once, Effect::Once]);
    let effect = (effect, weighted(0.5, Just(30u64)), select(vec![100, 2_000u64]));
    (allowed, prop_oneof![4 => Just(PERMISSIONS[0]), 1 => Just(PERMISSIONS[1])], review, effect, any::<bool>())
        .prop_map(move |(allowed, permission, review, (effect, timeout, window), is_checked)| {
            let (approval, quorum, agents, own, expires) = review;
            Action {
                machine,
                allowed,
                permission,
                approval,
                quorum: if approval == Approval::Never { 1 } else { quorum },
                agents_review: agents.is_some(),
                self_review: own.is_some(),
                expires,
                effect,
                timeout,
                window,
                is_checked,
            }
        })
}

fn ask() -> impl Strategy<Value = Ask> {
    let by = prop_oneof![4 => Just(REQUESTERS[0]), 3 => select(&REQUESTERS[1..4]), 1 => Just(REQUESTERS[4])];
    let cents = prop_oneof![4 => Just(Some(500)), 3 => select(vec![Some(5), Some(13), Some(501)]), 1 => Just(None)];
    // Most calls are of an action on its own entity; some are not.
    let entity = weighted(0.1, 0..ENTITIES.len());
    (by, any::<Index>(), entity, cents, weighted(0.35, 0..3u8), weighted(0.25, any::<Index>()))
        .prop_map(|(by, action, entity, cents, key, approval)| Ask { by, action, entity, cents, key, approval })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    use Outcome::{End, Error, Ghost, Late, NotApplied, Note, Panic, Quiet};
    select(vec![Quiet, Quiet, Quiet, Quiet, Note, End, Ghost, NotApplied, Error, Error, Panic, Late])
}

fn op() -> impl Strategy<Value = Op> {
    let wish = prop_oneof![
        8 => Just(Wish::Grant),
        2 => Just(Wish::Deny),
        1 => Just(Wish::Revoke),
        1 => select(vec![SENIOR, NOBODY]).prop_map(Wish::Escalate),
    ];
    let source = prop_oneof![4 => Just(SOURCES[0]), 1 => select(&SOURCES[1..])];
    let any_index = any::<Index>;
    prop_oneof![
        3 => (0..ENTITIES.len(), 0..EVENTS.len(), 0..12u8, weighted(0.2, Just(())), source).prop_map(
            |(entity, event, id, other, by)| Op::Ingest { entity, event, id, other_payload: other.is_some(), by }),
        8 => (ask(), outcome()).prop_map(|(ask, outcome)| Op::Execute { ask, outcome }),
        1 => ask().prop_map(|ask| Op::Drop { ask }),
        2 => ask().prop_map(|ask| Op::Decide { ask }),
        2 => (any_index(), outcome()).prop_map(|(which, outcome)| Op::Settle { which, outcome }),
        5 => (any_index(), outcome()).prop_map(|(which, outcome)| Op::Resume { which, outcome }),
        8 => (any_index(), select(&REVIEWERS[..]), wish).prop_map(|(which, by, wish)| Op::Review { which, by, wish }),
        3 => (any_index(), select(&REVIEWERS[..]), outcome())
            .prop_map(|(which, by, outcome)| Op::Resolve { which, by, outcome }),
        2 => (any_index(), select(&REVIEWERS[..]), outcome())
            .prop_map(|(which, by, outcome)| Op::Retry { which, by, outcome }),
        2 => select(vec![1, 40, 100, 700, 4_000u64]).prop_map(Op::Forward),
        1 => Just(Op::Back),
    ]
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (op(), 0..2usize, weighted(0.03, Just(()))).prop_map(|(op, runtime, away)| Step {
        op,
        runtime,
        is_away: away.is_some(),
    });
    proptest::collection::vec(step, 1..60)
}
