//! What a receiver can do with a request, and what becomes of it.

use std::rc::Rc;
use std::time::Duration;

use clankdin_outbound::client::MAX_ANSWER_BYTES;
use clankdin_outbound::{Answer, SendError, Stage};
use tokio::io::AsyncWriteExt as _;

use crate::servers::{Receiver, read_request};
use crate::{anywhere, hasty, post, settings};

async fn answer_to(bytes: &'static [u8]) -> Result<Answer, SendError> {
    let receiver = Receiver::start(move |mut stream| async move {
        read_request(&mut stream).await.unwrap();
        // The sender may leave before it has read everything.
        let _ = stream.write_all(bytes).await;
    })
    .await;
    post(settings(anywhere()), &receiver.url()).await
}

#[actix_rt::test]
async fn an_answer_has_its_status_its_body_and_retry_after_as_sent() {
    let answer = answer_to(
        b"HTTP/1.1 429 Slow\r\nretry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\ncontent-length: 4\r\n\r\nlate",
    )
    .await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (429, b"late".as_slice()));
    assert_eq!(answer.retry_after.as_deref(), Some("Wed, 21 Oct 2015 07:28:00 GMT"));
    assert!(answer.latency > Duration::ZERO);
}

#[actix_rt::test]
async fn an_answer_without_a_body_is_whole() {
    let answer = answer_to(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    assert_eq!((answer.status, answer.body.len(), answer.retry_after), (204, 0, None));
}

#[actix_rt::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Receiver::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let head =
            format!("HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url());
        let head = Rc::new(head);
        let receiver = Receiver::start(move |mut stream| {
            let head = Rc::clone(&head);
            async move {
                read_request(&mut stream).await.unwrap();
                stream.write_all(head.as_bytes()).await.unwrap();
            }
        })
        .await;
        assert_eq!(post(settings(anywhere()), &receiver.url()).await.unwrap().status, status);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[actix_rt::test]
async fn an_endless_body_is_cut() {
    let heads: [(&[u8], &[u8]); 3] = [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"3e8\r\n"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n", b""),
        (b"HTTP/1.0 200 OK\r\n\r\n", b""),
    ];
    for (head, chunk_head) in heads {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(head).await.unwrap();
            let mut block = chunk_head.to_vec();
            block.extend([b'x'; 1000]);
            block.extend(if chunk_head.is_empty() { b"".as_slice() } else { b"\r\n" });
            while stream.write_all(&block).await.is_ok() {}
        })
        .await;
        let answer = post(settings(anywhere()), &receiver.url()).await.unwrap();
        assert!(answer.body == [b'x'; MAX_ANSWER_BYTES], "{} bytes", answer.body.len());
    }
}

#[actix_rt::test]
async fn compressed_content_is_not_decoded_and_not_asked_for() {
    const GZIP_OF_NOTHING: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    let receiver = Receiver::answering(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 20\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0",
    )
    .await;
    let answer = post(settings(anywhere()), &receiver.url()).await.unwrap();
    assert_eq!(answer.body, GZIP_OF_NOTHING);
    assert!(!receiver.requests()[0].contains("accept-encoding"), "{:?}", receiver.requests());
}

#[actix_rt::test]
async fn a_receiver_that_never_answers_times_out() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let error = post(hasty(), &receiver.url()).await.unwrap_err();
    assert_eq!(error, SendError::Timeout(Stage::Answer));
}

#[actix_rt::test]
async fn a_receiver_that_drips_times_out_in_its_headers_and_in_its_body() {
    for start in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n"] {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(start).await.unwrap();
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            for byte in b"HTTP/1.1 200 OK\r\nx-drip: ".iter().chain(std::iter::repeat(&b'x')) {
                tick.tick().await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        })
        .await;
        let error = post(hasty(), &receiver.url()).await.unwrap_err();
        assert_eq!(error, SendError::Timeout(Stage::Answer));
    }
}

#[actix_rt::test]
async fn a_receiver_that_never_reads_times_out() {
    let receiver = Receiver::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let outbound = clankdin_outbound::Outbound::new(hasty()).unwrap();
    let target = outbound.parse(&receiver.url()).unwrap();
    let body = vec![b'x'; 32 << 20].into();
    let error = outbound.client().post(&target, Vec::new(), body).await.unwrap_err();
    assert_eq!(error, SendError::Timeout(Stage::Answer));
}

#[actix_rt::test]
async fn an_answer_that_breaks_off_is_a_reset_at_each_stage() {
    for sent in [
        b"".as_slice(),
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\ncontent-",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.",
    ] {
        let error = answer_to(sent).await.unwrap_err();
        assert_eq!(error.class(), "reset", "{:?}: {error}", String::from_utf8_lossy(sent));
    }
}

#[actix_rt::test]
async fn a_connection_that_is_reset_is_a_reset_at_each_stage() {
    for sent in
        [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten"]
    {
        let receiver = Receiver::start(move |mut stream| async move {
            stream.set_zero_linger().unwrap();
            read_request(&mut stream).await.unwrap();
            stream.write_all(sent).await.unwrap();
        })
        .await;
        let error = post(settings(anywhere()), &receiver.url()).await.unwrap_err();
        assert_eq!(error.class(), "reset", "{:?}: {error}", String::from_utf8_lossy(sent));
    }
}

#[actix_rt::test]
async fn a_connection_that_is_closed_before_the_request_is_a_reset() {
    let receiver = Receiver::start(|stream| async move { drop(stream) }).await;
    assert_eq!(post(settings(anywhere()), &receiver.url()).await.unwrap_err().class(), "reset");
}

#[actix_rt::test]
async fn a_port_where_nobody_listens_is_a_failed_connect() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(post(settings(anywhere()), &url).await.unwrap_err().class(), "connect");
}

#[actix_rt::test]
async fn what_is_not_http_is_a_protocol_error() {
    for sent in [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n".as_slice(),
        b"HTTP/1.1 2OO OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot a size\r\n",
    ] {
        let error = answer_to(sent).await.unwrap_err();
        assert_eq!(error.class(), "protocol", "{:?}: {error}", String::from_utf8_lossy(sent));
    }
}

#[actix_rt::test]
async fn a_flood_of_headers_is_a_protocol_error() {
    for header in
        [b"x-flood: 0123456789012345678901234567890123456789\r\n".as_slice(), b"x-flood-without-end-"]
    {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
            let flood = header.repeat((1 << 20) / header.len());
            // The sender is expected to hang up on us long before the end.
            let _ = stream.write_all(&flood).await;
            std::future::pending::<()>().await;
        })
        .await;
        let error = post(settings(anywhere()), &receiver.url()).await.unwrap_err();
        assert_eq!(error.class(), "protocol", "{error}");
    }
}
