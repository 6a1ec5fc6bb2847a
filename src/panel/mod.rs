//! Panel profiles: schedule, cutoff, approval, paperwork, outcomes.
