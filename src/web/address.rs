//! The addresses of pages: ids, never names.

use jiff::civil::Date;

use super::parts::encoded;
use crate::domain::{DutyId, PanelName};

/// A request.
pub(super) fn request(id: &str) -> String {
    format!("/requests/{}", encoded(id))
}

/// A panel.
pub(super) fn panel(name: &PanelName) -> String {
    format!("/panels/{name}")
}

/// A sitting.
pub(super) fn sitting(panel: &PanelName, date: Date) -> String {
    format!("/sittings/{panel}/{date}")
}

/// Where the outcomes of a sitting are filled in.
pub(super) fn outcomes(panel: &PanelName, date: Date) -> String {
    format!("/outcomes/{panel}/{date}")
}

/// The page of them that begins after a request.
pub(super) fn outcomes_after(panel: &PanelName, date: Date, after: Option<&str>) -> String {
    let form = outcomes(panel, date);
    page(&form, &[], after).unwrap_or(form)
}

/// A write-back.
pub(super) fn write_back(id: &str) -> String {
    format!("/write-backs/{}", encoded(id))
}

/// A duty.
pub(super) fn duty(id: &DutyId) -> String {
    format!("/duties/{}", encoded(id.as_str()))
}

/// A tracker, by its whole name.
pub(super) fn tracker(name: &str) -> String {
    format!("/trackers/{name}")
}

/// The same list from another row on, with the filters that it has.
pub(super) fn page(list: &str, filters: &[(&str, &str)], after: Option<&str>) -> Option<String> {
    let after = after?;
    let given = filters.iter().filter(|(_, value)| !value.is_empty());
    let pairs = given.copied().chain([("after", after)]).map(|(name, value)| format!("{name}={}", encoded(value)));
    Some(format!("{list}?{}", pairs.collect::<Vec<_>>().join("&")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_keeps_its_filters() {
        let page = super::page("/requests", &[("panel", "a/b"), ("person", "")], Some("x y"));
        assert_eq!(page.as_deref(), Some("/requests?panel=a%2Fb&after=x%20y"));
        assert_eq!(super::page("/requests", &[], None), None);
    }
}
