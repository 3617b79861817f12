//! Each rule of the machine by itself.

use std::time::Duration;

use clankdin_domain::webhook::delivery::{Attempt, AttemptOutcome};
use clankdin_domain::webhook::{AnswerText, EndpointHealth, Hearer, WebhookUrl};
use uuid::Uuid;

use super::*;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn limits() -> Limits {
    let public = AddressLimit { at_once: Some(32), per_second: Some(50) };
    let addresses = AddressLimits { public, private: AddressLimit::default() };
    Limits { per_endpoint: 4, in_all: 1_000, addresses, queued: 1_000, unrecorded: 10_000 }
}

fn machine() -> Machine {
    Machine::new(limits(), Sequence::new(0), Vec::new())
}

fn endpoint(number: u128) -> WebhookId {
    Uuid::from_u128(number).into()
}

/// Tells each of these endpoints of so many events more.
fn tell(machine: &mut Machine, endpoints: impl IntoIterator<Item = u128>, events: i64, now: Timestamp) {
    let first = machine.walk.read.get() + 1;
    let endpoints: Vec<u128> = endpoints.into_iter().collect();
    let hearers = (first..first + events).flat_map(|sequence| {
        endpoints.iter().map(move |number| Hearer {
            sequence: Sequence::new(sequence),
            event_id: Uuid::from_u128(u128::try_from(sequence).unwrap()).into(),
            webhook_id: endpoint(*number),
            is_failing: false,
        })
    });
    let next = Walk { read: Sequence::new(first + events - 1), within: None };
    machine.heard(Heard { hearers: hearers.collect(), next, is_more: false }, now);
}

fn answered(flight: &Flight, status: u16, latency: Duration, now: Timestamp) -> Ended {
    let outcome = AttemptOutcome::Answered { status, retry_after: None };
    Ended::Tried(Recorded {
        webhook_id: flight.job.webhook_id,
        event_id: flight.job.event_id,
        origin: flight.job.origin,
        url: WebhookUrl::from_stored(String::new()),
        was_failing: false,
        attempts: 1,
        attempt: Attempt { at: now, outcome, latency, answer: AnswerText::default() },
        next: if status == 200 {
            NextStep::Delivered
        } else {
            NextStep::RetryAt(now + TimeDelta::seconds(5))
        },
        health: EndpointHealth::Unchanged,
    })
}

fn end(machine: &mut Machine, flight: Flight, status: u16, now: Timestamp) {
    let ended = answered(&flight, status, Duration::from_millis(3), now);
    machine.ended(flight, ended, now);
}

fn end_all(machine: &mut Machine, flights: Vec<Flight>, status: u16, now: Timestamp) {
    for flight in flights {
        end(machine, flight, status, now);
    }
}

fn fail_all(machine: &mut Machine, now: Timestamp) -> usize {
    let flights = machine.start(now);
    let count = flights.len();
    end_all(machine, flights, 500, now);
    count
}

/// Deliveries that were sent to their lines and not written down yet.
fn lined(machine: &Machine) -> usize {
    machine.progress.deferred.len()
}

#[test]
fn four_tries_are_under_way_to_one_endpoint_at_most() {
    let mut machine = machine();
    tell(&mut machine, [1, 2], 10, AT);
    let flights = machine.start(AT);
    assert_eq!(flights.len(), 8);
    assert_eq!(machine.start(AT).len(), 0);
    let first = flights.into_iter().find(|flight| flight.job.webhook_id == endpoint(1)).unwrap();
    end(&mut machine, first, 200, AT);
    let next = machine.start(AT);
    assert_eq!(next.iter().map(|flight| flight.job.webhook_id).collect::<Vec<_>>(), [endpoint(1)]);
}

#[test]
fn an_endpoint_whose_last_try_failed_gets_one_at_a_time() {
    let mut machine = machine();
    tell(&mut machine, [1], 4, AT);
    fail_all(&mut machine, AT);
    tell(&mut machine, [1], 4, AT);
    let flights = machine.start(AT);
    assert_eq!(flights.len(), 1);
    end_all(&mut machine, flights, 200, AT);
    assert_eq!(machine.start(AT).len(), 3);
}

