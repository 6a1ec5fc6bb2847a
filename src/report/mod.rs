//! What people take away: tables, workbooks, JSON.
