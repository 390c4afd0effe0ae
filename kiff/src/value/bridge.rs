//! Conversions from and into the host's own types, through serde.

use super::{fault::Faults, json::Value, limits::Limits, read};
use serde::{Serialize, de::DeserializeOwned};
use std::{error::Error, fmt};

/// Why a value cannot be converted from or into a type of the host.
///
/// `Debug` prints the text and its cause, because that is what a `main` that returns an error shows.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum ValueError {
    /// The host's type does not serialise to JSON.
    #[error("value cannot be written as json")]
    #[non_exhaustive]
    NotSerializable {
        /// The error of serde_json.
        source: serde_json::Error,
    },
    /// The host's value serialises to JSON that the reader refuses, such as a map with a key
    /// given twice.
    #[error("value is json that is not admitted")]
    #[non_exhaustive]
    NotAdmitted {
        /// Everything that is wrong with the JSON.
        source: Faults,
    },
    /// The JSON value is not of the shape that the host asked for.
    #[error("value does not have the expected shape")]
    #[non_exhaustive]
    ShapeMismatch {
        /// The error of serde_json.
        source: serde_json::Error,
    },
}

impl ValueError {
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::NotSerializable { .. } => "not_serializable",
            Self::NotAdmitted { .. } => "not_admitted",
            Self::ShapeMismatch { .. } => "shape_mismatch",
        }
    }
}

impl fmt::Debug for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source() {
            Some(cause) => write!(f, "{self}: {cause}"),
            None => fmt::Display::fmt(self, f),
        }
    }
}

impl Value {
    /// Converts a value of the host.
    ///
    /// The conversion goes through JSON text, so numbers have the digits that serde_json writes, and a float that is not
    /// finite becomes `null`.
    ///
    /// ```
    /// use kiff::Value;
    ///
    /// let value = Value::from_serialize(&("a", u64::MAX))?;
    /// assert_eq!(value.to_string(), r#"["a",18446744073709551615]"#);
    /// assert_eq!(value.deserialize::<(String, u64)>()?.1, u64::MAX);
    /// # Ok::<(), kiff::value::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError`] if the type does not serialise, or serialises to JSON that [`Value::parse`] refuses under all limits:
    /// a member name given twice, U+0000 in a string, a depth over 64.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, ValueError> {
        let text = serde_json::to_vec(value).map_err(|source| ValueError::NotSerializable { source })?;
        read::parse(&text, &Limits::NONE).map_err(|source| ValueError::NotAdmitted { source })
    }

    /// Converts the value into a type of the host.
    ///
    /// ```
    /// use kiff::Value;
    ///
    /// assert_eq!(Value::from("a").deserialize::<char>()?, 'a');
    /// assert_eq!(Value::from("a").deserialize::<u8>().unwrap_err().code(), "shape_mismatch");
    /// # Ok::<(), kiff::value::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError`] if the value does not have the shape of `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        serde_json::from_slice(&self.to_canonical()).map_err(|source| ValueError::ShapeMismatch { source })
    }
}
