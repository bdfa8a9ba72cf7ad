"""A Redis server of a test's own, that can be stopped and started again at the same address."""

import shutil
import socket
import subprocess
import time

import redis

BINARY = shutil.which("redis-server")


class OwnRedis:
    """Keeps nothing on disk but what `stop()` saves in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
             "--save", "3600 1", "--appendonly", "no"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with redis.Redis(port=self.port) as client:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    time.sleep(0.02)
        raise AssertionError("redis-server does not start")

    def stop(self):
        """As a restart of the machine: what it held is saved, then it is gone."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
