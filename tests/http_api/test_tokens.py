"""Hold which access tokens count: ours, exactly, and nothing that resembles them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_api.tokens import AccessTokens, SigningKey, access_keys
from realtime.credentials import TokenExpired, TokenInvalid
from store.actor import Actor
from store.refresh_tokens import RefreshTokens

NOW = 1_800_000_000.5
TTL_S = 1_800
SECRET = b"a secret of more than thirty-two bytes"
ACTOR = Actor(UUID(int=1), "ann", UUID(int=2))
(KEY,) = access_keys(SECRET)


def tokens_at(now: float, *keys: SigningKey) -> AccessTokens:
    """Give the tokens of a replica whose clock shows ``now``."""
    return AccessTokens(keys or (KEY,), ttl_s=TTL_S, now=lambda: now)


TOKENS = tokens_at(NOW)


def part(value: Any) -> str:
    """Spell one part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(header: Any, claims: Any, key: bytes = KEY.key, digest: str = "sha256") -> str:
    """Sign whatever the parts say, with our key unless another is given."""
    body = f"{part(header)}.{part(claims)}"
    return f"{body}.{part(hmac.digest(key, body.encode(), digest))}"


def header(**changes: Any) -> dict[str, Any]:
    """Give our header, changed; None removes."""
    made = {"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid, **changes}
    return {name: value for name, value in made.items() if value is not None}


def claims(**changes: Any) -> dict[str, Any]:
    """Give our claims, changed; None removes."""
    made = {
        "iss": "lockstep",
        "aud": "lockstep:access",
        "sub": str(ACTOR.id),
        "sid": str(ACTOR.session),
        "name": "ann",
        "jti": "1",
        "iat": int(NOW),
        "exp": int(NOW) + TTL_S,
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def refused(token: str, tokens: AccessTokens = TOKENS) -> bool:
    """Tell whether the token is refused as invalid."""
    try:
        tokens.authenticate(token)
    except TokenInvalid:
        return True
    return False


def test_a_token_speaks_for_whom_it_was_issued_to() -> None:
    """Person, name, session and times come back; the times are whole seconds."""
    found = TOKENS.authenticate(TOKENS.issue(ACTOR))
    assert found.actor == ACTOR
    assert (found.issued_at, found.expires_at) == (int(NOW), int(NOW) + TTL_S)


def test_tokens_are_of_the_documented_form() -> None:
    """Any JWT library reads them: RFC 9068's type, every claim, a token id of their own."""
    one, other = TOKENS.issue(ACTOR), TOKENS.issue(ACTOR)
    assert one != other
    assert len(one) < 600
    assert jwt.get_unverified_header(one) == header()
    assert jwt.decode(one, options={"verify_signature": False}).keys() == claims().keys()
    # What the tests below forge would be accepted but for the one thing that each of them changes.
    assert not refused(sealed(header(), claims()))


@pytest.mark.parametrize("name", ["ann", "ü" * 32, "字" * 32, "\U00010330" * 32])
def test_any_username_fits(name: str) -> None:
    """The longest name in the widest script stays far below the size limit."""
    token = TOKENS.issue(Actor(ACTOR.id, name, ACTOR.session))
    assert len(token) < 1024
    assert TOKENS.authenticate(token).actor.username == name


def test_no_character_can_be_changed() -> None:
    """At every place, every other character of the alphabet, and strangers: all refused."""
    token = TOKENS.issue(ACTOR)
    for place, right in enumerate(token):
        for char in string.ascii_letters + string.digits + "-_.=+/ ~\n\x00é":
            if char != right:
                assert refused(token[:place] + char + token[place + 1 :]), (place, char)


def test_no_bit_can_be_flipped() -> None:
    """Every bit of the token's bytes is protected."""
    raw = TOKENS.issue(ACTOR).encode()
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refused(flipped.decode("latin-1"))


@given(st.text(max_size=200))
def test_no_other_text_is_a_token(text: str) -> None:
    """Whatever text is sent is refused, never an error."""
    assert refused(text)


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8)))
def test_no_other_claims_are_a_token_even_if_we_signed_them(other: dict[str, Any]) -> None:
    """Signing alone makes no token: the claims are checked for themselves."""
    assert refused(sealed(header(), other))


def test_cut_padded_and_surrounded_tokens_are_refused() -> None:
    """A token has exactly three parts, and no part has padding."""
    token = TOKENS.issue(ACTOR)
    head, body, seal = token.split(".")
    for length in range(len(token)):
        assert refused(token[:length])
    for changed in (
        token + "=",
        f"{head}=.{body}.{seal}",
        f"{head}.{body}=.{seal}",
        f" {token}",
        f"{token}\n",
        f"{token}.{seal}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}..{seal}",
        f".{body}.{seal}",
        f"{head}.{body}.{seal}{seal}",
        f"Bearer {token}",
        "\ud800" * 30,
    ):
        assert refused(changed), changed


