//! From and to the host's own types, through serde.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Faults, Limits, Value, read};

/// Why a value of the host could not be taken, or given.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// The host's type does not serialise to JSON.
    #[error("value cannot be written as json")]
    #[non_exhaustive]
    NotSerializable {
        /// What serde said.
        source: serde_json::Error,
    },
    /// The host's value serialises to JSON that the reader refuses, such as a map with a key
    /// given twice.
    #[error("value is json that is not admitted")]
    #[non_exhaustive]
    NotAdmitted {
        /// What is wrong with it.
        source: Faults,
    },
    /// The JSON value is not of the shape that the host asked for.
    #[error("value does not have the expected shape")]
    #[non_exhaustive]
    ShapeMismatch {
        /// What serde said.
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

impl Value {
    /// Takes a value of the host.
    ///
    /// It goes through JSON text, so numbers arrive with the digits that serde_json writes; a
    /// float that is not finite arrives as `null`.
    ///
    /// ```
    /// use kiff::value::Value;
    ///
    /// let value = Value::from_serialize(&("a", u64::MAX))?;
    /// assert_eq!(value.to_string(), r#"["a",18446744073709551615]"#);
    /// assert_eq!(value.deserialize::<(String, u64)>()?.1, u64::MAX);
    /// # Ok::<(), kiff::value::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the type does not serialise, or serialises to what [`Value::parse`] refuses at any
    /// limits: a name given twice, U+0000 in a string, a depth over 64.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, ValueError> {
        let text = serde_json::to_vec(value).map_err(|source| ValueError::NotSerializable { source })?;
        read::parse(&text, &Limits::NONE).map_err(|source| ValueError::NotAdmitted { source })
    }

    /// Gives the value as a type of the host.
    ///
    /// ```
    /// use kiff::value::Value;
    ///
    /// assert_eq!(Value::from("a").deserialize::<char>()?, 'a');
    /// assert_eq!(Value::from("a").deserialize::<u8>().unwrap_err().code(), "shape_mismatch");
    /// # Ok::<(), kiff::value::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the value does not have the shape of `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        serde_json::from_slice(&self.to_canonical()).map_err(|source| ValueError::ShapeMismatch { source })
    }
}
