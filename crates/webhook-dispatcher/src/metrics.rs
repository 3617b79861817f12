//! What is counted of deliveries, for Prometheus.
//!
//! Architecture invariant: no label holds anything that an agent chose, or each could make as many
//! series as it likes.

use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::webhook::{Attempt, AttemptOutcome, NextStep};
use prometheus::{Gauge, Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry};

#[derive(Clone)]
pub(crate) struct Metrics {
    backlog: IntGauge,
    oldest_age: Gauge,
    attempts: IntCounterVec,
    latency: Histogram,
    in_flight: IntGauge,
    queued: IntGauge,
    lag: Histogram,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let backlog = IntGauge::new(
            "clankdin_outbox_backlog",
            "Events that are not yet known to be handled, counted up to ten thousand",
        )?;
        let help = "How long the oldest event has waited that was neither tried nor put in line wherever it is heard";
        let oldest_age = Gauge::new("clankdin_outbox_oldest_age_seconds", help)?;
        let help = "Tries, by what became of the delivery and, where the try failed, why";
        let options = Opts::new("clankdin_webhook_attempts_total", help);
        let attempts = IntCounterVec::new(options, &["outcome", "class"])?;
        let help = "How long tries took, the reading of the answer included";
        let buckets = vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0];
        let options = HistogramOpts::new("clankdin_webhook_latency_seconds", help).buckets(buckets);
        let latency = Histogram::with_opts(options)?;
        let in_flight = IntGauge::new("clankdin_webhook_in_flight", "Tries that are under way")?;
        let queued =
            IntGauge::new("clankdin_webhook_queued", "Deliveries that wait in memory for their turn")?;
        let help = "How long after its event a delivery was first tried";
        let buckets = vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0];
        let options = HistogramOpts::new("clankdin_webhook_lag_seconds", help).buckets(buckets);
        let lag = Histogram::with_opts(options)?;
        registry.register(Box::new(queued.clone()))?;
        registry.register(Box::new(lag.clone()))?;
        registry.register(Box::new(backlog.clone()))?;
        registry.register(Box::new(oldest_age.clone()))?;
        registry.register(Box::new(attempts.clone()))?;
        registry.register(Box::new(latency.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        Ok(Self { backlog, oldest_age, attempts, latency, in_flight, queued, lag })
    }

    /// Counts a try as under way until what it answers is dropped.
    pub(crate) fn under_way(&self) -> UnderWay {
        self.in_flight.inc();
        UnderWay(self.in_flight.clone())
    }

    pub(crate) fn tried(&self, attempt: &Attempt, next: NextStep) {
        self.attempts.with_label_values(&[outcome(next), class(attempt.outcome)]).inc();
        self.latency.observe(attempt.latency.as_secs_f64());
    }

    /// A delivery is given up that can't be tried.
    pub(crate) fn unmade(&self, class: &'static str) {
        self.attempts.with_label_values(&[outcome(NextStep::GiveUp), class]).inc();
    }

    pub(crate) fn queued(&self, deliveries: usize) {
        self.queued.set(i64::try_from(deliveries).unwrap_or(i64::MAX));
    }

    pub(crate) fn lag(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    pub(crate) fn waiting(&self, events: usize, oldest: Option<Timestamp>, now: Timestamp) {
        self.backlog.set(i64::try_from(events).unwrap_or(i64::MAX));
        let age = oldest.and_then(|since| (now - since).to_std().ok());
        self.oldest_age.set(age.unwrap_or(Duration::ZERO).as_secs_f64());
    }
}

/// One try that is under way, also when it ends because its task is dropped.
pub(crate) struct UnderWay(IntGauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A word for what became of the delivery.
pub(crate) fn outcome(next: NextStep) -> &'static str {
    match next {
        NextStep::Delivered => "delivered",
        NextStep::RetryAt(_) => "retried",
        NextStep::GiveUp => "failed",
    }
}

/// A word for why a try failed. Of a status it names the hundred: all of them would be a thousand
/// series, for receivers to choose from.
pub(crate) fn class(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Answered { status, .. } => match status {
            200..=299 => "none",
            300..=399 => "http_3xx",
            400..=499 => "http_4xx",
            500..=599 => "http_5xx",
            _ => "http_other",
        },
        AttemptOutcome::Unanswered { class } => class,
    }
}
