"""Paging by key, not by offset: a page costs the same at any depth, and no row is skipped or repeated."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """`?limit=` rows (100, at most 1,000) and the opaque `next` and `previous` addresses."""

    ordering = "pk"
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 1000
