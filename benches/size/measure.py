"""Prints the size, start time and memory that each feature of tt-metrics adds to the smallest Lambda function.

Usage: python3 benches/size/measure.py
"""

import http.server
import os
import pathlib
import shutil
import statistics
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).parent
TARGET = HERE.parent.parent / "target" / "size"
INVOCATIONS = 30
STARTS = 41
VARIANTS = [
    ("lambda_runtime alone", None, {}),
    ("+ tt-metrics, feature `lambda`", "lambda", {"TT_METRICS_SINK": "emf"}),
    (
        "+ feature `put-metric-data`, used",
        "put-metric-data",
        {"TT_METRICS_SINK": "put_metric_data"},
    ),
]


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """Returns the requested number of invocations, then lets the function wait."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        state = self.server.state
        if self.path.endswith("/invocation/next"):
            state["nexts"].append(time.perf_counter())
            if len(state["nexts"]) > state["invocations"]:
                state["done"].set()
                state["ended"].wait()
                return
            self.answer(
                b"{}",
                [
                    ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
                    ("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000)),
                    ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:function:size"),
                ],
            )
        else:
            self.answer(b"{}", [])

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        registered = [("Lambda-Extension-Identifier", "size")]
        self.answer(b"{}", registered if self.path.endswith("/register") else [])

    def answer(self, body, headers):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def build(feature):
    command = ["cargo", "build", "--release", "--locked", "--target-dir", TARGET]
    if feature:
        command += ["--features", feature]
    subprocess.run(command, cwd=HERE, check=True)
    kept = TARGET / f"function-{feature or 'alone'}"
    shutil.copy2(TARGET / "release" / "function", kept)
    return kept


def run(binary, environment, invocations):
    """Milliseconds from the start of the process to the first /next, and KiB resident after the invocations."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    # A function that is killed does not complete its requests.
    server.handle_error = lambda *_: None
    server.state = {
        "nexts": [],
        "invocations": invocations,
        "done": threading.Event(),
        "ended": threading.Event(),
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    began = time.perf_counter()
    process = subprocess.Popen(
        [binary],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "size",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_LOG_GROUP_NAME": "size",
            "AWS_LAMBDA_LOG_STREAM_NAME": "size",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # The server also replaces CloudWatch, because it answers every request. The connection has no TLS.
            "AWS_ENDPOINT_URL": f"http://{address}",
            "TT_METRICS_NAMESPACE": "bench/Size",
            **environment,
        },
    )
    if not server.state["done"].wait(30):
        process.kill()
        raise SystemExit(f"{binary} did not request {invocations} invocations")
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0])
    process.kill()
    process.wait()
    server.state["ended"].set()
    server.shutdown()
    server.server_close()
    return (server.state["nexts"][0] - began) * 1000, resident


def main():
    binaries = [(name, build(feature), environment) for name, feature, environment in VARIANTS]
    starts = {name: [] for name, _, _ in binaries}
    # The variants run in turn, so that other load on the machine affects all of them.
    for _ in range(STARTS):
        for name, binary, environment in binaries:
            starts[name].append(run(binary, environment, 0)[0])
    print("| binary | size | start to the first `/next` | resident after 30 invocations |")
    print("|---|---|---|---|")
    base = os.path.getsize(binaries[0][1])
    for name, binary, environment in binaries:
        size = os.path.getsize(binary)
        more = f" (+{(size - base) / 1e6:.2f})" if size != base else ""
        resident = run(binary, environment, INVOCATIONS)[1]
        print(
            f"| {name} | {size / 1e6:.2f} MB{more} | {statistics.median(starts[name]):.1f} ms"
            f" | {resident / 1024:.1f} MiB |"
        )


if __name__ == "__main__":
    main()
