//! One try of one delivery.
//!
//! Owns the way from a claimed delivery to what is to be recorded of it. Refuses to know when a try is
//! due and how many there are; what follows from its outcome is the domain's rule.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use clankdin_domain::context::Ctx;
use clankdin_domain::webhook::{
    AnswerText, Attempt, AttemptOutcome, Claimed, EndpointHealth, Message, NextStep, Recorded, delivery,
};
use clankdin_outbound::{Client, Outbound, headers};
use futures_util::FutureExt as _;

use crate::metrics::{self, Metrics};
use crate::retry_after;
use crate::settings::DispatcherSettings;

/// Tries deliveries. It belongs to the thread that made it, as its client does.
pub(crate) struct Trying {
    try_limit: Duration,
    client: Client,
    outbound: Outbound,
    ctx: Ctx,
    metrics: Metrics,
}

impl Trying {
    pub(crate) fn new(settings: &DispatcherSettings, outbound: Outbound, ctx: Ctx, metrics: Metrics) -> Self {
        Self { try_limit: settings.try_limit, client: outbound.client(), outbound, ctx, metrics }
    }

    pub(crate) fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Tries a delivery, unless its claim took so long to be committed that its lease could end before
    /// the try does: then it is given back, for whoever claims it next.
    pub(crate) async fn settle(&self, claimed: Claimed) -> Recorded {
        let left = (claimed.leased_until - self.ctx.now()).to_std().unwrap_or(Duration::ZERO);
        if left < self.try_limit { self.give_back(&claimed) } else { self.attempt(claimed).await }
    }

    /// Ends the lease of a delivery that was not tried.
    pub(crate) fn give_back(&self, claimed: &Claimed) -> Recorded {
        recorded(claimed, None, NextStep::RetryAt(self.ctx.now()), EndpointHealth::Unchanged)
    }

    async fn attempt(&self, claimed: Claimed) -> Recorded {
        let begun = Instant::now();
        let sent = {
            let _under_way = self.metrics.under_way();
            self.send(&claimed).await
        };
        let damaged = sent.is_err();
        let (outcome, answer) = sent.unwrap_or_else(|error| {
            tracing::error!(event_id = %claimed.event.id, %error, "a delivery can't be sent");
            unanswered("corrupt")
        });
        let attempt = Attempt { at: self.ctx.now(), outcome, latency: begun.elapsed(), answer };
        let (next, health) = if damaged {
            // No later try would do better, and the endpoint is not to blame.
            (NextStep::GiveUp, EndpointHealth::Unchanged)
        } else {
            delivery::after(&attempt, claimed.attempts, claimed.failing_since, self.jitter())
        };
        self.metrics.tried(&attempt, next);
        log(&claimed, &attempt, next, health);
        recorded(&claimed, Some(attempt), next, health)
    }

    /// # Errors
    ///
    /// What is stored of the event is damaged.
    async fn send(&self, claimed: &Claimed) -> Result<(AttemptOutcome, AnswerText), Box<dyn Error>> {
        let message = Message::new(&claimed.event, &claimed.secrets, self.ctx.now())?;
        let headers = headers(message.headers)?;
        // What was allowed when it was registered need not be any more.
        let Ok(target) = self.outbound.parse(claimed.url.as_str()) else {
            return Ok(unanswered("blocked"));
        };
        // Each try has a connection of its own, so no receiver can hold one open between tries.
        let answer = AssertUnwindSafe(self.client.post(&target, headers, message.body.into()));
        Ok(match answer.catch_unwind().await {
            Ok(Ok(answer)) => {
                let now = self.ctx.now();
                let retry_after = answer.retry_after.and_then(|header| retry_after::parse(&header, now));
                let outcome = AttemptOutcome::Answered { status: answer.status, retry_after };
                (outcome, AnswerText::of(&answer.body))
            }
            Ok(Err(error)) => unanswered(error.class()),
            // A receiver that found a way to make the client panic costs us one try like any other.
            Err(_panic) => unanswered("panic"),
        })
    }

    /// From -1 to 1.
    fn jitter(&self) -> f64 {
        let mut bytes = [0; 4];
        self.ctx.random().fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX) * 2.0 - 1.0
    }
}

fn unanswered(class: &'static str) -> (AttemptOutcome, AnswerText) {
    (AttemptOutcome::Unanswered { class }, AnswerText::default())
}

fn recorded(claimed: &Claimed, attempt: Option<Attempt>, next: NextStep, health: EndpointHealth) -> Recorded {
    Recorded {
        webhook_id: claimed.webhook_id,
        url: claimed.url.clone(),
        event_id: claimed.event.id,
        leased_until: claimed.leased_until,
        attempt,
        next,
        health,
    }
}

/// One line a try. The URL is not in it: agents put tokens there.
fn log(claimed: &Claimed, attempt: &Attempt, next: NextStep, health: EndpointHealth) {
    let (event_id, webhook_id) = (claimed.event.id, claimed.webhook_id);
    let status = match attempt.outcome {
        AttemptOutcome::Answered { status, .. } => Some(status),
        AttemptOutcome::Unanswered { .. } => None,
    };
    let latency_ms = attempt.latency.as_millis();
    let (tries, class, outcome) =
        (claimed.attempts + 1, metrics::class(attempt.outcome), metrics::outcome(next));
    if next == NextStep::Delivered {
        tracing::debug!(%event_id, %webhook_id, status, latency_ms, tries, "delivered");
    } else {
        tracing::info!(%event_id, %webhook_id, status, class, latency_ms, tries, outcome, "a try failed");
    }
    if health == EndpointHealth::Disabled {
        tracing::info!(%webhook_id, "the endpoint is disabled");
    }
}
