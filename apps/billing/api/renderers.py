"""For views that answer with a stored file."""

from rest_framework.renderers import JSONRenderer


class AnyMediaType(JSONRenderer):
    """Whatever the caller accepts, the file is what it is; only problems are rendered."""

    media_type = "*/*"
    format = "file"
