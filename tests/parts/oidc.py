"""A real OpenID Connect provider: the certified `oidc-provider` of npm, with a log-in page that takes any password.

Who signs in there as one of PEOPLE gets that person's claims.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from annotation.labelstudio.installation import cache_folder
from tests.parts.absence import absent
from tests.parts.ports import free_port

VERSION = "9.13.3"
START_SECONDS = 60
CLIENT, SECRET = "workbench", "a secret of the workbench: 100 %+"
OTHER_CLIENT = "another-application"

PEOPLE: dict[str, dict[str, Any]] = {
    "lea": {"email": "Lea@office.example", "email_verified": True, "realm_access": {"roles": ["offline", "leads"]}},
    "cody": {"email": "cody@office.example", "email_verified": True, "realm_access": {"roles": ["coders", "other"]}},
    "sam": {"email": "sam@office.example", "email_verified": True, "realm_access": {"roles": ["other"]}},
    "una": {"email": "una@office.example", "email_verified": False, "realm_access": {"roles": ["leads"]}},
}

_PROGRAM = """
import {{ pathToFileURL }} from 'node:url';
const {{ issuer, port, redirect, out, people, clients }} = JSON.parse(process.env.OIDC_TEST);
const {{ default: Provider }} = await import(pathToFileURL({module}).href);
const provider = new Provider(issuer, {{
  clients: clients.map(([client_id, client_secret]) => ({{
    client_id, client_secret, redirect_uris: redirect, post_logout_redirect_uris: out, response_types: ['code'],
    grant_types: ['authorization_code'],
  }})),
  cookies: {{ keys: ['a key of this test'] }},
  claims: {{ openid: ['sub'], email: ['email', 'email_verified'], profile: ['realm_access'] }},
  findAccount: (context, id) => ({{ accountId: id, claims: () => ({{ sub: id, ...(people[id] ?? {{}}) }}) }}),
  features: {{ devInteractions: {{ enabled: true }} }},
  pkce: {{ required: () => true }},
}});
provider.listen(port, '127.0.0.1', () => console.log('listening'));
"""


@dataclass(frozen=True, slots=True)
class OidcServer:
    issuer: str

    def log_in(self, url: str, person: str) -> str:
        """Follow the provider's pages from an authorization URL, as the person; the address that it leads back to."""
        with httpx.Client(follow_redirects=False, timeout=30) as browser:
            answer = browser.get(url)
            while True:
                if "Location" in answer.headers:
                    target = urljoin(str(answer.url), answer.headers["Location"])
                    if not target.startswith(self.issuer):
                        return target
                    answer = browser.get(target)
                    continue
                action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert action, answer.text
                fields = {"login": person, "password": "any"} if 'name="login"' in answer.text else {}
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                fields["prompt"] = prompt.group(1) if prompt else "login"
                answer = browser.post(urljoin(str(answer.url), action.group(1)), data=fields)


@contextmanager
def serving(folder: Path, *, redirect: list[str], out: list[str]) -> Iterator[OidcServer]:
    """A provider that knows our application at these addresses."""
    module = _installed() / "lib" / "index.js"
    port = free_port()
    server = OidcServer(f"http://127.0.0.1:{port}")
    program = folder / "provider.mjs"
    program.write_text(_PROGRAM.format(module=json.dumps(str(module))))
    told = {
        "issuer": server.issuer,
        "port": port,
        "redirect": redirect,
        "out": out,
        "people": PEOPLE,
        "clients": [[CLIENT, SECRET], [OTHER_CLIENT, SECRET]],
    }
    environment = {**os.environ, "OIDC_TEST": json.dumps(told)}
    log = folder / "provider.log"
    with log.open("wb") as output:
        process = subprocess.Popen(["node", str(program)], env=environment, stdout=output, stderr=output)
    try:
        _wait(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _wait(server: OidcServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{server.issuer}/.well-known/openid-configuration", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the provider did not start: {log.read_text()[-2000:]}")


def _installed() -> Path:
    """The package, in a cache that outlives the tests."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        absent("Node.js and npm are not installed; Debian's nodejs and npm bring them")
    folder = cache_folder() / f"oidc-provider-{VERSION}"
    package = folder / "node_modules" / "oidc-provider"
    if not package.is_dir():
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(fresh)]
        done = subprocess.run([*command, f"oidc-provider@{VERSION}"], capture_output=True, text=True, check=False)
        if done.returncode:
            absent(f"oidc-provider could not be installed: {done.stderr[-500:]}")
        if not package.is_dir():
            fresh.rename(folder)
    return package
