//! A headless Chromium, driven by the `DevTools` protocol over a pipe.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// The longest wait for a condition of a page.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How often a condition is evaluated.
const POLL: Duration = Duration::from_millis(50);

/// A browser with one page; dropping it ends the browser.
pub(crate) struct Browser {
    process: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    session: Option<String>,
    last_id: u64,
    scheme: &'static str,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads requests from descriptor 3 and writes replies to descriptor 4.
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2",
                "chromium",
            ])
            .args([
                "--headless",
                "--remote-debugging-pipe",
                "--disable-gpu",
                "--no-first-run",
            ])
            // The sandbox needs privileges that containers do not have. The pages are our own.
            .args([
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank");
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            requests: process.stdin.take().unwrap(),
            replies: BufReader::new(process.stdout.take().unwrap()),
            process,
            session: None,
            last_id: 0,
            scheme: "light",
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", &json!({}));
        browser
    }

    /// Sets the size of the page; below 500 pixels it is that of a phone.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Sets the preferred color scheme, `light` or `dark`.
    pub(crate) fn prefer(&mut self, scheme: &'static str) {
        self.scheme = scheme;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&mut self, url: &str) {
        // The mark belongs to the page before.
        self.evaluate("window.isOld = true");
        self.call("Page.navigate", &json!({ "url": url }));
        self.wait_for("!window.isOld && document.readyState === 'complete'");
        let is_preferred = format!(
            "matchMedia('(prefers-color-scheme: {})').matches",
            self.scheme
        );
        assert_eq!(self.evaluate(&is_preferred), true);
    }

    pub(crate) fn evaluate(&mut self, script: &str) -> Value {
        let reply = self.call(
            "Runtime.evaluate",
            &json!({ "expression": script, "returnByValue": true }),
        );
        assert!(
            reply["exceptionDetails"].is_null(),
            "{script}: {}",
            reply["exceptionDetails"]
        );
        reply["result"]["value"].clone()
    }

    pub(crate) fn wait_for(&mut self, condition: &str) {
        let deadline = Instant::now() + TIMEOUT;
        while self.evaluate(condition) != true {
            let text = "document.body?.innerText.slice(0, 500)";
            assert!(
                Instant::now() < deadline,
                "{condition}: {}",
                self.evaluate(text)
            );
            std::thread::sleep(POLL);
        }
    }

    /// Presses `Tab` or `Enter`.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            other => panic!("{other} is not supported"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let mut request = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        let absent = "Chromium does not run; install it with `apt-get install chromium`";
        write!(self.requests, "{request}\0").expect(absent);
        loop {
            let mut reply = Vec::new();
            self.replies.read_until(0, &mut reply).expect(absent);
            assert_eq!(reply.pop(), Some(0), "{absent}");
            let reply: Value = serde_json::from_slice(&reply).unwrap();
            // Everything else is an event.
            if reply["id"] == self.last_id {
                assert!(reply["error"].is_null(), "{method}: {}", reply["error"]);
                return reply["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}
