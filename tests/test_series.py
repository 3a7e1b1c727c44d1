"""Counting per group and period: hierarchy, gaps, tables of counts, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.series import count_series


@pytest.fixture(scope="module")
def county():
    return hs.make_county(seed=3, months=6)


def whole(counted):
    """Incidents whose middle lies in a period that the records wholly cover."""
    periods = counted.periods
    return periods.loc[periods["status"] != "incomplete", "incidents"].sum()


def table(values, by=None, start="2024-01-01", freq="MS", **columns):
    when = pd.date_range(start, periods=len(values), freq=freq)
    return pd.DataFrame({"period_start": when, "incidents": values, **(by or {}), **columns})


def test_lpts_add_up_to_commands_and_commands_to_the_force(county):
    counted = count_series(county.incidents, ["lpt", "category"], lpts=county.lpts)
    series = counted.series
    of = county.lpts["command"].to_dict()
    keys = ["category", "period_start"]
    lpt = series[series["level"] == "lpt"]
    above = lpt.assign(lpt=[of.get(name, "no command") for name in lpt["lpt"]])
    command = series[series["level"] == "command"]
    expected = above.groupby(["lpt", *keys])["incidents"].sum()
    found = command.set_index(["lpt", *keys])["incidents"]
    assert found.sort_index().equals(expected.sort_index())
    force = series[series["level"] == "force"].set_index(keys)["incidents"]
    assert force.sort_index().equals(command.groupby(keys)["incidents"].sum().sort_index())
    assert force.sum() == whole(counted)


def test_every_incident_is_in_the_panel_once(county):
    counted = count_series(county.incidents, ["lpt"], lpts=county.lpts)
    panel = counted.panel
    assert panel.y[panel.base].sum() == whole(counted)
    assert counted.periods["incidents"].sum() == len(county.incidents)
    pooled, used = panel.pooled()
    assert pooled.sum() == whole(counted)
    assert used.all()


@pytest.mark.parametrize("freq", ["MS", "W-MON", "D"])
def test_counts_made_by_hand_agree(county, freq):
    incidents = county.incidents
    counted = count_series(incidents, (), freq)
    middle = (
        incidents["occurred_from"] + (incidents["occurred_to"] - incidents["occurred_from"]) / 2
    )
    unit = {"MS": "M", "W-MON": "W-SUN", "D": "D"}[freq]
    by_hand = middle.dt.to_period(unit).dt.start_time.value_counts().sort_index()
    found = counted.series.set_index("period_start")["incidents"]
    assert (by_hand.reindex(found.index, fill_value=0) == found).all()
    assert counted.periods["incidents"].sum() == len(incidents)


def test_a_table_of_counts_gives_the_same_panel_as_its_incidents(county):
    counted = count_series(county.incidents, ["lpt", "category"], lpts=county.lpts)
    base = counted.series[counted.series["level"] == "lpt"].drop(columns=["level", "days"])
    again = count_series(base, ["lpt", "category"], lpts=county.lpts)
    pd.testing.assert_frame_equal(again.series, counted.series)
    assert (again.panel.pool == counted.panel.pool).all()


def test_a_row_left_out_between_two_is_missing_and_not_zero():
    given = table([5, 0, 7, 4]).drop(index=2)
    series = count_series(given, ()).series
    assert series["status"].tolist() == ["present", "present", "missing", "present"]
    assert np.isnan(series["incidents"].iloc[2])
    assert series["incidents"].iloc[1] == 0


def test_status_given_is_kept():
    series = count_series(table([5, 2, 7], status=["present", "thin", "missing"]), ()).series
    assert series["status"].tolist() == ["present", "thin"]  # it ends with its last recorded month
    assert np.isnan(series["adjusted"].iloc[1])


def test_a_month_that_a_team_lacks_makes_the_force_thin():
    given = pd.concat([
        table([5, 6, 7], {"lpt": "North"}), table([5, np.nan, 7], {"lpt": "South"}),
    ])  # fmt: skip
    lpts = hs.make_county(seed=1, months=1).lpts.iloc[:2].copy()
    lpts.index = pd.Index(["North", "South"], name="lpt")
    series = count_series(given, ["lpt"], lpts=lpts).series
    force = series[series["level"] == "force"]
    assert force["status"].tolist() == ["present", "thin", "present"]
    assert force["incidents"].tolist() == [10, 6, 14]


def test_a_panel_until_knows_nothing_of_what_came_after(county):
    panel = count_series(county.incidents, ["lpt", "category"]).panel
    early = panel.until(3)
    assert early.y.shape == (len(panel.keys), 3)
    assert (early.y == panel.y[:, :3]).all()
    assert early.month.tolist() == [0, 1, 2]


def test_any_column_of_text_names_a_group(county):
    incidents = county.incidents.assign(beat=np.where(county.incidents.geometry.is_empty, "?", "A"))
    counted = count_series(incidents, ["lpt", "beat"])
    assert counted.series["incidents"].sum() == whole(counted)
    assert (counted.panel.pool == 0).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (table([1.5, 2]), "whole numbers"),
        (table([-1, 2]), "whole numbers"),
        (table(["a", "b"]), "must be numbers"),
        (table([np.nan, np.nan]), "empty in every row"),
        (table([1, 2], start="2024-01-02", freq="D"), "not the first day of a month"),
        (pd.concat([table([1, 2]), table([3])]), "repeat a group"),
        (table([1, 2], status=["present", "lost"]), "status holds lost"),
        (table([1, 2]).iloc[:0], "empty; a series"),
        (table([1, 2]).assign(period_start=["2024-01", "2024-02"]), "period_start is"),
    ],
)
def test_tables_of_counts_that_cannot_be_used_are_refused_in_words(given, said):
    with pytest.raises(hs.InputError, match=said):
        count_series(given, ())


def test_every_fault_of_the_question_is_named_at_once(county):
    with pytest.raises(hs.InputError) as caught:
        count_series(county.incidents, ["ward", "harm", "lpt", "lpt"], "Q",
                     lpts=county.lpts.drop(columns="command"))  # fmt: skip
    assert len(caught.value.faults) == 5
    assert "command" in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({}, r"by=\['category'\] and freq='MS', not by=\['lpt'\]"),
     ({"by": ["lpt", "category"]}, "anew"),
     ({"by": ["category"], "freq": "W-MON"}, "not by=.* and freq='W-MON' as asked"),
     ({"by": None}, "by is None"), ({"by": 3, "freq": "Q"}, "2 faults")],
)  # fmt: skip
def test_counts_are_not_passed_off_for_what_they_are_not(county, asked, said):
    counted = count_series(county.incidents, ["category"])
    assert count_series(counted, "category") is counted
    with pytest.raises(hs.InputError, match=said):
        count_series(counted, **asked)


@pytest.mark.parametrize("name", ["level", "status", "incidents", "days"])
def test_columns_that_the_series_has_already_name_no_group(county, name):
    with pytest.raises(hs.InputError, match=f"by holds '{name}'"):
        count_series(county.incidents.assign(**{name: "x"}), [name, "lpt"], lpts=county.lpts)


def test_an_lpt_may_be_called_as_its_command_but_not_as_the_force(county):
    names = county.lpts["command"].to_numpy()[[0, -1]]
    lpts = county.lpts.iloc[[0, -1]].set_index(pd.Index(names, name="lpt"))
    given = pd.concat([table([5, 6, 7], {"lpt": names[0]}), table([1, 2, 3], {"lpt": names[1]})])
    series = count_series(given, ["lpt"], lpts=lpts).series
    assert series.groupby("level")["incidents"].sum().tolist() == [24.0] * 3
    with pytest.raises(hs.InputError, match="an LPT is called 'Force'"):
        count_series(given, ["lpt"], lpts=lpts.rename(index={names[0]: "Force"}))


def test_counts_without_levels_have_no_commands(county):
    counted = count_series(county.incidents, ["lpt", "category"])
    assert count_series(counted, ["category", "lpt"]) is counted
    with pytest.raises(hs.InputError, match="count anew with lpts"):
        count_series(counted, ["lpt", "category"], lpts=county.lpts)
    with pytest.raises(hs.InputError, match="lpts"):
        count_series(counted, ["lpt", "category"], lpts="lpts.gpkg")


@pytest.mark.parametrize("ask", ["seasonal_trends", "find_alerts", "forecast", "find_breaks",
                                 "publish_trends", "calendar_effects"])  # fmt: skip
def test_no_method_takes_counts_by_one_thing_for_counts_by_another(county, ask):
    by = ["category"] if ask in ("seasonal_trends", "forecast") else ["lpt"]
    with pytest.raises(hs.InputError, match="the counts given are by="):
        getattr(hs, ask)(count_series(county.incidents, by))


def test_the_order_of_rows_does_not_matter(county):
    again = count_series(county.incidents.sample(frac=1, random_state=1), ["lpt", "category"])
    counted = count_series(county.incidents, ["lpt", "category"])
    pd.testing.assert_frame_equal(again.series, counted.series)


@pytest.mark.parametrize(
    ("freq", "said"),
    [
        ("MS", "4 incidents in 1 series by month, January 2024 to March 2024; 1 month not recor"),
        (
            "W-MON",
            "by week, the week from 1 January 2024 to the week from 15 January 2024; 1 week ",
        ),
        ("D", "by day, 1 January 2024 to 3 January 2024; 1 day not recorded, left as gaps."),
    ],
)
def test_the_text_names_the_periods_as_people_do(freq, said):
    assert said in count_series(table([1, np.nan, 3], freq=freq), (), freq).text
