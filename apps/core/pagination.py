"""Pages of the REST API: cursors, with the total only when it is asked for."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import pagination
from rest_framework.request import Request
from rest_framework.response import Response


class CursorPagination(pagination.CursorPagination):
    """`?cursor=` and `?page_size=` (1 to 200); `?total=true` adds the count, which costs a scan."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        wants_total = request.query_params.get("total", "").lower() in {"1", "true"}
        self.total = queryset.count() if wants_total else None
        return super().paginate_queryset(queryset, request, view)

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        if self.total is not None:
            response.data["total"] = self.total
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        described["properties"]["total"] = {
            "type": "integer",
            "description": "Number of all results; only with ?total=true.",
        }
        return described
