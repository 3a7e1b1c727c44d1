"""Effects of kinds of day: what was planted comes back, what was not is not claimed."""

import zipfile

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.trends._effects_fit import fit_effects
from hotspots.trends._effects_tables import _intervals, _mean_effect
from hotspots.trends._effects_words import _size

KINDS = [
    "bank_holiday", "bank_holiday_eve", "christmas", "new_year_eve", "new_year_day", "halloween",
    "bonfire", "payday_weekend",
]  # fmt: skip
TERMS = pd.DataFrame({
    "kind": "school_holiday",
    "start": [f"{day}/{year}" for year in (2022, 2023, 2024)
              for day in ("14/02", "08/04", "27/05", "24/07", "24/10", "20/12")],
    "end": [f"{day}/{year}" for year in (2022, 2023, 2024)
            for day in ("18/02", "21/04", "03/06", "02/09", "28/10", "31/12")],
})  # fmt: skip


def counts(
    mean, *, seed=1, planted=None, calendar=None, lpt=None, level=0.0, overdispersion=0.0, years=3
):
    """Daily counts from 1 January 2022 with weekdays, a season and planted log effects."""
    rng = np.random.default_rng(seed)
    last = f"{2021 + years}-12-31"
    days = hs.calendar_days("2022-01-01", last, calendar, lpt)
    turn = (days[["christmas", "new_year_eve", "new_year_day"]].sum(axis=1) > 0).to_numpy()
    at = np.arange(len(days))
    log = np.log(mean) + 0.25 * np.cos(2 * np.pi * (at - 190) / 365.25) + level * at / len(at)
    log += 0.2 * days[["friday", "saturday"]].sum(axis=1).to_numpy()
    for kind, effect in (planted or {}).items():
        on = days[kind].to_numpy() * (~turn if kind.startswith("bank") else 1)
        log += effect * on
    rate = np.exp(log)
    if overdispersion:
        rate = rate * rng.gamma(1 / overdispersion, overdispersion, len(days))
    return pd.DataFrame({"period_start": days.index, "incidents": rng.poisson(rate)})


def of(result, kind, table="effects"):
    rows = result.tables[table]
    return rows[rows["effect"] == kind].iloc[0]


# --- one series ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted():
    truth = {"bank_holiday": 0.18, "halloween": 0.5, "bonfire": 0.3, "christmas": -0.4,
             "school_holiday": 0.1}  # fmt: skip
    table = counts(60, planted=truth, calendar=TERMS, overdispersion=0.01)
    return truth, hs.calendar_effects(table, by=(), calendar=TERMS)


def test_planted_effects_come_back_within_their_intervals(planted):
    truth, result = planted
    assert result.effects["effect"].tolist() == [*KINDS, "school_holiday"]
    for kind, effect in truth.items():
        row = of(result, kind)
        assert row["low"] < np.exp(effect) < row["high"], kind
        assert row["class_"] == ("more" if effect > 0 else "fewer"), kind
        assert row["ratio"] == pytest.approx(np.exp(effect), rel=0.12)
    others = [kind for kind in KINDS if kind not in truth]
    assert {of(result, kind)["class_"] for kind in others} == {"no clear effect"}


def test_the_days_behind_an_effect_are_counted(planted):
    _, result = planted
    row = of(result, "bank_holiday")
    # 2022 to 2024 have 26, of which seven are Christmas Day, Boxing Day or New Year's Day itself
    days = hs.bank_holidays("2022-01-01", "2024-12-31").index
    own = [f"{day:%m-%d}" for day in days if f"{day:%m-%d}" in ("12-25", "12-26", "01-01")]
    assert row["days"] == len(days) - len(own)
    assert of(result, "halloween")[["days", "occasions"]].tolist() == [9, 3]
    assert of(result, "bonfire")[["days", "occasions"]].tolist() == [21, 3]
    assert of(result, "school_holiday")["occasions"] == 18
    assert row["change"] == pytest.approx(row["ratio"] - 1)
    assert row["ratio"] == pytest.approx(row["incidents"] / row["expected"], rel=0.01)


