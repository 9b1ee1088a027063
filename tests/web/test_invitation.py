"""A link that invites to a list leads into it, from wherever one opens it."""

from __future__ import annotations

import uuid

import pytest
from playwright.async_api import Browser, Route, expect

from tests.servers.fixtures import StartReplica
from tests.servers.person import PASSWORD, Person
from tests.servers.replica import Replica
from tests.web.visitor import PHONE, Visitor


@pytest.fixture
def replica_with_people(service: tuple[Replica, Replica]) -> Replica:
    """Give one replica of the service that all tests share."""
    return service[0]


async def link_to(host: Person, title: str, **more: object) -> str:
    """Make a list and a link that invites to it; give what follows the address of the page."""
    list_id = await host.make_list(title)
    body = {"role": "editor", **more}
    made = await host.call("POST", f"/lists/{list_id}/invites", body)
    return f"/#/invites/{made['token']}"


async def fill_in(visitor: Visitor, tab: str, username: str, button: str) -> None:
    """Come through the door."""
    await visitor.page.get_by_role("tab", name=tab).click()
    await visitor.page.get_by_label("User name").fill(username)
    await visitor.page.get_by_label("Password").fill(PASSWORD)
    await visitor.page.get_by_role("button", name=button, exact=True).click()


async def test_a_link_leads_through_the_door_into_the_list(
    browser: Browser, replica_with_people: Replica
) -> None:
    """The door says what it is about; whoever makes an account or logs in has the list open."""
    origin = replica_with_people.origin
    host = await Person.register(replica_with_people, "host")
    link = await link_to(host, "Trip")
    friend = await Person.register(replica_with_people, "friend")
    for context in ({}, PHONE):
        newcomer = await Visitor.arrive(browser, origin + link, **context)
        await expect(newcomer.page.locator("#gate-invited")).to_contain_text("You are invited")
        username = f"new-{uuid.uuid4().hex[:8]}"
        await fill_in(newcomer, "New account", username, "Make my account")
        await newcomer.has_list_open("Trip")
        assert "invites" not in newcomer.page.url
        await newcomer.add(f"from {username}")
        await expect(newcomer.open_titles.last).to_have_text(f"from {username}")
        await newcomer.is_unharmed()
        await newcomer.leave()

    known = await Visitor.arrive(browser, origin + link)
    await fill_in(known, "Log in", friend.username, "Log in")
    await known.has_list_open("Trip")
    await known.page.reload()
    await known.has_list_open("Trip")
    await known.is_unharmed()


async def test_whoever_is_logged_in_is_asked_first(
    browser: Browser, replica_with_people: Replica
) -> None:
    """A link alone makes nobody a member: its members would see who followed it."""
    host = await Person.register(replica_with_people, "host")
    link = await link_to(host, "Trip")
    ann = await Visitor.register(browser, replica_with_people.origin, "ann")
    question = ann.page.get_by_role("dialog").filter(has_text="Join a list?")
    await ann.page.goto(replica_with_people.origin + link)
    await question.get_by_role("button", name="Cancel").click()
    await ann.has_list_open("Inbox")
    await expect(ann.page.locator("#lists").get_by_role("link", name="Trip")).to_have_count(0)
    await ann.page.goto(replica_with_people.origin + link)
    await question.get_by_role("button", name="Join").click()
    await ann.has_list_open("Trip")
    await ann.is_unharmed()


async def test_an_invitation_outlives_a_lost_answer(
    browser: Browser, replica_with_people: Replica
) -> None:
    """Tried again it is the same attempt: one for a single use is not used up by the first."""
    host = await Person.register(replica_with_people, "host")
    link = await link_to(host, "Trip", uses=1)
    ann = await Visitor.register(browser, replica_with_people.origin, "ann")
    attempts = 0

    async def lose(route: Route) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await route.abort()
        elif attempts == 2:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await ann.page.route("**/accept", lose)
    await ann.page.goto(replica_with_people.origin + link)
    await ann.page.get_by_role("button", name="Join").click()
    question = ann.page.get_by_role("dialog").filter(has_text="could not be joined yet")
    for _ in range(2):
        await expect(question).to_contain_text("cannot be reached")
        async with ann.page.expect_request("**/accept"):
            await question.get_by_role("button", name="Try again").click()
    await ann.has_list_open("Trip")
    assert attempts == 3
    await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_a_link_that_is_over_says_so(browser: Browser, replica_with_people: Replica) -> None:
    """The page goes on without it."""
    ann = await Visitor.register(browser, replica_with_people.origin, "ann")
    await ann.page.goto(f"{replica_with_people.origin}/#/invites/made-up")
    await ann.page.get_by_role("dialog").get_by_role("button", name="Join").click()
    await expect(ann.toast).to_contain_text("withdrawn, used up or expired")
    await ann.has_list_open("Inbox")
    await ann.is_unharmed()


async def test_registration_by_invitation_works_through_its_link(
    browser: Browser, start_replica: StartReplica
) -> None:
    """One for a single use lets one person in; without one the door says what is missing."""
    replica = await start_replica()
    link = await link_to(await Person.register(replica, "host"), "Trip", uses=1)
    await replica.stop()
    replica.settings["REGISTRATION"] = "invite"
    await replica.launch()
    newcomer = await Visitor.arrive(browser, replica.origin + link)
    await fill_in(newcomer, "New account", "newcomer", "Make my account")
    await newcomer.has_list_open("Trip")
    await newcomer.is_unharmed()
    for path in (link, ""):
        late = await Visitor.arrive(browser, replica.origin + path)
        await fill_in(late, "New account", "late", "Make my account")
        await expect(late.page.locator("#gate-problem")).to_contain_text("valid invitation")
