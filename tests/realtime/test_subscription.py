"""One subscriber: what was missed and what happens meanwhile, merged by offset."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.publication import Publication
from realtime.subscription import Phase, Recovery, Step, Subscription
from store.entry import Entry, LogRead
from store.todo.model import Role
from tests.realtime.makers import LOG, OTHER, USER, entry, offsets, pub, read


def _live(head: int = 5) -> Subscription:
    subscription = Subscription(LOG, USER)
    subscription.start(read(head), None)
    subscription.merge()
    assert subscription.phase is Phase.FOLLOWING
    return subscription


def test_without_recovery_it_starts_at_the_head() -> None:
    """The reply names the head; what was offered meanwhile follows it."""
    subscription = Subscription(LOG, USER)
    for offset in (5, 6):
        assert subscription.offer(pub(offset)) == Step()
    start = subscription.start(read(5), None)
    assert start is not None
    assert (start.offset, start.recovered, offsets(start.publications)) == (5, None, [])
    assert offsets(subscription.merge().publications) == [6]
    assert offsets(subscription.offer(pub(7)).publications) == [7]


def test_recovery_gives_what_was_missed_then_goes_live() -> None:
    """The reply names the position asked for, because SDKs store it before they deliver."""
    subscription = Subscription(LOG, USER)
    subscription.offer(pub(6))
    start = subscription.start(read(5, [entry(4), entry(5)]), Recovery("e", 3))
    assert start is not None
    assert (start.offset, start.recovered, offsets(start.publications)) == (3, True, [4, 5])
    assert offsets(subscription.merge().publications) == [6]


def test_a_position_that_cannot_be_recovered_is_a_reset() -> None:
    """Other epoch, ahead of the head, below the floor, the epoch that matches none."""
    for recovery in (
        Recovery("old", 3),
        Recovery("_", 3),
        Recovery("e", 6),
        Recovery("e", 1),
        Recovery("e", -1),
        Recovery("", 2**53),
    ):
        subscription = Subscription(LOG, USER)
        start = subscription.start(read(5, floor=2), recovery)
        assert start is not None
        assert (start.offset, start.recovered, start.publications) == (5, False, ())


def test_an_absent_epoch_matches_any() -> None:
    """A client that has none yet may still resume."""
    subscription = Subscription(LOG, USER)
    start = subscription.start(read(5, [entry(5)]), Recovery("", 4))
    assert start is not None
    assert start.recovered is True


def test_a_stranger_gets_nothing() -> None:
    """A read without membership ends it before it began."""
    subscription = Subscription(LOG, USER)
    assert subscription.start(read(5, role=None), Recovery("e", 3)) is None
    assert subscription.offer(pub(6)) == Step()
    assert subscription.phase is Phase.ENDED


def test_a_long_backlog_comes_page_by_page() -> None:
    """Live entries wait until the pages have caught up with them."""
    subscription = Subscription(LOG, USER)
    start = subscription.start(read(6, [entry(1), entry(2)]), Recovery("e", 0))
    assert start is not None
    assert subscription.merge() == Step()
    assert subscription.behind
    assert subscription.offer(pub(7)) == Step()
    assert offsets(subscription.page(read(7, [entry(3), entry(4)]), 2).publications) == [3, 4]
    last = subscription.page(read(7, [entry(5), entry(6), entry(7)]), 4)
    assert offsets(last.publications) == [5, 6, 7]
    assert subscription.phase is Phase.FOLLOWING


def test_the_removal_is_the_last_entry() -> None:
    """It is passed on, and then nothing."""
    subscription = _live()
    step = subscription.offer(pub(6, "member.removed", USER))
    assert (offsets(step.publications), step.ended) == ([6], True)
    assert subscription.offer(pub(7)) == Step()
    assert subscription.page(read(7, [entry(7)]), 6) == Step()


def test_the_removal_of_somebody_else_is_an_entry_like_others() -> None:
    """Only its subject loses access."""
    assert not _live().offer(pub(6, "member.removed", OTHER)).ended


def test_the_end_of_the_list_ends_everybody() -> None:
    """Nobody has access to a list that is gone."""
    assert _live().offer(pub(6, "list.deleted")).ended


def test_a_removal_while_catching_up_ends_it_too() -> None:
    """Whether the next page shows it or the buffer holds it."""
    subscription = Subscription(LOG, USER)
    subscription.start(read(6, [entry(1), entry(2)]), Recovery("e", 0))
    subscription.offer(pub(7, "member.removed", USER))
    step = subscription.page(read(7, role=None), 2)
    assert (step.publications, step.ended) == ((), True)
    other = Subscription(LOG, USER)
    other.offer(pub(6, "member.removed", USER))
    other.offer(pub(7))
    other.start(read(5, [entry(5)]), Recovery("e", 4))
    step = other.merge()
    assert (offsets(step.publications), step.ended) == ([6], True)


def test_a_removal_that_the_read_has_overtaken_does_not_count() -> None:
    """Who is a member at head 8 was added again after the removal at 6."""
    subscription = Subscription(LOG, USER)
    subscription.offer(pub(6, "member.removed", USER))
    missed = [entry(6, "member.removed", USER), entry(7, "member.added", USER), entry(8)]
    start = subscription.start(read(8, missed), Recovery("e", 5))
    assert start is not None
    assert offsets(start.publications) == [6, 7, 8]
    assert not subscription.merge().ended
    assert offsets(subscription.offer(pub(9)).publications) == [9]
    assert subscription.offer(pub(10, "member.removed", USER)).ended


def test_a_full_buffer_is_dropped_and_read_from_the_log() -> None:
    """Memory is bounded, nothing is lost."""
    subscription = Subscription(LOG, USER, limit=2)
    for offset in range(6, 11):
        subscription.offer(pub(offset))
    subscription.start(read(5), None)
    assert not subscription.merge().publications
    assert subscription.behind
    page = subscription.page(read(10, [entry(offset) for offset in range(6, 11)]), 5)
    assert offsets(page.publications) == [6, 7, 8, 9, 10]
    assert subscription.phase is Phase.FOLLOWING


def test_what_was_dropped_from_the_queue_is_sent_again() -> None:
    """The subscription goes back to the last entry that left; a page in flight does not count."""
    subscription = _live(5)
    for offset in (6, 7, 8):
        subscription.offer(pub(offset))
    subscription.fall_behind(6, 8)
    assert subscription.page(read(8, [entry(8)]), 7) == Step()
    assert offsets(subscription.page(read(8, [entry(7), entry(8)]), 6).publications) == [7, 8]
    assert subscription.phase is Phase.FOLLOWING


def test_a_hole_in_what_is_offered_is_read_from_the_log() -> None:
    """It does not happen; if it does, nothing is skipped."""
    subscription = _live(5)
    assert subscription.offer(pub(7)) == Step()
    assert subscription.behind
    page = subscription.page(read(7, [entry(6), entry(7)]), 5)
    assert offsets(page.publications) == [6, 7]


def test_what_ended_stays_ended() -> None:
    """Neither a dropped queue nor a late page revives it."""
    subscription = _live(5)
    subscription.end()
    subscription.fall_behind(3, 5)
    assert subscription.merge() == Step()
    assert subscription.page(read(6, [entry(6)]), 5) == Step()
    assert subscription.phase is Phase.ENDED


def test_a_page_with_a_hole_is_used_up_to_it() -> None:
    """The log has none; what follows one would be out of order."""
    subscription = Subscription(LOG, USER)
    subscription.start(read(5, [entry(1), entry(3)]), Recovery("e", 0))
    assert (subscription.position, subscription.behind) == (1, True)


class _World:
    """A log that grows, a feed that lags behind it, reads that lag behind both, and a queue."""

    def __init__(self, before: list[str], since: int, limit: int) -> None:
        self.log: list[Entry] = []
        for kind in ["member.added", *before]:
            self.commit(kind)
        self.fed = len(self.log)
        self.subscription = Subscription(LOG, USER, limit)
        self.since = min(since, len(self.log))
        self.received: list[int] = []
        self.member_at: list[int] = []  # the heads at which a finished read saw the membership
        self.open_read: tuple[LogRead, int] | None = None
        self.started = False
        self.over = False

    def commit(self, kind: str) -> None:
        subject = USER if kind.startswith("member.") else None
        self.log.append(entry(len(self.log) + 1, kind, subject))

    def member(self, head: int) -> bool:
        state = False
        for one in self.log[:head]:
            if one.type == "member.added":
                state = True
            elif one.type in {"member.removed", "list.deleted"}:
                state = False
        return state

    def feed(self) -> None:
        if self.fed < len(self.log):
            self.fed += 1
            self.take(self.subscription.offer(Publication(self.log[self.fed - 1])))

    def begin_read(self, page: int) -> None:
        if self.open_read is not None or self.over:
            return
        if self.started and not self.subscription.behind:
            return
        since = self.subscription.position if self.started else self.since
        head = len(self.log)
        role = Role.EDITOR if self.member(head) else None
        entries = self.log[since : since + page] if role else []
        self.open_read = (read(head, entries, role=role), since)

    def finish_read(self) -> None:
        if self.open_read is None:
            return
        (done, since), self.open_read = self.open_read, None
        if done.role is not None:
            self.member_at.append(done.head)
        if self.started:
            self.take(self.subscription.page(done, since))
            return
        start = self.subscription.start(done, Recovery("e", self.since))
        if start is None:
            self.over = True
            return
        self.started = True
        assert start.offset == self.since
        self.received += offsets(start.publications)
        self.take(self.subscription.merge())

    def drop(self, count: int) -> None:
        """Lose the last ``count`` entries of the queue before they left."""
        if not self.started or self.subscription.phase is Phase.ENDED:
            return
        kept = max(0, len(self.received) - count)
        if kept < len(self.received):
            self.subscription.fall_behind(self.received[kept] - 1, self.fed)
            del self.received[kept:]

    def take(self, step: Step) -> None:
        assert not self.over or not step.publications, "something came after the end"
        self.received += offsets(step.publications)
        self.over = self.over or step.ended

    def check(self) -> None:
        count = len(self.received)
        assert self.received == list(range(self.since + 1, self.since + 1 + count))
        for offset in self.received:
            assert any(
                offset <= head
                or not any(
                    one.type in {"member.removed", "list.deleted"}
                    for one in self.log[head : offset - 1]
                )
                for head in self.member_at
            ), f"{offset} came to somebody who had no access"


_KINDS = st.sampled_from(["todo.created"] * 6 + ["member.removed", "member.added", "list.deleted"])
_ACTIONS = st.one_of(
    st.tuples(st.just("commit"), _KINDS),
    st.tuples(st.just("feed"), st.none()),
    st.tuples(st.just("begin"), st.integers(1, 5)),
    st.tuples(st.just("finish"), st.none()),
    st.tuples(st.just("drop"), st.integers(1, 4)),
)


@settings(max_examples=500)
@given(
    before=st.lists(st.just("todo.created"), max_size=8),
    since=st.integers(0, 8),
    limit=st.sampled_from([1, 3, 256]),
    actions=st.lists(_ACTIONS, max_size=60),
)
def test_every_interleaving_gives_everything_once_in_order_and_nothing_to_strangers(
    before: list[str], since: int, limit: int, actions: list[tuple[str, object]]
) -> None:
    """Commits, deliveries, reads and dropped queues in any order: since+1..head, or a clean end."""
    world = _World(before, since, limit)
    for name, argument in actions:
        match name:
            case "commit":
                world.commit(str(argument))
            case "feed":
                world.feed()
            case "begin":
                world.begin_read(int(str(argument)))
            case "finish":
                world.finish_read()
            case _:
                world.drop(int(str(argument)))
        world.check()
    for _ in range(500):  # everything quietens down
        world.begin_read(5)
        world.finish_read()
        world.feed()
        if world.fed == len(world.log) and not world.subscription.behind and world.started:
            break
        if world.over:
            break
    world.check()
    if not world.over:
        assert world.received == list(range(world.since + 1, len(world.log) + 1))
        assert world.subscription.phase is Phase.FOLLOWING
    if world.over and world.started:
        assert world.subscription.phase is Phase.ENDED