def test_a_token_over_2_kib_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Size is looked at before anything is parsed."""
    large = sealed(header(), claims(padding="x" * 16_384))
    monkeypatch.setattr("jiter.from_json", lambda *_, **__: pytest.fail("was parsed"))
    assert refused(large)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", None])
def test_unsigned_tokens_are_refused(alg: str | None) -> None:
    """Whatever spelling of "none", with an empty seal, a zero one and our own."""
    body = f"{part(header(alg=alg))}.{part(claims())}"
    for seal in ("", "A" * 43, part(hmac.digest(KEY.key, body.encode(), "sha256"))):
        assert refused(f"{body}.{seal}")


@pytest.mark.parametrize("alg", ["HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256", "hs256"])
def test_there_is_one_algorithm(alg: str) -> None:
    """Another one in the header is refused even with a seal that would be right for ours."""
    assert refused(sealed(header(alg=alg), claims()))
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(alg, "sha256")
    assert refused(sealed(header(alg=alg), claims(), digest=digest))


@pytest.mark.parametrize(
    "key",
    [
        b"",
        bytes(32),
        SECRET,
        hashlib.sha256(SECRET).digest(),
        KEY.kid.encode(),
        b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0=\n-----END PUBLIC KEY-----\n",
        json.dumps({"kty": "oct", "k": part(KEY.key)}).encode(),
        part(KEY.key).encode(),
    ],
)
def test_only_the_derived_key_signs(key: bytes) -> None:
    """Neither the secret itself, nor a public key, nor the key spelled as a JWK, nor nothing."""
    assert refused(sealed(header(), claims(), key))


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": "unknown"},
        {"kid": "../../../../etc/passwd"},
        {"kid": "/dev/null"},
        {"kid": "' OR 1=1 --"},
        {"kid": "http://127.0.0.1:9/key"},
        {"kid": "x" * 10_240},
        {"kid": 0},
        {"kid": [KEY.kid]},
        {"kid": {"a": 1}},
        {"kid": KEY.kid + "\x00"},
        {"kid": KEY.kid.upper() if KEY.kid.upper() != KEY.kid else "Z"},
        {"jku": "http://127.0.0.1:9/keys"},
        {"x5u": "http://127.0.0.1:9/cert"},
        {"x5c": ["MII="]},
        {"jwk": {"kty": "oct", "k": part(b"k" * 32)}},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"cty": "JWT"},
        {"typ": None},
        {"typ": "JWT"},
        {"typ": "AT+JWT"},
        {"typ": "application/at+jwt"},
        {"typ": "rt+jwt"},
    ],
    ids=str,
)
def test_the_header_says_nothing_else(changes: dict[str, Any]) -> None:
    """A key id is only looked up in our table; a header that could point elsewhere is refused."""
    assert refused(sealed(header(**changes), claims()))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "lockstep.example.org"},
        {"iss": "lock"},
        {"iss": "Lockstep"},
        {"iss": ["lockstep"]},
        {"aud": None},
        {"aud": "lockstep"},
        {"aud": "lockstep:refresh"},
        {"aud": "lockstep:access "},
        {"aud": ["lockstep:access"]},
        {"aud": ["lockstep:access", "other"]},
        {"sub": None},
        {"sub": "ann"},
        {"sub": 1},
        {"sub": ""},
        {"sid": None},
        {"sid": "none"},
        {"name": None},
        {"name": ""},
        {"name": 7},
        {"name": "x" * 65},
        {"jti": None},
        {"jti": 1},
        {"iat": None},
        {"iat": str(int(NOW))},
        {"iat": NOW},
        {"iat": True},
        {"iat": -1},
        {"iat": int(NOW) + 12},
        {"nbf": int(NOW) + 12},
        {"nbf": "0"},
        {"exp": None},
        {"exp": str(int(NOW) + 60)},
        {"exp": NOW + 60},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": True},
        {"exp": -1},
        {"exp": 2**63},
        {"exp": 10**400},
        {"exp": 253_402_300_799},
        {"exp": int(NOW) + 86_401},
        {"exp": int(NOW)},
        {"exp": [int(NOW) + 60]},
    ],
    ids=str,
)
def test_the_claims_are_exactly_ours(changes: dict[str, Any]) -> None:
    """Missing, of another type, for another audience, or too far away: refused, though signed."""
    if changes.get("exp") == 10**400:
        changes = {"exp": 0}
        token = sealed(header(), json.dumps(claims(exp=0)).replace("0}", "1e400}").encode())
    else:
        token = sealed(header(), claims(**changes))
    assert refused(token)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b"{" * 600,
        b'{"exp":1,"exp":2}',
        json.dumps(claims()).replace('"exp"', '"exp": 9, "exp"').encode(),
        json.dumps(claims()).encode() + b"x",
        b"\xef\xbb\xbf" + json.dumps(claims()).encode(),
    ],
)
def test_what_is_no_single_json_object_is_refused(payload: bytes) -> None:
    """Neither nonsense nor a claim given twice gets through, in claims or header."""
    assert refused(sealed(header(), payload))
    assert refused(sealed(payload, claims()))


def test_a_token_ends_with_its_time_and_ten_seconds() -> None:
    """Clocks of replicas may differ by that much, in both directions."""
    token = TOKENS.issue(ACTOR)
    end = int(NOW) + TTL_S
    assert tokens_at(end + 9.9).authenticate(token).actor == ACTOR
    for late in (end + 10, end + 10_000, end + 10_000_000):
        with pytest.raises(TokenExpired):
            tokens_at(late).authenticate(token)
    assert not refused(token, tokens_at(int(NOW) - 9.9))
    assert refused(token, tokens_at(int(NOW) - 10.1))


def test_an_expired_token_with_another_fault_is_invalid() -> None:
    """Only a token that was good once is called expired: that word promises a refresh helps."""
    old = claims(iat=int(NOW) - 9_000, exp=int(NOW) - 7_200)
    with pytest.raises(TokenExpired):
        TOKENS.authenticate(sealed(header(), old))
    assert refused(sealed(header(), {**old, "aud": "other"}))
    assert refused(sealed(header(), old, b"k" * 32))


def test_a_refresh_token_is_no_access_token_and_the_reverse() -> None:
    """Each is refused in the other's place, though both come from the same secret."""
    refresh = RefreshTokens(KEY.key)
    assert refused(refresh.issue(UUID(int=2), 1))
    assert refresh.read(TOKENS.issue(ACTOR)) is None


