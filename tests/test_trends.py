"""Series that reconcile, refusals in words, and sentences that say what was found."""

import numpy as np
import pandas as pd
import pytest
from trend_fixtures import daily, incidents, monthly

import hotspots as hs
from hotspots.series.lag import recording_lag
from hotspots.series.periods import place
from hotspots.trends import seasonal_trends

# --- placing and counting -------------------------------------------------------------------------


def test_month_only_rows_belong_to_their_month():
    trends = seasonal_trends(monthly([30, 40, 50], "2025-02-01"), by=())
    assert trends.series["period_start"].tolist() == list(
        pd.to_datetime(["2025-02-01", "2025-03-01", "2025-04-01"])
    )
    assert trends.series["incidents"].tolist() == [30, 40, 50]


@pytest.mark.parametrize(
    ("start", "end", "month"),
    [
        ("2025-03-01 00:00", "2025-03-01 00:00", "2025-03"),  # midnight: the new month
        ("2025-02-28 00:00", "2025-03-01 00:00", "2025-02"),  # a whole day: its own month
        ("2025-02-28 20:00", "2025-03-01 06:00", "2025-03"),  # midpoint at 01:00
        ("2025-02-28 16:00", "2025-03-01 06:00", "2025-02"),  # midpoint at 23:00
        ("2024-12-31 23:00", "2025-01-01 02:00", "2025-01"),  # over the year's end
        ("2025-03-30 00:30", "2025-03-30 02:30", "2025-03"),  # the hour the clocks change
    ],
)
def test_an_interval_counts_at_its_midpoint(start, end, month):
    number, spanning = place(incidents([start], [end]), "MS")
    assert number.astype("datetime64[M]").astype(str).tolist() == [month]
    assert spanning == (start[:7] != end[:7] and not end.endswith("01 00:00"))


def test_weeks_begin_on_monday():
    weeks = seasonal_trends(daily(3, "2025-01-06", "2025-02-02"), by=(), freq="W-MON").series
    assert weeks["period_start"].dt.day_name().unique().tolist() == ["Monday"]
    assert weeks["incidents"].tolist() == [21] * 4
    assert weeks["adjusted"].tolist() == [21.0] * 4


def test_month_lengths_are_taken_out():
    trends = seasonal_trends(monthly([280, 310], "2025-02-01"), by=())
    assert trends.series["days"].tolist() == [28, 31]
    assert trends.series["adjusted"].tolist() == pytest.approx([304.375, 304.375], abs=1e-12)


def test_a_group_without_incidents_in_a_recorded_month_has_a_true_zero():
    both = pd.concat([
        monthly([50] * 6, lpt="Longton"),
        monthly([3, 0, 0, 2, 0, 4], lpt="Leek"),
    ]).reset_index(drop=True).rename_axis("incident")  # fmt: skip
    series = seasonal_trends(both).series
    assert series.loc[series["lpt"] == "Leek", "incidents"].tolist() == [3, 0, 0, 2, 0, 4]
    assert (series["status"] == "present").all()


def test_missing_months_are_gaps_never_zeros_and_are_said():
    trends = seasonal_trends(monthly([80] * 4 + [0] * 8 + [90] * 12, lpt="A", source="Force"))
    gap = trends.series.iloc[4:12]
    assert gap["incidents"].isna().all()
    assert (gap["status"] == "missing").all()
    assert "Force: 8 months not recorded" in trends.text
    assert "May to Dec 2020" in trends.text
    assert trends.summary["periods"].tolist() == [16]
    assert trends.summary["missing"].tolist() == [8]
    assert trends.summary["verdict"].tolist() == ["too short to say"]


def test_a_missing_month_of_one_force_leaves_the_other_forces_zero_alone():
    two = pd.concat([
        monthly([60, 60, 0, 60], lpt="A", source="North"),
        monthly([60, 60, 60, 60], lpt="B", source="South"),
        monthly([5, 5, 0, 5], lpt="C", source="South"),
    ]).reset_index(drop=True).rename_axis("incident")  # fmt: skip
    series = seasonal_trends(two).series.set_index("lpt")["incidents"]
    assert np.isnan(series["A"].iloc[2])
    assert series["C"].tolist() == [5, 5, 0, 5]


def test_all_forces_together_mark_a_month_that_one_of_them_lacks_as_incomplete():
    two = pd.concat([
        monthly([60, 60, 0, 60], source="North"), monthly([60, 60, 60, 60], source="South"),
    ]).reset_index(drop=True).rename_axis("incident")  # fmt: skip
    series = seasonal_trends(two, by=()).series
    assert series["status"].tolist() == ["present", "present", "thin", "present"]
    assert series["incidents"].sum() == len(two)
    assert series["adjusted"].isna().tolist() == [False, False, True, False]


