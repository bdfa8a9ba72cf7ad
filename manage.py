#!/usr/bin/env python
"""Django's command line; every command acts in the audit trail under its own name."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
    from django.core.management import execute_from_command_line

    from apps.audit.context import Actor, acting

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    with acting(Actor.job(f"manage.py {command}")):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
