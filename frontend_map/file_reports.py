"""Words of pages on which files are brought in, and of the report on their rows."""

from typing import Any

from django.utils.translation import gettext as _


def file_report_texts() -> dict[str, Any]:
    """What `report_view.ts` shows, and what is said while a file is on its way."""
    return {
        "trying": _("Trying …"),
        "importing": _("Importing …"),
        "tooLarge": _("The file is larger than {size} MB."),
        "lost": _("This could not be loaded. Check the connection and try again."),
        "chooseFile": _("Choose a file first."),
        "rows": _("Rows"),
        "all": _("everything"),
        "nothingNew": _("The file says nothing new"),
        "ofLines": _("{shown} of {count} shown"),
        "noLines": _("There is nothing to be said of single rows."),
        "headings": [_("Row"), _("Result"), _("What it names"), _("Column"), _("Remark")],
    }
