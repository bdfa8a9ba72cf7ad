"""Benchmarks that empty a database or a queue touch none that isn't their own."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

SERVER = "postgresql://bench_user@127.0.0.1:1/"


@pytest.mark.parametrize(
    ("database", "redis", "said"),
    [
        ("evcharge", "", "'evcharge' would be emptied"),
        ("bench_mine", "redis://127.0.0.1:1/0", "Redis database 0"),
        ("bench_mine", "redis://127.0.0.1:1", "Redis database 0"),
    ],
)
def test_remote_sessions_chaos_refuses_what_is_not_its_own(database, redis, said):
    run = subprocess.run(
        [sys.executable, "benchmarks/remote_sessions_chaos.py"],
        cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=100,
        env=os.environ | {"DATABASE_URL": SERVER + database, "REDIS_URL": redis},
    )  # fmt: skip
    assert run.returncode == 1
    assert said in run.stderr
