//! One line, and what ties lines together.

/// A line: a fixed sentence, and fields by name. Nothing is worked out where nobody reads the level.
macro_rules! event {
    ($level:ident, $sentence:literal $(, $field:ident = $value:expr)* $(,)?) => {
        ::tracing::event!(
            ::tracing::Level::$level,
            message = $sentence,
            $($field = $crate::log::Loggable::loggable($value),)*
        )
    };
}

/// A person must act now.
macro_rules! error {
    ($($line:tt)+) => { $crate::log::event!(ERROR, $($line)+) };
}

/// A person should look.
macro_rules! warning {
    ($($line:tt)+) => { $crate::log::event!(WARN, $($line)+) };
}

/// The story.
macro_rules! info {
    ($($line:tt)+) => { $crate::log::event!(INFO, $($line)+) };
}

/// Why.
macro_rules! debug {
    ($($line:tt)+) => { $crate::log::event!(DEBUG, $($line)+) };
}

/// Sizes.
macro_rules! trace {
    ($($line:tt)+) => { $crate::log::event!(TRACE, $($line)+) };
}

/// What ties the lines of one night, file, authority, write-back or attempt together; as talkative as the story.
macro_rules! span {
    ($name:literal $(, $field:ident = $value:expr)* $(,)?) => {
        ::tracing::info_span!($name, $($field = $crate::log::Loggable::loggable($value),)*)
    };
}

pub(crate) use {debug, error, event, info, span, trace, warning as warn};
