"""The publisher's ledger beside a plain dictionary that does the same slowly."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.broker.ledger import Hint, Ledger

STEPS = st.floats(0, 60, allow_nan=False)


class AnyConfirms(RuleBasedStateMachine):
    """A broker that confirms, refuses and returns in any order, and repeats itself."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.open: dict[int, Hint] = {}
        self.sent_at: dict[int, float] = {}
        self.sent: list[Hint] = []
        self.taken_out: list[Hint] = []
        self.now = 0.0

    @rule(seconds=STEPS)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(lane=st.sampled_from(["intake.web", "deliver.dinkes"]))
    def send(self, lane: str) -> None:
        hint = Hint(lane, (f"row-{len(self.sent)}",))
        tag = self.ledger.sent(hint, self.now)
        self.sent.append(hint)
        assert tag == len(self.sent)
        self.open[tag] = hint
        self.sent_at[tag] = self.now

    @rule(data=st.data(), multiple=st.booleans())
    def confirm(self, data: st.DataObject, *, multiple: bool) -> None:
        tag = self._any_tag(data)
        spoken_of = [
            known
            for known in sorted(self.open)
            if known == tag or (multiple and known < tag)
        ]

        assert self.ledger.confirmed(tag, multiple=multiple) == [
            self.open[known] for known in spoken_of
        ]

        self._take_out(spoken_of)

    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        tag = self._any_tag(data)

        assert self.ledger.returned(tag) == self.open.get(tag)

        self._take_out([tag] if tag in self.open else [])

    @rule()
    def listen_again(self) -> None:
        self.ledger.restart_clock(self.now)
        self.sent_at = dict.fromkeys(self.open, self.now)

    @invariant()
    def what_is_under_way_is_known_in_its_order(self) -> None:
        assert len(self.ledger) == len(self.open)
        assert list(self.ledger.unconfirmed()) == [
            self.open[tag] for tag in sorted(self.open)
        ]

    @invariant()
    def the_oldest_waits_longest(self) -> None:
        expected = max((self.now - at for at in self.sent_at.values()), default=0.0)
        assert self.ledger.oldest_age(self.now) == expected

    @invariant()
    def every_hint_is_spoken_of_once(self) -> None:
        seen = [*self.taken_out, *self.ledger.unconfirmed()]
        assert sorted(seen, key=lambda hint: int(hint.ids[0][4:])) == self.sent

    def _any_tag(self, data: st.DataObject) -> int:
        """A tag of this channel, or one that was never given out."""
        return data.draw(st.integers(1, len(self.sent) + 2))

    def _take_out(self, tags: list[int]) -> None:
        for tag in tags:
            self.taken_out.append(self.open.pop(tag))
            del self.sent_at[tag]


TestAnyConfirms = AnyConfirms.TestCase
TestAnyConfirms.settings = settings(deadline=None)


def test_a_returned_hint_is_not_confirmed_by_the_ack_that_follows() -> None:
    ledger = Ledger()
    lost = ledger.sent(Hint("deliver.gone", ("a",)), 0)
    ledger.sent(Hint("deliver.dinkes", ("b",)), 0)

    assert ledger.returned(lost) == Hint("deliver.gone", ("a",))
    assert ledger.confirmed(lost, multiple=False) == []
    assert ledger.confirmed(2, multiple=True) == [Hint("deliver.dinkes", ("b",))]