def test_keys_rotate_without_logging_anyone_out() -> None:
    """The new key is known before it signs; the old one counts until its tokens are over."""
    old = SigningKey("old", b"o" * 32, not_after=NOW + 5_000)
    new = SigningKey("new", b"n" * 32, not_before=NOW + 1_000)
    before = tokens_at(NOW, old, new).issue(ACTOR)
    after = tokens_at(NOW + 1_500, old, new).issue(ACTOR)
    assert jwt.get_unverified_header(before)["kid"] == "old"
    assert jwt.get_unverified_header(after)["kid"] == "new"
    both = tokens_at(NOW + 1_500, old, new)
    assert both.authenticate(before).actor == both.authenticate(after).actor == ACTOR
    # A key that is over, or not there yet, signs for nobody.
    assert refused(after, tokens_at(NOW + 500, old, new))
    short = SigningKey("old", old.key, not_after=NOW + 100)
    assert refused(before, tokens_at(NOW + 111, short, new))
    assert refused(before, tokens_at(NOW + 1_500, new))


def test_the_key_follows_the_secret() -> None:
    """Another secret is another key with another id; the id does not give the key away."""
    (other,) = access_keys(b"another secret of more than 32 bytes")
    assert (other.kid, other.key) != (KEY.kid, KEY.key)
    assert other.kid != KEY.kid
    assert KEY.key.hex() not in repr(KEY)
    assert access_keys(SECRET) == (KEY,)


def test_what_cannot_work_is_refused_at_the_start() -> None:
    """No key, a weak key, a long id, an endless life, no session: said at once."""
    for keys in ((), (SigningKey("k", b"short"),), (SigningKey("k" * 33, b"k" * 32),)):
        with pytest.raises(ValueError, match="key"):
            AccessTokens(keys, ttl_s=TTL_S)
    for ttl_s in (0, 86_401):
        with pytest.raises(ValueError, match="86400"):
            AccessTokens((KEY,), ttl_s=ttl_s)
    with pytest.raises(ValueError, match="session"):
        TOKENS.issue(Actor(ACTOR.id, "ann"))


def test_a_token_that_was_good_is_judged_anew_by_the_clock() -> None:
    """What is remembered of a token saves the check of its signature, never that of its time."""
    clock = [1_000_000.0]
    key = SigningKey("k", b"k" * 32, not_before=0, not_after=1_000_100)
    tokens = AccessTokens([key], ttl_s=60, now=lambda: clock[0])
    token = tokens.issue(Actor(uuid4(), "ann", uuid4()))
    first = tokens.authenticate(token)
    assert tokens.authenticate(token) == first
    with pytest.raises(TokenInvalid):
        tokens.authenticate(token[:-1] + ("A" if token[-1] != "A" else "E"))
    clock[0] += 69
    assert tokens.authenticate(token) == first
    clock[0] += 2
    with pytest.raises(TokenExpired):
        tokens.authenticate(token)
    clock[0] = 1_000_200
    with pytest.raises(TokenInvalid):
        tokens.authenticate(token)
