"""What an OpenID Connect provider says of a person: the authorization code flow with PKCE (OpenID Connect Core 1.0,
RFC 7636), the provider found by discovery."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from annotation import network
from annotation.api.access import ForbiddenError
from annotation.errors import InvalidInputError, UnreachableError
from annotation.network import Reach, is_loopback

SECONDS = 10.0
PUBLIC = Reach()
_LARGEST = 512 * 1024
_KEPT = timedelta(hours=1)
_LEEWAY_SECONDS = 60
_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")


class IdentityRefusedError(ForbiddenError):
    """The provider's answer does not prove who somebody is."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The identity provider's answer was refused: {reason}.", cure="Sign in again from the start.")


@dataclass(frozen=True, slots=True)
class Flow:
    """What one signing-in has to bring back; kept in a signed cookie of the browser."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Flow:
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Client:
    """This application, as the provider knows it."""

    issuer: str
    id: str
    secret: str | None
    scopes: str


class Provider:
    """``clock`` decides whether a token has expired. What the provider publishes is kept for an hour.

    The provider may name other hosts; those that are not public are asked only where ``reach`` goes there.
    """

    def __init__(self, client: Client, *, clock: Callable[[], datetime], reach: Reach = PUBLIC) -> None:
        _require_safe(client)
        self.client = client
        self._clock = clock
        self._host = urlsplit(client.issuer).hostname or ""
        self._reach = reach.besides(self._host)
        self._kept: dict[str, tuple[datetime, Mapping[str, Any]]] = {}
        self._lock = threading.Lock()

    def authorization_url(self, flow: Flow, *, redirect_uri: str) -> str:
        """Where the browser goes; UnreachableError while the provider is away."""
        query = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": redirect_uri,
            "scope": self.client.scopes,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def end_session_url(self, *, redirect_uri: str) -> str | None:
        """None where the provider has no such page."""
        endpoint = self._metadata().get("end_session_endpoint")
        query = {"client_id": self.client.id, "post_logout_redirect_uri": redirect_uri}
        return f"{endpoint}?{urlencode(query)}" if endpoint else None

    def claims(self, answer: Mapping[str, str], flow: Flow, *, redirect_uri: str) -> dict[str, Any]:
        """What the provider says of whoever came back with this answer: its identity token, and its userinfo.

        IdentityRefusedError where something does not fit; UnreachableError while the provider is away.
        """
        self._check(answer, flow)
        tokens = self._redeem(answer["code"], flow, redirect_uri)
        claims = self._verified(str(tokens.get("id_token", "")), flow)
        return {**self._userinfo(tokens.get("access_token"), str(claims["sub"])), **claims}

    def _check(self, answer: Mapping[str, str], flow: Flow) -> None:
        if not secrets.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise IdentityRefusedError("it belongs to another signing-in")
        # RFC 9207: an answer of another provider must not be taken for this one's.
        named = self._metadata().get("authorization_response_iss_parameter_supported") is True
        if answer.get("iss", self.client.issuer if not named else "") != self.client.issuer:
            raise IdentityRefusedError("it comes from another provider")
        if "error" in answer or "code" not in answer:
            raise IdentityRefusedError(f"it says {answer.get('error', 'nothing')[:60]!r}")

    def _redeem(self, code: str, flow: Flow, redirect_uri: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": flow.verifier,
            "client_id": self.client.id,
        }
        headers = {}
        methods = self._metadata().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self.client.secret and "client_secret_basic" in methods:
            pair = f"{quote(self.client.id, safe='')}:{quote(self.client.secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self.client.secret:
            form["client_secret"] = self.client.secret
        return self._ask("POST", self._endpoint("token_endpoint"), data=form, headers=headers)

    def _verified(self, id_token: str, flow: Flow) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                token = jwt.decode(id_token, self._keys(), algorithms=self._algorithms())
            except InvalidKeyIdError:
                # The provider may have changed its keys since.
                token = jwt.decode(id_token, self._keys(anew=True), algorithms=self._algorithms())
            wanted: dict[str, Any] = {
                "iss": {"essential": True, "value": self.client.issuer},
                "aud": {"essential": True, "value": self.client.id},
                "nonce": {"essential": True, "value": flow.nonce},
                **{name: {"essential": True} for name in ("sub", "exp", "iat")},
            }
            now = int(self._clock().timestamp())
            jwt.JWTClaimsRegistry(now=now, leeway=_LEEWAY_SECONDS, **wanted).validate(token.claims)
        except (JoseError, ValueError) as error:
            raise IdentityRefusedError(f"its identity token is not valid ({str(error)[:120]})") from error
        audience = token.claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in token.claims) and token.claims.get("azp") != self.client.id:
            raise IdentityRefusedError("its identity token is another application's")
        return dict(token.claims)

    def _userinfo(self, access_token: object, subject: str) -> Mapping[str, Any]:
        endpoint = self._metadata().get("userinfo_endpoint")
        if not endpoint or not isinstance(access_token, str):
            return {}
        found = self._ask("GET", str(endpoint), headers={"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise IdentityRefusedError("its userinfo speaks of somebody else")
        return found

    def _metadata(self) -> Mapping[str, Any]:
        url = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._published(url)
        if found.get("issuer") != self.client.issuer:
            raise InvalidInputError(
                f"The provider calls itself {str(found.get('issuer'))[:200]}, not {self.client.issuer}.",
                cure="Set serve.oidc.issuer to its own name, to the letter.",
            )
        return found

    def _endpoint(self, name: str) -> str:
        endpoint = self._metadata().get(name)
        if not isinstance(endpoint, str):
            raise UnreachableError(f"The identity provider tells no {name}.", cure="Check serve.oidc.issuer.")
        return endpoint

    def _algorithms(self) -> list[str]:
        told = self._metadata().get("id_token_signing_alg_values_supported", ["RS256"])
        return [name for name in _SIGNATURES if name in told]

    def _keys(self, *, anew: bool = False) -> Any:
        from joserfc.jwk import KeySet

        keys = self._published(self._endpoint("jwks_uri"), anew=anew).get("keys", [])
        usable = [one for one in keys if one.get("kty") in ("RSA", "EC", "OKP") and one.get("use", "sig") == "sig"]
        return KeySet.import_key_set({"keys": usable})

    def _require_safe(self, url: str) -> None:
        """Codes and secrets are sent there: https, or this machine where the provider itself is on it."""
        parts = urlsplit(url)
        here = parts.scheme == "http" and is_loopback(parts.hostname or "") and is_loopback(self._host)
        if parts.scheme != "https" and not here:
            raise UnreachableError(
                f"The identity provider at {self.client.issuer} names an address that is not https.",
                cure="Whoever runs it has to set its public address.",
            )

    def _published(self, url: str, *, anew: bool = False) -> Mapping[str, Any]:
        now = self._clock()
        with self._lock:
            asked, content = self._kept.get(url, (now - _KEPT, {}))
        if not anew and now - asked < _KEPT:
            return content
        content = self._ask("GET", url)
        with self._lock:
            self._kept[url] = now, content
        return content

    def _ask(self, method: str, url: str, **content: Any) -> Mapping[str, Any]:
        import httpx

        try:
            self._require_safe(url)
            with self._reach.client(timeout=SECONDS) as client, client.stream(method, url, **content) as answer:
                found = _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            distrusted = network.DISTRUST_CURE if network.distrusted(error) else ""
            raise UnreachableError(
                f"The identity provider at {self.client.issuer} does not answer as it should.",
                cure=distrusted or "Try again later, or sign in another way; its log and serve.oidc tell more.",
            ) from error
        if answer.status_code in (400, 401, 403):
            reason = found.get("error", answer.status_code) if isinstance(found, dict) else answer.status_code
            raise IdentityRefusedError(f"it says {str(reason)[:60]!r}")
        if not answer.is_success or not isinstance(found, dict):
            raise UnreachableError(
                f"The identity provider at {self.client.issuer} answers with {answer.status_code}.",
                cure="Try again later, or sign in another way; its log and serve.oidc tell more.",
            )
        return found


def _bounded(answer: Any) -> Any:
    """The JSON of an answer; None where it is longer than any provider's."""
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > _LARGEST:
            return None
    return json.loads(content)


def _require_safe(client: Client) -> None:
    parts = urlsplit(client.issuer)
    if not client.id or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        raise InvalidInputError(
            "An identity provider needs an https address in serve.oidc.issuer, and serve.oidc.client_id.",
            cure="Ask whoever runs it.",
        )
