//! One try of one delivery.
//!
//! Owns the way from a delivery whose turn has come to what is to be recorded of it. Refuses to know when a try is
//! due and how many there are; what follows from its outcome is the domain's rule.

use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use clankdin_domain::context::Ctx;
use clankdin_domain::event::Event;
use clankdin_domain::webhook::{
    AnswerText, Attempt, AttemptOutcome, Endpoint, EndpointHealth, Message, NextStep, Recorded, delivery,
};
use clankdin_outbound::{
    Answer, Bytes, Client, HeaderName, HeaderValue, Outbound, SendError, TargetUrl, VettedAddress, headers,
};
use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};

use crate::machine::{Ended, Flight, Machine};
use crate::metrics::{self, Metrics};
use crate::retry_after;
use crate::settings::DispatcherSettings;
use crate::targets::Targets;

/// How long connections are kept, and what was read of URLs, before the next try lets all of them go: nobody else closes
/// those that lie idle.
const CLIENT_AGE: Duration = Duration::from_mins(1);

/// The machine, as tries and whoever leads share it on one thread; never held over an `await`.
#[derive(Clone)]
pub(crate) struct SharedMachine(Rc<RefCell<Machine>>);

impl SharedMachine {
    pub(crate) fn new(machine: Machine) -> Self {
        Self(Rc::new(RefCell::new(machine)))
    }

    pub(crate) fn borrow(&self) -> std::cell::Ref<'_, Machine> {
        self.0.borrow()
    }

    pub(crate) fn borrow_mut(&self) -> RefMut<'_, Machine> {
        self.0.borrow_mut()
    }
}

/// A message as the client takes it.
#[derive(Clone)]
struct Request {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// What is sent, and where.
pub(crate) struct Parcel {
    pub(crate) endpoint: Endpoint,
    pub(crate) event: Event,
}

/// Tries deliveries. It belongs to the thread that made it, as its client does.
pub(crate) struct Trying {
    try_limit: Duration,
    client: RefCell<(Client, Instant)>,
    /// How much is under way to each host and port.
    authorities: RefCell<HashMap<(String, u16), usize>>,
    outbound: Outbound,
    targets: Targets,
    ctx: Ctx,
    metrics: Metrics,
}

/// What kept a try from being made at all.
enum Unmade {
    /// The address has enough to do.
    Busy,
    /// What is stored of the event is damaged.
    Damaged(String),
}

impl Trying {
    pub(crate) fn new(settings: &DispatcherSettings, outbound: Outbound, ctx: Ctx, metrics: Metrics) -> Self {
        Self {
            try_limit: settings.try_limit,
            client: RefCell::new((outbound.client(), Instant::now())),
            authorities: RefCell::default(),
            targets: Targets::new(outbound.clone()),
            outbound,
            ctx,
            metrics,
        }
    }

    /// Tries a delivery once.
    pub(crate) async fn attempt(
        &self,
        mut flight: Flight,
        parcel: Parcel,
        machine: &SharedMachine,
    ) -> (Flight, Ended) {
        let begun = Instant::now();
        if flight.job.attempts == 0 {
            self.metrics.lag((self.ctx.now() - parcel.event.occurred_at).to_std().unwrap_or_default());
        }
        let sent = {
            let _under_way = self.metrics.under_way();
            self.send(&mut flight, &parcel, machine).await
        };
        let ended = match sent {
            Ok((outcome, answer)) => {
                let attempt = Attempt { at: self.ctx.now(), outcome, latency: begun.elapsed(), answer };
                Ended::Tried(self.judge(&flight, &parcel, attempt))
            }
            Err(Unmade::Busy) => Ended::Busy,
            Err(Unmade::Damaged(error)) => {
                // No later try would do better, and the endpoint is not to blame.
                tracing::error!(event_id = %parcel.event.id, %error, "a delivery can't be sent");
                self.metrics.unmade(CORRUPT);
                Ended::Void(CORRUPT)
            }
        };
        (flight, ended)
    }

    fn judge(&self, flight: &Flight, parcel: &Parcel, attempt: Attempt) -> Recorded {
        let Parcel { endpoint, event } = parcel;
        let (next, health) =
            delivery::after(&attempt, flight.job.attempts, endpoint.failing_since, || self.jitter());
        self.metrics.tried(&attempt, next);
        let result = Recorded {
            webhook_id: flight.job.webhook_id,
            event_id: event.id,
            origin: flight.job.origin,
            url: endpoint.url.clone(),
            was_failing: endpoint.failing_since.is_some(),
            attempts: flight.job.attempts + 1,
            attempt,
            next,
            health,
        };
        log(&result);
        result
    }

