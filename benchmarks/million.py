"""A database of its own with a million CDRs, made on the server in one statement per table."""

import os
import sys
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
NAME = "evcharge_benchmark"
DEFAULT_SERVER = "postgresql://root@127.0.0.1:5432/root"


def use_database(*, rows: int, fresh: bool = False) -> None:
    """Create, migrate and fill the database unless it is there with as many rows; set Django up
    on it. `DATABASE_URL` names the server; its own database isn't touched."""
    server = os.environ.get("DATABASE_URL", DEFAULT_SERVER)
    if not server.startswith("postgres"):
        server = DEFAULT_SERVER
    with psycopg.connect(server, autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
        exists = there.fetchone() is not None
        if exists and fresh:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(NAME))
            )
        if fresh or not exists:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    os.environ["DATABASE_URL"] = server.rsplit("/", 1)[0] + "/" + NAME
    # DEBUG would keep every query in memory and measure that.
    os.environ.update(DEBUG="0", SECRET_KEY="benchmark" * 6, AUDIT_SEAL_KEY="benchmark" * 6,
                      ALLOWED_HOSTS="*", SECURE_SSL_REDIRECT="0", LOG_LEVEL="WARNING",
                      DJANGO_SETTINGS_MODULE="evcharge.settings")  # fmt: skip
    sys.path.insert(0, str(ROOT))
    import django
    from django.conf import settings

    # Without DEBUG, pages ask for collected static files, which a benchmark doesn't need.
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    django.setup()
    _migrate()
    _fill(rows)


def _migrate() -> None:
    from django.core.management import call_command

    from apps.audit.context import Actor, acting

    with acting(Actor.job("benchmark")):
        call_command("migrate", verbosity=0)


def _fill(rows: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cdrs_cdr")
        if cursor.fetchone()[0] == rows:
            return
        print(f"Making {rows:,} CDRs in {NAME} ...", flush=True)
        cursor.execute("DROP INDEX IF EXISTS cdr_by_phrase")
        for statement in STATEMENTS:
            cursor.execute(statement.replace("ROWS", str(rows)))
        cursor.execute(
            "CREATE INDEX cdr_by_phrase ON cdrs_cdr "
            "USING gin (search_text gin_trgm_ops) WITH (fastupdate = off)"
        )
        cursor.execute("VACUUM ANALYZE cdrs_cdr")


_ID = "md5('{0}' || n)::uuid"
STATEMENTS = (
    f"""
    INSERT INTO accounts_provider (id, created_at, updated_at, slug, name, legal_name, country,
        street, postcode, city, company_number, currency, brand_colour, logo, host_names,
        support_email, iban, bic, payment_days, invoice_prefix)
    SELECT {_ID.format("provider")}, now(), now(), 'p' || n, 'Provider ' || n, 'Provider ' || n,
        'NL', '', '', '', '', 'EUR', '#047857', '', '[]', '', '', '', 14, 'P' || n
    FROM generate_series(0, 4) n ON CONFLICT DO NOTHING""",
    f"""
    INSERT INTO locations_operator (id, created_at, updated_at, country_code, party_id, name,
        sends_cdrs)
    SELECT {_ID.format("operator")}, now(), now(), (ARRAY['NL','DE','GB','FR','BE'])[1 + n % 5],
        'O' || lpad(n::text, 2, '0'), 'Operator ' || n, true
    FROM generate_series(0, 39) n ON CONFLICT DO NOTHING""",
    # A raw message of some 800 characters, as a short OCPI CDR has them.
    """
    INSERT INTO cdrs_cdr (id, created_at, updated_at, source, country_code, party_id, contract_id,
        token_uid, provider_id, operator_id, location_id_sent, evse_uid, evse_id, connector_id,
        authorization_reference, kwh, currency, charging_periods, cdr_id, external_id, session_id,
        status, rejection_reason, hold_reasons, is_held, location_name, location_country,
        location_postcode, location_time_zone, power_type, started_at, ended_at,
        total_cost_excl_vat, tariffs, is_credit, credit_reference_id, remark, raw, content_hash,
        deletion_reason, ocpi_version)
    SELECT
        (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
            || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid,
        at, at, (ARRAY['OCPI','OCPI','HUB','IMPORT'])[1 + n % 4],
        (ARRAY['NL','DE','GB','FR','BE'])[1 + n % 40 % 5], 'O' || lpad((n % 40)::text, 2, '0'),
        'NL-EVC-C' || lpad((abs(hashint4(n)) % 50000)::text, 8, '0') || '-X',
        upper(substr(h, 1, 14)), md5('provider' || n % 5)::uuid, md5('operator' || n % 40)::uuid,
        'LOC' || n % 2000, n % 9000, (ARRAY['NL','DE','GB','FR','BE'])[1 + n % 40 % 5] || '*O'
            || lpad((n % 40)::text, 2, '0') || '*E' || lpad((n % 9000)::text, 5, '0') || '*'
            || 1 + n % 2,
        '1', '', round((5 + abs(hashint4(n * 7)) % 60000 / 1000.0)::numeric, 3), 'EUR', '[]',
        'CDR-' || to_char(at, 'YYYY') || '-' || upper(substr(h, 1, 10)),
        CASE WHEN n % 3 = 0 THEN 'EXT' || n ELSE '' END, '',
        (ARRAY['BILLED','BILLED','BILLED','BILLED','BILLED','BILLED','BILLED','ACCEPTED',
               'ACCEPTED','PENDING'])[1 + n % 10],
        '', '[]', n % 200 = 9,
        (ARRAY['Station','Market','Harbour','Museum','Hospital','Stadium','Airport','Library',
               'Garden','Castle'])[1 + n % 10] || ' '
            || (ARRAY['Square','Street','Park','Bridge','Quay','Lane','Gate','Hill'])[1 + n % 8]
            || ' ' || n % 2000,
        (ARRAY['NL','DE','GB','FR','BE'])[1 + n % 40 % 5], '1000 AA', 'Europe/Amsterdam', 'DC',
        at - interval '1 hour', at, round((abs(hashint4(n * 3)) % 40000 / 1000.0)::numeric, 4),
        '[]', false, '', '', repeat(h || md5(h), 12), md5('x' || h) || h, '', '2.2.1'
    FROM (SELECT n, md5('cdr' || n) AS h,
                 timestamptz '2026-06-30' - n * interval '31 seconds' AS at
          FROM generate_series(1, ROWS) n) AS numbered""",
)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
