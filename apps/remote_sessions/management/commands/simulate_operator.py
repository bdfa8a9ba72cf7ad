"""manage.py simulate_operator: a charge point operator to start and stop charges at."""

import signal
import threading
from argparse import ArgumentParser
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.remote_sessions.simulator import registration
from apps.remote_sessions.simulator.deliveries import Deliveries
from apps.remote_sessions.simulator.door import Server
from apps.remote_sessions.simulator.moods import Mood, Pace
from apps.remote_sessions.simulator.operator import Config, SimulatedOperator


class Command(BaseCommand):
    help = (
        "Run a simulated operator that speaks OCPI 2.2.1: commands, results, sessions, CDRs. "
        "Its mood can be changed while it runs: "
        'curl -X POST http://127.0.0.1:8090/mood -d \'{"mood": "slow"}\''
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", help="Host and port; default: SIMULATED_OPERATOR_URL.")
        parser.add_argument("--peer", default=settings.PUBLIC_URL, help="Where we are reached.")
        parser.add_argument("--mood", choices=[mood.value for mood in Mood], default="normal")
        parser.add_argument("--speed", type=float, default=1.0, help="Everything so much faster.")
        parser.add_argument("--late", type=float, default=45.0, help="Seconds of the mood late.")
        parser.add_argument(
            "--longest", type=float, default=600.0, help="Seconds after which the car is full."
        )
        parser.add_argument(
            "--kwh-per-minute", type=Decimal, default=Decimal(6), help="Faster than life: 6."
        )
        parser.add_argument(
            "--register", metavar="TOKEN",
            help="Register over OCPI with this registration token of a roaming peer, and publish.",
        )  # fmt: skip
        parser.add_argument("--versions-url", help="Of the platform; default: below --peer.")
        parser.add_argument("--seed", type=int, help="Repeatable moods.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SIMULATED_OPERATOR_TOKEN and not options["register"]:
            raise CommandError("Set SIMULATED_OPERATOR_TOKEN: the operator could not reach us.")
        deliveries = Deliveries()
        operator = SimulatedOperator(_config(options), deliveries)
        bind = options["bind"] or settings.SIMULATED_OPERATOR_URL
        address = urlsplit(bind if "//" in bind else f"//{bind}")
        server = Server((address.hostname or "127.0.0.1", address.port or 8090), operator)
        signal.signal(signal.SIGTERM, _interrupt)
        self.stdout.write(
            f"Simulated operator on http://{address.hostname}:{server.server_port} "
            f"({options['mood']}), reports to {options['peer']}"
        )
        try:
            if options["register"]:
                threading.Thread(target=self._register, args=(server, options)).start()
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            server.server_close()
            deliveries.stop()

    def _register(self, server: Server, options: dict[str, Any]) -> None:
        """While the server runs: the platform calls back."""
        config = server.operator.config
        url = options["versions_url"] or f"{options['peer'].rstrip('/')}/ocpi/versions"
        try:
            registration.register(
                config, own=server.own_url, versions_url=url, token=options["register"]
            )
            count = registration.publish(config)
        except registration.RegistrationFailed as error:
            self.stderr.write(f"Not registered: {error}")
        else:
            self.stdout.write(f"Registered at {url}; published {count} locations and tariffs")


def _interrupt(*args: object) -> None:
    raise KeyboardInterrupt


def _config(options: dict[str, Any]) -> Config:
    door = f"{options['peer'].rstrip('/')}/operators/simulated"
    return Config(
        sessions_url=f"{door}/sessions", cdrs_url=f"{door}/cdrs",
        token=settings.SIMULATED_OPERATOR_TOKEN, mood=Mood(options["mood"]),
        pace=_pace(options), kwh_per_second=options["kwh_per_minute"] / 60,
        seed=options["seed"],
    )  # fmt: skip


def _pace(options: dict[str, Any]) -> Pace:
    usual, speed = Pace(), options["speed"]
    names = ("answer", "result", "begin", "update", "end", "cdr", "slow")
    quick = {name: getattr(usual, name) / speed for name in names}
    return replace(usual, **quick, late=options["late"], longest_charge=options["longest"])
