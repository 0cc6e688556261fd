"""Lets stacks create composite alarms, a type that ministack does not know. It does not evaluate them."""

from ministack.services.cloudformation import provisioners

TYPE = "AWS::CloudWatch::CompositeAlarm"
ARN = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"


def install():
    """Changes ministack in this process."""
    provisioners._RESOURCE_HANDLERS.setdefault(TYPE, {"create": create, "update": update, "delete": delete})


def create(logical_id, properties, stack_name):
    """Checks that the rule refers to alarms that exist, and returns name and attributes."""
    rule = properties.get("AlarmRule") or ""
    names = [part.split('"')[0] for part in rule.split('ALARM("')[1:]]
    unknown = [name for name in names if name not in provisioners._cw._alarms]
    if unknown or not names:
        raise ValueError(f"AlarmRule `{rule}` refers to no alarm, or to alarms that do not exist: {unknown}")
    name = properties.get("AlarmName") or f"{stack_name}-{logical_id}"
    return name, {"Arn": ARN + name}


def update(physical_id, old_properties, properties, stack_name):
    """Checks the new rule; the name stays."""
    return create(physical_id, {**properties, "AlarmName": physical_id}, stack_name)


def delete(physical_id, properties):
    """Nothing is stored."""
