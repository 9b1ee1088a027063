"""Hold what a username may be, and when two of them are the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.usernames import MAX_USERNAME, checked_username, name_key

# Any character, and often those that the rules are about.
NAMES = st.text(
    st.one_of(st.characters(), st.sampled_from("aBzß1٢१.-_соТОαΣणिが한字ー\u0301\u200b\u202e")),
    max_size=40,
)
PLAIN = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,31}", fullmatch=True)


@pytest.mark.parametrize(
    "name",
    [
        "ann",
        "Ann.Lee_3-x",
        "a",
        "7",
        "a" * 32,
        "Jürgen",
        "Nguyễn",
        "ßeta",
        "ivan",
        "иван",
        "Ελένη",
        "佐藤ゆう",
        "ユーザー",
        "김철수",
        "李小龙",
        "محمد",
        "नमस्ते",
        "สมชาย",
        "דוד",
    ],
)
def test_names_of_one_script_are_accepted(name: str) -> None:
    """A person may write their name in their own script, and it stays as written."""
    assert checked_username(name) == unicodedata.normalize("NFKC", name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty"),
        ("a" * 33, "at most 32"),
        ("a" * 100_000, "at most 32"),
        ("ﷺ" * 3, "at most 32"),
        (".ann", "start with"),
        ("_ann", "start with"),
        ("-ann", "start with"),
        ("a b", "spaces"),
        ("ann\u00a0lee", "spaces"),
        ("ann\n", "control"),
        ("ann\x00", "control"),
        ("ann\ud800", "control"),
        ("a\u202enn", "invisible"),
        ("a\u2066nn", "invisible"),
        ("a\u200bnn", "invisible"),
        ("a\u200dnn", "invisible"),
        ("a\ufeffnn", "invisible"),
        ("a\u00adnn", "invisible"),
        ("\u3164", "invisible"),
        ("\u115fa", "invisible"),
        ("ann\ue000", "control"),
        ("ann@example", "only contain"),
        ("ann/../x", "only contain"),
        ("<b>", "only contain"),
        ("ann\U0001f600", "only contain"),
        ("a" + "\u0301" * 10, "only contain"),
        ("ann\uffff", "control"),
        ("ɑnn", "only contain"),
        ("ǃnn", "only contain"),
        ("р" + "aypal", "mix letters"),
        ("αnn", "mix letters"),
        ("annの", "mix letters"),
        ("ひらが한", "mix letters"),
        ("म" + "\u093f" * 3, "pile up"),
        ("\u093fम", "pile up"),
        ("१2", "mix digits"),
    ],
)
def test_names_that_could_deceive_are_refused_with_a_reason(name: str, why: str) -> None:
    """Each rule says in words what is wrong, and none lets a look-alike through."""
    with pytest.raises(ValueError, match=why):
        checked_username(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "ann"),
        ("ＡＮＮ", "ann"),
        ("Jürgen", "ju\u0308rgen"),
        ("straße", "STRASSE"),
        ("ﬁn", "fin"),
        ("Σίσυφος", "σίσυφοσ"),
        ("сосо", "coco"),
        ("ТОМ", "TOM"),
        ("ΑΝΝΑ", "anna"),
    ],
)
def test_names_that_look_the_same_share_a_key(one: str, other: str) -> None:
    """Case, width, composition and whole-script look-alikes make no second name."""
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ann", "anna"), ("a.b", "ab"), ("томя", "tomr"), ("иван", "ivan")]
)
def test_names_that_differ_to_the_eye_have_keys_that_differ(one: str, other: str) -> None:
    """The key does not throw away what people can see."""
    assert name_key(one) != name_key(other)


@given(NAMES)
def test_a_key_is_its_own_key(name: str) -> None:
    """Comparing a key again changes nothing, so it may be stored and looked up by itself."""
    assert name_key(name_key(name)) == name_key(name)


@given(NAMES)
def test_an_accepted_name_keeps_its_promises(name: str) -> None:
    """Whatever is accepted is short, visible, normalized and accepted again as it is."""
    try:
        kept = checked_username(name)
    except ValueError:
        return
    assert 1 <= len(kept) <= MAX_USERNAME
    assert unicodedata.is_normalized("NFKC", kept)
    assert all(unicodedata.category(char)[0] in "LMN" or char in "._-" for char in kept)
    assert unicodedata.category(kept[0])[0] in "LN"
    assert checked_username(kept) == kept
    assert name_key(kept) == name_key(name)


@given(PLAIN, st.sampled_from(["upper", "title", "swapcase"]))
def test_plain_names_are_accepted_in_any_case(name: str, how: str) -> None:
    """Plain ASCII names always work, and their case never makes a second account."""
    assert checked_username(name) == name
    assert name_key(getattr(name, how)()) == name
