"""The log of decisions: added to, never rewritten; changes show; roles and reasons, no names."""

import csv
import datetime as dt
import io
import threading
from dataclasses import replace

import pandas as pd
import pytest

import hotspots as hs
from hotspots.patrols.example import example_plan

WHEN = dt.datetime(2026, 3, 1, 17, 30)


@pytest.fixture(scope="module")
def plan():
    return example_plan(days=2)


def decide(*rows):
    return pd.DataFrame(rows, columns=["decision", "role", "why", "visit", "hotspot"])


def accepted(role="duty inspector"):
    return decide(("accepted", role, None, None, None))


def test_the_last_decision_on_the_narrowest_thing_stands(tmp_path, plan):
    path = tmp_path / "log.csv"
    first, second, *_ = plan.visits.index
    hs.log_decisions(path, plan, accepted(), when=WHEN)
    spot = plan.visits.loc[second, "hotspot"]
    log = hs.log_decisions(path, plan, decide(
        ("rejected", "sergeant", "market day: two PCSOs there already", first, None),
        ("amended", "sergeant", "an hour later", None, spot),
        ("accepted", "sergeant", None, second, None),
    ))  # fmt: skip
    there = plan.visits.index[plan.visits["hotspot"] == spot]
    stands = log.standing["decision"]
    assert stands[first] == "rejected"
    assert stands[second] == "accepted"
    assert log.standing.loc[second, "decided_on"] == "visit"
    others = [v for v in there if v not in (first, second)]
    assert others
    assert (stands[others] == "amended").all()
    assert stands.eq("accepted").sum() == len(plan.visits) - 1 - len(others)
    # the later word on the same thing replaces the earlier one
    again = hs.log_decisions(path, plan, decide(("accepted", "inspector", None, first, None)))
    assert again.standing.loc[first, "decision"] == "accepted"
    assert again.plans[["decisions", "accepted", "amended", "rejected"]].iloc[0].tolist() == [
        4, 3, 1, 0,
    ]  # fmt: skip
    assert len(again.log) == 5  # nothing is lost


def test_it_says_what_was_decided_and_why(tmp_path, plan):
    path = tmp_path / "log.csv"
    ids = plan.visits.index
    log = hs.log_decisions(path, plan, decide(
        ("rejected", "sergeant", "Road closed.", ids[0], None),
        ("Rejected ", "inspector", "road closed", ids[1], None),
        ("amended", "sergeant", "school run", ids[2], None),
    ), when=WHEN)  # fmt: skip
    assert log.why.iloc[0].tolist() == ["rejected", "Road closed.", 2, "inspector, sergeant"]
    said = log.text
    assert "1 amended, 2 rejected" in said
    assert f"{len(ids) - 3} with no decision yet" in said
    assert "“Road closed.” (rejected, 2 times); “school run” (amended)" in said
    assert "No row was changed" in said
    assert "tasks nobody" in said
    visit = plan.visits.loc[ids[0]]
    assert log.log["recommended"].iloc[0] == (
        f"P1 at {visit['hotspot']}, Mon 2 Mar {visit['arrive']:%H:%M} to {visit['depart']:%H:%M}"
    )
    assert log.log["when"].iloc[0] == pd.Timestamp(WHEN)
    wide = hs.read_decisions(path)
    assert wide.text.startswith("3 decisions on 1 plan, Sun 1 Mar 2026: ")
    assert len(wide.standing) == 0


def test_many_reasons_are_capped(tmp_path, plan):
    rows = [("rejected", "sergeant", f"reason {n}", None, spot)
            for n, spot in enumerate(["H1", "H2"] * 4)]  # fmt: skip
    rows = [(d, r, w, plan.visits.index[n % len(plan.visits)], None)
            for n, (d, r, w, *_) in enumerate(rows)][:4]  # fmt: skip
    log = hs.log_decisions(tmp_path / "log.csv", plan, decide(
        *rows, ("rejected", "sergeant", "five", None, "H1"),
        ("amended", "sergeant", "six", None, "H2"), ("amended", "sergeant", "seven", None, None),
    ))  # fmt: skip
    assert "and 2 more in the table why" in log.text


