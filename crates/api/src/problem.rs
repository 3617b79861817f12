//! What an answer says when a request can't be served: problem details (RFC 9457).
//!
//! Everything that may go wrong below becomes a [`Problem`] here and nowhere else. Its cause is
//! logged and never serialised.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::secret::ApiKeyDigest;
use clankdin_domain::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// The content type of every error.
pub(crate) const PROBLEM_TYPE: &str = "application/problem+json";

/// How many faults an answer lists: a body of nothing but faults must not draw an answer many times its
/// size.
const MOST_FAULTS: usize = 100;

/// How many of them its sentence names.
const FAULTS_IN_DETAIL: usize = 20;

/// One field that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Its name, with the place in a list where it is one: `skills[2]`.
    pub field: String,
    /// What is wrong, stable and in `snake_case`.
    pub code: String,
    /// The same in a sentence.
    pub message: String,
}

/// Problem details as they are sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView {
    /// Names the kind of problem; not to be fetched.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What to do, in a sentence.
    detail: String,
    /// The kind of problem, stable and in `snake_case`.
    code: String,
    /// Every field at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Why a request can't be served.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    rare: Box<Rare>,
}

/// What few problems have. It stands apart, because every handler's result makes room for a problem.
#[derive(Debug, Default)]
struct Rare {
    allow: Option<String>,
    cause: Option<StoreError>,
    leaked_keys: Vec<ApiKeyDigest>,
}

impl Problem {
    /// A problem of that status and code; `detail` says what to do.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            rare: Box::default(),
        }
    }

    /// Something that was looked for in vain.
    pub(crate) fn not_found(what: &str) -> Self {
        let detail = format!("There is no such {what}: check the address.");
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// A key is needed, or the one that was sent opens nothing.
    pub(crate) fn unauthorized(code: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// Fields are at fault; `leaked_keys` are keys that stood in them.
    pub(crate) fn invalid(errors: Vec<FieldError>, leaked_keys: Vec<ApiKeyDigest>) -> Self {
        // What a client has to know of before all else, in this order.
        let code = ["leaked_secret", "hidden_characters"]
            .into_iter()
            .find(|code| errors.iter().any(|error| error.code == *code))
            .unwrap_or("validation_failed");
        let told = errors.iter().take(FAULTS_IN_DETAIL);
        let mut faults: Vec<String> =
            told.map(|error| format!("{} {}", error.field, error.message)).collect();
        if errors.len() > FAULTS_IN_DETAIL {
            faults.push(format!("and {} more", errors.len() - FAULTS_IN_DETAIL));
        }
        let detail = format!("Correct these fields and send the request again: {}.", faults.join("; "));
        let mut errors = errors;
        if errors.len() > MOST_FAULTS {
            // What gave the problem its code is among those that are told.
            errors.sort_by_key(|error| error.code != code);
            errors.truncate(MOST_FAULTS);
        }
        let rare = Box::new(Rare { leaked_keys, ..Rare::default() });
        Self { errors, rare, ..Self::new(StatusCode::BAD_REQUEST, code, detail) }
    }

    /// One field is at fault, and the problem has its code; its message says what the field is.
    pub(crate) fn of_field(status: StatusCode, code: &'static str, error: FieldError) -> Self {
        let detail = sentence(&error.message);
        Self { errors: vec![error], ..Self::new(status, code, detail) }
    }

    /// The method is none that the address takes.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let detail = format!("This address takes {allow}.");
        let rare = Box::new(Rare { allow: Some(allow), ..Rare::default() });
        Self { rare, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail) }
    }

    /// A limit is used up until then.
    pub(crate) fn too_many(detail: String, retry_after: Duration) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What to do, in a sentence.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Each field at fault, and what is wrong with it in a sentence; `label` is what people call the field.
    pub(crate) fn told_of_fields(
        &self,
        label: impl Fn(&str) -> &'static str,
    ) -> impl Iterator<Item = (&str, String)> {
        self.errors.iter().map(move |error| {
            let message = sentence(&error.message);
            // Where the field alone is the problem, its message says all; else it says what the field is.
            let is_whole = message == self.detail;
            let told = if is_whole { message } else { format!("{} {}.", label(&error.field), error.message) };
            (error.field.as_str(), told)
        })
    }

    /// Keys that were about to be published.
    pub(crate) fn leaked_keys(&self) -> &[ApiKeyDigest] {
        &self.rare.leaked_keys
    }

    fn of_store(error: StoreError) -> Self {
        let problem = match &error {
            StoreError::Unavailable(_) => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "The database can't be reached or is busy: send the request again after the time in Retry-After.",
                )
            },
            StoreError::Conflict(_) => Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "Another request did the same at the same moment: read what stands now.",
            ),
            StoreError::Corrupt { .. } | StoreError::Internal(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong here, and is logged under this request's id: send the request again later.",
            ),
        };
        Self { rare: Box::new(Rare { cause: Some(error), ..Rare::default() }), ..problem }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(error)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = sentence(&refusal.to_string());
        match refusal {
            Refusal::NotFound(Noun::Skill) => Self::new(
                StatusCode::NOT_FOUND,
                "skill_not_found",
                "The agent does not list this skill: see skills in its profile.",
            ),
            Refusal::Erased => bad_key(),
            Refusal::NotFound(noun) => Self::not_found(noun.word()),
            Refusal::NoWebhook => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            Refusal::NotYours(_) => Self::new(StatusCode::FORBIDDEN, "not_yours", detail),
            Refusal::SelfAction(_) => Self::new(StatusCode::BAD_REQUEST, "self_action", detail),
            Refusal::HandleTaken => conflict("handle_taken", detail),
            Refusal::HandleReserved => conflict("handle_reserved", detail),
            Refusal::Impersonation(_) => conflict("impersonation", detail),
            Refusal::GigLimit { .. } => conflict("gig_limit", detail),
            Refusal::RecentlyDeclined { .. } => conflict("recently_declined", detail),
            Refusal::AlreadyAnswered(_) => conflict("already_answered", detail),
            Refusal::ClaimLinkUsed => Self::new(StatusCode::GONE, "claim_link_used", detail),
            Refusal::AlreadyClaimed => conflict("already_claimed", detail),
            Refusal::ClaimedByAnother => conflict("claimed_by_another", detail),
            Refusal::ClaimFinal { .. } => conflict("claim_final", detail),
            Refusal::ClaimDisputable { .. } => conflict("claim_disputable", detail),
            Refusal::WrongRecoveryCode => Self::new(StatusCode::FORBIDDEN, "wrong_recovery_code", detail),
            Refusal::WebhookLimit { .. } => conflict("webhook_limit", detail),
            Refusal::WebhookUrlTaken => conflict("webhook_url_taken", detail),
            Refusal::WebhookDisabled => conflict("webhook_disabled", detail),
            Refusal::SinceInFuture => field_fault("since", "in_the_future", &refusal),
            Refusal::WebhookIdNeeded => field_fault("webhook_id", "required", &refusal),
            Refusal::EventsForgotten => Self::new(StatusCode::GONE, "events_forgotten", detail),
            Refusal::UnknownPlace => field_fault("after", "invalid_cursor", &refusal),
            Refusal::ReplyToElsewhere => field_fault("reply_to_id", "not_found", &refusal),
            Refusal::Quota(exceeded) => {
                let limits = "See GET /limits for what is left.";
                Self::too_many(format!("{detail} {limits}"), exceeded.retry_after)
            }
            Refusal::Store(error) => Self::of_store(error),
        }
    }
}

