//! Kills at the named points of a delivery. The receiver brings them about: it knows how far a try has come.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::{Nodes, Scene, on_sqlite};
use crate::receiver::{Manners, Received, Receiver, answer};
use crate::support::{PATIENCE, Server, signal};

/// How far a try has come when whoever sent it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// Connected: nothing was read of the request.
    Connected,
    /// The request is there, and not answered; others wait for their turn in memory.
    Asked,
    /// Half of the answer's body was sent.
    InTheAnswer,
    /// All of the answer was sent, so many milliseconds ago: results are written down every 20.
    Answered(u64),
}

impl Point {
    /// Whether it can't have been written down that the event was taken.
    fn is_before_the_record(self) -> bool {
        matches!(self, Self::Asked | Self::InTheAnswer)
    }
}

/// More than may be under way to one endpoint.
const COMMENTS: usize = 10;
/// How many may.
const UNDER_WAY: usize = 4;

#[test]
fn an_event_survives_a_kill_at_each_point_of_its_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::spawn(folder.path(), on_sqlite(folder.path()).arg("serve"));
    survives_each_point(Nodes { api: None, dispatcher: start(), start: &start, pass_time: &|| () });
}

#[cfg(feature = "postgres")]
#[test]
fn an_event_on_postgresql_survives_a_kill_at_each_point_of_its_delivery() {
    super::shared::on_postgres(survives_each_point);
}

fn survives_each_point(mut nodes: Nodes) {
    let scene = Scene::set(nodes.api());
    let mark = Arc::new(Mark::default());
    let receiver = Receiver::with(lurking(&mark));
    let endpoint = scene.subscribe(nodes.api(), &receiver.url);
    let mut points = vec![Point::Connected, Point::Asked, Point::InTheAnswer];
    points.extend([0, 10, 16, 18, 20, 22, 24, 30].map(Point::Answered));
    for point in points {
        let before = receiver.tries();
        if point == Point::Asked {
            mark.set(point, 0);
            scene.comment_times(nodes.api(), COMMENTS);
            receiver.wait_for(before + UNDER_WAY);
            mark.set(point, nodes.dispatcher.id());
        } else {
            mark.set(point, nodes.dispatcher.id());
            // Whoever is killed may not come to say that it was taken.
            let _ = scene.comment(nodes.api().address());
        }
        nodes.dispatcher.wait_for_end();
        mark.clear();
        nodes.replace_killed();

        let stored = scene.stored(nodes.api());
        let tries = receiver.wait_until(|tries| stored.is_subset(&crate::crash::told(tries)));
        if point.is_before_the_record() {
            let sent = tries[before].id.clone();
            receiver.wait_until(|tries| tries.iter().filter(|one| one.id == sent).count() > 1);
        }
        // Nothing of this point is left when the next one comes.
        scene.log_until(nodes.api(), &endpoint, |log| {
            log.len() == stored.len() && log.iter().all(|delivery| delivery["status"] == "delivered")
        });
    }
    scene.assert_told(nodes.api(), &endpoint, &receiver);
}

/// Whom to kill, and when.
#[derive(Default)]
struct Mark {
    point: Mutex<Option<Point>>,
    process: AtomicU32,
    changed: Condvar,
}

impl Mark {
    fn set(&self, point: Point, process: u32) {
        *self.point.lock().unwrap() = Some(point);
        self.process.store(process, Ordering::SeqCst);
        self.changed.notify_all();
    }

    fn clear(&self) {
        *self.point.lock().unwrap() = None;
        self.process.store(0, Ordering::SeqCst);
        self.changed.notify_all();
    }

    fn point(&self) -> Option<Point> {
        *self.point.lock().unwrap()
    }

    /// Kills whoever is marked, as soon as that is known; others wait until it is over.
    fn strike(&self) {
        let point = self.point.lock().unwrap();
        let marked = *point;
        let waits = |now: &mut Option<Point>| {
            let process = self.process.swap(0, Ordering::SeqCst);
            if process != 0 && *now == marked {
                signal(process, "KILL");
            }
            *now == marked
        };
        drop(self.changed.wait_timeout_while(point, PATIENCE, waits).unwrap());
    }
}

/// One that kills at the point that is marked, and else takes everything.
fn lurking(mark: &Arc<Mark>) -> Manners {
    let (first, second) = (Arc::clone(mark), Arc::clone(mark));
    Manners {
        at_connection: Box::new(move || {
            if first.point() == Some(Point::Connected) {
                first.strike();
            }
        }),
        answer: Box::new(move |_: &Received, stream| match second.point() {
            Some(Point::Asked) => second.strike(),
            Some(Point::InTheAnswer) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it").unwrap();
                second.strike();
            }
            Some(Point::Answered(millis)) => {
                answer(stream, "200 OK");
                thread::sleep(Duration::from_millis(millis));
                second.strike();
            }
            Some(Point::Connected) | None => answer(stream, "200 OK"),
        }),
    }
}
