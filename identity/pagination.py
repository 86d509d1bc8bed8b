"""Cursor pagination by key: the same cost at any depth."""

from rest_framework.pagination import CursorPagination


class CursorByKey(CursorPagination):
    """Newest first unless the view orders otherwise; `?limit=` up to 500."""

    ordering = "-id"
    page_size_query_param = "limit"
    max_page_size = 500
