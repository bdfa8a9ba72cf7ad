"""Notes what the tests walk through: services that ran, writes that came through a door, by whom.

Every test with a database ends with a look at the whole trail (wholeness.py), so that whatever ran
in one was watched. completeness.py asks at the end of a full run whether anything was forgotten.
"""

import importlib
import inspect
import pkgutil
from types import FunctionType

from django.test import Client

import apps
from apps.accounts.models import User
from apps.audit.middleware import AuditContextMiddleware
from apps.audit.models import Entry

# What ran in tests whose trail was found whole, and what runs in the test that is under way.
walked, walking = set(), set()

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")

# Doors that know neither a person nor a credential of ours.
DOORS = {"Stripe", "simulated operator", "login"}

_NOTING = """
def noting(*args, **kwargs):
    _walking.add({key!r})
    return _walked_{name}(*args, **kwargs)
"""


def watch():
    """From now on each service notes that it ran, and each request what it wrote."""
    for key, function in services().items():
        _note_calls(key, function)
    _note_requests()


def services():
    """All public functions of apps/*/services, by their name without the leading "apps."."""
    found = {}
    for module in _service_modules():
        for name, value in vars(module).items():
            function = inspect.unwrap(value) if callable(value) else None
            if (
                isinstance(function, FunctionType)
                and not name.startswith("_")
                and function.__module__ == module.__name__
                and not function.__closure__
            ):
                found[f"{module.__name__.removeprefix('apps.')}.{name}"] = function
    return found


def _service_modules():
    for app in pkgutil.iter_modules(apps.__path__):
        name = f"apps.{app.name}.services"
        if importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        yield module
        for inner in pkgutil.iter_modules(getattr(module, "__path__", [])):
            yield importlib.import_module(f"{name}.{inner.name}")


def _note_calls(key, function):
    """In place, because others hold the function already: subscribers, listeners, registries."""
    original = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__
    )
    original.__kwdefaults__ = function.__kwdefaults__
    name = f"{key.replace('.', '_')}"
    function.__globals__.update({"_walking": walking, f"_walked_{name}": original})
    made = {}
    exec(_NOTING.format(key=key, name=name), made)
    function.__signature__ = inspect.signature(original)
    function.__defaults__, function.__kwdefaults__ = None, None
    function.__code__ = made["noting"].__code__


def _note_requests():
    """Each write through HTTP notes its route; what it left in the trail is by who asked."""
    signed, sign, request = [], Entry.sign, Client.request

    def noting_sign(entry):
        signed.append(entry)
        sign(entry)

    def noting_request(client, **environment):
        signed.clear()
        response = request(client, **environment)
        asked = response.wsgi_request
        for entry in [entry for entry in signed if entry.method]:
            _check_actor(asked, entry)
        return response

    def noting_call(middleware, request):
        response = call(middleware, request)
        if request.method in UNSAFE and response.status_code < 400 and request.resolver_match:
            walking.update(_routes_of(request))
        return response

    call = AuditContextMiddleware.__call__
    AuditContextMiddleware.__call__ = noting_call
    Entry.sign, Client.request = noting_sign, noting_request


def _routes_of(request):
    route = request.resolver_match.route
    yield f"{request.method} {route}"
    yield f"ANY {route}"
    if route.startswith("admin/") and (action := request.POST.get("action")):
        yield f"{request.method} {route} {action}"


def _check_actor(request, entry):
    """The person of the session did it, or the credential, or the job that a door is named as;
    never the one who acts outside of the request."""
    user = getattr(request, "user", None)
    if (
        entry.activity == "received CDR"
        and entry.path.startswith("/ocpi/")
        and isinstance(user, User)
    ):
        # Staff had one received that waited; it came from the peer, through an earlier request.
        right = entry.actor_kind == "CREDENTIAL"
        assert right, f"{entry.activity} by {entry.actor_label}"
        return
    if isinstance(user, User):
        right = (entry.actor_kind, entry.actor_id) == ("USER", str(user.pk))
    elif credential := getattr(request, "auth", None):
        right = (entry.actor_kind, entry.actor_id) == ("CREDENTIAL", str(credential.pk))
    elif request.path.startswith("/ocpi/"):
        right = entry.actor_kind == "CREDENTIAL"
    else:
        right = entry.actor_kind == "JOB" and entry.actor_id in DOORS
    assert right, f"{request.method} {request.path}: {entry.activity} by {entry.actor_label}"
    assert entry.method == request.method