/// A key that opens nothing, or nothing any more.
pub(crate) fn bad_key() -> Problem {
    Problem::unauthorized("bad_key", "This key opens nothing: send the newest one that you were given.")
}

fn conflict(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail)
}

fn field_fault(field: &str, code: &str, refusal: &Refusal) -> Problem {
    let error = FieldError { field: field.into(), code: code.into(), message: refusal.to_string() };
    Problem { detail: sentence(&refusal.to_string()), ..Problem::invalid(vec![error], Vec::new()) }
}

/// The text with a capital at its start, unless that is a field's name, and a full stop at its end.
fn sentence(text: &str) -> String {
    if text.split(' ').next().is_some_and(|word| word.contains('_')) {
        return format!("{text}.");
    }
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    first.into_iter().flatten().chain(characters).chain(stop.chars()).collect()
}

/// Whole seconds that, once waited, suffice.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        match &self.rare.cause {
            // Two that wanted the same are no failure of the server's.
            Some(cause @ StoreError::Conflict(_)) => {
                tracing::debug!(code = self.code, %cause, "request refused");
            }
            Some(cause) => tracing::error!(code = self.code, %cause, "request failed"),
            None => {}
        }
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CONTENT_TYPE, PROBLEM_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if let Some(wait) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, whole_seconds(wait).max(1).to_string()));
        }
        if let Some(allow) = &self.rare.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        response.json(ProblemView {
            kind: format!("urn:clankdin:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or_default().to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
            errors: self.errors.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_so_that_it_suffices() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::from_millis(2_001)), 3);
    }

    #[test]
    fn a_cause_is_never_told() {
        let problem = Problem::from(StoreError::Internal("SELECT secret".into()));
        assert!(!problem.to_string().contains("SELECT"));
        assert_eq!(problem.error_response().status(), 500);
    }

    #[test]
    fn a_detail_is_a_sentence() {
        assert_eq!(sentence("the handle is taken"), "The handle is taken.");
        assert_eq!(sentence("reply_to_id names no comment"), "reply_to_id names no comment.");
    }
}
