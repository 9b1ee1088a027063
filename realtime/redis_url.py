"""Read the addresses in a Redis URL: one server, or some of a cluster's."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

__all__ = ["is_cluster", "server_urls"]


def is_cluster(url: str) -> bool:
    """Tell whether the URL means a Redis Cluster (``redis+cluster://``, ``rediss+cluster://``)."""
    return url.partition("://")[0].endswith("+cluster")


def server_urls(url: str) -> list[str]:
    """Give a plain URL for each server named, with the login and the options of the whole.

    Only of a cluster may there be several, comma separated. Raises ValueError when one of these
    has no host, or a port is none.
    """
    if not is_cluster(url):
        return [_checked(url)]
    parts = urlsplit(url)
    login, at, servers = parts.netloc.rpartition("@")
    scheme = parts.scheme.removesuffix("+cluster")
    # No path: a cluster has no logical databases.
    urls = [
        _checked(urlunsplit((scheme, f"{login}{at}{server.strip()}", "", parts.query, "")))
        for server in servers.split(",")
    ]
    if not all(urlsplit(one).hostname for one in urls):
        message = "a server of the cluster has no name"
        raise ValueError(message)
    return urls


def _checked(url: str) -> str:
    _ = urlsplit(url).port  # raises ValueError
    return url
