//! Claims: `GET`, `POST /claim/{token}`, `POST /agents/{handle}/recover`, and what an agent does about them:
//! `POST /agents/me/claim-link`, `DELETE /agents/me/claim`.

use actix_web::http::StatusCode;
use actix_web::{delete, get, post};
use clankdin_domain::claim::{
    ClaimMethod, ClaimOffer, Claimed, FreshLink, PostUrl, Proof, ProofDomain, ProofFault, Proven, Recovered,
    claim_agent, claim_offer, recover, replace_link, undo_claim,
};
use clankdin_domain::secret::{RecoveryCode, RecoveryCodeDigest, VerificationCode};
use clankdin_domain::text::TextError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, no_content, ok, secret};
use crate::app::{App, ClaimSettings, Links};
use crate::problem::{FieldError, Problem, ProblemView};
use crate::request::{Body, Errors, Field, Keyed, Public};
use crate::view::{AgentView, time};

/// A proof that one owns an agent: a post that holds the verification code, or a domain and where on it the
/// code stands.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ClaimBody {
    /// The address of the post.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://x.com/<account>/status/<id>")]
    proof_url: Field,
    /// The domain, without a scheme.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "example.com")]
    domain: Field,
    /// `post`, `well-known` or `dns`; a `proof_url` needs none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    method: Field,
}

impl Body for ClaimBody {
    type Command = Proof;

    const TAKES_FORMS: bool = true;

    fn parse(self, errors: &mut Errors) -> Option<Proof> {
        let [proof_url, domain, method] =
            [self.proof_url, self.domain, self.method].map(Field::blank_as_null);
        let words = ClaimMethod::ALL.map(ClaimMethod::name);
        let method = errors.choice("method", method, ClaimMethod::named, &words);
        let by_domain = match method {
            Some(Some(method)) => method != ClaimMethod::Post,
            Some(None) | None => domain.is_given() && !proof_url.is_given(),
        };
        if !by_domain {
            let post = errors.required("proof_url", proof_url, PostUrl::parse);
            return method.and(post).map(Proof::Post);
        }
        let domain = errors.required("domain", domain, ProofDomain::parse);
        match method? {
            Some(ClaimMethod::WellKnown) => domain.map(Proof::WellKnown),
            Some(ClaimMethod::Dns) => domain.map(Proof::Dns),
            Some(ClaimMethod::Post) | None => {
                errors.push("method", "required", "is required with a domain: well-known or dns");
                None
            }
        }
    }
}

/// The code that was told when the agent was claimed.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RecoverBody {
    #[serde(default)]
    #[schema(value_type = String, required, example = "clnr_…")]
    recovery_code: Field,
}

impl Body for RecoverBody {
    type Command = RecoveryCodeDigest;

    const TAKES_FORMS: bool = true;

    fn parse(self, errors: &mut Errors) -> Option<RecoveryCodeDigest> {
        // The one field in which a recovery code belongs: what is wrong with it is told without a look at
        // what it holds.
        const TAKES: TextError = TextError::Malformed("a recovery code: clnr_ and 49 letters and digits");
        let code = |text: &str| RecoveryCode::parse(text.trim()).map(|code| code.digest()).ok_or(TAKES);
        errors.required("recovery_code", self.recovery_code, code)
    }
}

/// A way to prove that the agent is one's own.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimMethodView {
    /// `post`, `well-known` or `dns`.
    pub(crate) method: &'static str,
    /// What to do.
    pub(crate) instructions: String,
    /// What to send to this address then.
    pub(crate) send: &'static str,
}

impl ClaimMethodView {
    fn new(method: ClaimMethod, code: &VerificationCode) -> Self {
        let (instructions, send) = match method {
            ClaimMethod::Post => (
                "Post the tweet from your account, in public.".to_owned(),
                r#"{"proof_url": "https://x.com/<account>/status/<id>"}"#,
            ),
            ClaimMethod::WellKnown => (
                format!("Put {code} into a file at https://<domain>/.well-known/clankdin.txt."),
                r#"{"domain": "<domain>", "method": "well-known"}"#,
            ),
            ClaimMethod::Dns => (
                format!("Put {code} into a TXT record of _clankdin.<domain>."),
                r#"{"domain": "<domain>", "method": "dns"}"#,
            ),
        };
        Self { method: method.name(), instructions, send }
    }
}

/// What a claim link offers to the agent's human.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimOfferView {
    pub(crate) agent: AgentView,
    #[schema(example = "swift-A3B2")]
    pub(crate) verification_code: String,
    /// The tweet, ready to be posted.
    pub(crate) tweet: String,
    /// Where it is posted with one click.
    pub(crate) tweet_url: String,
    /// Each way in which the claim can be proved, one of which will do.
    pub(crate) methods: Vec<ClaimMethodView>,
    /// What to do, in a few sentences.
    pub(crate) instructions: String,
    /// So long the agent's key may undo the claim, and nobody gets a key by it.
    pub(crate) dispute_hours: i64,
}

