"""Servers on the loopback address with certificates of an authority of the test's own."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Server:
    """Serves one connection at a time with `serve(connection)`, on a free port."""

    def __init__(self, serve):
        self.serve = serve
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection:
                try:
                    self.serve(connection)
                except OSError:
                    continue

    def stop(self):
        # close() alone would leave accept() waiting.
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(5)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._signed(self.name, self.key.public_key(), None)

    def _signed(self, subject, public_key, names, days=1):
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
            .public_key(public_key).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), True)
        )  # fmt: skip
        if names is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(self.key, hashes.SHA256())

    def server_context(self, folder, names, seen, days=1):
        """TLS for a server with a certificate for `names`; `seen` collects the SNI of callers."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._signed(subject, key.public_key(), names, days)
        path = folder / "server.pem"
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption())
            + certificate.public_bytes(serialization.Encoding.PEM)
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.sni_callback = lambda sock, name, context: seen.append(name)
        return context

    def trusting_context(self):
        return ssl.create_default_context(cadata=self.pem())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def whole(connection):
    """The request with its body: closing while some of it is unread would cut the answer off."""
    request = b""
    while not request.endswith(b"{}") and (piece := connection.recv(65536)):
        request += piece
    return request