def test_the_text_gives_size_interval_and_days(planted):
    _, result = planted
    row = of(result, "bank_holiday")
    said = (
        f"On bank holidays the total runs {100 * row['change']:.0f}% above an ordinary day (95% "
        f"interval {100 * row['low'] - 100:.0f} to {100 * row['high'] - 100:.0f}%, "
        f"{row['days']} days)."
    )
    assert said in result.text
    assert "On 24 to 26 December the total runs" in result.text
    assert "% below an ordinary day" in result.text
    first = result.text.split("\n")[0]
    assert first.startswith("More incidents than on an ordinary day: 1 to 7 November (Bonfire")
    assert first.endswith("; fewer: 24 to 26 December.")
    assert "5 of 9 kinds of day tested differ clearly" in result.text
    assert "about one such finding in 20 at most is chance" in result.text
    assert "from midnight to midnight" in result.text
    assert "does not say why" in result.text


def test_the_fit_is_that_of_statsmodels():
    # the model alone: statsmodels.api takes two seconds to import
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    table = counts(8, planted={"halloween": 0.5}, overdispersion=0.1, years=2)
    y = table["incidents"].to_numpy(dtype=float)
    days = hs.calendar_days("2022-01-01", "2023-12-31")
    marks = days[["halloween", "payday_weekend"]].to_numpy()
    start = days.index.to_numpy()
    fit = fit_effects(y[None], np.ones((1, len(y)), bool), start, marks[None], np.zeros(1, int))
    number = start.astype("datetime64[D]").astype(int)
    turn = 2 * np.pi * number / 365.2425
    x = np.column_stack([
        np.ones(len(y)), (number - number[0]) / 365.2425, days.iloc[:, 1:7], np.cos(turn),
        np.sin(turn), np.cos(2 * turn), np.sin(2 * turn), marks,
    ])  # fmt: skip
    family = families.NegativeBinomial(alpha=float(fit.dispersion[0]))
    plain = GLM(y, x, family=family).fit()
    assert fit.beta[0] == pytest.approx(plain.params[-2:], abs=1e-6)
    # independent days: the robust error is the plain one or a little more, never less
    assert (fit.error[0] >= plain.bse[-2:] - 1e-9).all()
    assert (fit.error[0] < 1.25 * plain.bse[-2:]).all()
    assert plain.pearson_chi2 / plain.df_resid == pytest.approx(1, abs=1e-6)


def test_errors_widen_when_days_hang_together():
    rng = np.random.default_rng(2)
    table = counts(60, calendar=TERMS)
    drift = np.zeros(len(table))
    for day in range(1, len(table)):
        drift[day] = 0.9 * drift[day - 1] + rng.normal(0, 0.08)
    rate = 60 * np.exp(drift)
    correlated = table.assign(incidents=rng.poisson(rate))
    shuffled = table.assign(incidents=rng.poisson(rng.permutation(rate)))
    wide, narrow = (
        of(hs.calendar_effects(rows, by=(), calendar=TERMS), "school_holiday")
        for rows in (correlated, shuffled)
    )
    width = [np.log(row["high"] / row["low"]) for row in (wide, narrow)]
    assert width[0] > 1.7 * width[1]


def test_no_effect_is_claimed_where_none_is(county):
    result = hs.calendar_effects(county.incidents)
    assert result.effects["q_value"].notna().sum() > 50
    assert not result.effects["class_"].isin(["more", "fewer"]).any()
    assert result.text.startswith("No kind of day differs clearly from an ordinary one; the int")
    assert "none of 71 pairs of series and kind of day tested differs clearly" in result.text
    # p-values spread evenly: about one in twenty under .05
    p = result.effects["p_value"].dropna()
    assert (p < 0.05).mean() < 0.12
    assert 0.35 < p.mean() < 0.65


