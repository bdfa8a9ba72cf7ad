"""What the API's documentation shows."""

from drf_spectacular.utils import OpenApiExample

POST_CDR = OpenApiExample(
    "One hour at a station",
    request_only=True,
    value={
        "country_code": "NL",
        "party_id": "EFL",
        "cdr_id": "CDR-2026-000001",
        "contract_id": "NL-EFL-C00000001-X",
        "started_at": "2026-05-01T08:00:00Z",
        "ended_at": "2026-05-01T09:00:00Z",
        "kwh": 12.5,
        "currency": "EUR",
        "total_cost": {"excl_vat": 4.20, "incl_vat": 5.08},
        "location": {"id": "LOC1", "name": "Stationsplein", "country": "NL",
                     "postcode": "1012 AB", "time_zone": "Europe/Amsterdam"},
        "evse_id": "NL*EFL*E0012*1",
        "charging_periods": [
            {"start_date_time": "2026-05-01T08:00:00Z",
             "dimensions": [{"type": "ENERGY", "volume": 12.5}, {"type": "TIME", "volume": 1}]}
        ],
    },
)  # fmt: skip
CONFLICT = OpenApiExample(
    "Other content under the same id",
    response_only=True,
    status_codes=["409"],
    value={
        "type": "/api/docs/errors#CDR_CONFLICT",
        "title": "Conflict",
        "status": 409,
        "code": "CDR_CONFLICT",
        "detail": "CDR CDR-2026-000001 of NL*EFL is there with other content. A CDR can't be "
        "changed; send a credit CDR and a new one.",
    },
)
WRONG_MOVE = OpenApiExample(
    "A billed CDR can't be accepted",
    response_only=True,
    status_codes=["409"],
    value={
        "type": "/api/docs/errors#CDR_STATUS_CHANGE_EXCEPTION",
        "title": "Conflict",
        "status": 409,
        "code": "CDR_STATUS_CHANGE_EXCEPTION",
        "detail": "Cannot update CDR status from Billed to Accepted",
        "cdr_id": "CDR-2026-000001",
    },
)
