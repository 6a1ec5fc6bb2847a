//! The outcomes workbook in, decisions, approval.
