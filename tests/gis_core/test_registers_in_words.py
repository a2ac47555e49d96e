"""The columns of every register have their words in the languages that are complete."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.utils import translation

OURS = {"assets", "balances", "billing", "gis_core", "sensors"}


@pytest.mark.parametrize("language", ["uz-cyrl", "ru"])
def test_no_column_is_english(language: str) -> None:
    labels = []
    with translation.override(language):
        for model, register in admin.site._registry.items():
            if model._meta.app_label in OURS:
                columns = [column for column in register.list_display if isinstance(column, str)]
                labels += [
                    (model.__name__, column, str(label_for_field(column, model, register)))
                    for column in columns
                ]
    assert len(labels) > 400
    # Both are written in Cyrillic letters; a uid is called so everywhere.
    assert [label for label in labels if not re.search("[А-яЁё]", label[2]) and label[1] != "uid"] == []
