//! Whether a machine holds together.

use super::names::{all_named, named};
use crate::{
    base::ids::{EntityType, EventType, StateName},
    domain::{
        checked::{CheckedMachine, CheckedStep},
        fault::DomainFault,
        machine::{Machine, Upcast},
    },
};
use std::{collections::BTreeSet, sync::Arc};

pub(in crate::domain) fn check_machine(machine: Machine, faults: &mut Vec<DomainFault>) -> Option<CheckedMachine> {
    let before = faults.len();
    let place = format!("{}: entity `{}`", machine.location, machine.entity);
    let entity = named(&place, EntityType::new(&machine.entity), faults)?;
    if entity == *"kiff" {
        faults.push(DomainFault::ReservedEntity { place: machine.location.clone() });
    }
    let states = all_named(&place, &machine.states, faults);
    let mut steps = Vec::with_capacity(machine.steps.len());
    for step in &machine.steps {
        let from = step.from.as_ref().map(|from| named(&place, StateName::new(from), faults));
        let on = named(&place, step.on.parse(), faults);
        let to = named(&place, StateName::new(&step.to), faults);
        let sources = all_named(&place, &step.sources, faults);
        if let (Some(on), Some(to), true) = (on, to, from != Some(None)) {
            steps.push(CheckedStep { from: from.flatten(), on, to, sources });
        }
    }
    let upcasts = check_upcasts(&place, machine.upcasts, &steps, faults);
    let mut names: Vec<_> = upcasts.iter().map(|(event, _)| event.clone()).collect();
    names.sort();
    let blank = machine.blank.map(|blank| blank.seeing_through(upcasts));
    let place = machine.location;
    let mut machine = CheckedMachine { entity, states, steps, blank, upcasts: names, place, unreached: Vec::new() };
    if faults.len() == before {
        machine.unreached = check_steps(&machine, faults);
    }
    Some(machine)
}

/// An upcast of an event that takes no step would never be called. Most likely its name is misspelt.
fn check_upcasts(
    place: &str,
    upcasts: Vec<(String, Upcast)>,
    steps: &[CheckedStep],
    faults: &mut Vec<DomainFault>,
) -> Vec<(EventType, Upcast)> {
    let mut checked: Vec<(EventType, Upcast)> = Vec::with_capacity(upcasts.len());
    for (event, upcast) in upcasts {
        let Some(kind) = named(place, EventType::new(&event), faults) else { continue };
        let problem = if !steps.iter().any(|step| step.on == kind) {
            "is not for an event of the machine"
        } else if checked.iter().any(|(known, _)| *known == kind) {
            "is given twice"
        } else {
            checked.push((kind, upcast));
            continue;
        };
        faults.push(DomainFault::Upcast { place: place.to_owned(), event, problem });
    }
    checked
}

/// The states that no event reaches. Each is noted as a fault too.
fn check_steps(machine: &CheckedMachine, faults: &mut Vec<DomainFault>) -> Vec<StateName> {
    let place = || machine.place.clone();
    let entity = || machine.entity.to_string();
    let mut seen = BTreeSet::new();
    for step in &machine.steps {
        if !seen.insert((&step.from, &step.on)) {
            let from = step.from.as_ref().map_or_else(|| "no state".to_owned(), |from| format!("`{from}`"));
            let on = step.on.to_string();
            faults.push(DomainFault::DuplicateTransition { place: place(), entity: entity(), from, on });
        }
    }
    let mut reached: BTreeSet<&StateName> =
        machine.steps.iter().filter(|step| step.from.is_none()).map(|step| &step.to).collect();
    if reached.is_empty() {
        faults.push(DomainFault::NoStart { place: place(), entity: entity() });
        return Vec::new();
    }
    while let Some(next) = machine
        .steps
        .iter()
        .find(|step| step.from.as_ref().is_some_and(|from| reached.contains(from)) && !reached.contains(&step.to))
    {
        reached.insert(&next.to);
    }
    let unreached: Vec<_> = machine.states.iter().filter(|state| !reached.contains(state)).cloned().collect();
    faults.extend(unreached.iter().map(|state| DomainFault::UnreachableState {
        place: place(),
        entity: entity(),
        state: state.to_string(),
    }));
    unreached
}

pub(in crate::domain) fn check_unique_entities(machines: &[Arc<CheckedMachine>], faults: &mut Vec<DomainFault>) {
    for (place, machine) in machines.iter().enumerate() {
        if let Some(first) = machines.iter().take(place).find(|earlier| earlier.entity == machine.entity) {
            faults.push(DomainFault::DuplicateMachine {
                entity: machine.entity.to_string(),
                first: first.place.clone(),
                second: machine.place.clone(),
            });
        }
    }
}