def test_any_change_shows(tmp_path, plan):
    path = tmp_path / "log.csv"
    for n in range(4):
        log = hs.log_decisions(path, plan, accepted(f"inspector {'abcd'[n]}"), when=WHEN)
    assert log.log["intact"].all()
    whole = path.read_bytes()
    lines = whole.decode("utf-8-sig").splitlines(keepends=True)

    def read(kept):
        path.write_bytes("".join(kept).encode("utf-8-sig"))
        return hs.read_decisions(path, seal=log.seal)

    edited = [*lines[:2], lines[2].replace("inspector b", "superintendent"), *lines[3:]]
    assert read(edited).log["intact"].tolist() == [True, False, True, True]
    assert "row 2 is not as written" in read(edited).text
    assert read([*lines[:2], *lines[3:]]).log["intact"].tolist() == [True, False, False]
    swapped = read([lines[0], lines[2], lines[1], *lines[3:]]).log["intact"]
    assert not swapped.iloc[0]
    assert not swapped.iloc[1]
    # cut short at the end: only the seal noted elsewhere tells
    short = read(lines[:-1])
    assert short.log["intact"].all()
    assert "The seal given is not in the log" in short.text
    assert "The seal given" not in read(lines).text
    # as the text tells it, the beginning of a seal is enough
    assert f"the last seal is {log.seal[:12]}." in log.text
    assert "The seal given" not in hs.read_decisions(path, seal=log.seal[:12]).text
    with pytest.raises(hs.InputError, match="its first 12 characters or more"):
        hs.read_decisions(path, seal=log.seal[:3])
    # and nothing is added to a log that was changed
    path.write_bytes("".join(edited).encode("utf-8-sig"))
    before = path.read_bytes()
    with pytest.raises(hs.InputError, match="row 2 is not as it was written"):
        hs.log_decisions(path, plan, accepted())
    assert path.read_bytes() == before


def test_the_file_only_grows_and_opens_in_a_spreadsheet(tmp_path, plan):
    path = tmp_path / "new" / "log.csv"
    hs.log_decisions(path, plan, decide(
        ("rejected", "=HYPERLINK(1)", "@home, “quoted”\n+1; it's off", None, "H1")
    ))  # fmt: skip
    first = path.read_bytes()
    hs.log_decisions(path, plan, accepted())
    assert path.read_bytes().startswith(first)
    assert first.startswith(b"\xef\xbb\xbf")  # spreadsheets read UTF-8 by it
    assert not path.with_name(".log.csv.lock").exists()
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    log = hs.read_decisions(path).log
    assert log["role"].tolist() == ["=HYPERLINK(1)", "duty inspector"]
    assert log["why"].iloc[0] == "@home, “quoted” +1; it's off"
    assert log["intact"].all()
    assert log["recommended"].iloc[1].startswith(f"{len(plan.visits)} visits, ")


