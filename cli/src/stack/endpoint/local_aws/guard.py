"""Refuses requests of web pages to ministack.

A page of any origin can send simple requests to a loopback port, and ministack executes them and allows every origin
to read the response. Browsers send `Origin` or `Sec-Fetch-Site` with such requests. A page whose host name resolves to
127.0.0.1 (DNS rebinding) is of the same origin and sends its own name as `Host`. SDKs and the functions send none of
these. The guard also covers the Lambda Runtime API, which ministack serves on other ports.
"""

import http.server
import os
import re

import ministack.app

# A browser cannot resolve names below `localhost` by DNS, and treats no name below an IP address as a host.
LOCAL_HOST = re.compile(r"(?:.+\.)?(?:127\.0\.0\.1|localhost)|\[::1\]", re.IGNORECASE)
REFUSAL = b"the local AWS endpoint does not accept requests of web pages\n"


def install():
    """Changes ministack in this process."""
    guard_runtime_api()
    ministack.app.app = guarded(ministack.app.app, int(os.environ["GATEWAY_PORT"]))


def is_local(headers, port):
    """Whether a request comes from a local program; headers are pairs of a lower-case name and a value."""
    hosts = [value for name, value in headers if name == "host"]
    for name, value in headers:
        if name == "origin" or (name == "sec-fetch-site" and value != "none"):
            return False
    return all(
        host.endswith(f":{port}") and LOCAL_HOST.fullmatch(host.removesuffix(f":{port}"))
        for host in hosts
    )


def guarded(app, port):
    """The ASGI application with the guard."""

    async def guard(scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await app(scope, receive, send)
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        if is_local(headers, port):
            return await app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        head = [(b"content-type", b"text/plain"), (b"content-length", str(len(REFUSAL)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": head})
        await send({"type": "http.response.body", "body": REFUSAL})

    return guard


def guard_runtime_api():
    """Adds the guard to every server of Python's standard library, as the Runtime API is one."""
    parse_request = http.server.BaseHTTPRequestHandler.parse_request

    def guarded_parse_request(handler):
        if not parse_request(handler):
            return False
        headers = [(name.lower(), value) for name, value in handler.headers.items()]
        if is_local(headers, handler.server.server_address[1]):
            return True
        handler.send_error(403, REFUSAL.decode().strip())
        return False

    http.server.BaseHTTPRequestHandler.parse_request = guarded_parse_request