#[test]
fn after_five_failures_in_a_row_an_endpoint_is_left_alone_longer_each_time() {
    let mut machine = machine();
    let mut now = AT;
    for _ in 0..4 {
        tell(&mut machine, [1], 1, now);
        assert_eq!(fail_all(&mut machine, now), 1);
    }
    for seconds in [5, 10, 20, 40, 80, 160, 300, 300] {
        tell(&mut machine, [1], 1, now);
        assert_eq!(fail_all(&mut machine, now), 1, "before {seconds}");
        assert_eq!(machine.next_at(now), Some(now + TimeDelta::seconds(seconds)));
        tell(&mut machine, [1], 1, now);
        assert_eq!(machine.start(now).len(), 0);
        let written = machine.take_progress(100, true);
        machine.recorded(written.clone());
        // What came meanwhile stands in its line, and is not read before the time is over.
        assert_eq!(written.deferred.len(), 1);
        let almost = now + TimeDelta::seconds(seconds) - TimeDelta::microseconds(1);
        assert_eq!(machine.wants_lines(almost), []);
        now += TimeDelta::seconds(seconds);
        machine.start(now);
        let asked = machine.wants_lines(now)[0];
        machine.line(asked.0, asked.1, Vec::new(), now);
    }
}

#[test]
fn an_endpoint_that_a_new_leader_knows_to_fail_is_left_alone_after_one_failure_more() {
    let mut machine = Machine::new(limits(), Sequence::new(0), vec![endpoint(1)]);
    let (id, asked) = machine.wants_lines(AT)[0];
    let waiting = [1, 2].map(|number| Waiting {
        webhook_id: id,
        event_id: Uuid::from_u128(number).into(),
        due_at: AT,
        attempts: 1,
        is_failing: true,
    });
    machine.line(id, asked, waiting.to_vec(), AT);
    assert_eq!(fail_all(&mut machine, AT), 1);
    assert_eq!(machine.start(AT).len(), 0);
    assert_eq!(machine.next_at(AT), Some(AT + TimeDelta::seconds(5)));
}

#[test]
fn a_success_ends_being_left_alone() {
    let mut machine = machine();
    for _ in 0..4 {
        tell(&mut machine, [1], 1, AT);
        fail_all(&mut machine, AT);
    }
    tell(&mut machine, [1], 1, AT);
    let flight = machine.start(AT).remove(0);
    end(&mut machine, flight, 200, AT);
    tell(&mut machine, [1], 4, AT);
    assert_eq!(fail_all(&mut machine, AT), 4);
    assert!(machine.lanes[&endpoint(1)].paused_until.is_none());
}

#[test]
fn a_clock_that_is_set_back_makes_no_pause_longer() {
    let mut machine = machine();
    for _ in 0..5 {
        tell(&mut machine, [1], 1, AT);
        fail_all(&mut machine, AT);
    }
    let before = AT - TimeDelta::hours(1);
    assert!(!machine.lanes[&endpoint(1)].is_paused(before));
    tell(&mut machine, [1], 1, before);
    assert_eq!(machine.start(before).len(), 1);
}

#[test]
fn what_an_endpoint_has_no_room_for_stands_in_its_line_and_comes_after_what_stands_there() {
    let mut machine = machine();
    tell(&mut machine, [1], 100, AT);
    assert_eq!((machine.queued(), lined(&machine)), (64, 36));
    let flights = machine.start(AT);
    end_all(&mut machine, flights, 200, AT);
    // There is room, but others are before it.
    tell(&mut machine, [1], 1, AT);
    assert_eq!(lined(&machine), 37);
}

#[test]
fn of_endpoints_that_are_not_known_to_be_well_one_line_is_read_at_a_time_and_little_of_it() {
    let mut machine = Machine::new(limits(), Sequence::new(0), (1..=9).map(endpoint).collect());
    for number in 1..=9 {
        assert_eq!(machine.wants_lines(AT), [(endpoint(number), 4)]);
    }
}

#[test]
fn of_endpoints_that_are_well_four_lines_are_read_at_once() {
    let mut machine = machine();
    tell(&mut machine, 1..=9, 70, AT);
    let written = machine.take_progress(100, true);
    machine.recorded(written);
    while machine.queued() > 0 || machine.under_way() > 0 {
        let flights = machine.start(AT);
        end_all(&mut machine, flights, 200, AT);
    }
    let wanted: Vec<_> = (0..2).flat_map(|_| machine.wants_lines(AT)).collect();
    assert_eq!(wanted, (1..=8).map(|number| (endpoint(number), 32)).collect::<Vec<_>>());
}

