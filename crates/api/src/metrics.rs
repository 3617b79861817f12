//! What is counted of requests, for Prometheus.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, Registry};

/// Requests by method, route and status, with how long they took.
pub(crate) struct HttpMetrics {
    duration: HistogramVec,
}

impl HttpMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "How long requests took, from the first byte of the head to the answer";
        let buckets = vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];
        let options = HistogramOpts::new("clankdin_http_request_duration_seconds", help).buckets(buckets);
        let duration = HistogramVec::new(options, &["method", "route", "status"])?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Self { duration })
    }

    /// `route` is the pattern, never the address itself: what agents send must not make series.
    pub(crate) fn observe(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut buffer = [0; 3];
        let status = status_text(status, &mut buffer);
        self.duration.with_label_values(&[method, route, status]).observe(took.as_secs_f64());
    }
}

fn status_text(status: u16, buffer: &mut [u8; 3]) -> &str {
    for (digit, divisor) in buffer.iter_mut().zip([100, 10, 1]) {
        *digit = b'0' + u8::try_from(status / divisor % 10).unwrap_or_default();
    }
    std::str::from_utf8(buffer).unwrap_or("000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_three_digits() {
        assert_eq!(status_text(404, &mut [0; 3]), "404");
    }
}
