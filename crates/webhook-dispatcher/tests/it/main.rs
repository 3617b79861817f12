//! The dispatcher on a real database, against real receivers on loopback.
//!
//! The stored times stand still until a test moves them, and the dispatcher hardly polls here: what
//! arrives has been announced, or has fallen due.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test or in its servers fails the test")]

mod delivering;
mod doubles;
mod ending;
mod failing;
mod isolation;
mod log;
mod logging;
mod receiver;
mod receivers;
mod trouble;
mod vectors;
mod world;

use std::time::Duration;

/// No test waits longer for what must come: long enough for a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what must come.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.unwrap()
}

/// Waits until something holds that nothing announces.
async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    soon(async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