def test_two_who_write_at_once_do_not_lose_a_row(tmp_path, plan):
    path = tmp_path / "log.csv"

    def write(role):
        for _ in range(3):
            hs.log_decisions(path, plan, accepted(role))

    threads = [threading.Thread(target=write, args=(f"sergeant {c}",)) for c in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = hs.read_decisions(path).log
    assert len(log) == 9
    assert log["intact"].all()


def test_a_lock_left_by_a_crash_does_not_stop_the_log_for_good(tmp_path, plan, monkeypatch):
    import os

    import hotspots.atomic.log as module

    path = tmp_path / "log.csv"
    lock = tmp_path / ".log.csv.lock"
    lock.touch()
    monkeypatch.setattr(module, "_WAIT_S", 0.1)
    with pytest.raises(hs.InputError, match="somebody else is writing to it"):
        hs.log_decisions(path, plan, accepted())
    assert not path.exists()
    os.utime(lock, (1, 1))
    assert len(hs.log_decisions(path, plan, accepted()).log) == 1


def test_every_fault_is_named_at_once(tmp_path, plan):
    path = tmp_path / "log.csv"
    first = plan.visits.index[0]
    wrong = "H2" if plan.visits.loc[first, "hotspot"] == "H1" else "H1"
    with pytest.raises(hs.InputError) as error:
        hs.log_decisions(path, plan, decide(
            ("maybe", "sergeant", None, None, None),
            ("rejected", "sergeant", " ", None, None),
            ("accepted", None, None, "no-such", None),
            ("accepted", "PC 4412", None, None, "H9"),
            ("amended", "a.person@force.example", "late", first, wrong),
            ("rejected", "sergeant", "PC 4412 is off sick", None, None),
        ).astype({"role": "object"}).fillna({"role": ""}))  # fmt: skip
    said = str(error.value)
    for part in ("row 1: decision is 'maybe'; it takes accepted, amended, rejected",
                 "row 2: rejected without a reason", "row 3: role is empty",
                 "row 3: visit 'no-such' is not in the plan", "row 4: role is 'PC 4412'",
                 "row 4: hotspot 'H9' is not in the plan", "row 5: role is 'a.person@",
                 "row 6: why points to a person", f"not to '{wrong}'"):  # fmt: skip
        assert part in said
    assert not path.exists()


@pytest.mark.parametrize(
    ("decisions", "match"),
    [(None, "type NoneType; give a DataFrame"), (decide(), "there are no rows"),
     (pd.DataFrame({"decision": ["accepted"]}), "column 'role' is missing"),
     (decide((1, "sergeant", None, None, None)), "must be text")],
)  # fmt: skip
def test_what_is_no_table_of_decisions_is_refused(tmp_path, plan, decisions, match):
    with pytest.raises(hs.InputError, match=match):
        hs.log_decisions(tmp_path / "log.csv", plan, decisions)


@pytest.mark.parametrize("when", ["2026-03-01", 5, pd.NaT, dt.date(2026, 3, 1)])
def test_when_must_be_a_moment(tmp_path, plan, when):
    with pytest.raises(hs.InputError, match=r"when is .*; give a datetime"):
        hs.log_decisions(tmp_path / "log.csv", plan, accepted(), when=when)


def test_other_files_and_places_are_refused(tmp_path, plan):
    with pytest.raises(hs.InputError, match="give a PatrolPlan"):
        hs.log_decisions(tmp_path / "log.csv", plan.visits, accepted())
    with pytest.raises(hs.InputError, match="path is of type NoneType"):
        hs.log_decisions(None, plan, accepted())
    with pytest.raises(hs.InputError, match="there is no file"):
        hs.read_decisions(tmp_path / "none.csv")
    with pytest.raises(hs.InputError, match="it is a folder"):
        hs.log_decisions(tmp_path, plan, accepted())
    other = tmp_path / "incidents.csv"
    other.write_text("category,occurred_from\nASB,2025-01-01\n", encoding="utf-8")
    for use in (hs.read_decisions, lambda path: hs.log_decisions(path, plan, accepted())):
        with pytest.raises(hs.InputError, match="no log of decisions"):
            use(other)
    other.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(hs.InputError, match="not UTF-8"):
        hs.read_decisions(other)
    good = tmp_path / "log.csv"
    hs.log_decisions(good, plan, accepted())
    good.write_bytes(good.read_bytes()[:-80])
    with pytest.raises(hs.InputError, match=r"line 2 has \d+ cells where a log has 11"):
        hs.read_decisions(good)


def test_an_empty_log_says_so(tmp_path, plan):
    path = tmp_path / "log.csv"
    hs.log_decisions(path, plan, accepted())
    path.write_text(path.read_text(encoding="utf-8-sig").splitlines()[0] + "\n", encoding="utf-8")
    log = hs.read_decisions(path, plan)
    assert log.text.startswith("The log holds no decision yet.")
    assert (log.standing["decision"] == "none").all()


def test_a_plan_is_named_by_its_visits(plan):
    from hotspots.patrols.decisions import plan_name

    assert plan_name(plan) == plan_name(replace(plan, visits=plan.visits.iloc[::-1]))
    moved = plan.visits.assign(depart=plan.visits["depart"] + pd.Timedelta("1min"))
    assert plan_name(plan) != plan_name(replace(plan, visits=moved))
    assert plan_name(plan).startswith("2026-03-02 2d ")


def test_a_cell_that_would_spoil_the_file_is_refused(tmp_path, plan):
    path = tmp_path / "log.csv"
    visit = plan.visits.index[0]
    for why in ("x" * 200_000, "a\0b"):
        with pytest.raises(hs.InputError, match=r"why of row 1 has (200,000|a) character"):
            hs.log_decisions(path, plan, decide(("rejected", "sergeant", why, visit, None)))
    assert not path.exists()
    assert len(hs.log_decisions(path, plan, accepted()).log) == 1
