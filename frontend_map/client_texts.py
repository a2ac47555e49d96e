"""The words that the pages' programs show, translated here so that there is one catalogue of messages."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from assets.exchange.services.file_words import choice_labels
from assets.models import NodeKind
from frontend_map.templatetags.figures import age_words


def asset_kind_texts() -> dict[str, str]:
    """The kinds of assets in words, by their names in the model."""
    kinds = {kind.value: _(kind.label) for kind in NodeKind}
    return {**kinds, "pipe": _("pipe"), "zone": _("zone"), "network": _("network")}


def search_texts() -> dict[str, object]:
    """Everything that a search box says."""
    classes = {
        "account": _("account"),
        "meter": _("meter"),
        "bill": _("bill"),
        "coordinates": _("coordinates"),
        "parcel": _("parcel"),
        "building": _("building"),
    }
    return {
        "kinds": {**classes, **asset_kind_texts()},
        "nothingFound": _("Nothing found"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
        "found": _("{count} found"),
    }


def import_texts() -> dict[str, object]:
    """Everything that the import wizard says."""
    return {
        "kinds": {**asset_kind_texts(), "connector": _("connector"), "demand": _("demand")},
        "formats": {
            "epanet": _("EPANET model"),
            "geopackage": "GeoPackage",
            "shapefile": _("Shapefile"),
            "geojson": "GeoJSON",
            "csv": "CSV",
            "dxf": "DXF",
        },
        "geometries": {
            "points": _("points"),
            "lines": _("lines"),
            "areas": _("areas"),
            "mixed": _("points, lines and areas"),
            "": _("a table without places"),
        },
        "attributes": _attribute_texts(),
        "choices": choice_labels(),
        "results": {"refused": _("refused"), "adjusted": _("adjusted"), "warnings": _("warning")},
        "steps": {
            "Reading the file": _("Reading the file"),
            "Checking the rows": _("Checking the rows"),
            "Building the topology": _("Building the topology"),
            "Converting to SI units": _("Converting to SI units"),
            "Placing on the ground": _("Placing on the ground"),
            "Comparing": _("Comparing"),
            "Writing": _("Writing"),
        },
        **_import_sentences(),
    }


def _attribute_texts() -> dict[str, str]:
    """The attributes that most files have, in words; rarer ones go by the names of the API."""
    return {
        "code": _("Code"),
        "diameter_m": _("Diameter"),
        "material": _("Material"),
        "stated_length_m": _("Stated length"),
        "year_installed": _("Year installed"),
        "roughness": _("Roughness"),
        "minor_loss": _("Minor loss"),
        "status": _("Status"),
        "lifecycle": _("Lifecycle"),
        "has_check_valve": _("Check valve"),
        "start_node": _("Start node"),
        "end_node": _("End node"),
        "elevation_m": _("Elevation"),
        "installed_on": _("Installed on"),
        "zone": _("Zone"),
        "base_demand_m3s": _("Base demand"),
    }


def _import_sentences() -> dict[str, str]:
    return {
        "reading": _("The file is being read …"),
        "tooLarge": _("The file is larger than {size} MB."),
        "lost": _("The connection was lost; trying again."),
        "format": _("Format"),
        "size": _("Size"),
        "title": _("Title"),
        "units": _("Units"),
        "layers": _("Layers"),
        "rows": _("Rows"),
        "crs": _("Coordinate system"),
        "noCrs": _("not stated"),
        "nameCrs": _(
            "The file does not say its coordinate system: write its EPSG code and let it be read again."
        ),
        "shown": _("{count} shapes are shown."),
        "kind": _("What its rows are"),
        "kindOfColumn": _("as a column says"),
        "kindColumn": _("The column that says it"),
        "wordsMean": _("What its words mean"),
        "wordsOf": _("What the words of “{attribute}” mean"),
        "asItStands": _("as it stands"),
        "noKind": _("not ours: its rows are refused"),
        "unit": _("unit"),
        "moreAttributes": _("More attributes"),
        "row": _("Row"),
        "rowCount": _("rows: {count}"),
        "firstRows": _("The first {count} rows"),
        "needsCode": _("Give the new network a code."),
        "needsPlace": _("Write the EPSG code of the drawing, or where its centre lies."),
        "needsLayer": _("Choose at least one layer."),
        "trying": _("Trying …"),
        "importing": _("Importing …"),
        "triedWell": _("This is what an import would do"),
        "triedBadly": _("It cannot be imported like this"),
        "imported": _("Imported"),
        "notImported": _("Not imported"),
        "hasRefused": _("Refused rows: {count}. Correct them, or leave them out by the choice above."),
        "network": _("Network"),
        "unchanged": _("stored already"),
        "all": _("everything"),
        "noRemarks": _("No row is refused, adjusted or doubtful."),
        "ofRemarks": _("{shown} of {count} shown"),
        "heading_result": _("Result"),
        "heading_layer": _("Layer"),
        "heading_row": _("Row"),
        "heading_element": _("Element"),
        "heading_reason": _("Reason"),
        "sureUndo": _("Undo this import? All that it made is taken out of the network in one step."),
        "undoing": _("The import is being undone …"),
        "notUndone": _("It could not be undone: {reason}"),
    }


def compass_texts() -> list[str]:
    """The eight winds from north, clockwise, as short words."""
    return [
        pgettext("compass", "N"),
        pgettext("compass", "NE"),
        pgettext("compass", "E"),
        pgettext("compass", "SE"),
        pgettext("compass", "S"),
        pgettext("compass", "SW"),
        pgettext("compass", "W"),
        pgettext("compass", "NW"),
    ]


def detail_texts() -> dict[str, str]:
    """Names of the attributes that only some kinds have, by the model's field."""
    return {
        "initial_level_m": _("Initial level, m"),
        "minimum_level_m": _("Lowest level, m"),
        "maximum_level_m": _("Highest level, m"),
        "diameter_m": _("Diameter"),
        "minimum_volume_m3": _("Least volume, m³"),
        "can_overflow": _("Can overflow"),
        "head_m": _("Head, m"),
        "power_w": _("Power, W"),
        "relative_speed": _("Relative speed"),
        "status": _("Status"),
        "valve_type": _("Type"),
        "setting": _("Setting"),
        "minor_loss": _("Minor loss"),
        "is_broken": _("Broken"),
        "is_accessible": _("Accessible"),
        "is_buried": _("Buried"),
        "is_isolating": _("May shut off"),
        "serial": _("Serial number"),
        "error_percent": _("Accuracy limit, %"),
        "outlet_diameter_m": _("Outlet diameter"),
        "is_for_fire_service": _("For the fire service"),
        "name": _("Name"),
        "capacity": _("Capacity"),
        "capacity_unit": _("Unit"),
    }