@pytest.fixture(scope="module")
def together(county):
    """The county's incidents, all together."""
    return hs.calendar_effects(county.incidents, by=())


def test_rows_in_another_order_change_nothing(county, together):
    rows, a = county.incidents, together
    b = hs.calendar_effects(rows.sample(frac=1, random_state=3), by=())
    pd.testing.assert_frame_equal(a.effects, b.effects)
    assert a.text == b.text


# --- what is not told ------------------------------------------------------------------------


def test_effects_without_days_or_incidents_are_refused_with_the_reason():
    calendar = pd.DataFrame({
        "kind": ["fair", "concert", "concert", "jubilee", "always", "weekend"],
        "start": ["01/06/2022", "05/05/2022", "05/05/2023", "01/01/2030", "01/01/2022",
                  "01/01/2022"],
        "end": ["03/06/2022", None, None, None, "31/12/2024", None],
    })  # fmt: skip
    saturdays = pd.DataFrame({"kind": "weekend", "start": pd.date_range("2022-01-08", "2024-12-28",
                                                                        freq="7D")})  # fmt: skip
    calendar = pd.concat([calendar, saturdays], ignore_index=True)
    result = hs.calendar_effects(counts(2), by=(), calendar=calendar)
    wanted = {
        "fair": "one occasion only", "concert": "incidents expected; it takes 10",
        "jubilee": "no such day recorded", "always": "one occasion only",
        "weekend": "not told apart", "new_year_eve": "incidents expected; it takes 10",
    }  # fmt: skip
    for kind, reason in wanted.items():
        row = of(result, kind)
        assert reason in row["reason"], kind
        assert row["class_"] == "not told"
        assert row[["ratio", "low", "high", "p_value", "q_value", "change"]].isna().all()
    assert "Of 13 not told: " in result.text
    assert "2 for one occasion only (fair days and always days)" in result.text
    assert of(result, "payday_weekend")["reason"] == ""


def test_records_under_a_year_or_of_few_incidents_tell_nothing():
    short = hs.calendar_effects(counts(20, years=1).head(300), by=())
    assert short.effects["reason"].str.contains("300 days recorded; a season needs 365").all()
    assert short.text.startswith("Too little is recorded to tell any kind of day")
    few = hs.calendar_effects(counts(0.1), by=())
    assert few.effects["reason"].str.contains("incidents in all; it takes 200").all()


def test_no_percentage_under_twenty_incidents():
    result = hs.calendar_effects(counts(5, planted={"new_year_eve": 1.5}), by=())
    row = of(result, "new_year_eve")
    assert row["expected"] < 20
    assert row["class_"] == "more"
    assert np.isnan(row["change"])
    assert "(too few for a percentage; 3 days)" in result.text


def test_a_kind_without_a_single_incident_is_told():
    table = counts(8)
    days = hs.calendar_days("2022-01-01", "2024-12-31")
    table.loc[(days["halloween"] == 1).to_numpy(), "incidents"] = 0
    row = of(hs.calendar_effects(table, by=()), "halloween")
    assert row["incidents"] == 0
    assert row["class_"] == "fewer"
    assert 0 < row["low"] < row["ratio"] < row["high"] < 0.2


def test_missing_days_are_left_out_and_thin_ones_counted():
    table = counts(100).astype({"incidents": float})
    full = of(hs.calendar_effects(table, by=()), "bank_holiday")["days"]
    gap = table["period_start"].between("2022-04-01", "2022-06-30")
    table.loc[gap, "incidents"] = np.nan
    easter = table["period_start"].isin(pd.to_datetime(["2023-04-07", "2023-04-10"]))
    table["status"] = np.where(easter, "thin", "present")
    result = hs.calendar_effects(table, by=())
    # Easter, May Day and the two days of the jubilee lie in the gap
    assert of(result, "bank_holiday")["days"] == full - 5 - 2
    assert result.groups["days"].item() == 1096 - gap.sum() - 2
    assert "2 days with under 40% of the usual left out" in result.text


