//! What receivers can do to a try ends in the class that the log of deliveries tells, costs little, and holds up no
//! other. That the client tells these apart is its own tests' matter.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use clankdin_domain::webhook::DeliveryStatus;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::eventually;
use crate::log::listed;
use crate::receiver::{Receiver, Reply, read_request};
use crate::world::World;

/// More than fits between two sockets, and far less than is offered.
const LITTLE: usize = 32 << 20;

/// How a try ends: the status of the delivery, that of the answer, and why it was not taken.
type End = (DeliveryStatus, Option<u16>, Option<&'static str>);

const fn failed(class: &'static str) -> End {
    (DeliveryStatus::Pending, None, Some(class))
}

const TAKEN: End = (DeliveryStatus::Delivered, Some(200), None);

/// Sends that, and resets the connection.
async fn breaking_off(after: &'static [u8]) -> Receiver {
    Receiver::meeting(move |mut stream| async move {
        stream.set_zero_linger().unwrap();
        read_request(&mut stream).await;
        let _ = stream.write_all(after).await;
    })
    .await
}

/// Sends `head`, and `block` for ever, or until nobody reads it any more; counts the bytes.
async fn endless(head: &'static [u8], block: Vec<u8>, sent: &Rc<Cell<usize>>) -> Receiver {
    let (sent, block) = (Rc::clone(sent), Rc::new(block));
    Receiver::meeting(move |mut stream| {
        let (sent, block) = (Rc::clone(&sent), Rc::clone(&block));
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(head).await;
            while stream.write_all(&block).await.is_ok() {
                sent.set(sent.get() + block.len());
            }
            // Only now is it known that it has an end.
            sent.set(sent.get() + 1);
        }
    })
    .await
}

/// Names itself to nobody's satisfaction.
async fn impostor() -> Receiver {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Receiver::meeting(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            // Nobody who is wise goes on after the greeting.
            drop(acceptor.accept(stream).await);
        }
    })
    .await
}

/// 64 KiB of gzip that are 64 MiB of `x`.
fn bomb() -> Vec<u8> {
    let mut bomb =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xec\xc1\x01\x01\x00\x00\x00\x80\x90\xdb\xcd\xef\x08\x0a"
            .to_vec();
    bomb.resize(64 << 10, 0);
    bomb
}

#[actix_rt::test]
async fn whatever_a_receiver_does_the_log_tells_and_the_next_event_is_sent_elsewhere() {
    let mut world = World::new();
    let sent: [Rc<Cell<usize>>; 4] = Default::default();
    let mut chunk = b"8000\r\n".to_vec();
    chunk.extend(std::iter::repeat_n(b'x', 0x8000));
    chunk.extend(b"\r\n");
    let zipped = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10000000000\r\n\r\n";
    let cases = [
        (
            "at once",
            Receiver::meeting(|stream: TcpStream| async move { stream.set_zero_linger().unwrap() }).await,
            failed("reset"),
        ),
        ("in the head", breaking_off(b"HTTP/1.1 200 OK\r\ncontent-").await, failed("reset")),
        (
            "in the body",
            breaking_off(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.").await,
            failed("reset"),
        ),
        (
            "10 GB",
            endless(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n", vec![b'x'; 0x8000], &sent[0])
                .await,
            TAKEN,
        ),
        (
            "chunks",
            endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk, &sent[1]).await,
            TAKEN,
        ),
        ("gzip", endless(zipped, bomb(), &sent[2]).await, TAKEN),
        (
            "headers",
            endless(b"HTTP/1.1 200 OK\r\n", b"x-flood: 0123456789\r\n".repeat(1_000), &sent[3]).await,
            failed("protocol"),
        ),
        (
            "metadata",
            Receiver::start([Reply::With(302, "location: http://169.254.169.254/latest/meta-data/")]).await,
            (DeliveryStatus::Pending, Some(302), Some("status")),
        ),
        ("certificate", impostor().await, failed("tls")),
    ];
    let mut hooks = Vec::new();
    for (name, receiver, _) in &cases {
        let agent = world.register(&format!("Agent {name}")).await;
        let url =
            if *name == "certificate" { receiver.url().replace("http:", "https:") } else { receiver.url() };
        hooks.push((agent, world.subscribe(agent, &url, "backing").await.0));
    }
    let ben = world.register("Ben").await;
    let mut live = Receiver::start([]).await;
    world.subscribe(ben, &live.url(), "backing").await;

    let dispatcher = world.start();
    for (agent, _) in &hooks {
        world.tell(*agent, "kai").await;
        let event = world.tell(ben, "kai").await;
        assert_eq!(live.told().await.id(), event.id.to_string());
    }
    for ((name, _, end), (_, hook)) in cases.iter().zip(&hooks) {
        eventually(async || !listed(&world, hook.id).await.is_empty()).await;
        let delivery = listed(&world, hook.id).await.remove(0);
        let [tried] = delivery.tries.as_slice() else { panic!("{name}: {delivery:?}") };
        assert_eq!((delivery.status, tried.status, delivery.failure.as_deref()), *end, "{name}");
        assert!(tried.answer.as_str().chars().count() <= 1_024, "{name}");
        assert!(*name != "gzip" || !tried.answer.as_str().contains("xx"), "{:?}", tried.answer);
    }
    for sent in &sent {
        // An odd number: it has ended, because nobody read on.
        eventually(async || sent.get() % 2 == 1).await;
        assert!(sent.get() < LITTLE, "{} bytes", sent.get());
    }
    dispatcher.stopped().await;
}

#[actix_rt::test]
async fn whoever_takes_too_long_is_a_timeout_in_the_log_and_holds_up_no_other() {
    let mut world = World::new();
    world.hasten();
    let drip = |start: &'static [u8]| {
        Receiver::meeting(move |mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(start).await;
            let mut tick = tokio::time::interval(Duration::from_millis(100));
            while stream.write_all(b"x").await.is_ok() {
                tick.tick().await;
            }
        })
    };
    let receivers = [
        Receiver::deaf().await,
        Receiver::meeting(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await,
        drip(b"HTTP/1.1 200 OK\r\nx-drip: ").await,
        drip(b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n").await,
    ];
    let mut hooks = Vec::new();
    for (number, receiver) in receivers.iter().enumerate() {
        let agent = world.register(&format!("Agent {number}")).await;
        hooks.push((agent, world.subscribe(agent, &receiver.url(), "backing").await.0));
    }
    let ben = world.register("Ben").await;
    let mut live = Receiver::start([]).await;
    world.subscribe(ben, &live.url(), "backing").await;

    let dispatcher = world.start();
    for (agent, _) in &hooks {
        world.tell(*agent, "kai").await;
    }
    for number in 0..10 {
        let event = world.tell(ben, &format!("agent_{number}")).await;
        assert_eq!(live.told().await.id(), event.id.to_string());
    }
    for (_, hook) in &hooks {
        eventually(async || !listed(&world, hook.id).await.is_empty()).await;
        let delivery = listed(&world, hook.id).await.remove(0);
        assert_eq!(
            (delivery.status, delivery.failure.as_deref()),
            (DeliveryStatus::Pending, Some("timeout"))
        );
    }
    dispatcher.stopped().await;
}
