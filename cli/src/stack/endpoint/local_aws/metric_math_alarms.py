"""Lets stacks create alarms on metric math, which ministack refuses. It does not evaluate them."""

from ministack.services.cloudformation import provisioners

# Properties of an alarm on one metric. ministack evaluates no alarm without a metric name.
OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")


def install():
    """Changes ministack in this process."""
    record = provisioners._cw_metric_alarm_record

    def record_of_any_alarm(name, properties):
        queries = properties.get("Metrics")
        if not queries:
            return record(name, properties)
        mixed = [key for key in OF_ONE_METRIC if key in properties]
        if mixed:
            raise ValueError(f"an alarm has either Metrics or {', '.join(mixed)}")
        others = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm = record(name, {**others, "MetricName": "-", "Namespace": "-"})
        alarm = {key: value for key, value in alarm.items() if key not in OF_ONE_METRIC}
        return {**alarm, "Metrics": queries}

    provisioners._cw_metric_alarm_record = record_of_any_alarm
