//! The body of a request: JSON, UTF-8, an object.

use actix_web::HttpMessage;
use actix_web::http::{StatusCode, header};
use clankdin_domain::agent::revoke_leaked_key;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::text::parse_line;
use clankdin_domain::webhook::WebhookUrl;
use clankdin_outbound::{CheckError, Outbound};
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

    /// Whether it is also taken as a form, as pages without scripts send it.
    const TAKES_FORMS: bool = false;

    /// The field whose address the guard has to let pass, if there is one: it may take a look-up, so that
    /// [`parse`](Self::parse) can't wait for it.
    fn guarded(&self) -> Option<(&'static str, &str)> {
        None
    }

    /// Looks at every field, and names each that is at fault.
    fn parse(self, errors: &mut Errors) -> Option<Self::Command>;
}

/// The body of what needs none: whatever fields it has are unknown.
#[derive(serde::Deserialize)]
pub(super) struct Nothing {}

impl Body for Nothing {
    type Command = ();

    fn parse(self, _: &mut Errors) -> Option<()> {
        Some(())
    }
}

pub(super) async fn read<B: Body>(public: &Public) -> Result<B::Command, Problem> {
    let bytes = public.request.extensions().get::<ReadBody>().map(|body| body.0.clone()).unwrap_or_default();
    let body: B = if bytes.is_empty() {
        deserialize(&bytes)?
    } else {
        match encoding(public) {
            Some(Encoding::Json) => deserialize(&bytes)?,
            Some(Encoding::Form) if B::TAKES_FORMS => from_form(&bytes)?,
            Some(Encoding::Form) | None => return Err(unsupported(B::TAKES_FORMS)),
        }
    };
    let mut errors = Errors::default();
    if let Some((field, address)) = body.guarded()
        && let Err(fault) = judge(&public.app.outbound, address).await
    {
        errors.push_refused(field, fault.0, fault.1);
    }
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

/// What the guard says of an address; one that is none is for the field itself to tell. A name that does
/// not resolve now may do so later, and is checked again at every try.
async fn judge(outbound: &Outbound, address: &str) -> Result<(), (&'static str, String)> {
    let Ok(url) = WebhookUrl::parse(address) else { return Ok(()) };
    let target = outbound.parse(url.as_str()).map_err(|error| (error.code(), error.to_string()))?;
    match outbound.check(&target).await {
        Ok(_) | Err(CheckError::Unresolvable { .. }) => Ok(()),
        Err(CheckError::Forbidden(forbidden)) => Err((forbidden.code(), forbidden.to_string())),
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

/// What was typed into that field of a form, as a page may show it again: nothing where it is no line of plain
/// text, or holds a secret.
pub(super) fn typed(public: &Public, field: &str) -> String {
    const MOST_CHARACTERS: usize = 2_048;
    let body = public.request.extensions().get::<ReadBody>().map(|body| body.0.clone()).unwrap_or_default();
    if !matches!(encoding(public), Some(Encoding::Form)) {
        return String::new();
    }
    let text = url::form_urlencoded::parse(&body).find(|(name, _)| name == field).map(|(_, text)| text);
    parse_line(&text.unwrap_or_default(), 0..=MOST_CHARACTERS).unwrap_or_default()
}

/// What a body is written as.
enum Encoding {
    Json,
    Form,
}

/// What the body says that it is written as; nothing where that is not taken.
fn encoding(public: &Public) -> Option<Encoding> {
    let headers = public.request.headers();
    let is_plain = |it: &header::HeaderValue| it.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get(header::CONTENT_ENCODING).is_none_or(is_plain) {
        return None;
    }
    match headers.get(header::CONTENT_TYPE).map(|it| it.to_str().unwrap_or_default()) {
        None => Some(Encoding::Json),
        Some(name) if is_json_in_utf_8(name) => Some(Encoding::Json),
        Some(name) if is_form(name) => Some(Encoding::Form),
        Some(_) => None,
    }
}

fn unsupported(takes_forms: bool) -> Problem {
    let or_form = if takes_forms { " or application/x-www-form-urlencoded" } else { "" };
    let detail =
        format!("Send the body as Content-Type: application/json{or_form}, in UTF-8 and not compressed.");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The fields of a form, each of which is a text.
fn from_form<B: Body>(bytes: &[u8]) -> Result<B, Problem> {
    let mut fields = serde_json::Map::new();
    for (name, text) in url::form_urlencoded::parse(bytes) {
        if fields.insert(name.into_owned(), Value::String(text.into_owned())).is_some() {
            return Err(malformed("each field of a form stands there once"));
        }
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| malformed(&error.to_string()))
}

fn is_json_in_utf_8(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let is_utf_8 = parts.all(|parameter| match parameter.strip_prefix("charset=") {
        Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"),
        None => true,
    });
    is_json && is_utf_8
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

#[cfg(test)]
mod tests {
    use super::super::field::Field;
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Note {
        #[serde(default)]
        note: Field,
    }

    impl Body for Note {
        type Command = Option<String>;

        fn parse(self, errors: &mut Errors) -> Option<Self::Command> {
            errors.optional("note", self.note, |text| Ok(text.to_owned()))
        }
    }

    fn code(bytes: &[u8]) -> Option<String> {
        deserialize::<Note>(bytes).err().map(|problem| problem.to_string())
    }

    #[test]
    fn json_goes_by_several_names_and_other_types_by_none_of_them() {
        for name in [
            "application/json",
            "Application/JSON ; Charset=UTF-8",
            "application/ld+json",
            "application/json;v=1",
        ] {
            assert!(is_json_in_utf_8(name), "{name}");
        }
        for name in
            ["", "json", "text/json", "application/jsonl", "application/json;charset=utf-16", "x+json"]
        {
            assert!(!is_json_in_utf_8(name), "{name}");
        }
    }

    #[test]
    fn no_body_is_an_object_without_fields() {
        for bytes in [&b""[..], b" \r\n\t", b"{}"] {
            let note: Note = deserialize(bytes).unwrap();
            assert_eq!(note.parse(&mut Errors::default()), Some(None));
        }
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        for bytes in [&b"[]"[..], b"null", b"1", b"{", b"{}{}", b"\xff", b"\xef\xbb\xbf{}", b"\xc2\xa0{}"] {
            assert!(code(bytes).is_some_and(|problem| problem.starts_with("malformed_json")), "{bytes:?}");
        }
        assert!(code("[".repeat(10_000).as_bytes()).is_some());
    }
}
