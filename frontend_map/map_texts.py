"""The words of the map page's programs, translated here so that there is one catalogue of messages."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from assets.models import Lifecycle, Pipe
from frontend_map.client_texts import asset_kind_texts, detail_texts
from frontend_map.loss_texts import map_loss_texts


def map_texts() -> dict[str, object]:
    """Everything that the map page says, by the names that its programs know."""
    return {
        "kinds": asset_kind_texts(),
        "states": state_texts(),
        "details": detail_texts(),
        "materials": material_texts(),
        "tools": tool_texts(),
        **_general_texts(),
        **_card_texts(),
        **map_loss_texts(),
        **_layer_texts(),
        **_drawing_texts(),
        **_analysis_texts(),
        **_review_texts(),
        **_plan_texts(),
    }


def tool_texts() -> dict[str, str]:
    """The names of the map's tools."""
    return {
        "layers": _("Layers"),
        "losses": _("Losses"),
        "draw": pgettext("map tool", "Draw"),
        "table": pgettext("map tool", "Table"),
        "trace": pgettext("map tool", "Trace"),
        "isolate": pgettext("map tool", "Isolate"),
        "validate": pgettext("map tool", "Check"),
        "simulate": pgettext("map tool", "Simulate"),
        "profile": pgettext("map tool", "Profile"),
        "plans": _("Plans"),
        "history": pgettext("map tool", "Edits"),
        "time": pgettext("map tool", "As of"),
        "print": pgettext("map tool", "Print"),
    }


def state_texts() -> dict[str, str]:
    """States and kinds in words, by their names in the models."""
    return {
        **{state.value: _(state.label) for state in [*Lifecycle, *Pipe.Status]},
        "active": _("active"),
        "isolation": _("isolation valve"),
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


def _general_texts() -> dict[str, str]:
    return {
        "nothingFound": _("Nothing found"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
        "loading": _("Loading …"),
        "close": _("Close"),
        "cancel": _("Cancel"),
        "save": _("Save"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "undone": _("Undone."),
        "redone": _("Done again."),
        "saved": _("Saved."),
        "zoomIn": _("Zoom in"),
        "zoomOut": _("Zoom out"),
        "zoomTo": _("Show on the map"),
        "yes": _("yes"),
        "no": _("no"),
        "webglMissing": _("The map needs WebGL, which this browser does not offer."),
        "elementMissing": _("There is no such element any more, or it is not in your divisions."),
        "severalHere": _("{n} things lie here. Which one?"),
        "start": _("Start"),
        "clear": _("Clear"),
        "run": _("Run"),
        "failed": _("It could not be done: {reason}"),
        "jobStarted": _("It runs in the background."),
        "openJob": _("See how it goes"),
    }


def _card_texts() -> dict[str, str]:
    return {
        "tabFacts": _("Attributes"),
        "tabConnections": _("Connections"),
        "tabConsumers": _("Subscribers"),
        "tabSensors": _("Sensors"),
        "tabDocuments": _("Documents"),
        "tabInspections": _("Inspections and leaks"),
        "tabWork": pgettext("card", "Work"),
        "tabHistory": _("History"),
        "code": _("Code"),
        "zone": _("Zone"),
        "diameter": _("Diameter"),
        "material": _("Material"),
        "length": _("Length"),
        "drawnLength": _("Length as drawn"),
        "year": _("Year"),
        "status": _("Status"),
        "lifecycle": _("Lifecycle"),
        "elevation": _("Elevation"),
        "installedOn": _("Installed on"),
        "roughness": _("Roughness"),
        "minorLoss": _("Minor loss"),
        "from": _("From"),
        "to": _("To"),
        "network": _("Network"),
        "checkValve": _("Check valve"),
        "devicePage": _("Open the device's page"),
        "noConnections": _("No line ends here."),
        "consumersHere": _("Subscribers served here: {n}"),
        "noSensors": _("No device measures here."),
        "neverMeasured": _("no value yet"),
        "noDocuments": _("No documents or photos yet."),
        "noInspections": _("No inspections and no leaks are recorded here."),
        "noHistory": _("It has not changed since it was entered."),
        "leak": _("Leak"),
        "grade": _("grade"),
        "showAsOf": _("Show the network as of then"),
        "bySystem": _("by the system"),
        "editAttributes": _("Edit attributes"),
        "chosenMany": _("{n} chosen"),
        "pipes": _("Lines"),
        "nodes": _("Nodes and devices"),
        "zones": _("Zones"),
        "manyHelp": _("Shift and click takes one more in, or out. Esc lets all go."),
    }


def _layer_texts() -> dict[str, str]:
    return {
        "ground": _("Ground"),
        "assetsGroup": _("Network"),
        "events": _("What concerns it"),
        "layer_basemap": _("Base map"),
        "layer_divisions": _("Divisions"),
        "layer_parcels": _("Parcels"),
        "layer_buildings": _("Buildings"),
        "layer_streets": _("Streets"),
        "layer_losses": _("Losses of zones"),
        "layer_zones": _("Edges of zones"),
        "layer_pipes": _("Lines"),
        "layer_nodes": _("Junctions"),
        "layer_devices": _("Devices and facilities"),
        "layer_leaks": _("Open leaks"),
        "layer_outages": _("Outages"),
        "layer_findings": _("Findings of checks"),
        "layer_dirty": _("Changed since the last check"),
        "layer_survey": _("Survey points"),
        "colourPipes": _("Colour lines by"),
        "colourNodes": _("Colour nodes by"),
        "theme_plain": _("nothing"),
        "theme_diameter": _("diameter"),
        "theme_material": _("material"),
        "theme_age": _("age"),
        "theme_state": _("lifecycle"),
        "theme_breaks": _("breaks per km and year"),
        "theme_velocity": _("velocity"),
        "theme_flow": _("flow"),
        "theme_kind": _("their kind"),
        "theme_pressure": _("pressure"),
        "theme_head": _("head"),
        "legend": _("Legend"),
        "unknown": _("unknown"),
        "otherMaterial": _("other"),
        "yearsShort": _("years"),
        "closedLine": _("closed line"),
        "valveOpen": _("valve, open"),
        "valveClosed": _("valve, closed"),
        "valveBroken": _("valve, broken"),
        "valveInaccessible": _("valve, cannot be reached"),
        "noSimulation": _("There is no simulation yet: run one under “Simulate”."),
        "noBreaks": _("No breaks are recorded."),
    }


def _drawing_texts() -> dict[str, str]:
    return {}


def _analysis_texts() -> dict[str, str]:
    return {}


def _review_texts() -> dict[str, str]:
    return {}


def _plan_texts() -> dict[str, str]:
    return {}