def test_thin_months_are_kept_in_the_counts_and_left_out_of_the_fit():
    trends = seasonal_trends(monthly([100] * 5 + [20] + [100] * 6), by=())
    assert trends.series["status"].tolist() == ["present"] * 5 + ["thin"] + ["present"] * 6
    assert trends.series["incidents"].sum() == 1120
    assert trends.summary["periods"].tolist() == [11]
    assert "1 month under 40% of the usual" in trends.text


def test_sparse_records_are_not_called_thin_or_incomplete():
    rng = np.random.default_rng(4)
    days = pd.date_range("2022-01-01", "2023-12-31", freq="D")
    sparse = incidents(days.repeat(rng.poisson(0.15, len(days))))
    periods = seasonal_trends(sparse, by=()).periods
    assert set(periods["status"]) <= {"present", "missing"}


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [
        ("2025-01-01", "2025-06-30", (1, 6)),
        ("2025-01-15", "2025-06-30", (2, 6)),
        ("2025-01-01", "2025-06-18", (1, 5)),
        ("2025-01-02", "2025-06-29", (2, 5)),  # a single day short is short
    ],
)
def test_partly_covered_first_and_last_months_are_dropped_and_said(first, last, kept):
    given = daily(40, first, last)
    trends = seasonal_trends(given, by=())
    assert trends.series["period_start"].dt.month.tolist() == list(range(kept[0], kept[1] + 1))
    assert (trends.series["incidents"] == trends.series["days"] * 40).all()
    assert trends.periods["incidents"].sum() == len(given)
    assert ("partly covered" in trends.text) == (kept != (1, 6))


def test_stragglers_from_years_ago_do_not_stretch_the_series():
    old = daily(1, "1998-05-01", "1998-05-02")
    given = pd.concat([old, daily(20, "2024-01-01", "2024-12-31")]).reset_index(drop=True)
    trends = seasonal_trends(given.rename_axis("incident"), by=())
    assert trends.series["period_start"].min() == pd.Timestamp("2024-01-01")
    assert trends.periods["incidents"].sum() == len(given)


def test_incidents_without_an_lpt_are_their_own_line_and_totals_reconcile():
    given = monthly([40] * 3, lpt=["A"] * 100 + [None] * 20)
    trends = seasonal_trends(given)
    assert trends.summary["lpt"].tolist() == ["A", "no LPT"]
    assert trends.summary["incidents"].tolist() == [100, 20]
    assert trends.series["incidents"].sum() == len(given)
    assert "20 incidents with no LPT" in trends.text


def test_every_way_of_grouping_adds_up_to_the_same_total(county):
    given = county.incidents.sort_values("occurred_from").head(6000)
    for by in ((), ("lpt",), ["category"], ("lpt", "category"), "lpt"):
        trends = seasonal_trends(given, by=by)
        left = trends.periods.loc[trends.periods["status"] == "incomplete", "incidents"].sum()
        assert trends.series["incidents"].sum() + left == len(given)
        assert not trends.series.duplicated([*trends.by, "period_start"]).any()


def test_the_table_given_is_not_changed_and_row_order_does_not_matter(county):
    given = county.incidents.iloc[::6]
    before = given.copy()
    first = seasonal_trends(given)
    pd.testing.assert_frame_equal(given, before)
    again = seasonal_trends(given.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(first.series, again.series)
    assert first.text == again.text


def test_one_incident_and_all_in_one_month():
    one = seasonal_trends(monthly([1]), by=())
    assert one.summary["verdict"].tolist() == ["too short to say"]
    assert "too little recorded" in one.text
    assert seasonal_trends(monthly([500]), by=()).series["incidents"].tolist() == [500]


# --- refusals -------------------------------------------------------------------------------------


def test_weeks_from_month_only_records_are_refused_with_the_reason():
    with pytest.raises(hs.InputError, match=r"100% of the .*month-only.*freq='MS'"):
        seasonal_trends(monthly([50] * 30), by=(), freq="W-MON")


def test_every_fault_is_named_at_once():
    with pytest.raises(hs.InputError) as caught:
        seasonal_trends(monthly([5]), by=("lpt", "ward"), freq="Q")
    assert len(caught.value.faults) == 3
    assert "'MS'" in str(caught.value)
    assert "no such column" in str(caught.value)
    assert "'ward'" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"by": None}, "by is None"), ({"by": 3}, "by is 3"), ({"by": [["lpt"]]}, "by holds"),
     ({"freq": ["MS"]}, "freq is"), ({"freq": None}, "freq is None")],
)  # fmt: skip
def test_arguments_of_the_wrong_kind_are_refused_in_words(given, said):
    with pytest.raises(hs.InputError, match=said):
        seasonal_trends(monthly([30, 30]), **({"by": ()} | given))


