//! As much of `WebDriver` (W3C) as the tests need, over plain HTTP.

use std::env;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Scheme, Window};

/// Makes it a failure that there is no browser.
const REQUIRE: &str = "CLANKDIN_TEST_REQUIRE_BROWSER";

/// Longer than any page takes to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names an element in answers (`WebDriver`, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A program that steers browsers. It ends with the test, and its browsers with it.
pub(super) struct Driver {
    process: Child,
    address: SocketAddr,
    chromium: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

/// One browser at a time: each wants a processor, and most of a gigabyte.
static TURN: Mutex<()> = Mutex::new(());

impl Driver {
    /// Starts it; `None`, which is told once on standard error, where no Chromium is installed.
    ///
    /// # Panics
    ///
    /// Where there is none, and `CLANKDIN_TEST_REQUIRE_BROWSER` is set to anything but `0`.
    pub(super) fn start() -> Option<Self> {
        let Some((program, chromium)) =
            on_path(&["chromedriver"]).zip(on_path(&["chromium", "google-chrome"]))
        else {
            leave_out();
            return None;
        };
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("started successfully on port")).unwrap();
        let port: u16 = line.trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Some(Self { process, address, chromium, _turn: turn })
    }

    /// Opens a browser, with scripts on or off.
    pub(super) fn open(&self, scripts: bool) -> Browser<'_> {
        let arguments = [
            "--headless=new",
            // The sandbox does not work as root, and what is opened here is our own.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let setting = if scripts { 1 } else { 2 };
        let options = json!({
            "binary": self.chromium,
            "args": arguments,
            "prefs": { "profile.managed_default_content_settings.javascript": setting },
        });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
        } } });
        let session = self.send("POST", "/session", &wanted);
        Browser { driver: self, session: session["sessionId"].as_str().unwrap().to_owned() }
    }

    /// Sends a command, and answers its value.
    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, mut answer) = self.exchange(method, path, body).unwrap();
        assert_eq!(status, 200, "{method} {path}: {}", answer["value"]["message"]);
        answer["value"].take()
    }

    /// One request over a connection of its own, which the driver leaves open behind its answer.
    fn exchange(&self, method: &str, path: &str, body: &Value) -> io::Result<(u16, Value)> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        let about = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all([head, about, body].concat().as_bytes())?;
        let mut answer = BufReader::new(stream);
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            answer.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if status == 0 {
                status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
            }
            if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
                length = value.trim().parse().unwrap_or_default();
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body)?;
        Ok((status, serde_json::from_slice(&body)?))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A window of a browser.
pub(super) struct Browser<'d> {
    driver: &'d Driver,
    session: String,
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        // Also after a failure: a browser outlives its driver.
        let _ = self.driver.exchange("DELETE", &format!("/session/{}", self.session), &Value::Null);
    }
}

/// Something on a page.
pub(super) struct Element(String);

