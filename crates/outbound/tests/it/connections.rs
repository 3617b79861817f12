//! Which connections are made, kept, and shared.

use clankdin_outbound::{Bytes, HeaderName, HeaderValue, Outbound, OutboundSettings};

use crate::servers::Receiver;
use crate::{anywhere, settings};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok";

fn shared_among_threads<T: Clone + Send + Sync + 'static>() {}

#[test]
fn the_door_can_be_shared_among_threads() {
    shared_among_threads::<Outbound>();
    shared_among_threads::<OutboundSettings>();
}

#[actix_rt::test]
async fn a_request_carries_its_headers_its_body_and_our_name() {
    let receiver = Receiver::answering(OK).await;
    let outbound = Outbound::new(settings(anywhere())).unwrap();
    let target = outbound.parse(&format!("{}?a=b&c", receiver.url())).unwrap();
    let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let headers = vec![
        header("webhook-id", "msg_1"),
        header("x-many", "one"),
        header("x-many", "two"),
        header("user-agent", "curl"),
    ];
    outbound.client().post(&target, headers, Bytes::from_static(b"{\"a\":1}")).await.unwrap();

    let request = receiver.requests().remove(0);
    assert!(request.starts_with("post /hook?a=b&c http/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    let ours = format!("user-agent: clankdin/{}", env!("CARGO_PKG_VERSION"));
    for line in
        ["webhook-id: msg_1", "x-many: one", "x-many: two", "content-length: 7", "connection: close", &ours]
    {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{line} in {request}");
    }
    assert_eq!(request.matches("user-agent").count(), 1);
}

#[actix_rt::test]
async fn each_post_has_a_connection_of_its_own() {
    let receiver = Receiver::answering(OK).await;
    let outbound = Outbound::new(settings(anywhere())).unwrap();
    let (client, target) = (outbound.client(), outbound.parse(&receiver.url()).unwrap());
    for _ in 0..3 {
        client.post(&target, Vec::new(), Bytes::new()).await.unwrap();
    }
    assert_eq!(receiver.connections(), 3);
}

#[actix_rt::test]
async fn kept_posts_share_a_connection_and_a_plain_post_never_takes_it() {
    let receiver = Receiver::answering(OK).await;
    let outbound = Outbound::new(settings(anywhere())).unwrap();
    let (client, target) = (outbound.client(), outbound.parse(&receiver.url()).unwrap());
    let address = client.addresses(&target).await.unwrap()[0];
    for _ in 0..3 {
        client.post_to(&target, address, true, Vec::new(), Bytes::new()).await.unwrap();
    }
    assert_eq!(receiver.connections(), 1);
    client.post(&target, Vec::new(), Bytes::new()).await.unwrap();
    assert_eq!(receiver.connections(), 2);
}

#[actix_rt::test]
async fn many_requests_are_under_way_at_once() {
    const MANY: usize = 150;
    let everyone = std::rc::Rc::new(tokio::sync::Barrier::new(MANY));
    let receiver = Receiver::start(move |mut stream| {
        let everyone = std::rc::Rc::clone(&everyone);
        async move {
            crate::servers::read_request(&mut stream).await.unwrap();
            // Nobody is answered before the last one has come: a limit in the pool would be a deadlock.
            everyone.wait().await;
            tokio::io::AsyncWriteExt::write_all(&mut stream, OK).await.unwrap();
        }
    })
    .await;
    let outbound = Outbound::new(settings(anywhere())).unwrap();
    let (client, target) = (outbound.client(), outbound.parse(&receiver.url()).unwrap());
    let posts = (0..MANY).map(|_| client.post(&target, Vec::new(), Bytes::new()));
    for answer in futures_util::future::join_all(posts).await {
        assert_eq!(answer.unwrap().status, 200);
    }
}

#[actix_rt::test]
async fn a_get_asks_with_its_headers_and_without_a_body_and_reads_as_much_as_it_is_told() {
    let receiver = Receiver::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
    let outbound = Outbound::new(settings(anywhere())).unwrap();
    let target = outbound.parse(&format!("{}?a=b", receiver.url())).unwrap();
    let headers = vec![(HeaderName::from_static("accept"), HeaderValue::from_static("text/plain"))];
    for (most, body) in [(5, "hello"), (4, "hell"), (0, "")] {
        let answer = outbound.client().get(&target, headers.clone(), most).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, body.as_bytes()));
    }
    let request = receiver.requests().remove(0);
    assert!(request.starts_with("get /hook?a=b http/1.1\r\n") && request.ends_with("\r\n\r\n"), "{request}");
    assert!(request.contains("\r\naccept: text/plain\r\n"), "{request}");
}

#[actix_rt::test]
async fn a_get_tells_where_an_answer_leads_and_does_not_go_there() {
    let receiver =
        Receiver::answering(b"HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n").await;
    let outbound = Outbound::new(settings(anywhere())).unwrap();
    let target = outbound.parse(&receiver.url()).unwrap();
    let answer = outbound.client().get(&target, Vec::new(), 10).await.unwrap();
    assert_eq!((answer.status, answer.location.as_deref()), (302, Some("/there")));
    assert_eq!(receiver.connections(), 1);
}
