//! `tessera`: from Mosaic's exports to the panel, and from the panel back onto the child's record.
//!
//! ```text
//! export files ─▶ export ─▶ mapping ─▶ submission/document/event ─▶ ledger ─▶ check ─▶ findings
//!                                  pack files ─▶ pack ─┘
//! outcomes workbook ─▶ outcome ─▶ writeback plan ─▶ approved ─▶ mosaic ─▶ receipt ─▶ ledger
//!                                   └▶ duty, tracker, reminder
//! ```
//!
//! Everything flows one way, through rooms that use only the rooms above them in this list (`tests/tidy.rs` holds
//! the table):
//!
//! - [`diagnostic`]: places in files, near misses, one look for every message about a file.
//! - [`calendar`]: the clock, working days, deadline phrases, recurrence, sittings. Knows no panel.
//! - [`domain`]: the plain types of the field and the named limits. Does no I/O.
//! - [`log`]: what happened, in sentences with ids as fields. Knows a closed list of types and no text.
//! - [`export`]: bytes to records, streaming; one file a layout and a container. Knows no form.
//! - [`mapping`]: mapping files: load, verify, recognise, apply. Opens no export itself.
//! - [`panel`]: panel profiles. Hard-codes no panel.
//! - [`pack`]: opens PDF, DOCX, XLSX, pictures, e-mail, zip. Judges nothing.
//! - [`check`]: facts and rules to findings, one file a rule. Does no I/O.
//! - [`outcome`]: the outcomes workbook, what is filled in on a page, and approval. Does not talk to Mosaic.
//! - [`writeback`]: plan, key, transitions, courier, reconciliation. Knows no HTTP and no SQL.
//! - [`mosaic`]: carriers, dialects, the stand-in. Decides nothing.
//! - [`duty`]: what must be done after and around a sitting, what closes it, whom a panel follows. Reads no ledger.
//! - [`learning`]: what a year of sittings teaches; which numbers stay in the office. Reads no ledger.
//! - [`ledger`]: everything that must not be lost. Is never bypassed.
//! - [`report`]: what people take away: tables and workbooks. Computes nothing.
//! - [`mail`]: the e-mail and the line to a mail server. Composes no text and decides nothing.
//! - [`config`]: the configuration file and secrets; the only reader of the environment.
//! - [`operation`]: what a user can ask for, one file each. Prints nothing.
//! - [`web`]: the administrators' pages. Holds no rule.
//! - [`cli`]: the commands. Holds no rule.

pub mod diagnostic;

pub mod calendar;

pub mod domain;

pub mod log;

pub mod export;

pub mod mapping;

pub mod panel;

pub mod pack;

pub mod check;

pub mod outcome;

pub mod writeback;

pub mod mosaic;

pub mod duty;

pub mod learning;

pub mod ledger;

pub mod report;

pub mod mail;

pub mod config;

pub mod operation;

pub mod web;

pub mod cli;
