"""What can be wrong with a message, with the OCPI and HTTP codes of the specification.

`status_codes`: what reached the OCPI layer is answered with HTTP 200 and a code of 2xxx or
3xxx; before that (no token, no JSON, no such resource) the HTTP code tells.
"""

from apps.core.errors import DomainError

SUCCESS = 1000


class OcpiError(DomainError):
    """A refusal in the words of OCPI: `ocpi_status` for programs, the message for people."""

    code = "OCPI_ERROR"
    ocpi_status = 2000
    http_status = 200


class InvalidMessage(OcpiError):
    """A field is missing or can't be read, or the URL contradicts the body."""

    code = "OCPI_INVALID_MESSAGE"
    ocpi_status = 2001


class BrokenJson(InvalidMessage):
    """The body is no JSON."""

    code = "OCPI_BROKEN_JSON"
    http_status = 400


class BodyTooLarge(InvalidMessage):
    """The body is larger than we read."""

    code = "OCPI_BODY_TOO_LARGE"
    http_status = 413


class NotEnoughInformation(OcpiError):
    """The request leaves open what is needed to decide."""

    code = "OCPI_NOT_ENOUGH_INFORMATION"
    ocpi_status = 2002


class UnknownLocation(OcpiError):
    """No such location, EVSE or connector of this party."""

    code = "OCPI_UNKNOWN_LOCATION"
    ocpi_status = 2003
    http_status = 404


class UnknownToken(OcpiError):
    """No such token; real-time authorization answers HTTP 404 with it (`mod_tokens`)."""

    code = "OCPI_UNKNOWN_TOKEN"
    ocpi_status = 2004
    http_status = 404


class UnknownObject(OcpiError):
    """The resource does not exist, or not for the one who asks."""

    code = "OCPI_UNKNOWN_OBJECT"
    http_status = 404


class Unauthorized(OcpiError):
    """No token, or none that we gave, or a registration token outside of registration."""

    code = "OCPI_UNAUTHORIZED"
    http_status = 401


class NotAllowedNow(OcpiError):
    """The method does not fit the state: POST when registered, PUT or DELETE when not."""

    code = "OCPI_METHOD_NOT_ALLOWED"
    http_status = 405


class TooManyRequests(OcpiError):
    """More requests in a minute than agreed."""

    code = "OCPI_TOO_MANY_REQUESTS"
    http_status = 429


class ClientApiUnusable(OcpiError):
    """We could not read the other side's versions or endpoints while it registered."""

    code = "OCPI_CLIENT_API_UNUSABLE"
    ocpi_status = 3001


class UnsupportedVersion(OcpiError):
    """No version in common."""

    code = "OCPI_UNSUPPORTED_VERSION"
    ocpi_status = 3002


class NoMatchingEndpoints(OcpiError):
    """The other side lacks an endpoint that we need."""

    code = "OCPI_NO_MATCHING_ENDPOINTS"
    ocpi_status = 3003
