"""Starts ministack with what it lacks: a guard against web pages, metrics in logs, alarms on metric math, and composite alarms."""

import ministack.app

from local_aws import composite_alarms, guard, log_metrics, metric_math_alarms

guard.install()
log_metrics.install()
metric_math_alarms.install()
composite_alarms.install()
ministack.app.main()
