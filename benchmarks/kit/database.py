"""A database that is made for one run and dropped after it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """An empty database on the server of DATABASE_URL; yields its URL."""
    server = os.environ.get("DATABASE_URL", SERVER)
    server = server if server.startswith("postgres") else SERVER
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    _run(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    _run(server, "CREATE DATABASE {}", name)
    try:
        yield url
    finally:
        _run(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _run(server: str, statement: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
