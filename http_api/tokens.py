"""Issue and check access tokens: JWTs of one kind, signed with one algorithm, read strictly."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

import jiter
import jwt
from jwt.algorithms import HMACAlgorithm
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from realtime.credentials import Credentials, TokenExpired, TokenInvalid
from store.actor import Actor
from store.keys import derive_key

__all__ = ["AccessTokens", "SigningKey", "access_keys"]

MAX_TOKEN_BYTES: Final = 2048
MAX_TTL_S: Final = 86_400
LEEWAY_S: Final = 10  # how far the clocks of two replicas may be apart

_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"  # RFC 9068 section 2.1
_ISSUER: Final = "lockstep"
_AUDIENCE: Final = "lockstep:access"
_MAX_KID: Final = 32
# 43 characters: 32 bytes of HMAC-SHA256, without padding.
_SHAPE: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")
_LAST_SECOND: Final = 253_402_300_799  # the end of year 9999


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Hold a key and its life (seconds since 1970).

    It signs from ``not_before`` on and verifies until ``not_after``. To rotate: hand the new key
    to every replica with ``not_before`` in the future, and set the old one's ``not_after`` to that
    plus the tokens' life and leeway.
    """

    kid: str
    key: bytes = field(repr=False)
    not_before: float = 0
    not_after: float = _LAST_SECOND


def access_keys(secret: bytes) -> tuple[SigningKey, ...]:
    """Derive the key for access tokens; its id tells secrets apart and nothing about them."""
    key = derive_key(secret, "lockstep access token HS256")
    kid = hashlib.sha256(derive_key(secret, "lockstep access token kid")).hexdigest()[:16]
    return (SigningKey(kid, key),)


class _Header(BaseModel):
    """Allow exactly the header we write: no ``crit``, ``b64``, ``jku``, ``jwk``, ``x5u``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    alg: Literal["HS256"]
    typ: Literal["at+jwt"]
    kid: Annotated[str, Field(min_length=1, max_length=_MAX_KID)]


class _Claims(BaseModel):
    """Demand every claim, of exactly its type: a date is a whole number, an audience no list."""

    model_config = ConfigDict(extra="ignore")

    iss: Literal["lockstep"]
    aud: Literal["lockstep:access"]
    sub: UUID
    sid: UUID
    name: Annotated[StrictStr, Field(min_length=1, max_length=64)]
    jti: Annotated[StrictStr, Field(min_length=1, max_length=64)]
    iat: Annotated[StrictInt, Field(ge=0, le=_LAST_SECOND)]
    exp: Annotated[StrictInt, Field(ge=0, le=_LAST_SECOND)]
    nbf: Annotated[StrictInt, Field(ge=0, le=_LAST_SECOND)] = 0


_REMEMBERED: Final = 10_000  # good tokens, about 1 KB each


class AccessTokens:
    """Issue and check access tokens; pure CPU, no I/O.

    ``ttl_s`` is how long a token counts (1 to 86,400). ``now`` gives seconds since 1970.
    """

    def __init__(
        self, keys: Iterable[SigningKey], *, ttl_s: int, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = {key.kid: key for key in keys}
        if not self._keys or any(len(kid) > _MAX_KID for kid in self._keys):
            raise ValueError(f"at least one key, with an id of at most {_MAX_KID} characters")
        if any(len(key.key) != 32 for key in self._keys.values()):
            raise ValueError("a key has 32 bytes")
        if not 1 <= ttl_s <= MAX_TTL_S:
            raise ValueError(f"a token counts from 1 to {MAX_TTL_S} seconds")
        self.ttl_s = ttl_s
        self._now = now
        # PyJWT's own HS256, without its way there: our header is read strictly, and that a key is
        # no certificate need not be found out again for each token, which takes half of a check.
        self._hs256 = HMACAlgorithm(HMACAlgorithm.SHA256)
        self._prepared = {key.kid: self._hs256.prepare_key(key.key) for key in self._keys.values()}
        # Tokens found good, by their every character: a busy client sends the same one with each
        # request, and the check costs 50 us, an eighth of a write.
        self._good: dict[str, tuple[SigningKey, Credentials]] = {}

    def issue(self, actor: Actor) -> str:
        """Sign a token for someone and their session (which must be set)."""
        now = self._now()
        living = [key for key in self._keys.values() if key.not_before <= now < key.not_after]
        if actor.session is None or not living:
            raise ValueError("no session to issue a token for, or no key that is valid now")
        key = max(living, key=lambda one: one.not_before)
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(actor.id),
            "sid": str(actor.session),
            "name": actor.username,
            "jti": uuid4().hex,
            "iat": int(now),
            "exp": int(now) + self.ttl_s,
        }
        return jwt.encode(claims, key.key, _ALGORITHM, headers={"typ": _TYPE, "kid": key.kid})

    def authenticate(self, token: str) -> Credentials:
        """Tell who a token speaks for.

        Raises TokenInvalid for anything that we did not issue exactly like this, TokenExpired for
        a good token past its time and 10 s of leeway.
        """
        known = self._good.get(token)
        if known is not None:
            now = self._now()
            key, credentials = known
            if now < credentials.expires_at + LEEWAY_S and now < key.not_after + LEEWAY_S:
                return credentials
        key, credentials = self._check(token)
        if len(self._good) >= _REMEMBERED:
            self._good.clear()
        self._good[token] = (key, credentials)
        return credentials

    def _check(self, token: str) -> tuple[SigningKey, Credentials]:
        header, payload, signature = _parts(token)
        try:
            head = _Header.model_validate(_json(header))
        except (ValueError, ValidationError):
            raise TokenInvalid from None
        now = self._now()
        key = self._keys.get(head.kid)
        if key is None or not key.not_before - LEEWAY_S <= now < key.not_after + LEEWAY_S:
            raise TokenInvalid
        try:
            mac = base64.urlsafe_b64decode(signature + "=")
            signed = token[: -len(signature) - 1].encode()
            if not self._hs256.verify(signed, self._prepared[key.kid], mac):
                raise TokenInvalid
            claims = _Claims.model_validate(_json(payload))
        except (ValueError, ValidationError):
            raise TokenInvalid from None
        if _spelled(mac) != signature:
            raise TokenInvalid  # the last character has spare bits; one spelling is ours
        if max(claims.iat, claims.nbf) > now + LEEWAY_S:
            raise TokenInvalid
        if not 0 < claims.exp - claims.iat <= MAX_TTL_S:
            raise TokenInvalid
        if now >= claims.exp + LEEWAY_S:
            raise TokenExpired
        actor = Actor(claims.sub, claims.name, claims.sid)
        return key, Credentials(actor, claims.iat, claims.exp)


def _parts(token: str) -> tuple[str, str, str]:
    """Split a token of the right size and shape; anything else ends here, undecoded."""
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenInvalid
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise TokenInvalid
    return shape[1], shape[2], shape[3]


def _json(part: str) -> dict[str, Any]:
    return _object(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _object(raw: bytes) -> dict[str, Any]:
    """Parse strictly: one object, each key once, no NaN; ValueError otherwise."""
    value = jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - all that is wrong with a token is one refusal
    return value


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
