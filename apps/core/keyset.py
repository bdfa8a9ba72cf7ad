"""Pages of sorted lists that stay right and fast however far one reads.

Unlike DRF's cursor, the position is (sorted value, id): a million rows with the same status
don't break it, and no page costs more than the first.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

PARAMETERS: Final = ("cursor", "page_size", "sort", "total")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after (or before, for `backwards`) the row of this value and id."""

    sort: str
    value: str | None
    id: str
    backwards: bool = False

    def text(self) -> str:
        parts = json.dumps([self.sort, self.value, self.id, self.backwards])
        return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        try:
            padded = text + "=" * (-len(text) % 4)
            sort, value, id, backwards = json.loads(base64.urlsafe_b64decode(padded.encode()))
        except (ValueError, TypeError):
            raise ParseError("This is no cursor of ours.", code="CURSOR_INVALID") from None
        return cls(str(sort), value if value is None else str(value), str(id), bool(backwards))


class KeysetPagination(BasePagination):
    """`?sort=` a field of the view's `sortable_fields` (minus for descending), `?cursor=`,
    `?page_size=` (1 to 200); `?total=true` adds the count, which costs a scan."""

    page_size = 50
    max_page_size = 200

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.request = request
        self.total = queryset.count() if _wants_total(request) else None
        text = request.query_params.get("cursor", "")
        cursor = Cursor.parse(text) if text else None
        self.sort = self._sort(view, cursor)
        size = self._size()
        rows = list(self._rows(queryset, cursor)[: size + 1])
        has_more = len(rows) > size
        rows = rows[:size]
        backwards = cursor is not None and cursor.backwards
        if backwards:
            rows.reverse()
        self._links(rows, has_next=backwards or has_more, has_previous=(
            has_more if backwards else cursor is not None))  # fmt: skip
        return rows

    def _sort(self, view: Any, cursor: Cursor | None) -> str:
        sort = cursor.sort if cursor else self.request.query_params.get("sort", view.default_sort)
        if sort.removeprefix("-") not in view.sortable_fields:
            raise ParseError(
                f"Can't sort by {sort}; by {', '.join(view.sortable_fields)}, with a minus in "
                "front for descending.",
                code="SORT_INVALID",
            )
        return str(sort)

    def _size(self) -> int:
        text = self.request.query_params.get("page_size", str(self.page_size))
        if not text.isdecimal() or not 1 <= int(text[:9]) <= self.max_page_size:
            raise ParseError(
                f"page_size is a number from 1 to {self.max_page_size}.", code="PAGE_SIZE_INVALID"
            )
        return int(text)

    def _rows(self, queryset: QuerySet[Any], cursor: Cursor | None) -> QuerySet[Any]:
        name = self.sort.removeprefix("-")
        descending = self.sort.startswith("-") != (cursor is not None and cursor.backwards)
        if cursor:
            queryset = queryset.filter(_beyond(queryset.model, name, cursor, descending))
        return queryset.order_by(*_order(queryset.model, name, descending, self.sort))

    def _links(self, rows: list[Any], *, has_next: bool, has_previous: bool) -> None:
        self.next = self._link(rows[-1], backwards=False) if rows and has_next else None
        self.previous = self._link(rows[0], backwards=True) if rows and has_previous else None

    def _link(self, row: Any, *, backwards: bool) -> str:
        name = self.sort.removeprefix("-")
        field = row._meta.get_field(name)
        value = field.value_to_string(row) if getattr(row, field.attname) is not None else None
        cursor = Cursor(self.sort, value, str(row.pk), backwards)
        url = remove_query_param(self.request.build_absolute_uri(), "sort")
        return str(replace_query_param(url, "cursor", cursor.text()))

    def get_paginated_response(self, data: Any) -> Response:
        body = {"next": self.next, "previous": self.previous, "results": data}
        if self.total is not None:
            body["total"] = self.total
        return Response(body)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": link,
                "previous": link,
                "results": schema,
                "total": {"type": "integer", "description": "Only with ?total=true."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        fields = getattr(view, "sortable_fields", ())
        sorts = [sign + name for name in fields for sign in ("", "-")]
        described = {
            "cursor": ({"type": "string"}, "From `next` or `previous` of a page."),
            "page_size": ({"type": "integer", "minimum": 1, "maximum": 200}, "50 if not given."),
            "sort": ({"type": "string", "enum": sorts}, "A minus in front: descending."),
            "total": ({"type": "boolean"}, "Count all results; costs time on large lists."),
        }
        return [
            {"name": name, "in": "query", "required": False, "schema": schema,
             "description": description}
            for name, (schema, description) in described.items()
        ]  # fmt: skip


def _wants_total(request: Request) -> bool:
    return request.query_params.get("total", "").lower() in {"1", "true"}


def _order(model: type[Model], name: str, descending: bool, sort: str) -> list[Any]:
    """The sorted field, then the id; rows without a value come last, whichever way one sorts."""
    sign = "-" if descending else ""
    if name == "id":
        return [f"{sign}id"]
    if not model._meta.get_field(name).null:
        return [f"{sign}{name}", f"{sign}id"]
    end = {"nulls_last": True} if descending == sort.startswith("-") else {"nulls_first": True}
    value = F(name).desc(**end) if descending else F(name).asc(**end)
    return [value, f"{sign}id"]


def _beyond(model: type[Model], name: str, cursor: Cursor, descending: bool) -> Q:
    """The rows after the cursor's."""
    side = "lt" if descending else "gt"
    field: Any = model._meta.get_field(name)
    try:
        id, value = model._meta.pk.to_python(cursor.id), field.to_python(cursor.value)
    except ValidationError:
        raise ParseError("This is no cursor of ours.", code="CURSOR_INVALID") from None
    if name == "id":
        return Q(**{f"id__{side}": id})
    ties = Q(**{name: value, f"id__{side}": id})
    if field.null:
        return _beyond_with_nulls(name, value, side, ties, cursor)
    # The first condition says nothing new, but an index serves it.
    return Q(**{f"{name}__{side}e": value}) & (Q(**{f"{name}__{side}": value}) | ties)


def _beyond_with_nulls(name: str, value: Any, side: str, ties: Q, cursor: Cursor) -> Q:
    without = Q(**{f"{name}__isnull": True})
    if value is None:
        same = without & Q(**{f"id__{side}": cursor.id})
        return same | ~without if cursor.backwards else same
    further = Q(**{f"{name}__{side}": value}) | ties
    return further if cursor.backwards else further | without
