"""Which Authentication-Results count: by where they stand and who wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.mail.authentication import (
    Trust,
    read_results,
    trusted_part,
    verify_sender,
)
from connectors.protocols.mail.headers import Headers

OURS = "mx.simpul.example"
TRUST = Trust(servers=(OURS,))
PASSED = f"{OURS}; spf=pass smtp.mailfrom=a.example; dmarc=pass header.from=a.example"
RESULTS = ("Authentication-Results", PASSED)
HOP = ("Received", f"from x ([192.0.2.7]) by {OURS}; Tue, 24 Nov 2026 10:00:00 +0700")
THEIRS = ("Received", "from y by mail.a.example; Tue, 24 Nov 2026 09:59:00 +0700")
FROM = ("From", "Sari <sari@a.example>")


def rule(*fields: tuple[str, str], trust: Trust = TRUST) -> str:
    return verify_sender(Headers(fields), trust).rule


def test_a_result_above_our_received_line_counts() -> None:
    verdict = verify_sender(Headers((RESULTS, HOP, THEIRS, FROM)), TRUST)

    assert verdict.is_verified
    assert verdict.server == OURS


def test_without_a_trusted_server_nothing_counts() -> None:
    assert rule(RESULTS, HOP, FROM, trust=Trust()) == "no_trusted_server"


def test_a_forged_result_below_our_received_line_does_not_count() -> None:
    assert rule(HOP, RESULTS, FROM) == "no_trusted_result"
    assert rule(HOP, RESULTS, THEIRS, FROM) == "no_trusted_result"


def test_a_forged_line_of_ours_moves_no_border() -> None:
    assert rule(HOP, RESULTS, HOP, FROM) == "no_trusted_result"


def test_a_mail_that_no_server_of_ours_took_over_shows_nothing() -> None:
    assert rule(RESULTS, FROM) == "no_trusted_hop"
    assert rule(RESULTS, HOP, FROM, trust=Trust((OURS,), hops=2)) == "no_trusted_hop"


def test_behind_two_servers_of_ours_the_outer_ones_result_counts() -> None:
    two = Trust((OURS,), hops=2)

    assert rule(HOP, RESULTS, HOP, FROM, trust=two) == "dmarc_pass"
    assert rule(HOP, HOP, RESULTS, FROM, trust=two) == "no_trusted_result"


def test_a_server_that_writes_below_its_line_is_believed_before_who_forged() -> None:
    below = Trust((OURS,), below_received=True)
    failed = ("Authentication-Results", f"{OURS}; dmarc=fail header.from=a.example")
    signed = ("DKIM-Signature", "v=1; d=a.example")

    assert rule(HOP, RESULTS, FROM, trust=below) == "dmarc_pass"
    assert rule(HOP, failed, RESULTS, FROM, trust=below) == "dmarc_fail"
    assert rule(HOP, signed, RESULTS, FROM, trust=below) == "no_trusted_result"
    assert rule(HOP, THEIRS, RESULTS, FROM, trust=below) == "no_trusted_result"


def test_the_topmost_of_our_results_decides() -> None:
    failed = ("Authentication-Results", f"{OURS}; dmarc=fail header.from=a.example")
    other = ("Authentication-Results", f"{OURS}; dkim=pass header.d=a.example")

    assert rule(failed, RESULTS, HOP, FROM) == "dmarc_fail"
    assert rule(other, RESULTS, HOP, FROM) == "dmarc_pass"


@pytest.mark.parametrize(
    "value",
    [
        "lain.example; dmarc=pass header.from=a.example",
        f"{OURS}.lain.example; dmarc=pass header.from=a.example",
        f"lain.example ({OURS}; dmarc=pass header.from=a.example)",
        f'"lain {OURS}"; dmarc=pass header.from=a.example',
        f"{OURS}; none",
        f"{OURS}; spf=pass smtp.mailfrom=dmarc=pass",
        f"{OURS}; (dmarc=pass header.from=a.example)",
        OURS,
        "",
    ],
)
def test_what_is_not_our_servers_word_on_dmarc_does_not_count(value: str) -> None:
    assert rule(("Authentication-Results", value), HOP, FROM) == "no_trusted_result"


@pytest.mark.parametrize(
    "value",
    [
        f"{OURS} 1; dmarc=pass header.from=a.example",
        f"{OURS.upper()};\r\n dmarc=pass (p=reject (nested)) header.from=A.example",
        f'{OURS}; dmarc = pass reason="ok; fine" header.from = a.example',
        f"{OURS}; dkim=fail header.d=b.example; dmarc=pass header.from=a.example;",
    ],
)
def test_all_the_ways_of_writing_it_are_read(value: str) -> None:
    assert rule(("Authentication-Results", value), HOP, FROM) == "dmarc_pass"


@pytest.mark.parametrize("result", ["fail", "none", "temperror", "permerror"])
def test_any_other_result_is_a_claim(result: str) -> None:
    value = f"{OURS}; dmarc={result} header.from=a.example"

    assert rule(("Authentication-Results", value), HOP, FROM) == f"dmarc_{result}"


def test_two_results_in_one_header_count_as_the_worse() -> None:
    passed = "dmarc=pass header.from=a.example"
    for order in (f"{passed}; dmarc=fail", f"dmarc=fail; {passed}"):
        value = f"{OURS}; {order}"
        assert rule(("Authentication-Results", value), HOP, FROM) == "dmarc_fail"


def test_another_domain_than_that_of_the_from_line_vouches_for_nobody() -> None:
    other = ("From", "Sari <sari@b.example>")
    bare = ("Authentication-Results", f"{OURS}; dmarc=pass")

    assert rule(RESULTS, HOP, other) == "dmarc_of_another_domain"
    assert rule(bare, HOP, FROM) == "dmarc_of_another_domain"
    below = ("From", "Sari <sari@sub.a.example>")
    assert rule(RESULTS, HOP, below) == "dmarc_of_another_domain"


def test_a_mail_of_two_senders_is_of_nobody() -> None:
    assert rule(RESULTS, HOP, FROM, ("From", "x@a.example")) == "not_one_sender"
    both = ("From", "sari@a.example, ani@a.example")
    assert rule(RESULTS, HOP, both) == "not_one_sender"
    assert rule(RESULTS, HOP) == "not_one_sender"


@given(st.text(max_size=300))
def test_no_header_is_too_broken_to_be_read(value: str) -> None:
    server, results = read_results(value)

    assert isinstance(server, str)
    assert isinstance(dict(results), dict)


_NAMES = st.sampled_from(
    ["Received", "Authentication-Results", "From", "Subject", "X-Spam-Flag"]
)


@given(st.lists(st.tuples(_NAMES, st.sampled_from([PASSED, "YES", "x by y"]))))
def test_nothing_that_an_outsider_writes_makes_a_sender_verified(
    written: list[tuple[str, str]],
) -> None:
    """Our server puts its Received line, and a failure, on top of anything."""
    failed = ("Authentication-Results", f"{OURS}; dmarc=fail header.from=a.example")
    headers = Headers((failed, HOP, *written))

    assert not verify_sender(headers, TRUST).is_verified
    ours = trusted_part(headers, TRUST)
    assert ours is not None
    assert len(ours.fields) == 2