impl Browser<'_> {
    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        self.driver.send(method, &format!("/session/{}{path}", self.session), body)
    }

    /// A command of the browser's own protocol.
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.send("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// Goes to an address, and waits until the page is there.
    pub(super) fn go(&self, server: SocketAddr, path: &str) {
        self.send("POST", "/url", &json!({ "url": format!("http://{server}{path}") }));
    }

    pub(super) fn resize(&self, window: Window) {
        let Window { width, height, .. } = window;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    pub(super) fn prefer(&self, scheme: Scheme) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme.name() });
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// The path and the query of the present page.
    pub(super) fn path(&self) -> String {
        let url = self.send("GET", "/url", &json!({}));
        let (_, rest) = url.as_str().unwrap().split_once("://").unwrap();
        format!("/{}", rest.split_once('/').unwrap().1)
    }

    pub(super) fn title(&self) -> String {
        self.send("GET", "/title", &json!({})).as_str().unwrap().to_owned()
    }

    /// All that a CSS selector finds.
    pub(super) fn find(&self, selector: &str) -> Vec<Element> {
        let found = self.send("POST", "/elements", &json!({ "using": "css selector", "value": selector }));
        let found = found.as_array().unwrap().iter();
        found.map(|element| Element(element[ELEMENT].as_str().unwrap().to_owned())).collect()
    }

    /// The one thing that a CSS selector finds.
    #[track_caller]
    pub(super) fn find_one(&self, selector: &str) -> Element {
        let mut found = self.find(selector);
        assert_eq!(found.len(), 1, "{selector} on {}", self.path());
        found.remove(0)
    }

    /// Follows a link or sends a form, and waits until the next page is there.
    #[track_caller]
    pub(super) fn follow(&self, element: &Element) {
        self.turn(|| self.click(element));
    }

    /// Does what leads to another page, and waits until it is there: a browser that is busy sends a form some
    /// time after its button was pushed.
    #[track_caller]
    pub(super) fn turn(&self, act: impl FnOnce()) {
        let (page, began) = (self.find_one("html"), Instant::now());
        act();
        let path = format!("/session/{}/element/{}/name", self.session, page.0);
        let is_old = || self.driver.exchange("GET", &path, &Value::Null).unwrap().0 == 200;
        // The new one is there with the last of its elements, which every page has.
        while is_old() || self.find("footer ~ svg").is_empty() {
            assert!(began.elapsed() < PATIENCE, "{} is not there whole", self.path());
        }
    }

    /// Clicks on what leads to no other page.
    pub(super) fn click(&self, element: &Element) {
        self.send("POST", &format!("/element/{}/click", element.0), &json!({}));
    }

    /// Takes out of a field what stands in it.
    pub(super) fn clear(&self, element: &Element) {
        self.send("POST", &format!("/element/{}/clear", element.0), &json!({}));
    }

    /// Types into a field.
    pub(super) fn type_into(&self, element: &Element, text: &str) {
        self.send("POST", &format!("/element/{}/value", element.0), &json!({ "text": text }));
    }

    /// Presses a key of the keyboard (`WebDriver`, section 17.4.2).
    pub(super) fn press(&self, key: char) {
        // A page takes keys once it was drawn, and drops them before.
        self.screenshot();
        let actions = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.send(
            "POST",
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        );
    }

    /// What has the focus.
    pub(super) fn focused(&self) -> Element {
        Element(self.send("GET", "/element/active", &json!({}))[ELEMENT].as_str().unwrap().to_owned())
    }

    /// The text of an element as it is shown.
    pub(super) fn text(&self, element: &Element) -> String {
        let text = self.send("GET", &format!("/element/{}/text", element.0), &json!({}));
        text.as_str().unwrap().to_owned()
    }

    /// What stands in a field, or another property of an element.
    pub(super) fn property(&self, element: &Element, name: &str) -> Value {
        self.send("GET", &format!("/element/{}/property/{name}", element.0), &json!({}))
    }

    pub(super) fn attribute(&self, element: &Element, name: &str) -> Option<String> {
        let value = self.send("GET", &format!("/element/{}/attribute/{name}", element.0), &json!({}));
        value.as_str().map(str::to_owned)
    }

    /// Runs a script, and answers what it returns.
    #[track_caller]
    pub(super) fn run(&self, script: &str) -> Value {
        self.send("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The whole page as a PNG, however long it is.
    pub(super) fn screenshot(&self) -> Vec<u8> {
        let began = Instant::now();
        while self.page_size().0 == 0 {
            assert!(began.elapsed() < PATIENCE, "{} is not laid out", self.path());
        }
        let shot = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// How wide and how high the page is, and not the window, in CSS pixels.
    pub(super) fn page_size(&self) -> (u64, u64) {
        let metrics = self.devtools("Page.getLayoutMetrics", &json!({}));
        let side = |name: &str| metrics["cssContentSize"][name].as_u64().unwrap();
        (side("width"), side("height"))
    }
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let program = |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|it| Path::is_file(it));
    names.iter().find_map(program)
}

fn leave_out() {
    static TOLD: Once = Once::new();
    assert!(env::var_os(REQUIRE).is_none_or(|value| value == "0"), "Chromium and its driver were not found");
    // Not through the macro, which is silent in a test that passes.
    TOLD.call_once(|| {
        let _ = writeln!(
            io::stderr(),
            "Chromium and its driver were not found: the tests that need them are LEFT OUT"
        );
    });
}
