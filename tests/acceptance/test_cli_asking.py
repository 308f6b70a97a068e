"""`simpul agencies sources` and `simpul agencies reconcile`, where nobody can be asked.

What they do where somebody can is shown by the scenarios.
"""

from tests.acceptance.command import FAILED, Run, party


def test_agencies_that_speak_by_themselves_are_not_asked(lived: Run) -> None:
    found = lived("agencies", "sources")
    assert (found.code, found.out) == (0, "")
    assert "Nobody is asked" in found.err
    assert lived("agencies", "sources", "--json").document == []
    assert party(lived, "dinkes")["asking"] == ""


def test_an_agency_that_is_not_loaded_is_an_error(lived: Run) -> None:
    found = lived("agencies", "reconcile", "dinkess")
    assert found.code == FAILED
    assert "no agency 'dinkess' is loaded; loaded: " in found.err