def test_an_lpt_that_is_called_no_lpt_is_one_line_with_the_missing():
    given = monthly([40, 40])
    given["lpt"] = np.array(["no LPT", None] * 40, dtype=object)
    trends = seasonal_trends(given)
    assert trends.summary["lpt"].tolist() == ["no LPT"]
    assert trends.summary["incidents"].tolist() == [80]


def test_what_holds_for_every_group_is_said_once_and_every_sentence_stays_whole():
    given = pd.concat([monthly([40] * 14, lpt=name) for name in "AB"], ignore_index=True)
    trends = seasonal_trends(given)
    end = "14 months recorded: too short to say whether there is a season."
    assert trends.text.count(end) == 1
    assert f"; {end}" in trends.text
    assert trends.text.splitlines()[-1] == "B: 40 a month."
    assert trends.summary["sentence"].str.endswith(end).all()
    assert seasonal_trends(given, by=()).text.splitlines()[0].endswith(end)


def test_one_of_a_thing_is_said_in_the_singular():
    text = seasonal_trends(monthly([1]), by=()).text
    assert "\n1 incident counted by month, Jan 20" in text
    assert "1 month recorded" in text


def test_no_incidents_and_no_whole_month_are_refused():
    with pytest.raises(hs.InputError, match="there are no incidents"):
        seasonal_trends(monthly([5]).iloc[:0], by=())
    with pytest.raises(hs.InputError, match="wholly cover no month"):
        seasonal_trends(daily(50, "2025-03-03", "2025-03-17"), by=())
    with pytest.raises(hs.InputError, match="span more than 31 days"):
        seasonal_trends(incidents(["2024-01-01"], ["2025-01-01"]), by=())


# --- words, tables, speed -------------------------------------------------------------------------


def test_the_text_leads_with_the_answer_and_stays_short(county):
    trends = seasonal_trends(county.incidents, by=("lpt", "category"))
    lines = trends.text.splitlines()
    assert lines[0].startswith(f"Of {len(trends.summary):,} series by LPT and category: ")
    assert lines[1].startswith(
        f"{len(county.incidents):,} incidents counted by month, LPT and category"
    )
    assert lines[-1] == f"... and {len(trends.summary) - 10:,} other groups in the summary table."
    assert len(lines) < 22
    assert list(trends.tables) == ["series", "seasons", "summary", "periods", "weekdays"]
    assert "summary" in trends._repr_html_()


def told_of(values, start="2021-01-01"):
    """Trends of a table of counts, LPT by LPT."""
    when = pd.date_range(start, periods=len(next(iter(values.values()))), freq="MS")
    parts = [pd.DataFrame({"lpt": k, "period_start": when, "incidents": v})
             for k, v in values.items()]  # fmt: skip
    return seasonal_trends(pd.concat(parts))


def test_the_answer_tells_seasons_and_changes_and_what_chance_gives():
    t = np.arange(48)
    wave = np.round(300 * np.exp(0.4 * np.cos(2 * np.pi * (t - 6) / 12))).astype(int)
    trends = told_of({
        "A": wave, "B": np.where(t < 36, 100, 150), "C": np.where(t < 36, 100, 60),
        "D": np.full(48, 1000), "E": np.full(48, 0),
    })  # fmt: skip
    first, *_, last = trends.text.splitlines()
    assert first == (
        "Of 5 series by LPT: 1 has a clear season (A highest about July), too few to say of 1; "
        "2 changed clearly on the year before (B +50%, C -40%), where hardly any would by chance."
    ) or "A highest in July" in first  # fmt: skip
    # claims first, though D has most incidents
    assert last.startswith("E: ")
    assert [line[:2] for line in trends.text.splitlines()[-5:]] == ["A:", "B:", "C:", "D:", "E:"]


@pytest.mark.parametrize(("counts", "said"), [
    (([50] * 14, [60] * 14), "too short to say of any whether there is a season (it takes three"),
    (([50] * 5, [60] * 5), "; too little recorded in both of the last two years to compare them."),
    (([50] * 48, [60] * 48), "none has a clear season; none changed clearly on the year before."),
    (([0, 1] * 24, [1, 0] * 24), "too few to say of any whether there is a season; too few to say"),
])  # fmt: skip
def test_the_answer_says_what_cannot_be_said(counts, said):
    first = told_of(dict(zip("AB", counts, strict=True))).text.splitlines()[0]
    assert said in first