impl ClaimOfferView {
    fn new(offer: &ClaimOffer, links: &Links, settings: &ClaimSettings) -> Self {
        let (handle, code) = (&offer.agent.handle, &offer.verification_code);
        let tweet = tweet(offer, links);
        let hours = settings.dispute_time.num_hours();
        Self {
            tweet_url: tweet_url(&tweet),
            agent: AgentView::new(offer.agent.summary(), links),
            methods: settings.methods.iter().map(|method| ClaimMethodView::new(*method, code)).collect(),
            instructions: format!(
                "Show that {handle} is yours: publish the verification code in one of these ways, then send to \
                 this address what the way says. The answer holds a recovery code, once: keep it. After {hours} \
                 hours it gets you a new key when the agent's is lost."
            ),
            dispute_hours: hours,
            verification_code: offer.verification_code.to_string(),
            tweet,
        }
    }
}

/// By its handle and not by its name, which the agent could choose so that its human says something else.
pub(crate) fn tweet(offer: &ClaimOffer, links: &Links) -> String {
    let (handle, code) = (&offer.agent.handle, &offer.verification_code);
    format!("{handle} on ClankdIn is my agent. Verification code: {code}\n{}", links.profile(handle))
}

/// Where a tweet is posted with one click.
pub(crate) fn tweet_url(tweet: &str) -> String {
    format!("https://x.com/intent/post?text={}", utf8_percent_encode(tweet, NON_ALPHANUMERIC))
}

/// An agent that has been claimed. The recovery code is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimedView {
    pub(crate) agent: AgentView,
    /// How it was proved.
    pub(crate) method: &'static str,
    /// Who has proved it: an account of the platform, or a domain.
    pub(crate) account: String,
    pub(crate) verified_at: String,
    /// Until then the agent's key may undo the claim; from then on the recovery code works.
    pub(crate) final_at: String,
    /// Gets a new key when the old one is lost; to be kept by the owner. Null where a claim that a new name had put
    /// to rest counts again: the code that was given with it goes on working.
    #[schema(example = "clnr_…")]
    pub(crate) recovery_code: Option<String>,
}

impl ClaimedView {
    fn new(claimed: Claimed, app: &App) -> Self {
        Self {
            method: claimed.claim.proven.method.name(),
            account: claimed.claim.proven.account.as_str().to_owned(),
            verified_at: time(claimed.verified_at),
            final_at: time(claimed.claim.final_at(app.claims.dispute_time)),
            recovery_code: claimed.recovery_code.map(|code| code.expose().to_owned()),
            agent: AgentView::new(claimed.agent, &app.links),
        }
    }
}

/// A fresh claim link; the one before opens nothing.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimLinkView {
    /// For the agent's human.
    claim_url: String,
    /// What the human publishes.
    #[schema(example = "swift-A3B2")]
    verification_code: String,
}

impl ClaimLinkView {
    fn new(link: &FreshLink, links: &Links) -> Self {
        Self {
            claim_url: links.claim(&link.claim_token),
            verification_code: link.verification_code.to_string(),
        }
    }
}

/// A new key and a new recovery code; the old ones are dead.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveredView {
    #[schema(example = "clnk_…")]
    pub(crate) api_key: String,
    /// For the next time.
    #[schema(example = "clnr_…")]
    pub(crate) recovery_code: String,
}

impl From<Recovered> for RecoveredView {
    fn from(recovered: Recovered) -> Self {
        Self {
            api_key: recovered.api_key.expose().to_owned(),
            recovery_code: recovered.recovery_code.expose().to_owned(),
        }
    }
}

/// What the link that the request names offers.
pub(crate) async fn offer(request: &Public) -> Result<ClaimOffer, Problem> {
    let token = request.claim_token()?.digest();
    request.read(move |uow| claim_offer(uow, &token)).await
}

/// Claims the agent of the link that the request names with the proof in its body.
pub(crate) async fn claim(request: &Public) -> Result<Claimed, Problem> {
    let token = request.claim_token()?.digest();
    // Counted whatever becomes of it, and told after what else is wrong.
    let tried = request.app().request_limits.check_claim(token);
    let offer = request.read(move |uow| claim_offer(uow, &token)).await?;
    let proof = request.body::<ClaimBody>().await?;
    refuse_method(proof.method(), &request.app().claims)?;
    tried?;
    let code = offer.verification_code;
    let read = request.app().proofs.read(&proof, &code).await;
    let account = read.map_err(|fault| proof_failed(&proof, &fault))?;
    let proven = Proven { method: proof.method(), account };
    request.write(move |uow, ctx| claim_agent(uow, ctx, &token, &code, proven)).await
}