#[test]
fn endpoints_that_are_not_well_never_make_it_busy() {
    let mut machine = machine();
    let in_all = limits().in_all as u128;
    let (bad, well, new) = (1..=in_all, in_all + 1..=2 * in_all, 2 * in_all + 1..=3 * in_all);
    tell(&mut machine, bad.clone(), 1, AT);
    while machine.queued() > 0 {
        fail_all(&mut machine, AT);
    }
    tell(&mut machine, well.clone(), 1, AT);
    while machine.queued() > 0 {
        let flights = machine.start(AT);
        end_all(&mut machine, flights, 200, AT);
    }
    tell(&mut machine, bad.chain(new), 1, AT);
    assert_eq!(machine.start(AT).len() as u128, in_all * 3 / 4);
    assert!(!machine.is_busy());
    tell(&mut machine, well, 1, AT);
    assert!(!machine.start(AT).is_empty());
    assert!(machine.is_busy());
}

#[test]
fn a_line_is_read_when_nothing_else_waits_and_each_of_it_once() {
    let mut machine = machine();
    tell(&mut machine, [1], 70, AT);
    let written = machine.take_progress(100, true);
    machine.recorded(written.clone());
    assert_eq!(machine.wants_lines(AT), []);
    while machine.queued() > 0 || machine.under_way() > 0 {
        let flights = machine.start(AT);
        end_all(&mut machine, flights, 200, AT);
    }
    let (id, asked) = machine.wants_lines(AT)[0];
    let row = |number| Waiting {
        webhook_id: id,
        event_id: Uuid::from_u128(number).into(),
        due_at: AT,
        attempts: 0,
        is_failing: false,
    };
    let rows: Vec<_> = (65..=70).map(row).collect();
    machine.line(id, asked, rows.clone(), AT);
    assert_eq!(machine.queued(), 6);
    // Read once more before what came of them is written down, they are known.
    machine.line(id, asked, rows, AT);
    assert_eq!(machine.queued(), 6);
}

#[test]
fn one_address_gets_32_at_once_and_suspects_8_of_them() {
    let mut machine = machine();
    let ip: IpAddr = "8.8.8.8".parse().unwrap();
    // Forty endpoints whose last try was slow, and forty that are well, all at one address.
    for number in 1..=80 {
        tell(&mut machine, [number], 1, AT);
        let mut flight = machine.start(AT).remove(0);
        let at = AT + TimeDelta::seconds(i64::try_from(number).unwrap());
        assert!(machine.admit(&mut flight, ip, at));
        let latency = Duration::from_millis(if number <= 40 { 1_001 } else { 1_000 });
        let ended = answered(&flight, 200, latency, at);
        machine.ended(flight, ended, at);
    }
    let now = AT + TimeDelta::minutes(5);
    tell(&mut machine, 1..=40, 1, now);
    assert_eq!(machine.start(now).len(), 8);
    tell(&mut machine, 41..=80, 1, now);
    assert_eq!(machine.start(now).len(), 24);
}

#[test]
fn an_address_that_only_becomes_known_on_the_way_is_counted_as_well() {
    let mut machine = machine();
    tell(&mut machine, 1..=100, 1, AT);
    let ip: IpAddr = "8.8.8.8".parse().unwrap();
    let flights = machine.start(AT);
    assert_eq!(flights.len(), 100);
    let mut admitted = Vec::new();
    for mut flight in flights {
        if machine.admit(&mut flight, ip, AT) {
            admitted.push(flight);
        } else {
            machine.ended(flight, Ended::Busy, AT);
        }
    }
    assert_eq!((admitted.len(), machine.queued()), (32, 68));
    assert_eq!(machine.start(AT).len(), 0);
    end(&mut machine, admitted.remove(0), 200, AT);
    assert_eq!(machine.start(AT).len(), 1);
}

#[test]
fn one_address_gets_50_a_second_however_fast_it_is() {
    let mut machine = machine();
    let ip: IpAddr = "8.8.8.8".parse().unwrap();
    tell(&mut machine, 1..=500, 1, AT);
    let mut begun: Vec<Timestamp> = Vec::new();
    let mut now = AT;
    while begun.len() < 200 {
        for mut flight in machine.start(now) {
            if machine.admit(&mut flight, ip, now) {
                begun.push(now);
                end(&mut machine, flight, 200, now);
            } else {
                machine.ended(flight, Ended::Busy, now);
            }
        }
        now += TimeDelta::milliseconds(7);
    }
    assert!(begun.windows(51).all(|window| window[50] - window[0] >= TimeDelta::seconds(1)));
    assert!(now - AT < TimeDelta::seconds(5), "and no fewer than it may get");
}

#[test]
fn a_private_address_has_no_limit_unless_it_is_set() {
    let mut machine = machine();
    let ip: IpAddr = "10.0.0.8".parse().unwrap();
    tell(&mut machine, 1..=100, 1, AT);
    assert!(machine.start(AT).iter_mut().all(|flight| machine.admit(flight, ip, AT)));
}

