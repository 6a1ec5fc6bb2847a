//! Values on their way into a database and out of it.

use crate::ledger::LedgerTrouble;

/// A value of a column or of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) enum Value<'v> {
    /// Nothing.
    Null,
    /// A number; 0 and 1 for no and yes.
    Integer(i64),
    /// A text.
    Text(&'v str),
    /// Bytes.
    Blob(&'v [u8]),
}

/// The columns of a row, as an engine has them.
pub(in crate::ledger) trait Columns {
    /// How many.
    fn width(&self) -> usize;
    /// The value of the column `at`, from 0.
    fn column(&self, at: usize) -> Result<Value<'_>, LedgerTrouble>;
}

/// A row.
#[derive(Clone, Copy)]
pub(in crate::ledger) struct Row<'r>(&'r dyn Columns);

impl<'r> Row<'r> {
    pub(super) fn new(columns: &'r dyn Columns) -> Self {
        Self(columns)
    }

    /// The column `at`, from 0.
    pub(in crate::ledger) fn get<T: FromValue>(&self, at: usize) -> Result<T, LedgerTrouble> {
        let damaged = || LedgerTrouble::Damaged { what: format!("column {} of a row", at + 1) };
        T::from_value(self.0.column(at)?).ok_or_else(damaged)
    }

    /// How many columns it has.
    pub(in crate::ledger) fn width(&self) -> usize {
        self.0.width()
    }

    /// Every column, first to last.
    pub(in crate::ledger) fn values(&self) -> impl Iterator<Item = Result<Value<'r>, LedgerTrouble>> {
        (0..self.0.width()).map(|at| self.0.column(at))
    }
}

/// What a column can be read as.
pub(in crate::ledger) trait FromValue: Sized {
    /// `None` where the column holds something else.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Integer(number) = value { Some(number) } else { None }
    }
}

impl FromValue for u32 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.to_owned()) } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.to_owned()) } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// What can be a parameter of a statement.
pub(in crate::ledger) trait Parameter {
    /// As the engine takes it.
    fn value(&self) -> Value<'_>;
}

impl Parameter for str {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Parameter for String {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Parameter for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl Parameter for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl Parameter for i64 {
    fn value(&self) -> Value<'_> {
        Value::Integer(*self)
    }
}

impl Parameter for u32 {
    fn value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl Parameter for bool {
    fn value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl<T: Parameter> Parameter for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Parameter::value)
    }
}

impl<T: Parameter + ?Sized> Parameter for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

/// The parameters of a statement, `?1` first.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::ledger::engine::parameter(&$value)),*]
    };
}
pub(in crate::ledger) use params;

/// A parameter as the engine takes it.
pub(in crate::ledger) fn parameter(value: &(impl Parameter + ?Sized)) -> Value<'_> {
    value.value()
}
