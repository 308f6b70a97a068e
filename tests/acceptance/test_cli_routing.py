"""`simpul routing`, `simpul agencies` and `simpul complaints route|triage`."""

from pathlib import Path

import pytest

from connectors import registry
from hub.bootstrap import Hub, build_hub
from hub.settings import Server, Settings
from hub.simulator.region import SimulatedRegion
from schemas.raw import RawMessage
from tests.acceptance.command import FAILED, UNHEALTHY, Run, World, sql, tree, wrong
from tests.acceptance.world import wait_until
from tests.samples import SAMPLE_ROUTES

MARKER = "Muhibbin"
"""A citizen's word that no rule has; never to be printed."""
PLACED = f"Lampu PJU mati di depan rumah {MARKER}"
UNPLACED = f"Saluran tersumbat, banjir dan air meluap ke rumah {MARKER}"
NEW_RULES = """
[[rules]]
id = "flood.words"
why = "A flood belongs to the works office."
keyword = ["banjir"]
main = ["dinas_pupr"]
examples = [{ text = "Banjir lagi" }]

[[rules]]
id = "rest"
why = "Everything else."
main = ["dinkes"]

[[rules]]
id = "never"
why = "Stands too far behind."
keyword = ["lampu"]
main = ["disdukcapil"]
"""


