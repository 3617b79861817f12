//! The threads that jobs run on: as many as there are connections.
//!
//! Jobs wait in a bounded queue, so that a database that is slow costs neither threads nor memory
//! without end. Owns which connection a job gets. Refuses to know what jobs do.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use clankdin_domain::store::{Job, StoreError, StoreResult};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, PooledConnection};
use tokio::sync::{mpsc, oneshot};

use super::connect::Connections;
use super::transaction::{self, Access, TimeLimits};
use crate::seal::MasterKey;

/// How many jobs may wait for each thread.
const WAITING_PER_THREAD: usize = 64;

/// A job, and who waits for it.
pub(super) struct Request {
    pub(super) access: Access,
    pub(super) job: Job,
    begun: oneshot::Sender<()>,
    answer: oneshot::Sender<StoreResult<()>>,
}

/// A job that was handed in.
pub(super) struct Submitted {
    /// Ready when its turn has come.
    pub(super) begun: oneshot::Receiver<()>,
    /// Ready when it has ended.
    pub(super) answer: oneshot::Receiver<StoreResult<()>>,
}

/// The end of the queue that hands jobs in. The threads end when it is dropped and the queue is empty.
#[derive(Clone)]
pub(super) struct Workers {
    queue: mpsc::Sender<Request>,
}

/// What each thread knows.
pub(super) struct Desk {
    pub(super) connections: Connections,
    pub(super) limits: TimeLimits,
    pub(super) master_key: MasterKey,
    pub(super) on_event: Arc<dyn Fn() + Send + Sync>,
    /// Who takes a job instead, where no connection can be had.
    pub(super) instead: Option<Workers>,
}

impl Workers {
    /// Starts the threads.
    pub(super) fn start(name: &str, desk: Desk) -> std::io::Result<Self> {
        let threads = desk.connections.max_size();
        let size = usize::try_from(threads).unwrap_or(1).saturating_mul(WAITING_PER_THREAD);
        let (queue, requests) = mpsc::channel(size);
        let (desk, requests) = (Arc::new(desk), Arc::new(Mutex::new(requests)));
        for number in 1..=threads {
            let (desk, requests) = (Arc::clone(&desk), Arc::clone(&requests));
            thread::Builder::new().name(format!("{name}-{number}")).spawn(move || desk.work(&requests))?;
        }
        Ok(Self { queue })
    }

    /// Hands a job in.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the queue is full.
    pub(super) fn submit(&self, access: Access, job: Job) -> StoreResult<Submitted> {
        let ((start, begun), (tell, answer)) = (oneshot::channel(), oneshot::channel());
        self.queue.try_send(Request { access, job, begun: start, answer: tell }).map_err(|_| {
            StoreError::Unavailable(format!("busy: {} jobs are waiting", self.queue.max_capacity()))
        })?;
        Ok(Submitted { begun, answer })
    }
}

impl Desk {
    fn work(&self, requests: &Mutex<mpsc::Receiver<Request>>) {
        loop {
            // One waits for the next request, the others for their turn to do so.
            let next = requests.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
            let Some(request) = next else { return };
            // Who was told meanwhile that the database is away asks again: this must not run as well.
            if !request.answer.is_closed() {
                self.serve(request);
            }
        }
    }

    fn serve(&self, Request { access, job, begun, answer }: Request) {
        let result = match self.begun(access) {
            Ok(mut connection) => {
                // Who has given up meanwhile asks again: this must not run as well.
                if begun.send(()).is_err() {
                    return transaction::roll_back(&mut connection);
                }
                transaction::run(&mut connection, access, &self.master_key, job)
            }
            Err(error) => match &self.instead {
                Some(other) => {
                    // Refused there as well, the answer is dropped, which says the same as an error.
                    let _ = other.queue.try_send(Request { access, job, begun, answer });
                    return;
                }
                None => Err(error),
            },
        };
        let holds_event = *result.as_ref().unwrap_or(&false);
        // Who no longer waits needs no answer.
        let _ = answer.send(result.map(drop));
        if holds_event {
            (self.on_event)();
        }
    }

    /// A connection whose transaction has begun. Those that have died in the pool are passed over: after
    /// a restart of the database that may be all of them.
    fn begun(&self, access: Access) -> StoreResult<PooledConnection<ConnectionManager<PgConnection>>> {
        let mut tries_left = self.connections.max_size();
        loop {
            let connection = self.connections.get();
            let mut connection = connection.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            match transaction::begin(&mut connection, access, self.limits) {
                Ok(()) => return Ok(connection),
                Err(error) if tries_left == 0 => return Err(StoreError::Unavailable(error.to_string())),
                Err(error) => tracing::debug!(%error, "a connection to the database has died"),
            }
            tries_left -= 1;
        }
    }
}
