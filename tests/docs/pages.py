"""Read the documentation as tests need it: tables and code blocks."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """Give a page's text by its path from the root of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Give the code blocks of a language, in order."""
    return [body for found, body in _BLOCK.findall(text) if found == language]


def rows(text: str) -> list[list[str]]:
    """Give the rows of all tables, cell by cell; heads and rulers are rows, too."""
    lines = (line.strip() for line in text.splitlines())
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
