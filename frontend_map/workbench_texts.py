"""The words of the map's attribute table and print, for their programs."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def workbench_texts() -> dict[str, object]:
    """What the attribute table and the print say, by the names that their programs know."""
    return {
        "allNodes": _("all nodes"),
        "tableClass": _("What is listed"),
        "rowsFound": _("{n} found"),
        "onlyChosen": _("Only what is chosen"),
        "chooseAll": _("Choose all"),
        "onlyInView": _("Only what is in view"),
        "zoomToChosen": _("Show on the map"),
        "chooseColumns": _("Columns"),
        "editRows": pgettext("rows of a table", "Edit"),
        "editChosen": _("Edit what is chosen"),
        "exportAs": _("Export as …"),
        "exporting": _("The file is being made."),
        "exported": _("The file is made."),
        "format_xlsx": _("Spreadsheet (XLSX)"),
        "format_csv": "CSV",
        "format_gpkg": "GeoPackage",
        "format_geojson": "GeoJSON",
        "format_dxf": _("Drawing (DXF)"),
        "filter": _("Filter"),
        "filterHint_number": _("Write 200, >=200, 100..200, - for unknown or * for known."),
        "filterHint_text": _("Write a part of the text, - for unknown or * for known."),
        "chooseRowsFirst": _("Choose rows in the table or on the map first."),
        "bulkOthers": _(
            "{n} of what is chosen on the map are not among the rows loaded here, and stay as they are."
        ),
        "bulkHint": _("What you leave as it is stays as it is. All rows change as one edit, or none does."),
        "unchanged": _("unchanged"),
        "setOnRows": _("Set on {n}"),
        "setDone": _("Operations done: {n}."),
        "nothingToSet": _("Nothing is changed yet."),
        "printHint": _("What the map shows now is printed: layers, colours, and what is chosen."),
        "sheetTitle": _("Title"),
        "paper": _("Paper"),
        "orientation": _("Orientation"),
        "paper_landscape": _("landscape"),
        "paper_portrait": _("portrait"),
        "withLegend": _("With the legend"),
        "makeSheet": _("Make the sheet"),
        "openSheet": _("Open the PDF"),
        "saveSheet": _("Save the PDF"),
    }
