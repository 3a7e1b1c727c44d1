"""``hotspots brief``: the briefing from a configuration, printed and written."""

import datetime as dt
import re
import shutil

import pandas as pd
import pytest

import hotspots as hs
from hotspots.cli import FINE, UNUSABLE, main
from hotspots.cli.brief import _moment
from hotspots.cli.config import read_config

NEEDED = ("extract.csv", "extract.toml", "lpts.gpkg", "brief.toml")


@pytest.fixture
def config(tmp_path, sample):
    """Return the sample's configuration of a briefing in a folder of its own."""
    for name in NEEDED:
        shutil.copy(sample / name, tmp_path / name)
    return tmp_path / "brief.toml"


def change(config, *lines):
    """Set keys of ``[briefing]``, and leave out near repeat, which takes time."""
    text = config.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(tuple(
        f"{said.split(' ')[0]} " for said in lines))]  # fmt: skip
    config.write_text("\n".join([*kept, *lines, "near_repeat = false"]), encoding="utf-8")
    return config


def test_the_sample_is_briefed_on_and_says_how_little_it_rests_on(config, capsys):
    assert main(["brief", str(config), "--when", "2025-03-31"]) == FINE
    said = capsys.readouterr().out
    assert "Briefing on the 24 hours to 07:00 on Monday 31 March 2025" in said
    assert "Force: 17 incidents, within the usual range" in said
    assert "That is a short history, 8 of 52 weeks" in said
    assert "with no allowance for the season" in said
    assert "Burglary: no near-repeat pattern" in said
    assert len(re.findall(r" incidents?, within the usual range", said)) == 11
    page = config.parent / "briefing" / "briefing.html"
    assert said.splitlines()[-1] == f"written to {page}"
    html = page.read_text(encoding="utf-8")
    assert "<h1>Ashenmere: daily briefing</h1>" in html
    assert html.count('<section class="sheet"') == 11  # the force and ten LPTs


def test_one_lpt_quietly_to_another_folder(config, capsys, tmp_path):
    out = tmp_path / "elsewhere"
    given = ["--when", "2025-03-31 09:30", "--lpt", "Fennimore", "--out", str(out), "--quiet"]
    assert main(["brief", str(change(config)), *given]) == FINE
    assert capsys.readouterr() == ("", "")
    html = (out / "briefing.html").read_text(encoding="utf-8")
    assert html.count('<section class="sheet"') == 1
    assert "<h1>Ashenmere: daily briefing: Fennimore</h1>" in html
    assert "The 24 hours to 09:30 on Monday 31 March 2025" in html


def test_what_the_configuration_may_add(config, capsys):
    pytest.importorskip("reportlab")
    folder = config.parent
    (folder / "tasks.csv").write_text(
        "task,due,lpt\nSee the shop,2025-03-31,Fennimore\n", encoding="utf-8"
    )
    (folder / "visits.csv").write_text(
        "visit,hotspot,lpt,unit,shift,arrive,depart,reason\n"
        "1,E1_N1,Fennimore,F1,late,2025-03-31T18:00:00,2025-03-31T18:15:00,busy\n",
        encoding="utf-8",
    )
    change(config, "hours = 72", "start_hour = 6", 'tasks = "tasks.csv"', 'plan = "visits.csv"',
           "pdf = true", 'title = "Monday"')  # fmt: skip
    assert main(["brief", str(config), "--when", "2025-03-31"]) == FINE
    said = capsys.readouterr().out
    assert "Briefing on the 72 hours to 06:00 on Monday 31 March 2025." in said
    assert "1. 18:00 to 18:15 E1_N1 (F1)" in said
    assert "See the shop (due today)" in said
    assert (folder / "briefing" / "briefing.pdf").read_bytes().startswith(b"%PDF")
    html = (folder / "briefing" / "briefing.html").read_text(encoding="utf-8")
    assert "<h1>Monday</h1>" in html


def test_a_date_is_the_hour_configured_and_today_the_default():
    today = pd.Timestamp.today().date()
    assert _moment(None, 7) == today.isoformat()
    assert _moment(" 2025-03-31 ", 7) == "2025-03-31"
    assert _moment("2025-03-31", 6) == dt.datetime(2025, 3, 31, 6)
    assert _moment("2025-03-31 09:30", 6) == dt.datetime(2025, 3, 31, 9, 30)


def test_what_cannot_be_briefed_on(config, capsys, sample):
    def refused(*given):
        assert main(["brief", *map(str, given)]) == UNUSABLE
        err = capsys.readouterr().err
        assert err.startswith("hotspots brief: ")
        assert "Traceback" not in err
        return err

    change(config)
    assert "'yesterday' is no date" in refused(config, "--when", "yesterday")
    err = refused(config, "--when", "2025-03-31", "--lpt", "Fenimore")
    assert "LPT 'Fenimore' is not among Aldermoss, Brackenholt, Corvendale" in err
    whole = refused(sample / "config.toml", "--when", "2025-03-31")  # that of a run: month-only
    assert "do not bear a daily briefing: only 0% are known to the day" in whole
    (config.parent / "tasks.csv").write_text("what\nx\n", encoding="utf-8")
    (config.parent / "visits.csv").write_text("hotspot\nx\n", encoding="utf-8")
    change(config, 'tasks = "tasks.csv"', 'plan = "visits.csv"')
    config.write_text(config.read_text("utf-8").replace("near_repeat = false\n", "", 1), "utf-8")
    assert "[briefing] plan: visits.csv: column 'lpt' is missing" in refused(config)


def test_faults_of_the_section_are_named_with_the_others(config):
    config.write_text(
        config.read_text("utf-8").replace("hours = 24", "hours = 0\nstart_hours = 3\nplan = 'x'"),
        encoding="utf-8",
    )
    with pytest.raises(hs.InputError) as error:
        read_config(config)
    assert list(error.value.faults) == [
        "[briefing] hours is 0; it must be a whole number of hours from 1 to 168.",
        "[briefing] start_hours is unknown; did you mean 'start_hour'?",
        f"[briefing] plan: there is no 'x' in {config.parent}.",
    ]


def test_a_configuration_of_a_run_has_the_defaults(sample):
    asked = read_config(sample / "config.toml").briefing
    assert (asked["hours"], asked["start_hour"], asked["near_repeat"]) == (24, 7, True)
    assert asked["folder"] == sample.resolve() / "briefing"
