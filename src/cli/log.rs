//! Where the log goes: to standard error, off unless `TESSERA_LOG` asks for it.
//!
//! What may stand in it is decided by `crate::log`. What other crates log is not of that list: it is off unless it is
//! asked for by name, and never more talkative than `info`, because below that they show headers and bodies.

use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log::Level;

/// The crate whose lines a level without a name means.
const OWN: &str = "tessera";

/// Starts the log: `filter` is a level, or `target=level` with commas between; `format` is `text` or `json`. What is
/// wrong with them is returned, and then the log is as without it.
pub(super) fn start(filter: Option<&str>, format: Option<&str>) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let is_json = match format {
        None | Some("text") => false,
        Some("json") => true,
        Some(_) => {
            wrong.push("TESSERA_LOG_FORMAT is neither text nor json: the log is text");
            false
        }
    };
    let Some(filter) = filter else { return wrong };
    let Ok(filter) = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into()).parse(own(filter)) else {
        wrong.push("TESSERA_LOG is no level (error, warn, info, debug, trace) and no filter: nothing is logged");
        return wrong;
    };
    let filter = filter.and(filter_fn(|about| is_own(about.target()) || *about.level() <= Level::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false);
    let lines = if is_json {
        lines.json().flatten_event(true).with_current_span(false).with_target(true).boxed()
    } else {
        lines.boxed()
    };
    drop(tracing_subscriber::registry().with(lines.with_filter(filter)).try_init());
    wrong
}

/// A filter in which a level without a name is that of tessera alone.
fn own(filter: &str) -> String {
    let of_own = |part: &str| match part.trim() {
        level if level.parse::<LevelFilter>().is_ok() => format!("{OWN}={level}"),
        part => part.to_owned(),
    };
    filter.split(',').map(of_own).collect::<Vec<_>>().join(",")
}

fn is_own(target: &str) -> bool {
    target.strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_without_a_name_is_tesseras_own() {
        assert_eq!(own("trace"), "tessera=trace");
        assert_eq!(own("info, hyper=debug"), "tessera=info,hyper=debug");
        assert_eq!(own("tessera::mosaic=debug"), "tessera::mosaic=debug");
        assert!(is_own("tessera") && is_own("tessera::web") && !is_own("tessera_other") && !is_own("hyper"));
    }
}
