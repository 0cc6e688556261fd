"""Reads log messages in the embedded metric format, with the rules of CloudWatch.

Any mistake refuses the whole document. `Values` with `Counts` is not part of the specification, but CloudWatch accepts it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""

import json
import re

# Lambda cuts a longer line into several log events.
MAX_BYTES = 256 * 1024
MAX_METRICS = 100
MAX_VALUES = 100
MAX_DIMENSIONS = 30
MAX_NAME = 255
MAX_DIMENSION_NAME = 250
MAX_DIMENSION_VALUE = 1024
MAX_VALUE = 2**360
MAX_AGE_SECONDS = 14 * 24 * 3600
MAX_AHEAD_SECONDS = 2 * 3600
RATES = ("Bytes", "Bits")
PREFIXES = ("", "Kilo", "Mega", "Giga", "Tera")
AMOUNTS = [(prefix + rate.lower()).capitalize() for rate in RATES for prefix in PREFIXES] + ["Count"]
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "None", *AMOUNTS, *(f"{unit}/Second" for unit in AMOUNTS)}
PRINTABLE = re.compile(r"[ -~]*[!-~][ -~]*")


class ParsingError(ValueError):
    """A message that is recognised as a document, but is not one. CloudWatch counts it in `EMFParsingErrors`."""


class ValidationError(ValueError):
    """A document with wrong metrics. CloudWatch counts it in `EMFValidationErrors`."""


def read(message, now):
    """Returns one input of `PutMetricData` for each directive of a document, and None for any other message.

    `now` is in seconds since 1970, as are the timestamps of the result.
    """
    if not message.lstrip().startswith("{") or '"_aws"' not in message:
        return None
    try:
        document = json.loads(message, object_pairs_hook=unique_keys, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        # Other programs write lines that only resemble JSON.
        if '"CloudWatchMetrics"' not in message:
            return None
        raise ParsingError(f"not JSON: {error}") from error
    if "_aws" not in document:
        return None
    if len(message.encode()) > MAX_BYTES:
        raise ParsingError(f"longer than {MAX_BYTES} bytes")
    metadata = document["_aws"]
    if not isinstance(metadata, dict) or not isinstance(metadata.get("CloudWatchMetrics"), list):
        raise ParsingError("`_aws` has no list `CloudWatchMetrics`")
    timestamp = read_timestamp(metadata.get("Timestamp"), now)
    return [read_directive(document, directive, timestamp) for directive in metadata["CloudWatchMetrics"]]


def unique_keys(pairs):
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key occurs twice")
    return fields


def refuse_constant(name):
    raise ValueError(f"{name} is not a number of JSON")


def require(condition, reason):
    if not condition:
        raise ValidationError(reason)


def read_timestamp(milliseconds, now):
    if not is_number(milliseconds) or abs(milliseconds) > MAX_VALUE or milliseconds % 1 != 0:
        raise ParsingError("`Timestamp` is not a whole number of milliseconds")
    seconds = milliseconds / 1000
    require(-MAX_AGE_SECONDS <= seconds - now <= MAX_AHEAD_SECONDS, "`Timestamp` is not within two weeks and two hours")
    return seconds


def read_directive(document, directive, timestamp):
    require(isinstance(directive, dict), "a directive is not an object")
    namespace = read_name("a namespace", directive.get("Namespace"), MAX_NAME)
    require(not namespace.startswith("AWS/"), "a namespace starts with `AWS/`")
    metrics = directive.get("Metrics")
    require(isinstance(metrics, list), "`Metrics` is not a list")
    require(len(metrics) <= MAX_METRICS, f"{len(metrics)} metrics")
    sets = directive.get("Dimensions")
    require(isinstance(sets, list), "`Dimensions` is not a list")
    sets = [read_dimensions(document, names) for names in sets]
    require(len({frozenset(one.items()) for one in sets}) == len(sets), "a set of dimensions occurs twice")
    metrics = [read_metric(document, metric) for metric in metrics]
    names = [metric["MetricName"] for metric in metrics]
    require(len(set(names)) == len(names), "a metric occurs twice")
    used = {"_aws"}.union(*sets)
    require(used.isdisjoint(names), "a metric has the key of a dimension")
    data = [
        {
            **metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Timestamp": timestamp,
        }
        for metric in metrics
        for dimensions in sets
    ]
    return {"Namespace": namespace, "MetricData": data}


def read_dimensions(document, names):
    require(isinstance(names, list), "a set of dimensions is not a list")
    require(len(names) <= MAX_DIMENSIONS, f"{len(names)} dimensions")
    dimensions = {}
    for name in names:
        read_name("a dimension", name, MAX_DIMENSION_NAME)
        require(name not in dimensions, "a dimension occurs twice")
        dimensions[name] = read_text("the value of a dimension", document.get(name), MAX_DIMENSION_VALUE)
    return dimensions


def read_metric(document, metric):
    require(isinstance(metric, dict), "a metric is not an object")
    name = read_name("a metric", metric.get("Name"), MAX_NAME)
    unit = metric.get("Unit", "None")
    require(isinstance(unit, str) and unit in UNITS, f"the unit of {name} is unknown")
    resolution = metric.get("StorageResolution", 60)
    require(is_number(resolution) and resolution in (1, 60), f"the resolution of {name} is neither 1 nor 60")
    require(name in document, f"{name} has no value")
    return {
        "MetricName": name,
        "Unit": unit,
        "StorageResolution": int(resolution),
        **read_value(name, document[name]),
    }


def read_value(name, value):
    if isinstance(value, dict):
        require(set(value) == {"Values", "Counts"}, f"the value of {name} is not a number")
        values = read_values(name, value["Values"])
        counts = read_values(name, value["Counts"])
        require(len(values) == len(counts), f"{name} has {len(values)} values and {len(counts)} counts")
        require(min(counts) >= 0, f"{name} has a negative count")
        return {"Values": values, "Counts": counts}
    if isinstance(value, list):
        return {"Values": read_values(name, value)}
    return {"Value": read_values(name, [value])[0]}


def read_values(name, values):
    require(isinstance(values, list), f"the value of {name} is not a number")
    require(0 < len(values) <= MAX_VALUES, f"{name} has {len(values)} values")
    for value in values:
        require(is_number(value), f"the value of {name} is not a number")
        require(abs(value) <= MAX_VALUE, f"the value of {name} is not within 2^360")
    return [float(value) for value in values]


def read_name(what, name, longest):
    read_text(what, name, longest)
    require(not name.startswith(":"), f"{what} starts with `:`")
    return name


def read_text(what, text, longest):
    require(isinstance(text, str), f"{what} is not a text")
    require(len(text) <= longest, f"{what} has {len(text)} characters")
    require(PRINTABLE.fullmatch(text) is not None, f"{what} is empty or not printable ASCII")
    return text


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
