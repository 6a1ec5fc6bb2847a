//! Reads Mosaic for the reference of what was written.

use jiff::ToSpan as _;
use serde_json::Value;

use super::dialect::FindOperation;
use super::rest::{RestCarrier, body, text_at};
use super::rest_write::{answers_of, holds};
use crate::domain::{Receipt, WriteBack};
use crate::writeback::{Carried, Found, times_in};

/// Pages of a record that are read for one child: beyond them something is wrong with the paging.
const PAGES_MAX: usize = 500;

/// Something on a record that holds the reference.
struct Match {
    id: String,
    created: Option<String>,
    person: Option<String>,
}

impl RestCarrier {
    /// Whether the form's answers hold the reference.
    pub(super) async fn find_answer(&self, write_back: &WriteBack) -> Found {
        let answer = match self.read_form(write_back).await {
            Ok((_, answer)) => answer,
            Err(Carried::Refused { reason }) => return Found::Doubtful { reason },
            Err(Carried::Unsent { reason, .. } | Carried::Unknown { reason } | Carried::Handed { reason }) => {
                return Found::Unreadable { reason };
            }
            Err(Carried::Done(receipt)) => return Found::Once(receipt),
        };
        let Some(operation) = &self.dialect.form else {
            return Found::Doubtful { reason: "there is no form".to_owned() };
        };
        let person = text_at(&answer, &operation.person);
        if let Some(other) = person.filter(|person| *person != write_back.person.to_string()) {
            let reason = format!("the form is on person {other}'s record, not {}", write_back.person);
            return Found::Doubtful { reason };
        }
        match answers_of(operation, &answer) {
            Ok(answers) if holds(&answers, write_back) => Found::Once(self.form_receipt(write_back)),
            Ok(_) => Found::Nowhere,
            Err(reason) => Found::Unreadable { reason },
        }
    }

    /// Whether something on the person's record holds the reference.
    pub(super) async fn find_on_record(&self, write_back: &WriteBack, find: (&'static str, &FindOperation)) -> Found {
        let found = match self.matching(write_back, find).await {
            Ok(found) => found,
            Err(reason) => return Found::Unreadable { reason },
        };
        let person = write_back.person.to_string();
        let elsewhere = |found: &Match| found.person.as_ref().is_some_and(|other| *other != person);
        match found.as_slice() {
            [] => Found::Nowhere,
            [one] if elsewhere(one) => {
                let reason = format!("{} with this reference is on another person's record, not {person}", one.id);
                Found::Doubtful { reason }
            }
            [one] => Found::Once(Receipt {
                mosaic_id: one.id.clone(),
                mosaic_time: one.created.clone(),
                known_at: self.clock.now(),
                by_reading: true,
            }),
            several => {
                let ids: Vec<&str> = several.iter().map(|one| one.id.as_str()).collect();
                Found::Doubtful { reason: format!("this reference is there several times: {}", ids.join(", ")) }
            }
        }
    }

    async fn matching(
        &self,
        write_back: &WriteBack,
        (name, find): (&'static str, &FindOperation),
    ) -> Result<Vec<Match>, String> {
        let from = write_back.payload.contact_date().saturating_sub(1.months());
        let path = find.path.replace("{person}", &write_back.person.to_string()).replace("{from}", &from.to_string());
        let mut page = Some(self.url(&path)?);
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(url) = page.take() else { return Ok(found) };
            let response = self.exchange(name, || Ok(self.get(&url))).await.map_err(|failed| failed.reason())?;
            if !response.status().is_success() {
                return Err(format!("Mosaic does not show the record: status {}", response.status().as_u16()));
            }
            let answer = body(response).await?;
            let items = answer.pointer(&find.items).and_then(Value::as_array).ok_or("the answer holds no list")?;
            for item in items {
                let text = item.pointer(&find.body).and_then(Value::as_str).unwrap_or("");
                // A note that was deleted, is a draft or has timed out was written all the same.
                for _ in 0..times_in(&write_back.reference, text) {
                    let id = text_at(item, &find.id).ok_or("something on the record has no id")?;
                    let (created, person) = (text_at(item, &find.created), text_at(item, &find.person));
                    found.push(Match { id, created, person });
                }
            }
            if let Some(next) = answer.pointer(&find.next).and_then(Value::as_str) {
                page = Some(self.next_page(next)?);
            }
        }
        Err("the record has more pages than can be right".to_owned())
    }
}