@pytest.fixture
def examples(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with the sample agencies; no secret of theirs is known."""
    monkeypatch.setenv("SIMPUL_WITH_EXAMPLES", "true")
    return run


@pytest.fixture
def taken(examples: Run, tmp_path: Path) -> Run:
    """Run a command where two complaints were taken in, of which one was placed."""
    settings = Settings(
        data_dir=tmp_path / "data", with_examples=True, server=Server(port=0)
    )
    with SimulatedRegion(1) as region:
        hub = build_hub(settings, region.environment())
        hub.start()
        try:
            _take(hub)
        finally:
            hub.stop()
    return examples


def _take(hub: Hub) -> None:
    for number, text in enumerate((PLACED, UNPLACED)):
        body = f'{{"title": "Keluhan", "body": "{text}"}}'
        raw = RawMessage(
            source="web",
            lane="intake.web",
            source_key=f"public:/api/v1/complaints::k{number}",
            body=body.encode(),
            content_type="application/json",
            meta={"route": "/api/v1/complaints", "code": ""},
        )
        hub.accept(raw)
    wait_until(hub.store.queries.counts, {"complaints": 2, "to_work": 0, "lagging": 0})


def numbers(run: Run) -> dict[str, str]:
    """Name the two complaints."""
    rows = run("complaints", "list", "--json").document
    return {
        "unplaced" if row["triage"] else "placed": row["public_number"] for row in rows
    }


def test_the_rules_are_listed_and_their_examples_asked(examples: Run) -> None:
    listed = examples("routing", "list")
    tested = examples("routing", "test", "--json")

    assert "queue.words" in listed.out
    assert (tested.code, tested.document) == (0, {"ok": True, "findings": []})
    rules, examples_ = SAMPLE_ROUTES.rules, SAMPLE_ROUTES.examples
    asked = len(examples_) + sum(len(rule.examples) for rule in rules)
    well = f"{len(rules)} rules and {asked} examples are well."
    assert well in examples("routing", "test").err


def test_categories_are_listed_in_both_languages(run: Run) -> None:
    rows = {
        row["category"]: row for row in run("routing", "categories", "--json").document
    }

    assert rows["lingkungan"]["also"] == "lingkungan-hidup"
    assert rows["kesehatan.obat"]["parent"] == "kesehatan"
    assert "Civil registration" in run("routing", "categories").out


def test_a_file_whose_rules_cannot_work_is_named(examples: Run, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text(NEW_RULES.replace("Banjir lagi", "Air naik"))

    found = examples("routing", "test", str(file), "--json")

    assert found.code == FAILED
    assert [(one["place"], one["what"]) for one in found.document["findings"]] == [
        ("never", "shadowed"),
        ("flood.words", "example"),
    ]
    file.write_text("rules = 1")
    refused = examples("routing", "test", str(file))
    assert refused.code == FAILED
    assert "new.toml" in refused.err


def test_made_up_words_are_explained_and_suggested(examples: Run) -> None:
    given = ("--text", UNPLACED, "--region", "99.01", "--category", "topik-lainnya")
    found = examples("routing", "explain", *given, "--json").document

    assert found["agencies"] == []
    assert found["rule"] == "no_rule"
    assert [one["failed"] for one in found["asked"]][:2] == ["keyword", "category"]
    assert len(found["asked"]) == len(SAMPLE_ROUTES.rules)
    assert found["suggestions"][0]["agency"] == "dinas_pupr"
    assert found["category"] == "Topik Lainnya / Other topics"
    people = examples("routing", "explain", *given)
    assert "99.01 is no region of Kepmendagri" in people.err
    assert "Perhaps dinas_pupr" in people.err
    unknown = examples("routing", "explain", "--text", "a", "--category", "puisi")
    assert "puisi is no category" in unknown.err
    wrong_code = examples("routing", "explain", "--text", "a", "--region", "Depok")
    assert (wrong_code.code, "are codes" in wrong_code.err) == (FAILED, True)


def test_a_rule_that_matches_is_shown_with_what_held(examples: Run) -> None:
    given = ("--text", "Antrian lama", "--channel", "sms")
    found = examples("routing", "explain", *given, "--json").document

    assert found["agencies"] == ["dinkes"]
    assert found["asked"][-1] == {
        "rule": "queue.words",
        "failed": "",
        "detail": "keyword “antrian”",
    }
    rules = [rule.id for rule in SAMPLE_ROUTES.rules]
    assert found["not_asked"] == len(rules) - rules.index("queue.words") - 1


def test_a_stored_complaint_is_explained_without_its_words(taken: Run) -> None:
    placed = numbers(taken)["placed"]
    found = taken("complaints", "route", placed, "--explain", "--json")

    assert found.document["agencies"] == ["dinas_pupr"]
    assert found.document["rule"] == "works.words"
    assert found.document["today"]["asked"][-1]["rule"] == "works.words"
    assert MARKER not in found.out
    people = taken("complaints", "route", placed, "--explain")
    assert "MATCHES" in people.out
    assert MARKER not in people.out + people.err


def test_a_unit_is_one_of_the_declared_ones(taken: Run) -> None:
    number = numbers(taken)["unplaced"]
    given = ("assign", number, "--agency", "dinkes", "--unit")
    assert taken("complaints", "verify", number).code == 0

    ended = taken("complaints", *given, "puskesmas_lama")
    assert ended.code == FAILED
    assert "its successors: puskesmas_sukamaju" in ended.err
    unknown = taken("complaints", *given, "puskesmas_sukamju")
    assert "there are: puskesmas_sukamaju" in unknown.err
    assert taken("complaints", *given, "puskesmas sukamaju").code == 0

    placed = taken("complaints", "route", number, "--json").document
    assert (placed["rule"], placed["now"]) == ("no_rule", ["dinkes"])
    shown = taken("complaints", "show", number, "--json").document
    assert (shown["category_name"], shown["region_name"]) == ("", "")
    assert taken("complaints", "triage").err.startswith("Nothing waits")


def test_what_was_erased_cannot_be_explained(taken: Run, tmp_path: Path) -> None:
    number = numbers(taken)["placed"]
    sql(
        tmp_path,
        "UPDATE data_keys SET wrapped = NULL, destroyed_at = '2026-11-24 00:00:00'",
    )

    found = taken("complaints", "route", number, "--explain")

    assert found.code == FAILED
    assert "was erased" in found.err
    assert taken("complaints", "route", number).code == 0


def test_what_waits_is_listed_with_a_suggestion_and_its_words_only(taken: Run) -> None:
    for more in ([], ["--learn", "30"]):
        found = taken("complaints", "triage", *more, "--json")
        (row,) = found.document
        assert row["public_number"] == numbers(taken)["unplaced"]
        assert row["why"] == "no_rule: no routing rule matches"
        assert row["suggestions"][0]["agency"] == "dinas_pupr"
        assert {"banjir", "meluap"} <= set(row["suggestions"][0]["words"])
        assert MARKER not in found.out
    assert MARKER not in taken("complaints", "triage").out
    still = taken("complaints", "list", "--json").document
    assert [row["triage"] for row in still].count(True) == 1


def test_another_table_is_tried_on_past_complaints_and_changes_nothing(
    taken: Run, tmp_path: Path
) -> None:
    file = tmp_path / "new.toml"
    file.write_text(NEW_RULES)
    named = numbers(taken)
    before = tree(tmp_path / "data")

    found = taken("routing", "try", str(file), "--days", "1", "--json").document

    assert (found["asked"], found["changed"], found["erased"]) == (2, 2, 0)
    assert [
        (one["came"], one["goes"], one["count"], one["public_numbers"])
        for one in found["changes"]
    ] == [
        ("dinas_pupr", "dinkes", 1, [named["placed"]]),
        ("triage", "dinas_pupr", 1, [named["unplaced"]]),
    ]
    assert [one["place"] for one in found["findings"]] == ["never"]
    people = taken("routing", "try", str(file))
    assert "2 of 2 complaints would go elsewhere" in people.err
    assert named["placed"] in people.out
    same = taken("routing", "try", str(registry.SAMPLES / "routing.toml"), "--json")
    assert same.document["changed"] == 0
    assert tree(tmp_path / "data") == before


def test_the_doctor_names_rules_that_cannot_work(
    lived: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "routing.toml").write_text(NEW_RULES)
    monkeypatch.setenv("SIMPUL_AGENCIES_DIR", str(tmp_path / "own"))

    found = lived("doctor", "--json")

    assert (found.code, wrong(found)) == (UNHEALTHY, ["routing"])
    told = lived("doctor").err
    assert "shadowed" in told
    assert "unknown_agency" in told


def test_agencies_are_listed_as_a_tree(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (registry.SAMPLES / "disdukcapil" / "agency.toml").read_text()
    units = """
[[units]]
name = "ditjen"
title = "Ditjen Layanan"
[[units]]
name = "upt"
title = "UPT Sukamaju"
parent = "ditjen"
valid_until = 2020-01-01
successors = ["ditjen"]
"""
    (tmp_path / "own" / "disdukcapil").mkdir(parents=True)
    (tmp_path / "own" / "disdukcapil" / "agency.toml").write_text(text + units)
    monkeypatch.setenv("SIMPUL_AGENCIES_DIR", str(tmp_path / "own"))

    rows = run("agencies", "list", "--json").document

    assert [(row["agency"], row["depth"]) for row in rows] == [
        ("disdukcapil", 0),
        ("ditjen", 1),
        ("upt", 2),
    ]
    assert rows[2]["today"] == "absent"
    assert "UPT Sukamaju" in run("agencies", "list").out


def test_platforms_above_are_listed_with_the_agencies(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMPUL_WITH_EXAMPLES", "true")

    rows = run("agencies", "list", "--json").document

    kinds = {row["agency"]: row["kind"] for row in rows}
    assert kinds["sp4n_lapor"] == "upstream"
    assert kinds["dinkes"] == "agency"
    assert {"not set up"} == {row["condition"] for row in rows if row["condition"]}
