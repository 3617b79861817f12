//! The platform on which owners post: a real HTTP server that answers as its oEmbed endpoint does.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;
use serde_json::json;

/// What is told of a post.
#[derive(Clone)]
enum Told {
    Post { account: String, text: String },
    Status(u16),
}

#[derive(Default)]
struct Posts {
    by_url: Mutex<HashMap<String, Told>>,
    asked: Mutex<usize>,
}

#[derive(Deserialize)]
struct Asked {
    url: String,
}

/// A platform that runs. It ends with the test.
pub(crate) struct Platform {
    address: SocketAddr,
    posts: Arc<Posts>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Platform {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Arc::new(Posts::default());
        let (data, (sender, receiver)) = (web::Data::from(posts.clone()), channel());
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let app = move || App::new().app_data(data.clone()).route("/oembed", web::get().to(oembed));
                let server =
                    HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
                sender.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { address, posts, handle: receiver.recv().unwrap(), thread: Some(thread) }
    }

    /// Where it tells of its posts.
    pub(crate) fn oembed_url(&self) -> String {
        format!("http://{}/oembed", self.address)
    }

    /// Publishes a post, and answers its address.
    pub(crate) fn post(&self, account: &str, id: u32, text: &str) -> String {
        self.post_at(&address(account, id), account, text)
    }

    /// Publishes a post that is found by another address than its author's as well.
    pub(crate) fn post_at(&self, url: &str, account: &str, text: &str) -> String {
        self.tell(url, Told::Post { account: account.into(), text: text.into() })
    }

    /// A post that is told of by a status alone: deleted, private, or what else there is.
    pub(crate) fn answer(&self, account: &str, id: u32, status: u16) -> String {
        self.tell(&address(account, id), Told::Status(status))
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        *self.posts.asked.lock().unwrap()
    }

    fn tell(&self, url: &str, told: Told) -> String {
        self.posts.by_url.lock().unwrap().insert(url.to_owned(), told);
        url.to_owned()
    }
}

fn address(account: &str, id: u32) -> String {
    format!("https://x.com/{account}/status/{id}")
}

impl Drop for Platform {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic of its own thread is told by what the test saw of it.
            let _ = thread.join();
        }
    }
}

async fn oembed(posts: web::Data<Posts>, asked: web::Query<Asked>) -> HttpResponse {
    *posts.asked.lock().unwrap() += 1;
    let told = posts.by_url.lock().unwrap().get(&asked.url).cloned();
    match told.unwrap_or(Told::Status(404)) {
        Told::Status(status) => HttpResponse::build(status.try_into().unwrap()).finish(),
        Told::Post { account, text } => HttpResponse::Ok().json(json!({
            "url": asked.url,
            "author_name": "Somebody",
            "author_url": format!("https://x.com/{account}"),
            "html": format!(
                "<blockquote class=\"twitter-tweet\"><p lang=\"en\" dir=\"ltr\">{text}</p>&mdash; Somebody \
                 (@{account}) <a href=\"{}\">May 5, 2026</a></blockquote>\n", asked.url
            ),
            "type": "rich",
            "version": "1.0",
        })),
    }
}
