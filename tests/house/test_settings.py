"""Settings refuse what is missing or wrong, in words that help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own, where .env says nothing."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "LANG", "LD_LIBRARY_PATH"}
    }
    # environ.Env.read_env() keeps what is already set, so an empty value hides the one of .env.
    hidden = {"DEBUG": "0", "SECRET_KEY": "", "AUDIT_SEAL_KEY": "", "DATABASE_URL": "sqlite:///x"}
    return subprocess.run(
        [sys.executable, "-c", "import evcharge.settings"],
        cwd=ROOT,
        env={**clean, **hidden, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["SECRET_KEY", "AUDIT_SEAL_KEY"])
def test_secrets_have_no_default_outside_debug(name):
    secrets = {"SECRET_KEY": "s" * 50, "AUDIT_SEAL_KEY": "a" * 50} | {name: ""}
    result = start(**secrets)
    assert result.returncode != 0
    assert f"{name} is not set" in result.stderr


def test_debug_needs_nothing_else():
    assert start(DEBUG="1").returncode == 0


def test_production_starts_with_its_secrets():
    assert start(SECRET_KEY="s" * 50, AUDIT_SEAL_KEY="a" * 50).returncode == 0


def test_mongodb_is_refused_with_the_alternative():
    result = start(DEBUG="1", DATABASE_URL="mongodb://localhost/evcharge")
    assert result.returncode != 0
    assert "postgresql://" in result.stderr


def test_other_databases_are_refused():
    result = start(DEBUG="1", DATABASE_URL="mysql://root@localhost/evcharge")
    assert "must start with sqlite:/// or postgresql://" in result.stderr
