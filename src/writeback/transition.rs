//! The states of a write-back and the only ways from one to the next (DESIGN section 8).

use jiff::Timestamp;

use crate::domain::{Receipt, State};

/// What happens to a write-back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its outcome is approved.
    Approve,
    /// It is about to leave.
    Begin {
        /// When.
        at: Timestamp,
    },
    /// Mosaic holds it.
    Deliver {
        /// The proof.
        receipt: Receipt,
    },
    /// Mosaic will not have it.
    Refuse {
        /// Why.
        reason: String,
    },
    /// It surely never left, or Mosaic surely does not hold it.
    Return,
    /// Nobody knows whether Mosaic holds it.
    Lose {
        /// When the attempt ended.
        at: Timestamp,
        /// What happened.
        reason: String,
    },
    /// A person must look.
    Hold {
        /// Why.
        reason: String,
    },
    /// A person has looked, and it may go on.
    Release,
}

/// An event that cannot happen in a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a write-back that is {state} cannot take that step")]
pub struct NotAllowed {
    /// The state.
    pub state: &'static str,
}

impl State {
    /// The state after an event.
    pub fn next(&self, event: Event) -> Result<Self, NotAllowed> {
        let not_allowed = Err(NotAllowed { state: self.as_str() });
        match (self, event) {
            (Self::Planned, Event::Approve) => Ok(Self::Approved),
            (Self::Approved, Event::Begin { at }) => Ok(Self::Sending { since: at }),
            (Self::Sending { .. } | Self::Uncertain { .. }, Event::Deliver { receipt }) => Ok(Self::Sent { receipt }),
            (Self::Sending { .. } | Self::Uncertain { .. }, Event::Refuse { reason }) => Ok(Self::Refused { reason }),
            // From `sending` and `uncertain` there is a way back only when it is known that nothing was written.
            (Self::Sending { .. } | Self::Uncertain { .. }, Event::Return) => Ok(Self::Approved),
            // A ledger that was restored does not know what was sent since the backup was made.
            (Self::Approved | Self::Sending { .. } | Self::Uncertain { .. }, Event::Lose { at, reason }) => {
                Ok(Self::Uncertain { since: at, reason })
            }
            (Self::Approved | Self::Uncertain { .. } | Self::Sending { .. }, Event::Hold { reason }) => {
                Ok(Self::Held { reason })
            }
            (Self::Held { .. } | Self::Refused { .. }, Event::Release) => Ok(Self::Approved),
            (
                Self::Planned
                | Self::Approved
                | Self::Sending { .. }
                | Self::Sent { .. }
                | Self::Refused { .. }
                | Self::Uncertain { .. }
                | Self::Held { .. },
                Event::Approve
                | Event::Begin { .. }
                | Event::Deliver { .. }
                | Event::Refuse { .. }
                | Event::Return
                | Event::Lose { .. }
                | Event::Hold { .. }
                | Event::Release,
            ) => not_allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_stays_sent_and_what_nobody_knows_is_never_sent_again_unread() {
        let at = Timestamp::UNIX_EPOCH;
        let receipt = Receipt { mosaic_id: "1".into(), mosaic_time: None, known_at: at, by_reading: false };
        let sent = State::Sent { receipt };
        let uncertain = State::Uncertain { since: at, reason: "cut".into() };
        for event in [Event::Approve, Event::Begin { at }, Event::Return, Event::Release] {
            assert!(sent.next(event).is_err());
        }
        assert!(uncertain.next(Event::Begin { at }).is_err());
        assert_eq!(uncertain.next(Event::Return), Ok(State::Approved));
        assert!(State::Planned.next(Event::Begin { at }).is_err(), "what nobody has approved does not leave");
    }
}
