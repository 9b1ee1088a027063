"""What processes that share a port show each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from http_api.worker_pages import WorkerSeats, merged

PAGE = b"""\
# HELP one_total The first.
# TYPE one_total counter
one_total{worker="%b"} %b
# HELP two The second.
# TYPE two gauge
"""
ALONE = b"# HELP three The third.\n# TYPE three gauge\nthree 3.0\n"


def test_each_process_sees_what_the_others_showed_last(tmp_path: Path) -> None:
    """Never its own, and never half a page."""
    seats = WorkerSeats(tmp_path)
    one, two, three = (seats.take() for _ in range(3))
    assert one.others() == []
    one.keep(b"old")
    one.keep(b"1")
    two.keep(b"2")
    assert (one.others(), two.others(), three.others()) == ([b"2"], [b"1"], [b"1", b"2"])
    (tmp_path / "7.new").write_bytes(b"ha")  # somebody is writing
    assert three.others() == [b"1", b"2"]


def test_nobody_sees_what_a_process_that_ended_has_left(tmp_path: Path) -> None:
    """Its number goes to the next one, and no living process shares one."""
    seats = WorkerSeats(tmp_path)
    first, second = seats.take(), seats.take()
    first.keep(b"1")
    replacement = seats.take()
    assert [one.number for one in (first, second, replacement)] == [0, 1, 2]
    seats.leave(first)
    seats.leave(first)
    assert second.others() == []
    assert seats.take().number == 0
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    """Whoever shows the page says so, and shows its own."""
    pages = WorkerSeats(tmp_path / "gone").take()
    with pytest.raises(OSError, match="gone"):
        pages.keep(b"1")
    assert pages.others() == []


def test_pages_become_one_with_each_family_once() -> None:
    """Whatever one of them has that the others lack."""
    page = merged([PAGE % (b"0", b"1.0"), ALONE, PAGE % (b"1", b"5.0")])
    families = {one.name: one for one in text_string_to_metric_families(page.decode())}
    assert page.count(b"# TYPE one_total counter\n") == 1
    assert {sample.labels["worker"]: sample.value for sample in families["one"].samples} == {
        "0": 1.0,
        "1": 5.0,
    }
    assert [sample.value for sample in families["three"].samples] == [3.0]
    assert merged([PAGE % (b"0", b"1.0")]) == PAGE % (b"0", b"1.0")
    assert merged([]) == b""