def test_many_findings_are_named_by_the_three_surest():
    t = np.arange(48)
    wave = {f"L{k}": np.round((200 + 50 * k) * np.exp(0.4 * np.cos(2 * np.pi * t / 12)))
            for k in range(5)}  # fmt: skip
    first = told_of({k: v.astype(int) for k, v in wave.items()}).text.splitlines()[0]
    assert "5 have a clear season (" in first
    assert first.count("January") == 3
    assert " and 2 more)" in first


def test_police_generated_records_are_said(county):
    police = int((county.incidents["origin"] == "police").sum())
    assert f"{police:,} police-generated incidents" in seasonal_trends(county.incidents).text


@pytest.mark.realdata
def test_staffordshire_is_too_short_to_say(shared):
    loaded = hs.read_incidents(shared / "data/police_uk/staffordshire-2024-2025.zip")
    trends = seasonal_trends(loaded.incidents, by=("category",))
    assert trends.periods["incidents"].sum() == len(loaded.incidents)
    assert trends.series["incidents"].sum() == len(loaded.incidents) > 135_000
    assert (trends.summary["verdict"] == "too short to say").all()
    assert (trends.summary["missing"] == 8).all()
    assert trends.series["trend"].isna().all()
    assert "8 months not recorded" in trends.text


@pytest.mark.realdata
def test_city_of_london_is_decomposed_but_claims_nothing(shared):
    loaded = hs.read_incidents(shared / "data/police_uk/city-of-london-2018-2020.zip")
    trends = seasonal_trends(loaded.incidents, by=())
    assert len(trends.series) == 32
    assert trends.summary["thin"].tolist() == [2]  # April and May 2020, the first lockdown
    assert trends.summary["verdict"].tolist() == ["too short to say"]
    assert trends.series["trend"].notna().all()


# --- hierarchy, days, steps and calendar ----------------------------------------------------------


def test_lpts_add_up_to_commands_and_commands_to_the_force(county):
    trends = seasonal_trends(county.incidents, by=("lpt", "category"), lpts=county.lpts)
    series = trends.series
    assert list(series.columns[:3]) == ["level", "lpt", "category"]
    key = ["category", "period_start"]
    lowest, force = (series[series["level"] == v] for v in ("lpt", "force"))
    commands = series[series["level"] == "command"]
    command = county.lpts["command"].to_dict()
    of = lowest["lpt"].map(command).fillna("no command")
    by_command = lowest.groupby([of.rename("lpt"), *key])["incidents"].sum()
    pd.testing.assert_series_equal(
        commands.set_index(["lpt", *key])["incidents"].sort_index(), by_command.sort_index()
    )
    pd.testing.assert_series_equal(
        force.set_index(key)["incidents"].sort_index(),
        lowest.groupby(key)["incidents"].sum().sort_index(),
    )
    for table in (trends.summary, trends.seasons):
        assert set(table["level"]) == {"lpt", "command", "force"}


def test_levels_are_named_as_a_reader_would(county):
    text = seasonal_trends(county.incidents, lpts=county.lpts).text
    assert "City command: " in text
    assert "Force: " in text
    assert text.count("with no LPT") == 1


def test_a_table_of_counts_gives_the_same_as_the_incidents():
    given = monthly([30, 40, 35] * 14)
    table = seasonal_trends(given, by=()).series[["period_start", "incidents"]]
    one, other = seasonal_trends(given, by=()), seasonal_trends(table, by=())
    pd.testing.assert_frame_equal(one.summary, other.summary)
    counted = hs.count_series(given, by=())
    pd.testing.assert_frame_equal(one.summary, seasonal_trends(counted, by=()).summary)


@pytest.fixture(scope="module")
def busy_saturdays():
    """Four years in which a Saturday holds three times as much as another day."""
    days = pd.date_range("2021-01-01", "2024-12-31", freq="D")
    each = np.where(days.day_of_week == 5, 30, 10)
    return incidents((days + pd.Timedelta("12h")).repeat(each))


def test_months_are_made_alike_in_their_saturdays(busy_saturdays):
    trends = seasonal_trends(busy_saturdays, by=())
    worth = trends.weekdays.set_index("day")["worth"]
    assert worth["Saturday"] / worth["Monday"] == pytest.approx(3, rel=0.02)
    series = trends.series
    plain = series["incidents"] / series["days"]
    assert plain.std() / plain.mean() > 0.02
    assert series["adjusted"].std() / series["adjusted"].mean() < 0.003
    assert series["exposure"].sum() == pytest.approx(series["days"].sum(), rel=0.002)
    assert "table weekdays" in trends.text


