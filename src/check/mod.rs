//! Facts and rules to findings, one file a rule.
