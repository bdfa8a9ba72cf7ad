"""Errors of the REST API: what a program reads can't break the document that tells it."""

import pytest

from apps.core.errors import DomainError
from apps.core.problems import exception_handler


class Refused(DomainError):
    code = "REFUSED"
    http_status = 422


def told(error):
    response = exception_handler(error, {})
    return response.status_code, response.data


def test_details_stand_beside_the_members_of_the_document():
    status, body = told(Refused("No.", cdr_id="C1", flags=["LATE"]))
    assert (status, body) == (422, {
        "type": "/api/docs/errors#REFUSED", "title": "Unprocessable Entity", "status": 422,
        "code": "REFUSED", "detail": "No.", "cdr_id": "C1", "flags": ["LATE"],
    })  # fmt: skip


@pytest.mark.parametrize("name", ["type", "title", "status", "detail", "instance", "code"])
def test_detail_named_as_a_member_of_the_document_keeps_both(name):
    status, body = told(Refused("No.", **{name: "PENDING"}))
    assert status == body["status"] == 422
    assert (body["code"], body["detail"]) == ("REFUSED", "No.")
    assert body[f"error_{name}"] == "PENDING"
