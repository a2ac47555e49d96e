"""The words of the field page and of the board of work, with the choices of their forms."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from assets.models import Inspection, LeakRecord, Lifecycle, Verification, WorkOrder
from assets.models.condition import GRADES
from frontend_map.client_texts import material_texts

Choices = list[tuple[str, str]]


def _choices(choices: Any) -> Choices:
    return [(str(value), _(str(label))) for value, label in choices]


def field_choices() -> dict[str, Choices]:
    """The choices of the forms, in the active language."""
    return {
        "leakSource": _choices(LeakRecord.Source.choices),
        "leakKind": _choices(LeakRecord.Kind.choices),
        "inspectionMethod": _choices(Inspection.Method.choices),
        "verificationMethod": _choices(Verification.Method.choices),
        "grades": _choices([(number, f"{word}") for number, word in GRADES.items()]),
        "valveStatus": [
            ("open", pgettext("valve", "open")),
            ("closed", pgettext("valve", "closed")),
            ("active", pgettext("valve", "regulating")),
        ],
        **work_choices(),
    }


def work_choices() -> dict[str, Choices]:
    """The choices of work orders."""
    return {
        "workState": [
            ("new", pgettext("work", "new")),
            ("assigned", pgettext("work", "assigned")),
            ("on_the_way", pgettext("work", "on the way")),
            ("done", pgettext("work", "done")),
            ("impossible", pgettext("work", "impossible")),
            ("cancelled", pgettext("work", "cancelled")),
        ],
        "workKind": _choices(WorkOrder.Kind.choices),
        "workPriority": _choices(WorkOrder.Priority.choices),
    }


def field_texts() -> dict[str, str]:
    """Everything that the field page says from its program."""
    materials = {f"material_{name}": words for name, words in material_texts().items()}
    return {**_places(), **_elements(), **_records(), **_work(), **_offline(), **materials}


def _places() -> dict[str, str]:
    return {
        "field": _("Field"),
        "back": _("Back"),
        "nearest": pgettext("field", "Nearest"),
        "search": _("Search"),
        "scan": _("Scan a label"),
        "map": _("Map"),
        "find": _("Find"),
        "open": pgettext("field", "Open"),
        "searchCode": _("Code of a pipe, valve, hydrant …"),
        "nothingFound": _("Nothing found"),
        "nothingNear": _("Nothing of this kind within 2 km."),
        "nearestFarther": _("The nearest is {distance} away:"),
        "savedOnly": _("Without a network: what you saved beforehand."),
        "followMe": _("Follow me"),
        "me": _("You are here"),
        "here": _("where I am"),
        "locating": _("Finding your position …"),
        "noPosition": _("Your position is not available. Allow it in the browser, or choose on the map."),
        "positionKnown": _("Your position is known to about {metres} m."),
        "comeCloser": _("Come closer to see the network."),
        "nothingHere": _("There is nothing of your networks here."),
        "camera": _("Camera"),
        "pointAtLabel": _("Point the camera at the label."),
        "orByHand": _("Or type it"),
        "codeByHand": _("Code on the label"),
        "noCamera": _("The camera is not available. Type the code that stands on the label."),
        "labelUnknown": _("There is nothing called {text} in your divisions, or it was not saved."),
        "failed": _("This could not be loaded. Check the connection and try again."),
    }


def _elements() -> dict[str, str]:
    lifecycles = {f"lifecycle_{state.value}": _(state.label) for state in Lifecycle}
    return {
        **lifecycles,
        "status_open": pgettext("valve", "open"),
        "status_closed": pgettext("valve", "closed"),
        "status_active": pgettext("valve", "regulating"),
        "state": _("State"),
        "diameter": _("Diameter"),
        "length": _("Length"),
        "material": _("Material"),
        "away": _("Away from you"),
        "kind": _("Kind"),
        "navigate": _("Navigate there"),
        "notThere": _("Not there"),
        "elementGone": _("It is not in your divisions, or it was removed."),
        "notSaved": _("You have no network, and this was not saved beforehand."),
        "asSaved": _("Without a network: this is how it was when you saved the area."),
        "asSavedShort": _("as saved"),
        "notAccessible": _("Cannot be reached"),
        "broken": _("Broken"),
        "buried": _("Buried"),
        "pipeClosed": _("Closed"),
        "allAttributes": _("All attributes"),
        "attribute_zone": _("Zone"),
        "attribute_elevation_m": _("Elevation, m"),
        "attribute_installed_on": _("Installed on"),
        "attribute_year_installed": _("Year"),
        "attribute_material": _("Material"),
        "attribute_diameter_m": _("Diameter"),
        "attribute_length_m": _("Length, m"),
        "attribute_lifecycle": _("Lifecycle"),
        "attribute_status": _("State"),
        "attribute_valve_type": _("Type"),
        "attribute_setting": _("Setting"),
        "attribute_minor_loss": _("Loss coefficient"),
        "attribute_is_broken": _("Broken"),
        "attribute_is_accessible": _("Can be reached"),
        "attribute_is_buried": _("Buried"),
        "attribute_is_isolating": _("May shut off"),
        "attribute_serial": _("Serial number"),
        "attribute_error_percent": _("Accuracy, %"),
        "attribute_outlet_diameter_m": _("Outlet diameter"),
        "attribute_is_for_fire_service": _("For the fire service"),
        "attribute_name": _("Name"),
        "attribute_capacity": _("Capacity"),
        "attribute_capacity_unit": _("Unit"),
        "attribute_head_m": _("Head, m"),
        "attribute_initial_level_m": _("Level at the start, m"),
        "attribute_minimum_level_m": _("Lowest level, m"),
        "attribute_maximum_level_m": _("Highest level, m"),
        "attribute_power_w": _("Power, W"),
        "attribute_relative_speed": _("Relative speed"),
        "valvesToClose": _("Which valves to close?"),
        "toIsolate": _(
            "To isolate {pipe} ({length}): close {valves} valves. Subscribers without water: {subscribers}."
        ),
        "cannotClose": _("Cannot be closed: {valves}"),
        "alreadyClosed": _("Closed already: {valves}"),
        "noIsolation": _("It could not be worked out which valves to close here."),
        "isolationNeedsNetwork": _("This is computed by the server and needs a network."),
        "history": _("History"),
        "historyNeedsNetwork": _("What was recorded earlier needs a network."),
        "nothingRecorded": _("Nothing has been recorded of it yet."),
        "notSentYet": _("Not sent yet:"),
        "turnedTo": _("turned {n} times, now {state}"),
        "metersHere": _("Meters here: {n}"),
    }


def _records() -> dict[str, str]:
    return {
        "belowLast": _(
            "{index} m³ is less than the last reading, {last} m³. Was the meter exchanged or turned over?"
        ),
        "badReading": _("Read the meter once more."),
        "record": _("Record"),
        "inspection": _("Inspection"),
        "verification": _("Verification"),
        "leak": _("Leak"),
        "reading": _("Meter reading"),
        "turnValve": _("Valve turned"),
        "photo": _("photo"),
        "photos": _("Photos"),
        "takePhoto": _("Take a photo"),
        "noPhoto": _("This is no photo that can be kept."),
        "save": _("Save"),
        "add": _("Add"),
        "yes": _("yes"),
        "no": _("no"),
        "remark": _("Remark"),
        "method": _("How was it found?"),
        "condition": _("Condition"),
        "giveCondition": _("Say what its condition is."),
        "giveNumber": _("{field}: give a number."),
        "verificationAsks": _("You stand there and see that it is as recorded."),
        "positionRight": _("Does it stand where the map shows it?"),
        "whatIsNot": _("What is not as recorded?"),
        "recordedAs": _("Recorded as: {state}"),
        "turns": _("Turns"),
        "giveTurns": _("Give the number of turns, 0 to 2,000."),
        "standsNow": _("How does it stand now?"),
        "giveState": _("Say how it stands now."),
        "isBroken": _("Is it broken?"),
        "isAccessible": _("Can it be reached?"),
        "whatLeaks": _("What leaks?"),
        "howFound": _("How was it found?"),
        "estimatedLoss": _("Estimated loss"),
        "reportLeak": _("Report the leak"),
        "index": _("Index"),
        "day": _("Day"),
        "badIndex": _("Give the index of the meter, at most {digits} digits before the decimal mark."),
        "lastReading": _("Last reading: {index} m³ on {day}"),
        "neverRead": _("Not read yet"),
        "saveAreaForMeters": _("Meters are taken along with an area: save the area first."),
    }


def _work() -> dict[str, str]:
    return {
        "work": pgettext("navigation", "Work"),
        "myWork": _("My work"),
        "noWork": _("No work is given to you now."),
        "freeWork": _("Nobody's yet: {n}"),
        "onTheMap": _("On the map"),
        "orderGone": _("This work order is not there, or not in your divisions."),
        "due": _("due"),
        "late": _("late, due"),
        "priority": _("Priority"),
        "from": _("Comes from"),
        "assignee": _("Given to"),
        "timeSpent": _("Time spent"),
        "min": _("min"),
        "minutes": _("{n} min"),
        "takeIt": _("I take it"),
        "onMyWay": _("On my way"),
        "giveBack": _("Give it back"),
        "done": pgettext("field", "Done"),
        "whatWasDone": _("What was done?"),
        "impossible": _("Report as impossible"),
        "impossibleMore": _("It is impossible …"),
        "whyImpossible": _("Why is it impossible?"),
        "sayWhy": _("Say why it is impossible."),
        "materials": _("Materials"),
        "material": _("Material"),
        "addMaterial": _("Add a material"),
        "quantity": _("Quantity"),
        "unit": _("Unit"),
        "pieces": _("pcs"),
        "materialIncomplete": _("Give the material, a quantity above zero and its unit."),
        "journal": _("What happened"),
    }


def _offline() -> dict[str, str]:
    return {
        "withoutNetwork": _("Without a network"),
        "offline": _("No network"),
        "unsent": _("not sent yet: {n}"),
        "sentNow": _("Sent."),
        "keptForLater": _("Kept on the phone. It is sent as soon as there is a network."),
        "needsYou": _("This needs your decision: see “Without a network”."),
        "logInAgain": _("Log in again to send what you recorded. Nothing is lost."),
        "notSent": _("The server did not take it ({reason}). It is kept and tried again."),
        "toSend": _("To be sent"),
        "nothingToSend": _("Everything is sent."),
        "sendNow": _("Send now"),
        "sentCount": _("Sent: {n}"),
        "clearList": _("Clear the list"),
        "waits": _("waits for a network"),
        "mine": _("Mine"),
        "theirs": _("Theirs"),
        "keepMine": _("Keep mine"),
        "takeTheirs": _("Take theirs"),
        "editMine": _("Edit mine"),
        "tryAgain": _("Try again"),
        "discard": _("Discard"),
        "savedAreas": _("Saved areas"),
        "noAreas": _("No area is saved on this phone yet."),
        "saveArea": _("Save an area"),
        "saveAreaWhy": _("Its network, work and forms are then there without a network."),
        "saveHere": _("Save around me"),
        "saveNetwork": _("Save the whole network"),
        "howFar": _("How far"),
        "around": _("{metres} m around me"),
        "areaCounts": _("{nodes} nodes, {pipes} pipes, {meters} meters"),
        "areaSaved": _("Saved: {size}"),
        "areaEmpty": _("There is nothing of your networks in this area."),
        "areaCutOff": _("The area did not arrive whole. Try again."),
        "areaNeedsNetwork": _("Saving an area needs a network."),
        "asOf": _("as of {time}"),
        "renew": _("Renew"),
        "remove": _("Remove"),
    }


def board_texts() -> dict[str, str]:
    """Everything that the board of work says from its program."""
    return {
        "assign": _("Give to"),
        "nobody": _("nobody yet"),
        "cancel": _("Cancel the order"),
        "cancelWhy": _("Why is it cancelled?"),
        "close": _("Close"),
        "due": _("due"),
        "late": _("late, due"),
        "nothing": _("none"),
        "none": _("No work orders match."),
        "failed": _("This could not be loaded. Check the connection and try again."),
        "refused": _("It was not done: {reason}"),
        "made": _("Work order {number} is made."),
        "moved": _("{number}: {state}"),
        "changedMeanwhile": _(
            "Somebody changed this order meanwhile. It is shown as it is now; decide again."
        ),
        "history": _("What happened"),
        "materials": _("Materials"),
        "photos": _("Photos"),
        "onTheMap": _("On the map"),
        "openOrders": _("open: {n}"),
        "elementUnknown": _("There is no element with this code in the network."),
        "minutes": _("{n} min"),
        "from": _("Comes from"),
        "timeSpent": _("Time spent"),
        "description": _("Description"),
        "assignee": _("Given to"),
        "change": _("Change the order"),
        "title": _("Title"),
        "priority": _("Priority"),
        "until": _("Due"),
        "save": _("Save"),
        "orderChanged": _("{number} is changed."),
        "leakWaits": _("The order is done, but leak {number} is not yet repaired in the register."),
        "leakIsRepaired": _("Leak {number} is repaired"),
        "leakRepaired": _("Leak {number} stands as repaired now."),
        "drop": _("Choose somebody to give the order to."),
    }
