"""What it costs to keep messages under their drivers' keys, in processor time.

    DEBUG=1 python benchmarks/personal_values.py

No database: keys are at hand, as they are for messages of drivers seen within the last minute.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
TIMES = 20_000
MOST_MICROSECONDS = 50


def main() -> int:
    import django

    django.setup()
    from apps.audit.personal import person_of_contract, protect
    from apps.roaming.persons import drivers_of_exchange
    from tests.roaming.messages import session

    person = person_of_contract("NL-EVC-C1")
    assert person is not None
    keys: Any = {person: secrets.token_bytes(32)}
    message = json.dumps(session())
    answer = '{"status_code": 1000}'
    whose = microseconds(lambda: drivers_of_exchange("sessions", "", (message, answer)))
    kept = microseconds(lambda: protect(message, person, keys))
    short = microseconds(lambda: protect("NL-EVC-C1", person, keys))
    taken = microseconds(lambda: drivers_of_exchange("cdrs", "", ("", answer)))
    print(f"a contract id protected: {short:.1f} µs")
    print(f"exchange of a session ({len(message)} characters): whose {whose:.1f} µs, "
          f"request and answer protected {2 * kept:.1f} µs")  # fmt: skip
    print(f"exchange of a taken CDR, whose body is kept with the CDR: {taken:.1f} µs")
    good = whose + 2 * kept < MOST_MICROSECONDS
    print(f"{'good' if good else 'TOO SLOW'}: limit {MOST_MICROSECONDS} µs per exchange")
    return 0 if good else 1


def microseconds(do: Callable[[], object]) -> float:
    do()
    began = time.process_time()
    for _ in range(TIMES):
        do()
    return (time.process_time() - began) / TIMES * 1e6


if __name__ == "__main__":
    sys.exit(main())
