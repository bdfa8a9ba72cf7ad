"""Writes a million entries, seals them, and times `verify_audit`.

    DEBUG=1 DATABASE_URL=postgresql://root@127.0.0.1:5432/bench python benchmarks/verify_audit.py

The database is migrated and filled: use one of its own.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")
CHUNK = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    arguments = parser.parse_args()
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from apps.audit.context import Actor, acting
    from apps.audit.models import Entry
    from apps.audit.seals import seal_entries

    with acting(Actor.job("benchmark")):
        call_command("migrate", verbosity=0)
        for start in range(0, arguments.entries, CHUNK):
            Entry.objects.bulk_create([entry(start + n) for n in range(CHUNK)])
            seal_entries(now=timezone.now())
    began = time.perf_counter()
    call_command("verify_audit")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"verified in {time.perf_counter() - began:.1f} s, at most {memory} MiB in memory")


def entry(number: int) -> object:
    from django.utils import timezone

    from apps.audit.models import Entry
    from apps.core.ids import new_id

    return Entry(
        recorded_at=timezone.now(), activity="accepted CDR", object_type="cdrs.cdr",
        object_id=str(new_id()), object_label=f"NL*EFL {number}",
        before={"status": "PENDING"}, after={"status": "ACCEPTED"}, actor_kind="JOB",
        actor_id="benchmark", actor_label="benchmark", request_id=str(new_id()),
        url="https://staff.example.com/admin/cdrs/cdr/", method="POST", path="/admin/cdrs/cdr/",
    )  # fmt: skip


if __name__ == "__main__":
    main()
