#!/usr/bin/env python
"""Tarmoq's command line: `.venv/bin/python manage.py COMMAND --help`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.local")
    from django.core.management import execute_from_command_line

    from gis_core.database.scope import trust_process

    trust_process()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
