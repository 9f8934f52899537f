//! Arguments of a query: few types, each of them nullable, so that NULL keeps its type for PostgreSQL.

use volbridge_proto::{BlobHash, PartnerId, RecordId, SubjectId, Timestamp};

/// One argument of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// TEXT
    Text(Option<String>),
    /// BIGINT
    Int(Option<i64>),
    /// BYTEA
    Bytes(Option<Vec<u8>>),
    /// BOOLEAN
    Bool(Option<bool>),
    /// DOUBLE PRECISION
    Real(Option<f64>),
}

macro_rules! value_from {
    ($($type:ty => $variant:ident, |$v:ident| $into:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($v: $type) -> Self {
                Self::$variant(Some($into))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|$v| $into))
            }
        }
    )*};
}

value_from! {
    String => Text, |v| v;
    &str => Text, |v| v.to_owned();
    &String => Text, |v| v.clone();
    i64 => Int, |v| v;
    i32 => Int, |v| v.into();
    u32 => Int, |v| v.into();
    u8 => Int, |v| v.into();
    // No log reaches 2^63 entries: a larger index that someone asks for names nothing, as i64::MAX does.
    u64 => Int, |v| i64::try_from(v).unwrap_or(i64::MAX);
    Vec<u8> => Bytes, |v| v;
    &Vec<u8> => Bytes, |v| v.clone();
    &[u8] => Bytes, |v| v.to_vec();
    PartnerId => Bytes, |v| v.to_vec();
    RecordId => Bytes, |v| v.to_vec();
    BlobHash => Bytes, |v| v.to_vec();
    SubjectId => Bytes, |v| v.to_vec();
    Timestamp => Int, |v| v.as_millis();
    bool => Bool, |v| v;
    f64 => Real, |v| v;
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

impl<const N: usize> From<Option<[u8; N]>> for Value {
    fn from(bytes: Option<[u8; N]>) -> Self {
        Self::Bytes(bytes.map(|b| b.to_vec()))
    }
}

/// The arguments of a query, in the order of `$1`, `$2`, …
///
/// ```
/// # use volbridge_node::store::{args, Value};
/// assert_eq!(args![7_i64, "en"], vec![Value::Int(Some(7)), Value::Text(Some("en".into()))]);
/// ```
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        ::std::vec![$($crate::store::Value::from($value)),*]
    };
}
