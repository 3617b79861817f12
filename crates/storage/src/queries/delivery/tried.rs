//! Tries, as a delivery's row holds them: an array of JSON, oldest first.

use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::webhook::{AnswerText, Try};
use serde_json::{Value, json};

/// An entry of the array.
pub(super) fn written(tried: &Try) -> String {
    json!({
        "at": tried.at.timestamp_micros(),
        "status": tried.status,
        "failure": tried.failure,
        "latency_ms": u64::try_from(tried.latency.as_millis()).unwrap_or(u64::MAX),
        "answer": tried.answer.as_str(),
    })
    .to_string()
}

/// The array; `None` where no version could have written it.
pub(in super::super) fn read(array: &str) -> Option<Vec<Try>> {
    let entries: Vec<Value> = serde_json::from_str(array).ok()?;
    entries.iter().map(entry).collect()
}

fn entry(entry: &Value) -> Option<Try> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let status = entry.get("status").and_then(Value::as_u64);
    Some(Try {
        at: Timestamp::from_timestamp_micros(entry.get("at")?.as_i64()?)?,
        status: status.map(u16::try_from).transpose().ok()?,
        failure: text("failure"),
        latency: Duration::from_millis(entry.get("latency_ms")?.as_u64()?),
        answer: AnswerText::from_stored(text("answer")?),
    })
}