    async fn send(
        &self,
        flight: &mut Flight,
        parcel: &Parcel,
        machine: &SharedMachine,
    ) -> Result<(AttemptOutcome, AnswerText), Unmade> {
        let Parcel { endpoint, event } = parcel;
        let message = Message::new(event, &endpoint.secrets, self.ctx.now())
            .map_err(|error| Unmade::Damaged(error.to_string()))?;
        let headers = headers(message.headers).map_err(|error| Unmade::Damaged(error.to_string()))?;
        let request = Request { headers, body: message.body.into() };
        let Ok(target) = self.targets.of(&endpoint.url) else {
            return Ok(unanswered("blocked"));
        };
        // In a box: the time limit and what catches panics would each move all of it once more.
        let way = AssertUnwindSafe(Box::pin(self.exchange(flight, &target, &request, machine)));
        let exchanged = match timeout(self.try_limit, way.catch_unwind()).await {
            Ok(Ok(exchanged)) => exchanged?,
            // A receiver that found a way to make the client panic costs us one try like any other.
            Ok(Err(_panic)) => return Ok(unanswered("panic")),
            Err(_) => return Ok(unanswered("timeout")),
        };
        Ok(match exchanged {
            Ok(answer) => {
                let now = self.ctx.now();
                let retry_after = answer.retry_after.and_then(|header| retry_after::parse(&header, now));
                let outcome = AttemptOutcome::Answered { status: answer.status, retry_after };
                (outcome, AnswerText::of(&answer.body))
            }
            Err(error) => unanswered(error.class()),
        })
    }

    async fn exchange(
        &self,
        flight: &mut Flight,
        target: &TargetUrl,
        request: &Request,
        machine: &SharedMachine,
    ) -> Result<Result<Answer, SendError>, Unmade> {
        let client = self.client();
        let addresses = match client.addresses(target).await {
            Ok(addresses) => addresses,
            Err(error) => return Ok(Err(error)),
        };
        // Each try begins at another address of those that a name has, and goes on where it is refused.
        let first = usize::try_from(flight.job.attempts).unwrap_or_default() % addresses.len().max(1);
        let mut answer = Err(SendError::Dns("the name has no addresses".to_owned()));
        let mut is_refused = false;
        for address in addresses.iter().cycle().skip(first).take(addresses.len()) {
            if !machine.borrow_mut().admit(flight, address.ip(), self.ctx.now()) {
                // A try that was refused elsewhere counts, whether or not this address has room.
                return if is_refused { Ok(answer) } else { Err(Unmade::Busy) };
            }
            let has_more = machine.borrow().has_more(flight.job.webhook_id);
            answer = self.post(&client, target, *address, has_more, request).await;
            is_refused = matches!(answer, Err(SendError::Connect(_)));
            if !is_refused {
                break;
            }
        }
        Ok(answer)
    }

    /// Posts on a connection that is kept where more is to come: else no receiver can hold one open between tries.
    async fn post(
        &self,
        client: &Client,
        target: &TargetUrl,
        address: VettedAddress,
        has_more: bool,
        request: &Request,
    ) -> Result<Answer, SendError> {
        let under_way = UnderWay::new(self, target);
        let mut is_kept = has_more || under_way.others > 0;
        loop {
            let Request { headers, body } = request.clone();
            match client.post_to(target, address, is_kept, headers, body).await {
                // A kept connection may have been closed since.
                Err(SendError::Reset(_)) if is_kept => is_kept = false,
                answer => return answer,
            }
        }
    }

    fn client(&self) -> Client {
        let mut client = self.client.borrow_mut();
        if client.1.elapsed() > CLIENT_AGE {
            *client = (self.outbound.client(), Instant::now());
            self.targets.forget();
        }
        client.0.clone()
    }

    /// From -1 to 1.
    fn jitter(&self) -> f64 {
        let mut bytes = [0; 4];
        self.ctx.random().fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX) * 2.0 - 1.0
    }
}

/// Why a delivery is given up whose event is damaged.
pub(crate) const CORRUPT: &str = "corrupt";

/// A request that is under way to a host and port, also when it ends because its task is dropped.
struct UnderWay<'t> {
    trying: &'t Trying,
    authority: (String, u16),
    /// How many others were when it began.
    others: usize,
}

impl<'t> UnderWay<'t> {
    fn new(trying: &'t Trying, target: &TargetUrl) -> Self {
        let authority = (target.host().to_owned(), target.port());
        let mut authorities = trying.authorities.borrow_mut();
        let count = authorities.entry(authority.clone()).or_default();
        let others = *count;
        *count += 1;
        Self { trying, authority, others }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut authorities = self.trying.authorities.borrow_mut();
        if let Some(count) = authorities.get_mut(&self.authority) {
            *count -= 1;
            if *count == 0 {
                authorities.remove(&self.authority);
            }
        }
    }
}

fn unanswered(class: &'static str) -> (AttemptOutcome, AnswerText) {
    (AttemptOutcome::Unanswered { class }, AnswerText::default())
}

/// One line a try. The URL is not in it: agents put tokens there.
fn log(result: &Recorded) {
    let Recorded { webhook_id, event_id, attempt, next, health, attempts: tries, .. } = result;
    let status = match attempt.outcome {
        AttemptOutcome::Answered { status, .. } => Some(status),
        AttemptOutcome::Unanswered { .. } => None,
    };
    let latency_ms = attempt.latency.as_millis();
    let (class, outcome) = (metrics::class(attempt.outcome), metrics::outcome(*next));
    if *next == NextStep::Delivered {
        tracing::debug!(%event_id, %webhook_id, status, latency_ms, tries, "delivered");
    } else {
        tracing::info!(%event_id, %webhook_id, status, class, latency_ms, tries, outcome, "a try failed");
    }
    if *health == EndpointHealth::Disabled {
        tracing::info!(%webhook_id, "the endpoint is disabled");
    }
}
