"""Starts ministack with what it lacks: a guard against web pages, metrics in logs, and alarms on metric math."""

import ministack.app

from local_aws import guard, log_metrics, metric_math_alarms

guard.install()
log_metrics.install()
metric_math_alarms.install()
ministack.app.main()
