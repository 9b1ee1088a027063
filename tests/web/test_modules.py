"""Tests of the page's files: pure modules under Node, vendored code, what the markup may hold."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

import pytest

from tests.servers.missing import program

WEB = Path(__file__).parents[2] / "http_api" / "web"
SUITES = sorted(Path(__file__).parent.glob("*.test.mjs"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
async def test_a_pure_module_keeps_its_promises_under_node(suite: Path) -> None:
    """Each suite of a pure module passes, and is not empty."""
    node = program("node", "nodejs", package="nodejs")
    process = await asyncio.create_subprocess_exec(
        node,
        "--test",
        "--test-reporter=tap",
        suite,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    passed = re.search(r"^# pass (\d+)$", output, re.MULTILINE)
    assert passed is not None, output
    assert int(passed[1]) > 0, output


def test_vendored_code_is_what_its_readme_says() -> None:
    """The SDK is byte for byte the published file, of the version that the page asks for."""
    readme = (WEB / "vendor" / "README.md").read_text()
    scripts = sorted((WEB / "vendor").glob("*.js"))
    assert scripts
    for script in scripts:
        assert f"{hashlib.sha256(script.read_bytes()).hexdigest()}  {script.name}" in readme
        assert f"/static/vendor/{script.name}" in (WEB / "index.html").read_text()


def test_the_markup_holds_neither_scripts_nor_styles_nor_handlers() -> None:
    """The content security policy forbids them, so the page must not need them."""
    markup = (WEB / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", markup)
    assert re.findall(r"<script(?![^>]*\ssrc=)", markup) == []


def test_every_module_is_asked_for_at_once() -> None:
    """The page names each module, so that none waits for another one's imports."""
    modules = {
        path.relative_to(WEB).as_posix()
        for folder in (WEB, WEB / "view")
        for path in folder.glob("*.js")
    }
    named = set(re.findall(r'"/static/((?:view/)?\w+\.js)"', (WEB / "index.html").read_text()))
    assert named == modules


def test_nothing_that_people_typed_becomes_markup() -> None:
    """No module of ours uses a door through which text turns into elements or code."""
    doors = re.compile(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(")
    ours = [path for path in WEB.rglob("*.js") if "vendor" not in path.parts]
    assert [path.name for path in ours if doors.search(path.read_text())] == []