def test_month_only_records_are_refused(county):
    month = county.incidents["occurred_from"].dt.to_period("M")
    rows = county.incidents.assign(
        occurred_from=month.dt.to_timestamp(), occurred_to=(month + 1).dt.to_timestamp()
    )
    with pytest.raises(hs.InputError, match="only 0% of the incidents are known to the day"):
        hs.calendar_effects(rows)


def test_every_fault_is_named_at_once(county, tmp_path):
    bad = tmp_path / "terms.csv"
    bad.write_text("kind,start\nfair,31/02/2025\n", encoding="utf-8")
    with pytest.raises(hs.InputError) as caught:
        hs.calendar_effects(county.incidents, by=["ward"], calendar=bad, bank_holidays="no",
                            correction="magic")  # fmt: skip
    said = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 4
    for part in ("'ward'", "terms.csv: line 2", "bank_holidays='no'", "correction='magic'"):
        assert part in said
    with pytest.raises(hs.InputError, match="there are no incidents"):
        hs.calendar_effects(county.incidents.head(0))
    with pytest.raises(hs.InputError, match="of type int"):
        hs.calendar_effects(county.incidents, calendar=3)
    with pytest.raises(hs.InputError, match="count anew"):
        hs.calendar_effects(hs.count_series(county.incidents, ["category"]), ["category"])


def test_one_incident_tells_nothing_and_says_so(county):
    result = hs.calendar_effects(county.incidents.head(1), by=())
    assert (result.effects["class_"] == "not told").all()
    assert "too little is recorded" in result.text.lower()


def test_wide_intervals_and_police_incidents_are_said(county):
    rows = county.incidents.copy()
    rows.loc[rows.index[:50], "occurred_to"] = (
        rows["occurred_from"].head(50) + pd.Timedelta("40h")
    )  # fmt: skip
    text = hs.calendar_effects(rows, by=()).text
    assert "whose time spans over a day left out" in text
    assert "police-generated incidents among them" in text


def test_without_correction_the_false_alarms_are_said(county):
    text = hs.calendar_effects(county.incidents, by=(), correction=None).text
    assert "; about 0.4 would by chance alone." in text
    text = hs.calendar_effects(counts(30, planted={"bonfire": 1}), by=(), correction="holm").text
    assert "the chance that any of these findings is chance is 5% at most" in text


def test_columns_of_the_result_cannot_be_groups():
    table = counts(1).assign(ratio="a", effect="b")
    with pytest.raises(hs.InputError) as caught:
        hs.calendar_effects(table, by=["ratio", "effect"])
    assert len(caught.value.faults) == 2
    assert "by names the column 'ratio', which the result has already" in str(caught.value)


def test_years_without_known_bank_holidays_are_refused_or_said():
    table = counts(5)
    early = table.assign(period_start=table["period_start"] - pd.DateOffset(years=60))
    with pytest.raises(hs.InputError, match=r"calendar_effects: 1962.*bank_holidays=False"):
        hs.calendar_effects(early, by=())
    late = table.assign(period_start=table["period_start"] + pd.DateOffset(years=20))
    assert "known to 2028 only" in hs.calendar_effects(late, by=()).text


def test_an_interval_on_both_sides_is_said_so():
    row = {"ratio": 0.95, "low": 0.88, "high": 1.03}
    assert _size(row) == "5% below an ordinary day (95% interval 3% above to 12% below"
    row = {"ratio": 1.05, "low": 0.97, "high": 1.12}
    assert _size(row) == "5% above an ordinary day (95% interval 3% below to 12% above"


# --- areas -----------------------------------------------------------------------------------


