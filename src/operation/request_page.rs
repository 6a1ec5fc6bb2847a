//! A request as its page shows it: its story, the facts that it hangs on, who may answer for a finding.

use super::check::{Checking, mend, profile_of};
use super::facts::facts;
use super::installation::Installation;
use super::seen::seen_on;
use super::submissions::told;
use super::waiver::renew_waivers;
use super::{FactShown, Failure, RoleShown, SubmissionStory, Thing};
use crate::domain::SubmissionId;

/// A request as its page shows it.
#[derive(Debug)]
pub struct RequestPage {
    /// Its whole story.
    pub story: SubmissionStory,
    /// Every fact that its panel asks about; none where it asks no panel.
    pub facts: Vec<FactShown>,
    /// The roles in which somebody may answer for a finding.
    pub roles: Vec<RoleShown>,
}

impl Installation {
    /// A request, read and checked once. That somebody looked stands in the audit trail, or nothing is shown.
    pub fn request_page(&mut self, id: &SubmissionId) -> Result<RequestPage, Failure> {
        let row = self.submission(id)?;
        let row = row.ok_or_else(|| Failure::not_found(Thing::Submission, id))?;
        let submission = &row.submission;
        let (mut checked, mut asked) = (Vec::new(), Vec::new());
        if submission.status.is_request() && profile_of(self, submission).is_some() {
            let checking = Checking::of_one(self, submission, &[])?;
            if let Some(prepared) = checking.prepared(submission)? {
                checked = prepared.checked(|_| Vec::new());
                asked = facts(&prepared, &self.ledger.stated_by(id)?);
            }
        }
        checked.iter_mut().try_for_each(|request| mend(self, request))?;
        let roles = submission.panel.as_ref().map(|panel| self.panel_roles(panel)).transpose()?;
        let story = told(self, &row, checked)?;
        self.viewed(id.as_str(), &seen_on([&story]))?;
        renew_waivers(self, &story.checked)?;
        Ok(RequestPage { story, facts: asked, roles: roles.unwrap_or_default() })
    }
}
