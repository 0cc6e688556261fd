"""The Lambda runtime loop: what AWS's own Python runtime does, for a handler named on the command line."""

import http.client
import importlib
import json
import os
import sys


class Context:
    function_name = "bench"
    function_version = "1"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:bench"

    def __init__(self, request_id):
        self.aws_request_id = request_id


def main():
    handler = importlib.import_module(sys.argv[1]).handler
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    base = "/2018-06-01/runtime/invocation"
    while True:
        runtime.request("GET", f"{base}/next")
        answer = runtime.getresponse()
        request_id = answer.headers["lambda-runtime-aws-request-id"]
        event = json.loads(answer.read())
        try:
            kind, result = "response", handler(event, Context(request_id))
        except Exception as error:  # what the function raises is its answer
            kind, result = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        runtime.request("POST", f"{base}/{request_id}/{kind}", json.dumps(result))
        runtime.getresponse().read()
        sys.stdout.flush()


main()
