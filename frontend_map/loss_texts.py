"""The words of the pages about losses: on the map, for the country, of a zone, and of leak events."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def map_loss_texts() -> dict[str, str]:
    """What the map says of losses, by the names that its programs know."""
    return {**_balance_words(), **_view_words(), **event_state_words("event_")}


def event_state_words(prefix: str = "") -> dict[str, str]:
    """The states of leak events, by their names in the model."""
    return {
        f"{prefix}new": pgettext("leak event", "new"),
        f"{prefix}open": pgettext("leak event", "open"),
        f"{prefix}under_investigation": _("under investigation"),
        f"{prefix}field_work": _("field work"),
        f"{prefix}closed": pgettext("leak event", "closed"),
    }


def _balance_words() -> dict[str, str]:
    return {
        "noData": _("No data"),
        "insufficient": _("Insufficient data"),
        "belowZero": _("Below zero"),
        "belowZeroRule": _(
            "Below zero: more was consumed than supplied, by more than the 95 % limit of the meters. Below zero "
            "within the limit counts as 0–5 %."
        ),
        "belowZeroBilled": _(
            "Below zero: more was billed than supplied, by more than the 95 % limit of the meters. Bills that cover "
            "more days than the month has make zones look better than they are; the apportioned basis does not."
        ),
        "legendTitle": _("Imbalance, % of supply"),
        "month": _("Month"),
        "earlierMonth": _("Earlier month"),
        "laterMonth": _("Later month"),
        "playMonths": _("Play the months"),
        "pauseMonths": _("Stop playing"),
        "basis": _("Consumption basis"),
        "noBalances": _("No balances yet for this network"),
        "zonePage": _("Open the zone's page"),
        "supply": _("Supply"),
        "input": _("Input"),
        "output": _("Output"),
        "storageChange": _("Storage change"),
        "unbilled": _("Unbilled authorised"),
        "billed": _("Billed"),
        "apportioned": _("Apportioned"),
        "imbalance": _("Imbalance"),
        "shareOfSupply": _("of supply"),
        "supplyCoverage": _("Coverage of supply data"),
        "consumptionCoverage": _("Coverage of consumption data"),
        "servicePoints": _("Service points"),
        "since": _("since"),
        "billsCover": _("Bills cover {days} days on average ({from} to {to}); the month has {length}."),
    }


def _view_words() -> dict[str, str]:
    return {
        "lossLook": _("How losses are drawn"),
        "lookFill": _("Zones"),
        "lookHeat": _("Heat"),
        "viewMonths": _("Months"),
        "viewMonth": _("One month"),
        "viewBeside": _("Two beside"),
        "viewDifference": _("Difference"),
        "otherMonth": _("Month on the right"),
        "earlierOfTwo": _("Compared with"),
        "noTotal": _("No zone has enough data in this month."),
        "totalAdds": _("Total of the {n} zones that have no zones inside them."),
        "totalAddsSome": _(
            "Total of {n} zones that have no zones inside them; {left} with insufficient data are left out."
        ),
        "notAdded": _("outline, not added"),
        "openEvents": _("Leak events that are not closed: {n}"),
        "leakEvent": _("Leak event"),
        "asTable": _("As a table, and other networks"),
        "zonesByChange": _("Zones by change, points"),
        "changeTitle": _("Change from {from} to {to}, points"),
        "changeRule": _("A change within the 95 % limit of both months together counts as no change."),
        "withinLimit": _("within the limit"),
        "noComparison": _("a month lacks data"),
        "heatTitle": _("Water lost by area"),
        "heatRule": _(
            "The loss of each zone is spread over its area; where in the zone it is lost is not known."
        ),
    }


def level_words() -> dict[str, str]:
    """The levels of the losses of the country, from the top down."""
    return {
        "republic": _("Republic"),
        "region": _("Regions"),
        "district": _("Districts"),
        "network": _("Networks"),
        "zone": _("Zones"),
    }


def place_words() -> dict[str, str]:
    """The levels of the country down to the account, from the top down."""
    words = level_words()
    return {
        **{name: words[name] for name in ("republic", "region", "district")},
        "mahalla": _("Mahallas"),
        "street": _("Streets"),
        "account": _("Accounts"),
    }


def board_texts() -> dict[str, str]:
    """What the board of leak events says, by the names that its program knows."""
    return {
        **event_state_words("event_"),
        "found": _("leak found"),
        "false_alarm": _("false alarm"),
        "other": _("other cause"),
        "moveTo": _("Move to"),
        "move": _("Move"),
        "outcome": _("Outcome"),
        "leakNumber": _("Number in the leak register"),
        "pipe": _("or: code of the pipe"),
        "position": _("Position on it, 0 to 1"),
        "cost": _("Cost, so‘m"),
        "note": _("Note"),
        "reopenNote": _("Say why it is opened again"),
        "addNote": _("Add a note"),
        "assignee": _("Looked after by"),
        "nobody": _("nobody"),
        "history": _("History"),
        "noHistory": _("Nothing has been done yet."),
        "assignedTo": _("assigned to {name}"),
        "assignedToNobody": _("assigned to nobody"),
        "detected": _("Detected"),
        "started": _("Started"),
        "size": _("Size"),
        "evidence": _("Evidence"),
        "backCheck": _("Back-check"),
        "backCheckUnknown": _("Seven nights before and after the repair are compared once they are over."),
        "zonePage": _("Open the zone's page"),
        "onMap": _("On the map"),
        "leak": _("Leak record"),
        "saved": _("Saved."),
        "moved": _("Moved to: {state}."),
        "stale": _("Somebody else changed this event meanwhile. It is shown as it is now."),
        "failed": _("It could not be done: {reason}"),
        "needOutcome": _("Choose an outcome."),
        "close": _("Close"),
        "bySystem": _("by the system"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
        "between": _("between {from} and {to}"),
        "rise": _("losses rose by {change} {unit}, {score} standard errors"),
        "backCheckConfirmed": _("The night flow fell with the repair:"),
        "backCheckNot": _("The night flow did not fall beyond its limit:"),
        "backCheckFlows": _("from {before} to {after} m³/h, by {drop} ± {limit}."),
        "savedWater": _("Water saved"),
        **place_texts(),
    }


def place_texts() -> dict[str, str]:
    """What is said of where a leak may be."""
    return {
        "placeTitle": _("Where it may be"),
        "placeAsk": _("Compute the place"),
        "placeComputing": _("The network's model is being solved…"),
        "placeArea": _(
            "{share} lies within {length} m of pipe (pipes: {count}; pressure loggers: {loggers})."
        ),
        "placeAway": _("{distance} m from the likeliest"),
        "placeOnMap": _("These pipes on the map"),
        "placeFirstOnMap": _("The {most} likeliest of them on the map"),
        "placePipes": _("The likeliest pipes"),
        "placeSteps": _("Step test: close these valves, in this order, and watch the flow"),
        "placeNoValves": _("a part without valves"),
        "placeTooMany": _(
            "{share} lies in parts that more than {most} valves close: those are no steps of a test."
        ),
    }


def zone_texts() -> dict[str, str]:
    """What the pictures of a zone's page say, by the names that their program knows."""
    return {
        "input": _("Input"),
        "output": _("Output"),
        "storageChange": _("Storage change"),
        "supply": _("System input"),
        "consumption": _("Metered consumption"),
        "unbilled": _("Unbilled authorised"),
        "losses": _("Water losses"),
        "night": _("Night"),
        "minimum": _("Least hourly net inflow"),
        "bandLow": _("band from"),
        "bandHigh": _("band to"),
        "background": _("leaks in the background"),
        "unitNight": _("m³/h"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
        **place_texts(),
    }
