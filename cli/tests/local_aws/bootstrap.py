"""A Lambda function that writes documents in pieces, around and after its responses."""

import json
import os
import sys
import time
import urllib.request

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def write(text):
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()


def document(name, value):
    directive = {"Namespace": "local/Log", "Dimensions": [[]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    # Some programs take this character for the end of a line.
    fields = {"_aws": metadata, name: value, "text": "one\u2028line"}
    return json.dumps(fields, ensure_ascii=False) + "\n"


while True:
    invocation = urllib.request.urlopen(f"{RUNTIME}/next")
    invocation.read()
    identity = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    write(document("Before", 1))
    urllib.request.urlopen(f"{RUNTIME}/{identity}/response", data=b"{}").read()
    late = document("After", 10)
    write(late[:40])
    time.sleep(0.4)
    write(late[40:])
    write(document("Refused", "text"))
    write("the last line\n")
