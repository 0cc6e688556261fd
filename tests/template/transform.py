"""Transforms SAM templates as CloudFormation does, offline, and lints the results.

The linter finds mistakes in the resources that the transform generates only after the transform. This program reads a JSON array of
{"text": .., "lint": bool, "login_urls": [..]} from standard input and writes an array of
{"template": .. or null, "findings": [..], "login_urls": [..]} in the same order. "login_urls" are the login URLs that the template accepts.
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
    """An empty list: the template contains no managed policy, so no account is needed."""

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
