"""Extracts metrics from the log of the local AWS, as CloudWatch does, and completes this log.

ministack extracts no metrics. It also keeps what a function writes after its response until the next invocation, and
tt-metrics writes its documents after the response. Each line is therefore read where ministack reads the output of a
custom runtime, once, before it is in any log. Messages that a client sends with `PutLogEvents` are read there.
"""

import asyncio
import json
import logging
import queue
import time
from datetime import datetime, timezone

import ministack.app
from ministack.core import lambda_runtime
from ministack.core.responses import new_uuid
from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc

from . import metric_documents

logger = logging.getLogger("log-metrics")

PUT_METRIC_DATA = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "GraniteServiceVersion20100801.PutMetricData",
}
put_log_events = cloudwatch_logs._put_log_events


def install():
    """Changes ministack in this process."""
    pump_output = lambda_runtime.ProvidedWorker._pump_output
    invoke = lambda_runtime.ProvidedWorker.invoke

    def pump_observed_output(worker, stream, lines):
        output = worker.observed_output = ObservedOutput(worker, stream, lines)
        pump_output(worker, output, lines)

    def invoke_and_complete_log(worker, *arguments, **options):
        try:
            return invoke(worker, *arguments, **options)
        finally:
            output = getattr(worker, "observed_output", None)
            if output is not None:
                output.log_late_lines()

    def put_and_extract(request):
        answer = put_log_events(request)
        if answer[0] == 200:
            for event in request.get("logEvents", []):
                extract(request["logGroupName"], event.get("message", ""))
        return answer

    lambda_runtime.ProvidedWorker._pump_output = pump_observed_output
    lambda_runtime.ProvidedWorker.invoke = invoke_and_complete_log
    cloudwatch_logs._put_log_events = put_and_extract


class ObservedOutput:
    """The output of one execution environment. ministack reads it line by line and queues the lines for the log."""

    def __init__(self, worker, stream, lines):
        self.worker = worker
        self.stream = stream
        self.lines = lines
        self.log_group = log_group(worker.config)
        # AWS has one log stream for each execution environment.
        day, version = datetime.now(timezone.utc), worker.config.get("Version", "$LATEST")
        self.log_stream = f"{day:%Y/%m/%d}/[{version}]{new_uuid().replace('-', '')}"

    def readline(self):
        """Returns the next line when it is complete, or when the output ends. The line before is queued by then."""
        self.log_late_lines()
        line = self.stream.readline()
        text = line.decode("utf-8", errors="replace") if isinstance(line, bytes) else line
        self.run(extract, self.log_group, text.rstrip("\r\n"))
        return line

    def close(self):
        self.stream.close()

    def log_late_lines(self):
        """Logs the queued lines, unless an invocation runs: at its end it logs them itself, and then calls this."""
        if self.worker._lock.locked():
            return
        messages = []
        try:
            while True:
                messages.append(self.lines.get_nowait())
        except queue.Empty:
            pass
        if messages:
            self.run(self.log, messages)

    def log(self, messages):
        stream = {"logGroupName": self.log_group, "logStreamName": self.log_stream}
        # The answer is an error if it exists.
        cloudwatch_logs._create_log_group({"logGroupName": self.log_group})
        cloudwatch_logs._create_log_stream(stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        put_log_events({**stream, "logEvents": events})

    def run(self, function, *arguments):
        """Calls a function with the account and Region of the Lambda function. An error must not end the reading."""
        try:
            lambda_svc._run_with_function_config_scope(self.worker.config, function, *arguments)
        except Exception:
            logger.exception("%s: the log is incomplete", self.log_group)


def log_group(config):
    configured = (config.get("LoggingConfig") or {}).get("LogGroup")
    return configured or f"/aws/lambda/{config.get('FunctionName', 'unknown')}"


def extract(group, message):
    """Stores the metrics of a log event. A refused document is counted in the namespace AWS/Logs."""
    # CloudWatch extracts metrics from log groups of the standard class only.
    if (cloudwatch_logs._log_groups.get(group) or {}).get("logGroupClass", "STANDARD") != "STANDARD":
        return
    now = time.time()
    try:
        for request in metric_documents.read(message, now) or []:
            put_metric_data(request)
    except metric_documents.ParsingError as error:
        count_refused(group, "EMFParsingErrors", now, error)
    except metric_documents.ValidationError as error:
        count_refused(group, "EMFValidationErrors", now, error)


def count_refused(group, metric, now, reason):
    logger.warning("%s: a document in the embedded metric format was refused: %s", group, reason)
    dimensions = [{"Name": "LogGroupName", "Value": group}]
    datum = {"MetricName": metric, "Dimensions": dimensions, "Timestamp": now, "Value": 1}
    put_metric_data({"Namespace": "AWS/Logs", "MetricData": [datum]})


def put_metric_data(request):
    """Calls the CloudWatch of this process, on the thread of all requests: its store is not safe for other threads."""
    handled = cloudwatch.handle_request("POST", "/", PUT_METRIC_DATA, json.dumps(request).encode(), {})
    asyncio.run_coroutine_threadsafe(handled, ministack.app._MAIN_LOOP).add_done_callback(report_failure)


def report_failure(handled):
    error = handled.exception()
    if error is not None:
        logger.error("metrics were not stored: %s", error)
    elif handled.result()[0] != 200:
        logger.error("metrics were not stored: %s", handled.result())