AREAS = ("Ash", "Beck", "Cole", "Dale", "Elm", "Fen")
MATCHES = pd.DataFrame({
    "kind": "football", "start": pd.date_range("2022-01-08", "2024-12-28", freq="21D"),
    "lpt": "Ash",
})  # fmt: skip


@pytest.fixture(scope="module")
def by_area():
    """Six areas alike in their bank holidays; football at one of them only."""
    parts = [
        counts(8, seed=10 + n, calendar=MATCHES, lpt=name,
               planted={"bank_holiday": 0.4, "football": 0.5 * (name == "Ash")}).assign(lpt=name)
        for n, name in enumerate(AREAS)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def pooled(by_area):
    return hs.calendar_effects(by_area, by=["lpt"], calendar=MATCHES)


def test_entries_of_an_lpt_count_in_its_series_alone(by_area, pooled):
    result = pooled
    football = result.effects[result.effects["effect"] == "football"].set_index("lpt")
    assert football.loc["Ash", "class_"] == "more"
    assert football.loc["Ash", "low"] < np.exp(0.5) < football.loc["Ash", "high"]
    assert (football.drop(index="Ash")["reason"] == "no such day recorded").all()
    force = by_area.groupby("period_start", as_index=False)["incidents"].sum()
    row = of(hs.calendar_effects(force, by=(), calendar=MATCHES), "football")
    assert row["reason"] == "its entries hold for single LPTs: ask for 'lpt' in by"


def test_entries_for_an_lpt_that_is_not_there_are_named(by_area):
    typing = MATCHES.assign(lpt="Ashe")
    text = hs.calendar_effects(by_area, by=["lpt"], calendar=typing).text
    assert "LPTs that these records lack left out: 'Ashe'." in text


def test_areas_that_are_alike_are_drawn_to_their_mean(pooled):
    result = pooled
    mean = of(result, "bank_holiday", "pooled")
    assert mean["lpts"] == 6
    assert mean["low"] < np.exp(0.4) < mean["high"]
    assert mean["class_"] == "more"
    rows = result.effects[result.effects["effect"] == "bank_holiday"]
    assert rows["ratio"].std() < 0.7 * rows["own_ratio"].std()
    narrower = np.log(rows["high"] / rows["low"]) < np.log(rows["own_high"] / rows["own_low"])
    assert narrower.all()
    assert result.text.startswith(
        "Over the LPTs together more incidents than on an ordinary day: b"
    )
    assert "as the mean over LPTs" in result.text
    assert "On bank holidays the average LPT runs" in result.text
    assert "On bank holidays Beck" not in result.text
    assert "On football days Ash runs" in result.text


def test_areas_that_differ_are_left_apart():
    effects = {"Ash": 0.5, "Beck": 1.2, "Cole": 0.5, "Dale": 1.2, "Elm": 0.5, "Fen": 1.2}
    parts = [counts(40, seed=n, planted={"payday_weekend": effect}).assign(lpt=name)
             for n, (name, effect) in enumerate(effects.items())]  # fmt: skip
    result = hs.calendar_effects(pd.concat(parts), by=["lpt"])
    mean = of(result, "payday_weekend", "pooled")
    assert mean["between"] == pytest.approx(0.7 / 2 * np.sqrt(6 / 5), rel=0.25)
    rows = result.effects[result.effects["effect"] == "payday_weekend"].set_index("lpt")
    for name, effect in effects.items():
        assert rows.loc[name, "ratio"] == pytest.approx(np.exp(effect), rel=0.12)
    assert "most LPTs lie between" in result.text


def test_shared_weather_does_not_make_the_mean_too_sure():
    expected = np.full(10, 100.0)
    alone, shared = (
        _mean_effect(1.2 * expected, expected, np.ones(10), alike) for alike in (0.0, 0.5)
    )
    assert alone == pytest.approx((np.log(1.2), 1 / 1200, 0.0))
    # ten areas that go together by half tell no more than two that do not: 1 / 10 + 0.9 / 2
    assert shared[1] == pytest.approx(5.5 / 1200)


def test_the_mean_of_small_counts_does_not_lean():
    rng = np.random.default_rng(7)
    expected = np.full(10, 6.0)
    means = [_mean_effect(rng.poisson(expected * 1.3), expected, np.ones(10), 0.0)[0]
             for _ in range(500)]  # fmt: skip
    # a mean of the log ratios, weighted by the counts themselves, would be some .06 too high
    assert np.mean(means) == pytest.approx(np.log(1.3), abs=0.015)


def test_commands_and_the_force_have_rows_with_lpts(county, together):
    result = hs.calendar_effects(county.incidents, by=["lpt"], lpts=county.lpts)
    assert set(result.effects["level"]) == {"lpt", "command", "force"}
    force = result.effects[result.effects["level"] == "force"].reset_index(drop=True)
    own = together.effects["ratio"].to_numpy()
    assert force["ratio"].to_numpy() == pytest.approx(own, rel=1e-6)
    assert (result.pooled["lpts"] <= 11).all()


# --- intervals of small counts ---------------------------------------------------------------


def test_intervals_of_small_counts_are_those_of_a_poisson_mean():
    # 22 where 10 were to be expected: the exact two-sided Poisson p-value, by mid-p
    from scipy.stats import poisson

    beta, error = np.log(np.array([2.2])), np.array([1 / np.sqrt(22)])
    ratio, low, high, p = _intervals(beta, error, np.array([22.0]))
    exact = 2 * (poisson.sf(22, 10) + 0.5 * poisson.pmf(22, 10))
    assert p[0] == pytest.approx(exact, rel=0.1)
    assert ratio[0] == pytest.approx(2.2)
    # Garwood's exact interval holds it: 13.79 to 33.31 of a count of 22
    assert 1.379 < low[0] < 1.45
    assert 3.2 < high[0] < 3.331


def test_intervals_of_large_counts_are_the_usual_ones():
    beta, error = np.array([0.1, -0.2]), np.array([0.02, 0.03])
    _, low, high, p = _intervals(beta, error, np.array([1e5, 1e5]))
    assert np.log(low) == pytest.approx(beta - 1.96 * error, abs=2e-3)
    assert np.log(high) == pytest.approx(beta + 1.96 * error, abs=2e-3)
    assert ((low > 1) | (high < 1)).tolist() == (p < 0.05).tolist()


# --- pictures and exports --------------------------------------------------------------------


@pytest.fixture
def pyplot():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def drawn(ax):
    """Return label, estimate and ends of every row of the picture, from the top."""
    labels = {round(y): text.get_text() for y, text in
              zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)}  # fmt: skip
    lines = [line for line in ax.lines if len(set(line.get_ydata())) == 1]
    points = {
        round(li.get_ydata()[0]): li.get_xdata()[0] for li in lines if len(li.get_xdata()) == 1
    }
    ends = {
        round(li.get_ydata()[0]): tuple(li.get_xdata()) for li in lines if len(li.get_xdata()) > 1
    }
    return [(labels[y], points[y], ends[y]) for y in sorted(labels, reverse=True)]


