"""What there is to walk over: asked of the project itself, so that nothing new is forgotten."""

import importlib
import importlib.util
import pkgutil

from django.apps import apps
from factory.django import DjangoModelFactory

import tests
from apps.audit.models import AuditedModel


def audited_models():
    return [m for m in apps.get_models() if issubclass(m, AuditedModel) and not m._meta.proxy]


def factories():
    """The factory of each audited model, from every tests/<app>/factories.py."""
    found = {}
    for package in pkgutil.iter_modules(tests.__path__):
        name = f"tests.{package.name}.factories"
        if not package.ispkg or importlib.util.find_spec(name) is None:
            continue
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, DjangoModelFactory):
                model = value._meta.model
                if model is not None and issubclass(model, AuditedModel):
                    found.setdefault(model, value)
    return found


FACTORIES = factories()
