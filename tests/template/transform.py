"""Transforms SAM templates as CloudFormation would, offline, and lints what comes out.

Linting the SAM file alone misses mistakes in the resources that the transform makes. Reads a JSON array of
{"text": .., "lint": bool, "login_urls": [..]} from standard input; writes an array of
{"template": .. or null, "findings": [..], "login_urls": [..]} in the same order, with the login URLs that the template accepts.
"""

import json
import os
import re
import sys

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"

from cfnlint.api import lint
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    """The template names no managed policy, so none is looked up in an account."""

    def load(self):
        return {}


def check(task):
    try:
        template = transform(yaml_parse(task["text"]), {}, NoManagedPolicies())
    except InvalidDocumentException as error:
        return {"template": None, "findings": [f"transform: {cause.message}" for cause in error.causes], "login_urls": []}
    matches = lint(json.dumps(template), regions=["us-east-1"]) if task["lint"] else []
    findings = [
        f"{match.rule.id}: {match.message} at {'/'.join(str(part) for part in match.path)}"
        for match in matches
        if not match.rule.id.startswith("I")
    ]
    pattern = template["Parameters"]["SalesforceLoginUrl"]["AllowedPattern"]
    accepted = [url for url in task["login_urls"] if re.fullmatch(pattern, url)]
    return {"template": template, "findings": findings, "login_urls": accepted}


json.dump([check(task) for task in json.load(sys.stdin)], sys.stdout)
