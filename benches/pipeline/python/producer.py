"""TT Producer in Python: streamed, batched, four requests in flight, counted once a batch with Powertools."""

import base64
import codecs
import csv
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from urllib.parse import unquote_plus

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

REQUIRED = ("record_id", "customer_id", "event_type")
KNOWN = REQUIRED + ("risk_rating", "occurred_at", "subject", "details")
BATCH = 500
IN_FLIGHT = 4
STREAM = os.environ["EVENT_STREAM_NAME"]

s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
kinesis = boto3.client("kinesis")
metrics = Metrics(namespace=os.environ["TT_METRICS_NAMESPACE"], service="producer")
pool = ThreadPoolExecutor(IN_FLIGHT)


def records(body, key):
    if key.endswith(".csv"):
        yield from csv.DictReader(codecs.getreader("utf-8")(body))
    else:
        for line in body.iter_lines(chunk_size=65536):
            yield json.loads(line)


def event_id(source):
    digest = hashlib.sha256()
    for part in (source["bucket"], source["key"], source["version"]):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    digest.update(source["index"].to_bytes(8, "big"))
    return base64.b32encode(digest.digest()).decode().rstrip("=").lower()


def entry(record, source, produced_at):
    for name in REQUIRED:
        if not record.get(name):
            raise ValueError(name)
    event = {
        "schema": "tt-event/1",
        "event_id": event_id(source),
        "source": source,
        "produced_at": produced_at,
    }
    event.update((name, record[name]) for name in KNOWN if record.get(name))
    extra = {name: value for name, value in record.items() if name not in KNOWN}
    if extra:
        event["extra"] = extra
    data = json.dumps(event, separators=(",", ":")).encode()
    return {"Data": data, "PartitionKey": record["customer_id"]}


def put(entries):
    published = 0
    for _ in range(8):
        answer = kinesis.put_records(StreamName=STREAM, Records=entries)
        refused = [entry for entry, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        published += len(entries) - len(refused)
        entries = refused
        if not entries:
            break
    return published, len(entries)


def settle(answer):
    published, failed = answer.result()
    metrics.add_metric("TTEventPublished", MetricUnit.Count, published)
    metrics.add_metric("TTEventFailed", MetricUnit.Count, failed)


@metrics.log_metrics
def handler(event, context):
    for notified in event["Records"]:
        bucket = notified["s3"]["bucket"]["name"]
        entity = notified["s3"]["object"]
        key, version = unquote_plus(entity["key"]), entity["versionId"]
        body = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"]
        batch, failed, flying = [], 0, []
        produced_at = datetime.now(timezone.utc).isoformat()

        def send():
            nonlocal batch, failed
            if not batch and not failed:
                return
            metrics.add_metric("S3RecordsReceived", MetricUnit.Count, len(batch) + failed)
            if failed:
                metrics.add_metric("TTEventFailed", MetricUnit.Count, failed)
            if len(flying) >= IN_FLIGHT:
                settle(flying.pop(0))
            if batch:
                flying.append(pool.submit(put, batch))
            batch, failed = [], 0

        for index, record in enumerate(records(body, key)):
            source = {"bucket": bucket, "key": key, "version": version, "index": index}
            try:
                batch.append(entry(record, source, produced_at))
            except ValueError:
                failed += 1
            if len(batch) + failed >= BATCH:
                send()
        send()
        while flying:
            settle(flying.pop(0))
    return {}
