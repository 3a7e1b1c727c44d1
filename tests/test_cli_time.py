"""Runs that ask about time: hours, alerts, steps, forecasts, pages, and what may be published."""

import shutil

import pandas as pd
import pytest

import hotspots as hs
from hotspots.cli import UNUSABLE, main
from hotspots.cli.config import read_config

DATA = """
[data]
incidents = "{incidents}"
lpts = "lpts.gpkg"
{mapping}
[hotspots]
min_incidents = 5
[hotspots.counts]
[grid]
size = 200
[output]
folder = "out"
"""
TIMED = DATA.format(incidents="extract.csv", mapping='mapping = "extract.toml"')
MONTHS = DATA.format(incidents="county-street.zip", mapping="")


@pytest.fixture
def configured(tmp_path, sample):
    for name in ("extract.csv", "extract.toml", "lpts.gpkg", "county-street.zip"):
        shutil.copy(sample / name, tmp_path / name)

    def write(text):
        path = tmp_path / "run.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def tables(folder):
    return {path.stem for path in (folder / "bi").glob("*.csv")}


def test_hours_and_published_figures_of_timed_records(configured, capsys):
    path = configured(TIMED + '[times]\nby = ["lpt"]\n[publish]\n[profiles]\n')
    assert main(["run", str(path)]) == 0
    out = path.parent / "out"
    page = (out / "index.html").read_text(encoding="utf-8")
    for title in ("Hours of the week", "Peaks"):
        assert f">{title}</h2>" in page
    assert {"week_profile_hours", "peak_windows_windows"} <= tables(out)
    said = capsys.readouterr().out
    assert "with a reliable peak" in said
    assert (out / "profile.html").is_file()
    figures = pd.read_csv(out / "public" / "figures.csv", encoding="utf-8-sig", dtype=str)
    shown = pd.to_numeric(figures["published"], errors="coerce").dropna()
    assert ((shown % 5 == 0) & (shown >= 0)).all()
    assert (out / "public" / "public-profile.html").is_file()
    assert not any(name.startswith("published") for name in tables(out))


def test_months_give_alerts_steps_and_a_forecast_whose_parts_add_up(configured):
    path = configured(
        MONTHS + '[alerts]\n[breaks]\nby = ["lpt"]\n[forecast]\nhorizon = 2\n[trends]\n'
    )
    assert main(["run", str(path), "--quiet"]) == 0
    out = path.parent / "out"
    assert {"alerts_groups", "breaks_summary", "forecast_ahead", "trends_summary"} <= tables(out)
    ahead = pd.read_csv(out / "bi" / "forecast_ahead.csv", encoding="utf-8-sig")
    levels = ahead.pivot_table("expected", "period_start", "level", aggfunc="sum")
    assert levels["lpt"].to_numpy() == pytest.approx(levels["force"].to_numpy())
    assert levels["command"].to_numpy() == pytest.approx(levels["force"].to_numpy())
    assert len(levels) == 2


def test_hours_of_month_only_records_are_refused_with_the_reason(configured, capsys):
    path = configured(MONTHS + "[times]\n")
    assert main(["run", str(path), "--quiet"]) == UNUSABLE
    assert "these records do not bear it" in capsys.readouterr().err
    assert not (path.parent / "out").exists()


def test_a_category_that_does_not_occur_is_named(configured, capsys):
    path = configured(TIMED + '[times]\ncategory = "Piracy"\n')
    assert main(["run", str(path), "--quiet"]) == UNUSABLE
    assert "[times] category 'Piracy' does not occur" in capsys.readouterr().err


def test_a_calendar_and_a_registry_of_ones_own(configured, tmp_path):
    (tmp_path / "days.csv").write_text(
        "kind,name,start,end\nschool_holiday,Summer,22/07/2024,02/09/2024\n", encoding="utf-8"
    )
    (tmp_path / "known.toml").write_text(
        '[[change]]\nname = "New system"\nstart = 2023-06-01\nkind = "system"\nsource = "us"\n',
        encoding="utf-8",
    )
    path = configured(
        MONTHS + '[trends]\ncalendar = "days.csv"\n[breaks]\nregistry = "known.toml"\n'
    )
    assert main(["run", str(path), "--quiet"]) == 0
    known = pd.read_csv(path.parent / "out/bi/breaks_registry.csv", encoding="utf-8-sig")
    assert "New system" in known["name"].tolist()
    assert len(known) == len(hs.read_known_changes()) + 1


def test_faults_of_the_sections_on_time_are_named_at_once(configured):
    path = configured(
        MONTHS + '[trends]\ncalendar = "gone.csv"\n[alerts]\nlevel = 2\nfrequency = "MS"\n'
        '[forecast]\nhorizon = 9\n[breaks]\nregistry = "gone.toml"\n[times]\nby = "lpt"\n'
    )
    with pytest.raises(hs.InputError) as caught:
        read_config(path)
    assert len(caught.value.faults) == 6
    for said in ("gone.csv", "level is 2", "frequency is unknown; did you mean 'freq'",
                 "horizon is 9", "gone.toml", "[times] by is 'lpt'"):  # fmt: skip
        assert said in str(caught.value)
