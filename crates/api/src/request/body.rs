//! The body of a request: JSON, UTF-8, an object.

use actix_web::HttpMessage;
use actix_web::http::{StatusCode, header};
use clankdin_domain::agent::revoke_leaked_key;
use clankdin_domain::refusal::Refusal;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Public;
use super::field::Errors;
use crate::door::ReadBody;
use crate::problem::Problem;

/// A body as it comes, and what it asks for once every field has been found sound.
pub(crate) trait Body: DeserializeOwned {
    /// What it asks for.
    type Command;

    /// Looks at every field, and names each that is at fault.
    fn parse(self, errors: &mut Errors) -> Option<Self::Command>;
}

pub(super) async fn read<B: Body>(public: &Public) -> Result<B::Command, Problem> {
    check_content_type(public)?;
    let bytes = public.request.extensions().get::<ReadBody>().map(|body| body.0.clone()).unwrap_or_default();
    let body: B = deserialize(&bytes)?;
    let mut errors = Errors::default();
    let command = body.parse(&mut errors);
    match (command, errors.into_problem()) {
        (Some(command), None) => Ok(command),
        (_, problem) => {
            let problem = problem.unwrap_or_else(|| malformed("it could not be read"));
            revoke_leaked(public, &problem).await?;
            Err(problem)
        }
    }
}

/// An agent's live key that somebody was about to publish is dead before the refusal is told.
async fn revoke_leaked(public: &Public, problem: &Problem) -> Result<(), Problem> {
    if problem.leaked_keys().is_empty() {
        return Ok(());
    }
    let (keys, writer) = (problem.leaked_keys().to_vec(), public.viewer.as_ref().map(|agent| agent.id));
    let revoke = move |uow: &mut dyn clankdin_domain::store::UnitOfWork, ctx: &_| -> Result<(), Refusal> {
        for key in &keys {
            revoke_leaked_key(uow, ctx, writer, key)?;
        }
        Ok(())
    };
    public.write(revoke).await
}

fn check_content_type(public: &Public) -> Result<(), Problem> {
    let Some(value) = public.request.headers().get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let is_utf8 = parts.all(|parameter| match parameter.strip_prefix("charset=") {
        Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"),
        None => true,
    });
    if is_json && is_utf8 {
        return Ok(());
    }
    let detail = "Send the body as Content-Type: application/json, in UTF-8.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}

fn deserialize<B: Body>(bytes: &[u8]) -> Result<B, Problem> {
    let value = if bytes.iter().all(u8::is_ascii_whitespace) {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))?
    };
    if !value.is_object() {
        return Err(malformed("the outermost value has to be an object"));
    }
    serde_json::from_value(value).map_err(|error| malformed(&error.to_string()))
}

fn malformed(why: &str) -> Problem {
    let detail = format!("Send a JSON object in UTF-8: {why}.");
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}
