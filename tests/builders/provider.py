"""A real provider for tests, and a browser that signs in there."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

SECRET = "s3cret of tollbook"


@dataclass(frozen=True)
class Provider:
    issuer: str

    def answer_to(self, url: str, name: str, **changed: str) -> str:
        """Follow a sign-in's address as a browser does, give name and password, and return where it leads back to.

        Args:
            url: where Tollbook sent the browser.
            name: who signs in.
            changed: parameters of the address that somebody tampers with.
        """
        parts = urlsplit(url)
        tampered = dict(parse_qsl(parts.query)) | changed
        with httpx.Client() as browser:
            answer = browser.get(parts._replace(query=urlencode(tampered)).geturl())
            for _ in range(12):
                if answer.is_redirect:
                    there = urljoin(str(answer.url), answer.headers["location"])
                    if not there.startswith(self.issuer):
                        return there
                    answer = browser.get(there)
                    continue
                assert answer.status_code == 200, answer.text
                form = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', answer.text))
                said = {"login": name, "password": f"password-of-{name}"}
                answer = browser.post(answer.url, data=form | {key: said[key] for key in said if key in form})
        raise AssertionError("the provider leads nowhere")


@contextmanager
def provider(redirect_uri: str) -> Iterator[Provider]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("provider_process.py")), str(port), redirect_uri]
    environment = {"PATH": os.environ["PATH"]}  # none of our settings: it would read some of the same names
    with (
        TemporaryDirectory() as place,
        subprocess.Popen(
            [*command, f"{place}/provider.sqlite"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=environment,
        ) as process,
    ):  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Provider(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