@pytest.mark.usefixtures("pyplot")
def test_the_picture_shows_every_estimate_with_its_interval(planted):
    _, result = planted
    rows = drawn(hs.plot_calendar_effects(result))
    assert [row[0] for row in rows][:3] == [
        "bank holiday (21 days)", "bank holiday eve (18 days)", "24 to 26 December (9 days)",
    ]  # fmt: skip
    table = result.effects
    assert [row[1] for row in rows] == pytest.approx(table["ratio"].tolist())
    assert [row[2][0] for row in rows] == pytest.approx(table["low"].tolist())
    assert [row[2][1] for row in rows] == pytest.approx(table["high"].tolist())


def test_the_picture_of_areas_shows_their_mean_or_one_of_them(pooled, pyplot):
    result = pooled
    ax = hs.plot_calendar_effects(result)
    assert ax.get_title() == "Kinds of day against an ordinary day: mean over LPTs"
    assert len(drawn(ax)) == len(result.pooled)
    ax = hs.plot_calendar_effects(result, "Ash", ax=pyplot.subplots()[1])
    assert ax.get_title() == "Ash"
    assert any(label.startswith("football") for label, _, _ in drawn(ax))


@pytest.mark.usefixtures("pyplot")
def test_what_cannot_be_drawn_is_refused(county):
    result = hs.calendar_effects(county.incidents)
    with pytest.raises(hs.InputError, match="no clear effect to draw in these groups; name one"):
        hs.plot_calendar_effects(result)
    with pytest.raises(hs.InputError, match="no group 'Arson'; there are Anti-social behaviour"):
        hs.plot_calendar_effects(result, "Arson")
    with pytest.raises(hs.InputError, match="of type DataFrame"):
        hs.plot_calendar_effects(county.incidents.drop(columns="geometry"))
    nothing = hs.calendar_effects(county.incidents.head(1), by=())
    with pytest.raises(hs.InputError, match="no kind of day was told"):
        hs.plot_calendar_effects(nothing)


