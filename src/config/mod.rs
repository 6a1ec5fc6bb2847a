//! The configuration file and secrets; the only reader of the environment.
