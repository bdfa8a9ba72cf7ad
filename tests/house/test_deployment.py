"""The files of deployment say what the settings say."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / "evcharge" / "settings.py").read_text()
# Names that only docker-compose.yml itself uses, for the database server.
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}


def names_in_settings() -> set[str]:
    return set(re.findall(r"""(?:env\.\w+|required)\(\s*"([A-Z_]+)\"""", SETTINGS))


def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def ours() -> dict:
    return {name: compose()["services"][name] for name in ("web", "worker", "beat")}


def test_env_example_names_exactly_what_the_settings_read():
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z_]+)=", example, flags=re.MULTILINE))
    assert named == names_in_settings()


def test_compose_has_every_process_and_server():
    assert set(compose()["services"]) == {"web", "worker", "beat", "postgres", "redis", "nats"}


@pytest.mark.parametrize("service", ["web", "worker", "beat"])
def test_compose_sets_only_names_that_the_settings_read(service):
    environment = ours()[service]["environment"]
    assert set(environment) <= names_in_settings()
    assert {"SECRET_KEY", "AUDIT_SEAL_KEY", "DATABASE_URL", "REDIS_URL", "EVENTS_URL"} <= set(
        environment
    )
    assert "DEBUG" not in environment


def test_compose_and_its_env_file_agree():
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert used - COMPOSE_ONLY <= names_in_settings()


def test_compose_has_no_default_for_a_secret():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "AUDIT_SEAL_KEY", "POSTGRES_PASSWORD"):
        assert re.findall(rf"\$\{{{name}(:[-?])", text)
        assert f"${{{name}:-" not in text


def test_compose_addresses_name_its_own_services():
    services = set(compose()["services"])
    environment = ours()["web"]["environment"]
    for name in ("DATABASE_URL", "REDIS_URL", "EVENTS_URL"):
        assert re.search(r"(?:@|//)([a-z]+):\d+", environment[name])[1] in services


def test_processes_are_the_same_in_compose_and_procfile():
    procfile = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line
    )
    assert "gunicorn evcharge.wsgi" in procfile["web"]
    assert "gunicorn evcharge.wsgi" in ours()["web"]["command"]
    for name in ("worker", "beat"):
        assert f"-A evcharge {name}" in procfile[name]
        assert f"celery -A evcharge {name}" in ours()[name]["command"]


def test_image_runs_as_a_person_without_rights_and_reports_its_health():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    user = next(line for line in lines if line.startswith("USER "))
    assert user != "USER root"
    assert lines.index(user) < next(i for i, line in enumerate(lines) if line.startswith("CMD"))
    assert any("/healthz" in line for line in lines)
    assert f"python:3.{11}" in lines[1]


def direct_pins(*extras: str) -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return dict(re.sub(r"\[.*?\]", "", pin).lower().split("==") for pin in wanted)


@pytest.mark.parametrize(
    ("file", "extras"), [("requirements.txt", ()), ("requirements-dev.txt", ("dev",))]
)
def test_requirements_are_exported_from_pyproject(file, extras):
    exported = dict(
        match.groups()
        for match in re.finditer(
            r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", (ROOT / file).read_text(), flags=re.MULTILINE
        )
    )
    pins = direct_pins(*extras)
    stale = {name for name, version in pins.items() if exported.get(name) != version}
    assert not stale, f"run make requirements: {stale}"


def test_each_dependency_says_why_it_is_there():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    pins = [line for line in lines if re.match(r'\s+"[a-z0-9_\[\]-]+==', line, flags=re.IGNORECASE)]
    obvious = ("mypy", "ruff", "stubs", "types")
    assert pins
    assert not [
        line for line in pins if "#" not in line and not any(word in line for word in obvious)
    ]
