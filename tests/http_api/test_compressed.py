"""Hold what `http_api.compressed` promises: gzip for those who take it, and for nobody else."""

from __future__ import annotations

import pytest

from http_api.compressed import refuses_gzip
from tests.http_api.service import Service


@pytest.mark.parametrize(
    "accepted",
    ["gzip;q=0", "gzip; q=0.000", "br, GZIP ; q=0.0", "gzip;q=0, identity", "*, gzip;Q=0"],
)
def test_a_weight_of_zero_refuses(accepted: str) -> None:
    """However it is written (RFC 9110 section 12.4.2)."""
    assert refuses_gzip(accepted)


@pytest.mark.parametrize(
    "accepted", ["", "gzip", "gzip, deflate, br", "gzip;q=0.5", "br;q=0, gzip;q=1.0", "gzip;q=no"]
)
def test_anything_else_does_not(accepted: str) -> None:
    """Another coding's weight says nothing about this one."""
    assert not refuses_gzip(accepted)


async def test_whoever_refuses_gzip_gets_the_answer_as_it_is(embedded: Service) -> None:
    """A long one, too; caches are told that the field decides."""
    url = "/openapi.json"
    refused = await embedded.http.get(url, headers={"Accept-Encoding": "gzip;q=0"})
    taken = await embedded.http.get(url, headers={"Accept-Encoding": "gzip;q=0.1"})
    assert "content-encoding" not in refused.headers
    assert "Accept-Encoding" in refused.headers["vary"]
    assert taken.headers["content-encoding"] == "gzip"
    assert refused.content == taken.content