def test_month_only_records_are_adjusted_for_their_length_only():
    trends = seasonal_trends(monthly([90] * 24), by=())
    assert trends.weekdays is None
    assert (trends.series["exposure"] == trends.series["days"]).all()


def test_days_of_the_force_are_decomposed_by_week_and_year(busy_saturdays):
    trends = seasonal_trends(busy_saturdays, by=(), freq="D")
    series = trends.series
    assert len(series) == 1461
    c = {"log": 0.5, "square root": 0.375}[trends.summary["scale"].iloc[0]]
    product = (series["trend"] + c) * series["season"] * series["remainder"]
    np.testing.assert_allclose(product, series["adjusted"] + c, rtol=1e-10)
    saturday = series["period_start"].dt.day_of_week == 5
    assert series.loc[saturday, "season"].min() > 2 * series.loc[~saturday, "season"].max()
    assert trends.summary["verdict"].tolist() == ["no clear season"]
    assert "1,461 days recorded" in trends.text


def test_days_of_the_teams_are_tested_but_not_decomposed(county):
    trends = seasonal_trends(county.incidents, freq="D", lpts=county.lpts)
    decomposed = trends.series.groupby("level")["trend"].apply(lambda v: v.notna().any())
    assert decomposed.to_dict() == {"lpt": False, "command": False, "force": True}
    monthly_ = seasonal_trends(county.incidents, lpts=county.lpts).summary
    assert trends.summary["verdict"].tolist() == monthly_["verdict"].tolist()
    np.testing.assert_allclose(trends.summary["p_value"], monthly_["p_value"], rtol=0.2, atol=0.05)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"steps": 5}, "give dates"), ({"steps": ["soon", None]}, "2 faults"),
     ({"steps": pd.DataFrame({"when": []})}, "'start' is missing"),
     ({"steps": ["2021-01-01T00:00Z"]}, "time zone"),
     ({"calendar": pd.DataFrame({"x": [1]})}, "calendar"),
     ({"calendar": pd.DataFrame({"x": [1]}), "steps": [3], "freq": "Q"}, "(?s)Q.*calendar.*steps"),
     ({"lpts": pd.DataFrame()}, "lpts")],
)  # fmt: skip
def test_faulty_steps_calendars_and_lpts_are_refused_in_words(given, said):
    table = monthly([50] * 24, lpt="A")
    with pytest.raises(hs.InputError, match=said):
        seasonal_trends(table, **given)


def test_periods_whose_records_still_come_in_are_left_out_of_every_fit():
    given = daily(10, "2024-01-01", "2025-06-30")
    late = np.where(np.arange(len(given)) % 10 == 0, 12, 1)  # one in ten takes twelve days
    given["recorded_at"] = given["occurred_from"] + pd.to_timedelta(late, unit="D")
    known = given[given["recorded_at"] <= "2025-07-02"].reset_index(drop=True)
    trends = seasonal_trends(known.rename_axis("incident"), by=())
    assert trends.series["status"].tolist() == ["present"] * 17 + ["thin"]
    assert np.isnan(trends.series["adjusted"].iloc[-1])
    assert trends.series["incidents"].sum() == len(known)
    assert "after 12 days or more): Jun 2025 may still rise" in trends.text
    given.loc[0, "recorded_at"] = pd.Timestamp("2025-07-20")  # all of June has had its twelve days
    whole = seasonal_trends(given, by=())
    assert (whole.series["status"] == "present").all()
    assert "still rise" not in whole.text


def test_the_lag_is_read_off_records_old_enough_to_be_all_in():
    day = pd.Series(pd.date_range("2024-01-01", periods=500, freq="D"))
    rows = pd.DataFrame({"occurred_from": day, "occurred_to": day})
    rows["recorded_at"] = day + pd.to_timedelta(np.where(np.arange(500) % 5, 0, 20), unit="D")
    end = pd.Timestamp("2025-05-01")
    known = rows[rows["recorded_at"] <= end]
    assert recording_lag(known).days == 20
    assert recording_lag(known.assign(recorded_at=known["recorded_at"] + pd.Timedelta("99D"))
                         ).days == 31  # fmt: skip
    assert recording_lag(rows.drop(columns="recorded_at")) is None
    assert recording_lag(rows.assign(recorded_at=pd.NaT)) is None
