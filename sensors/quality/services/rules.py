"""Making and changing quality rules."""

from typing import Any

from django.db import transaction

from gis_core.models import Division, User
from gis_core.services.audit import record_change
from sensors.models import Datastream, QualityRule
from sensors.quality.services.catalogue import validated_parameters


@transaction.atomic
def set_quality_rule(
    *,
    rule: str,
    parameters: Any,
    acting_user: User | None,
    datastream: Datastream | None = None,
    division: Division | None = None,
    observed_property: str = "",
    kind: str = "",
    is_enabled: bool = True,
) -> QualityRule:
    """Set a rule of a datastream, or of a quantity and kind within a division; the one that was there is replaced.

    Values already checked keep their flags until they are checked anew (`recheck`). Raises ReportedError
    (`unknown_rule`, `bad_parameters`).
    """
    kept = validated_parameters(rule, parameters)
    if datastream is not None:
        division = datastream.division
    scope = {
        "datastream": datastream,
        "division": division,
        "observed_property": observed_property,
        "kind": kind,
    }
    before = QualityRule.objects.select_for_update().filter(rule=rule, **scope).first()
    old = {"parameters": before.parameters, "is_enabled": before.is_enabled} if before else None
    row = before or QualityRule(rule=rule, **scope)
    row.parameters, row.is_enabled, row.changed_by = kept, is_enabled, acting_user
    row.save()
    record_change(
        acting_user=acting_user,
        action="set quality rule",
        subject=row,
        division=division,
        old_values=old,
        new_values={
            "rule": rule,
            "datastream": datastream.code if datastream else None,
            "observed_property": observed_property,
            "kind": kind,
            "parameters": kept,
            "is_enabled": is_enabled,
        },
    )
    return row
