//! The guard in front of ministack and of its Lambda Runtime API, with an application of the test in place of ministack.

use std::fs;

use super::run;

/// Prints the status of requests to the ASGI application and to a server of the standard library.
const APPLICATION: &str = r#"
import asyncio, http.client, http.server, threading

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})

class RuntimeApi(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass

def asgi(port, headers):
    sent = []
    async def send(message):
        sent.append(message)
    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers]}
    asyncio.run(app(scope, None, send))
    return sent[0]["status"]

def runtime_api(port, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.putrequest("GET", "/2018-06-01/runtime/invocation/next", skip_host=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse().status

def main():
    server = http.server.HTTPServer(("127.0.0.1", 0), RuntimeApi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for request, port in ((asgi, 4566), (runtime_api, server.server_address[1])):
        for headers in (
            [("Host", f"127.0.0.1:{port}")],
            [("Host", f"bucket.localhost:{port}")],
            [("Host", f"127.0.0.1:{port}"), ("Sec-Fetch-Site", "none")],
            [("Host", f"127.0.0.1:{port}"), ("Origin", "null")],
            [("Host", f"127.0.0.1:{port}"), ("Sec-Fetch-Site", "cross-site")],
            [("Host", f"localhost.page.example:{port}")],
            [("Host", f"127.0.0.1:{port}"), ("Host", f"page.example:{port}")],
        ):
            print(request(port, headers), end=" ")
        print()
"#;

const GUARDED: &str = "
import ministack.app
from local_aws import guard

guard.install()
ministack.app.main()
";

#[tokio::test]
async fn guard_refuses_web_pages_and_admits_local_programs() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("ministack")).unwrap();
    fs::write(directory.path().join("ministack/app.py"), APPLICATION).unwrap();
    let port = [("GATEWAY_PORT", "4566")];
    let statuses = run(GUARDED, directory.path(), &port, "").await;
    let expected = "200 200 200 403 403 403 403 \n";
    assert_eq!(statuses, expected.repeat(2));
}
