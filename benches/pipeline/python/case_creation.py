"""Case Creation in Python: one call of 200 records, one connection kept, counted once a batch with Powertools."""

import base64
import json
import os

import boto3
import urllib3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

PRIORITY = {"HIGH": "High", "MEDIUM": "Medium", "LOW": "Low"}

secrets = boto3.client("secretsmanager")
http = urllib3.PoolManager()
metrics = Metrics(namespace=os.environ["TT_METRICS_NAMESPACE"], service="case-creation")
token = None


def case(event):
    rating = (event.get("risk_rating") or "").strip().upper()
    subject = event.get("subject") or f"{event['event_type']} for customer {event['customer_id']}"
    return {
        "attributes": {"type": "Case"},
        "Subject": subject,
        "Origin": "TT",
        "Priority": PRIORITY.get(rating, "Medium"),
        "TT_Event_Id__c": event["event_id"],
    }


@metrics.log_metrics
def handler(event, context):
    global token
    if token is None:
        secret = secrets.get_secret_value(SecretId=os.environ["SALESFORCE_TOKEN_SECRET_ID"])
        token = json.loads(secret["SecretString"])
    events = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]
    created = failed = 0
    for start in range(0, len(events), 200):
        cases = [case(one) for one in events[start : start + 200]]
        answer = http.request(
            "POST",
            token["instance_url"] + "/services/data/v62.0/composite/sobjects",
            body=json.dumps({"allOrNone": False, "records": cases}),
            headers={"Authorization": "Bearer " + token["access_token"], "Content-Type": "application/json"},
        )
        results = json.loads(answer.data)
        created += sum(1 for result in results if result["success"])
        failed += sum(1 for result in results if not result["success"])
    metrics.add_metric("SFCaseCreated", MetricUnit.Count, created)
    metrics.add_metric("SFCaseFailed", MetricUnit.Count, failed)
    return {"batchItemFailures": []}