def test_every_column_is_described(pooled):
    from hotspots.report.columns import about

    result = pooled
    silent = [
        f"{name}.{column}" for name, frame in result.tables.items() for column in frame.columns
        if not about(f"calendar_effects_{name}", column)["meaning"]
    ]  # fmt: skip
    assert silent == []


# --- real records ----------------------------------------------------------------------------


@pytest.mark.realdata
def test_new_york_thefts_take_their_own_calendar(shared):
    rows = pd.read_csv(shared / "data" / "timed" / "nycvehiclethefts.csv.gz")
    start, end = (pd.to_datetime(rows[name]) for name in ("date_start", "date_end"))
    import geopandas as gpd

    thefts = gpd.GeoDataFrame(
        {"category": "Vehicle theft", "occurred_from": start, "occurred_to": end.fillna(start)},
        geometry=gpd.points_from_xy(rows["longitude"], rows["latitude"]), crs=4326,
    ).to_crs("EPSG:32118").rename_axis("incident")  # fmt: skip
    storm = pd.DataFrame({
        "kind": ["bank holiday"] * 8 + ["snowstorm"] * 2,
        "name": ["Independence Day"] * 4 + ["Thanksgiving"] * 4 + ["Juno", "Jonas"],
        "start": [f"{year}-07-04" for year in range(2014, 2018)]
        + ["2014-11-27", "2015-11-26", "2016-11-24", "2017-11-23", "2015-01-26", "2016-01-23"],
        "end": [None] * 8 + ["2015-01-27", "2016-01-24"],
    })  # fmt: skip
    result = hs.calendar_effects(thefts, calendar=storm, bank_holidays=False)
    assert "bonfire" not in result.effects["effect"].tolist()
    assert of(result, "bank_holiday")["days"] == 8
    assert of(result, "bank_holiday")["occasions"] == 8
    assert "Bank holidays of England and Wales, and Bonfire Night, left out." in result.text
    assert "whose time spans over a day left out" in result.text
    # two snowstorms that shut the city: the one effect known for certain
    snow = of(result, "snowstorm")
    assert snow["ratio"] < 0.8


@pytest.mark.realdata
def test_city_of_london_by_the_month_is_refused(shared, tmp_path):
    path = shared / "data" / "police_uk" / "city-of-london-2018-2020.zip"
    with zipfile.ZipFile(path) as months:  # one is enough
        name = min(name for name in months.namelist() if name.endswith("street.csv"))
        street = months.extract(name, tmp_path)
    rows = hs.read_incidents(street).incidents
    with pytest.raises(hs.InputError, match="give the force's own dated records"):
        hs.calendar_effects(rows)