#[test]
fn endpoints_that_were_never_tried_leave_room_for_those_that_are_well() {
    let mut machine = machine();
    tell(&mut machine, 1..=4, 1, AT);
    let flights = machine.start(AT);
    end_all(&mut machine, flights, 200, AT);
    machine.limits.in_all = 100;
    // A thousand that nobody answers for, before anything else.
    tell(&mut machine, 1_001..=2_000, 1, AT);
    assert_eq!(machine.start(AT).len(), 50);
    tell(&mut machine, 1..=4, 1, AT);
    let ids: Vec<_> = machine.start(AT).iter().map(|flight| flight.job.webhook_id).collect();
    assert_eq!(ids, [1, 2, 3, 4].map(endpoint));
}

#[test]
fn all_is_handled_up_to_the_first_event_that_has_not_its_rows() {
    let mut machine = machine();
    tell(&mut machine, [1, 2], 2, AT);
    let mut flights = machine.start(AT);
    let late = flights.iter().position(|flight| flight.job.origin == Origin::Log(Sequence::new(1))).unwrap();
    let late = flights.remove(late);
    end_all(&mut machine, flights, 200, AT);
    let written = machine.take_progress(100, true);
    assert_eq!((written.results.len(), written.handled), (3, Some(Sequence::new(0))));
    machine.recorded(written.clone());
    assert!(!machine.is_ahead());
    end(&mut machine, late, 500, AT);
    let written = machine.take_progress(100, true);
    machine.recorded(written.clone());
    assert!(machine.is_ahead());
    assert_eq!(machine.take_progress(100, true).handled, Some(Sequence::new(2)));
}

#[test]
fn while_results_can_not_be_written_down_only_so_many_are_made() {
    let mut machine = machine();
    machine.limits.unrecorded = 10;
    for _ in 0..20 {
        tell(&mut machine, [1, 2, 3], 1, AT);
        let flights = machine.start(AT);
        end_all(&mut machine, flights, 200, AT);
    }
    assert!(machine.unrecorded() <= 10 + 12);
    assert_eq!((machine.wants_log(), machine.wants_due()), (None, None));
    let written = machine.take_progress(100, true);
    machine.put_back(written);
    assert_eq!(machine.start(AT).len(), 0);
}

#[test]
fn endpoints_that_were_held_back_begin_also_when_none_of_their_standing_is_under_way_any_more() {
    let mut machine = machine();
    machine.limits.in_all = 4;
    tell(&mut machine, 1..=10, 3, AT);
    let mut ended = 0;
    while ended < 30 {
        let flights = machine.start(AT);
        assert!(!flights.is_empty(), "stands still after {ended}");
        ended += flights.len();
        end_all(&mut machine, flights, 200, AT);
    }
}

#[test]
fn many_results_wait_for_more_but_not_where_a_line_waits_for_them_or_none_can_come() {
    let mut machine = machine();
    tell(&mut machine, 1..=300, 1, AT);
    let mut flights = machine.start(AT);
    let last = flights.split_off(flights.len() - 2);
    let many = flights.split_off(200);
    end_all(&mut machine, flights, 200, AT);
    assert!(!machine.gathers(), "few");
    end_all(&mut machine, many, 200, AT);
    assert!(machine.gathers());
    let row = Waiting {
        webhook_id: endpoint(301),
        event_id: Uuid::from_u128(9).into(),
        due_at: AT,
        attempts: 1,
        is_failing: false,
    };
    machine.due(vec![row], AT);
    let flights = machine.start(AT);
    end_all(&mut machine, flights, 200, AT);
    assert!(!machine.gathers(), "a row");
    let written = machine.take_progress(299, false);
    machine.put_back(written);
    assert!(!machine.gathers(), "a row that could not be written down");
    let written = machine.take_progress(299, false);
    machine.recorded(written);
    tell(&mut machine, 302..=600, 1, AT);
    let flights = machine.start(AT);
    end_all(&mut machine, flights, 200, AT);
    assert!(machine.gathers());
    end_all(&mut machine, last, 200, AT);
    assert!(!machine.gathers(), "nothing is under way");
}

#[test]
fn whoever_reads_is_told_whether_anything_was_written_down_meanwhile() {
    let mut machine = machine();
    tell(&mut machine, [1], 1, AT);
    let flights = machine.start(AT);
    end_all(&mut machine, flights, 200, AT);
    machine.begin_reading();
    assert!(!machine.end_reading());
    machine.begin_reading();
    let written = machine.take_progress(100, true);
    machine.recorded(written);
    assert!(machine.end_reading());
    machine.begin_reading();
    assert!(!machine.end_reading());
}
