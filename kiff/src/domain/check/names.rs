//! Names, or what is wrong with them.

use crate::{base::ids::NameError, domain::fault::DomainFault};

/// Unwraps a name or notes what is wrong with it.
pub(in crate::domain) fn named<T>(place: &str, name: Result<T, NameError>, faults: &mut Vec<DomainFault>) -> Option<T> {
    name.map_err(|error| faults.push(DomainFault::Name { place: place.to_owned(), error })).ok()
}

/// Unwraps names or notes what is wrong with each.
pub(super) fn all_named<'a, T, E>(place: &str, texts: &'a [String], faults: &mut Vec<DomainFault>) -> Vec<T>
where
    T: TryFrom<&'a str, Error = E>,
    NameError: From<E>,
{
    texts.iter().filter_map(|text| named(place, T::try_from(text).map_err(NameError::from), faults)).collect()
}
