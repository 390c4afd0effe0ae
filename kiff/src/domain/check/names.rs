//! Names, or what is wrong with them.

use crate::{base::ids::NameError, domain::fault::DomainFault};

/// The name, or `None` after a fault is noted.
pub(in crate::domain) fn named<T>(place: &str, name: Result<T, NameError>, faults: &mut Vec<DomainFault>) -> Option<T> {
    name.map_err(|error| faults.push(DomainFault::Name { place: place.to_owned(), error })).ok()
}

/// The sound names, after a fault is noted for each of the others.
pub(super) fn all_named<'a, T, E>(place: &str, texts: &'a [String], faults: &mut Vec<DomainFault>) -> Vec<T>
where
    T: TryFrom<&'a str, Error = E>,
    NameError: From<E>,
{
    texts.iter().filter_map(|text| named(place, T::try_from(text).map_err(NameError::from), faults)).collect()
}
