"""A hub whose name leads into our own network after it was registered, against real processes.

The hub speaks TLS under a name that a name server of this run answers. It registers while private
addresses are allowed, as in development. Then web, worker and beat come up anew as in production,
with the name leading to the loopback address: whatever would call the hub must be refused before
a connection is opened. That the same calls do connect when they may is tried first.
"""

import datetime
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.hub.checks import stock_up
from benchmarks.hub.objects import Operator
from benchmarks.hub.platform import Platform, Refused
from benchmarks.hub.run import Run, eventually, need, same
from benchmarks.hub.server import Hub, serving
from benchmarks.kit.processes import ROOT

NAME = "hub.suite.test"
PUBLIC = "93.184.216.34"
Make = Callable[[Hub], Run]


def rebinding(platform: Platform, folder: Path, hub: Hub, make: Make) -> Run:
    """Runs the checks; ends the platform's processes and starts them anew twice."""
    certificates = Certificates(folder)
    names = folder / "names.json"
    names.write_text(json.dumps({NAME: ["127.0.0.1"]}))
    shim = ROOT / "benchmarks" / "hub" / "names"
    more = {
        "HUB_SUITE_NAMES": str(names), "PYTHONPATH": f"{shim}:{ROOT}",
        "SSL_CERT_FILE": str(certificates.authority),
    }  # fmt: skip
    platform.stop()
    platform.start(**more)
    hub.scheme, hub.host = "https", NAME
    with serving(hub, tls=certificates.context):
        run = make(hub)
        run.check("registers over TLS, by name", _registers)
        run.check("TLS is verified", lambda run: _unknown_certificate(run, certificates))
        run.staff.close()
        platform.stop()
        platform.start(OCPI_ALLOW_PRIVATE_HOSTS="0")
        run.staff = platform.staff()
        run.check("a name that rebinds", lambda run: _private(run, names, ["127.0.0.1"]))
        run.check(
            "a name that leads in and out",
            lambda run: _private(run, names, ["127.0.0.1", PUBLIC]),
        )
        run.staff.close()
    platform.stop()
    return run


def _registers(run: Run) -> None:
    run.staff.add_peer(name=run.name)
    stock_up(run)
    began = time.time()
    run.staff.connect(peer=run.name, url=f"{run.hub.base}/ocpi/versions", token=run.hub.token_a)
    run.pull(since=began)
    need(run.hub.connections > 0, "the hub counts no connections")
    need(run.stock()["evses"], "nothing was pulled")


def _unknown_certificate(run: Run, certificates: "Certificates") -> None:
    """Another authority's certificate: connected, never spoken to."""
    certificates.show(certificates.stranger)
    run.pressed_at = 0.0
    requests, connections = len(run.hub.requests()), run.hub.connections
    eventually(lambda: _failed(run, "CERTIFICATE_VERIFY_FAILED"), "the pull is refused", 40)
    need(run.hub.connections > connections, "nobody connected")
    same(len(run.hub.requests()), requests, "requests over a wrong certificate")
    certificates.show(certificates.own)


def _failed(run: Run, words: str) -> bool:
    """Any list says it: where nobody is reached, the others are not asked for."""
    run.press_pull()
    return any(words in pull["error"] for pull in run.pulls().values())


def _private(run: Run, names: Path, addresses: list[str]) -> None:
    """Pull, push, command, self-test, renewal: none opens a connection."""
    names.write_text(json.dumps({NAME: addresses}))
    before, run.pressed_at = run.hub.connections, 0.0
    eventually(lambda: _failed(run, "leads into a private network"), "the pull is refused", 40)
    uid = f"04{len(addresses)}REBIND".encode().hex()
    run.staff.add_token(uid=uid, contract_id=f"NL-EVC-R{len(addresses)}")
    eventually(
        lambda: any(
            "private network" in error for _, _, error in run.staff.see_pushes(peer=run.name)
        ),
        "the push waits with its reason", 40,
    )  # fmt: skip
    sent = run.staff.unlock(operator=run.party, evse="E1")
    seen = run.staff.see_command(sent=sent)
    same((seen["state"], seen["response"]), ("REFUSED", "NOT_DELIVERED"), "command")
    tested = run.staff.self_test(peer=run.name)
    need(not any(passed for _, passed, _ in tested), f"the self-test passes: {tested}")
    try:
        run.staff.renew(peer=run.name)
    except Refused as error:
        same(error.code, "ROAMING_ADDRESS_PRIVATE", "code")
    same(run.hub.connections, before, "connections to the hub")


class Certificates:
    """An authority that our processes trust, a certificate of it, and a stranger's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        authority = _key()
        trusted = _certificate("Suite authority", authority, "Suite authority", authority, True)
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(trusted.public_bytes(serialization.Encoding.PEM))
        key, other = _key(), _key()
        self.own = self._keep("own", key, _certificate(NAME, key, "Suite authority", authority))
        self.stranger = self._keep("stranger", other, _certificate(NAME, other, NAME, other))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.show(self.own)

    def show(self, pair: Path) -> None:
        """The certificate of the next connections; sessions of earlier ones are not resumed."""
        self.context.load_cert_chain(pair)
        self.context.options |= ssl.OP_NO_TICKET

    def _keep(self, name: str, key: ec.EllipticCurvePrivateKey, made: x509.Certificate) -> Path:
        path = self._folder / f"{name}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )  # fmt: skip
        path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        return path


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str,
    signer: ec.EllipticCurvePrivateKey, is_authority: bool = False,
) -> x509.Certificate:  # fmt: skip
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if is_authority:
        made = made.add_extension(
            x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True
        )
    return made.sign(signer, hashes.SHA256())


def operator() -> Operator:
    return Operator("2.2.1", "NL", "C99")