def age_texts() -> dict[str, object]:
    """How ages are told: by the seconds of a unit, from the longest."""
    return {
        "ages": [[seconds, words] for seconds, words in age_words("{n}")],
        "ahead": _("ahead of the clock"),
    }


def device_texts() -> dict[str, object]:
    """Everything that the page of a device says from its program."""
    return {
        **age_texts(),
        "states": {
            "ok": pgettext("device", "on time"),
            "late": pgettext("device", "late"),
            "silent": pgettext("device", "silent"),
        },
        "time": _("Time"),
        "mean": _("Mean"),
        "value": _("Value"),
        "minimum": _("Least"),
        "maximum": _("Greatest"),
        "count": _("Values"),
        "each": _("Each point is one value."),
        "bins": _(
            "Each point sums up {step}: the line is the mean, the band runs from the least to the greatest value."
        ),
        "steps": {"s": _("{n} s"), "min": _("{n} min"), "h": _("{n} h"), "d": _("{n} d")},
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
        "nothing": _("No values between {since} and {until}."),
        "never": _("No value has come yet. Once the device reports, its values appear here."),
        "showNewest": _("Show the newest values"),
        "tooMany": _("Edits by hand work on single values. Choose a shorter span, of at most 1,000 values."),
        "noneChosen": _("There are no values in this span."),
        "chosen": _("{n} values from {since} to {until}"),
        "deletedValue": _("none"),
        "badSpan": _("Give a beginning and an end after it."),
        "badNumber": _("Give a number."),
        "saved": _("Saved. {n} values were changed."),
        "undone": _("Undone. The values are as before the edit."),
        **alarm_texts(),
        "live": _("live"),
        "waiting": _("nothing comes from the device"),
        "notLive": _("renewed every 30 seconds"),
        "here": _("The device"),
        "webglMissing": _("The map needs WebGL, which this browser does not offer."),
    }


def filter_labels() -> dict[str, str]:
    """The choices above the list of devices."""
    return {
        "ok": pgettext("devices", "On time"),
        "late": pgettext("devices", "Late"),
        "silent": pgettext("devices", "Silent"),
        "bare": pgettext("devices", "Without datastreams"),
        "alarm": pgettext("devices", "With alarms"),
    }


def alarm_texts() -> dict[str, str]:
    """What is said when somebody handles an alarm."""
    return {
        "acknowledged": _("Acknowledged."),
        "closed": _("Closed."),
        "failed": _("It could not be saved: {reason}"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
    }


def alarm_rule_texts() -> dict[str, str]:
    """What the page of rules and channels says."""
    return {
        "saved": _("Saved."),
        "switchedOff": _("Switched off. Its alarms are cleared."),
        "switchedOn": _("Switched on."),
        "channelOff": _("Switched off: nothing is sent there."),
        "change": _("Change {name}"),
        "low": _("Below"),
        "high": _("Above"),
        "failed": _("It could not be saved: {reason}"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
    }


def alarm_filter_labels() -> dict[str, str]:
    """The choices above the list of alarms."""
    return {
        "open": pgettext("alarms", "Open"),
        "cleared": pgettext("alarms", "Cleared"),
        "closed": pgettext("alarms", "Closed"),
    }


def material_texts() -> dict[str, str]:
    """Materials of pipes in words, by their codes and by their English names in small letters."""
    named = {
        "steel": _("steel"),
        "cast iron": _("cast iron"),
        "ductile iron": _("ductile iron"),
        "asbestos cement": _("asbestos cement"),
        "pe": _("polyethylene (PE)"),
        "pvc": _("PVC"),
        "concrete": _("concrete"),
        "copper": _("copper"),
        "aluminium": _("aluminium"),
    }
    return {**named, **{name.replace(" ", "_"): words for name, words in named.items()}}