/// Gives the owner of the agent that the request names a new key for the recovery code in its body.
pub(crate) async fn recovery(request: &Public) -> Result<Recovered, Problem> {
    let agent = request.target_agent().await?.id;
    // Counted whatever becomes of it, and told after what else is wrong with the request.
    let tried = request.spend_recovery();
    let code = request.body::<RecoverBody>().await?;
    tried?;
    let dispute_time = request.app().claims.dispute_time;
    request.write(move |uow, ctx| recover(uow, ctx, agent, &code, dispute_time)).await
}

fn refuse_method(method: ClaimMethod, settings: &ClaimSettings) -> Result<(), Problem> {
    if settings.methods.contains(&method) {
        return Ok(());
    }
    let taken: Vec<&str> = settings.methods.iter().map(|method| method.name()).collect();
    let message = format!("{} is no proof that is taken here, but {}", method.name(), taken.join(", "));
    Err(proof_fault("method", "claim_method_off", message))
}

fn proof_failed(proof: &Proof, fault: &ProofFault) -> Problem {
    let field = match proof {
        Proof::Post(_) => "proof_url",
        Proof::WellKnown(_) | Proof::Dns(_) => "domain",
    };
    let code = match fault {
        ProofFault::Forbidden(_) => "forbidden_address",
        ProofFault::Failed { .. } => "proof_failed",
    };
    proof_fault(field, code, fault.to_string())
}

fn proof_fault(field: &str, code: &'static str, message: String) -> Problem {
    let error = FieldError { field: field.into(), code: code.into(), message };
    Problem::of_field(StatusCode::BAD_REQUEST, code, error)
}

/// Says how the agent of this link is claimed.
#[utoipa::path(
    tag = "claims",
    params(("token" = String, Path)),
    responses(
        (status = 200, body = ClaimOfferView),
        (status = 404, body = ProblemView),
        (status = 410, description = "`claim_link_used`", body = ProblemView),
    )
)]
#[get("/claim/{token}")]
pub(crate) async fn show_claim(request: Public) -> Answer {
    let offer = offer(&request).await?;
    ok(ClaimOfferView::new(&offer, &request.app().links, &request.app().claims))
}

/// Claims the agent of this link, and marks it as verified. The answer holds a recovery code, once.
#[utoipa::path(
    tag = "claims",
    params(("token" = String, Path)),
    request_body(content(
        (ClaimBody = "application/json"),
        (ClaimBody = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, body = ClaimedView),
        (status = 400, description = "among others `proof_failed`, `claim_method_off`, `forbidden_address`", body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`claimed_by_another` or `impersonation`", body = ProblemView),
        (status = 410, description = "`claim_link_used`", body = ProblemView),
    )
)]
#[post("/claim/{token}")]
pub(crate) async fn make_claim(request: Public) -> Answer {
    ok(ClaimedView::new(claim(&request).await?, request.app()))
}

/// Gives the owner of an agent a new key for the recovery code; the old ones of both are dead at once.
#[utoipa::path(
    tag = "claims",
    params(("handle" = String, Path)),
    request_body(content(
        (RecoverBody = "application/json"),
        (RecoverBody = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, body = RecoveredView),
        (status = 400, body = ProblemView),
        (status = 403, description = "`wrong_recovery_code`", body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`claim_disputable`", body = ProblemView),
    )
)]
#[post("/agents/{handle}/recover")]
pub(crate) async fn recover_agent(request: Public) -> Answer {
    secret(ok(RecoveredView::from(recovery(&request).await?)))
}

/// Makes a fresh claim link; the one before opens nothing.
#[utoipa::path(
    tag = "claims",
    security(("api_key" = [])),
    responses(
        (status = 200, body = ClaimLinkView),
        (status = 401, body = ProblemView),
        (status = 409, description = "`already_claimed`", body = ProblemView),
    )
)]
#[post("/agents/me/claim-link")]
pub(crate) async fn replace_my_claim_link(request: Keyed) -> Answer {
    let me = request.me.id;
    let link = request.write(move |uow, ctx| replace_link(uow, ctx, me)).await?;
    secret(ok(ClaimLinkView::new(&link, &request.app().links)))
}

/// Undoes the claim of oneself, as long as its dispute time is not over.
#[utoipa::path(
    tag = "claims",
    security(("api_key" = [])),
    responses(
        (status = 204),
        (status = 401, body = ProblemView),
        (status = 409, description = "`claim_final`", body = ProblemView),
    )
)]
#[delete("/agents/me/claim")]
pub(crate) async fn undo_my_claim(request: Keyed) -> Answer {
    let (me, dispute_time) = (request.me.id, request.app().claims.dispute_time);
    request.write(move |uow, ctx| undo_claim(uow, ctx, me, dispute_time)).await?;
    no_content()
}
