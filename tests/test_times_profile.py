"""Week profiles, peaks and shifts: exposure to the hour, bands, planted clocks, honest searches."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.sample.county import _CATEGORIES, _CLOCKS
from hotspots.times._smooth import harmonic, kernel, smoothed
from hotspots.times.peaks import windowed


def exact(stamps, **columns) -> pd.DataFrame:
    at = pd.DatetimeIndex(stamps)
    return pd.DataFrame({"occurred_from": at, "occurred_to": at}).assign(**columns)


def spread(n: int, seed: int = 0, days: int = 364, hours=range(24)) -> pd.DataFrame:
    """Incidents at random minutes of the given hours, from Monday 3 January 2022."""
    rng = np.random.default_rng(seed)
    minute = rng.choice(list(hours), n) * 60 + rng.integers(0, 60, n)
    day = rng.integers(0, days, n)
    return exact(pd.Timestamp("2022-01-03") + pd.to_timedelta(day * 1440 + minute, unit="min"))


# --- exposure ------------------------------


def test_exposed_hours_of_2025():
    year = exact(["2025-01-01 12:00", "2025-06-02 12:00", "2025-12-31 12:00"])
    hours = hs.week_profile(year).hours.set_index("label")["exposed_hours"]
    assert hours.sum() == 8760
    assert hours["Sun 01"] == 52  # none in March, two in October
    assert hours["Wed 00"] == 53
    assert hours["Thu 00"] == 52


def test_exposed_hours_of_a_leap_year():
    year = exact(["2024-01-01 12:00", "2024-12-31 12:00"])
    hours = hs.week_profile(year).hours.set_index("label")["exposed_hours"]
    assert hours.sum() == 8784
    assert (hours["Mon 12"], hours["Tue 12"], hours["Wed 12"]) == (53, 53, 52)


def test_parts_of_weeks_are_exposed_as_they_were():
    some = exact(["2025-06-05 09:00", "2025-06-10 23:00"])  # Thursday to Tuesday
    profile = hs.week_profile(some, smooth=None)
    hours = profile.hours.set_index("label")
    assert hours["exposed_hours"].sum() == 6 * 24
    assert hours.loc["Wed 12", "exposed_hours"] == 0
    assert np.isnan(hours.loc["Wed 12", "rate"])
    assert hours.loc["Thu 09", "rate"] == 1
    assert hours["low"].isna().all()  # two weeks are too few to draw anew
    assert "too few to say when it is busiest (2 incidents in 2 weeks" in profile.text


def test_a_month_that_was_not_recorded_is_not_exposed():
    stamps = pd.date_range("2025-01-01", "2025-12-31 23:00", freq="h") + pd.Timedelta("20min")
    stamps = stamps[stamps.month != 4]
    profile = hs.week_profile(exact(stamps), smooth=None)
    assert profile.hours["exposed_hours"].sum() == 8760 - 720
    inside = profile.hours["label"] != "Sun 01"  # the clock changes there
    assert np.allclose(profile.hours.loc[inside, "rate"], 1, atol=0.03)
    assert "left out: 2025-04" in profile.text


def test_an_empty_month_of_a_rare_type_is_no_gap():
    stamps = pd.date_range("2025-01-05", "2025-12-31", freq="5D") + pd.Timedelta("13h")
    stamps = stamps[stamps.month != 4]
    profile = hs.week_profile(exact(stamps))
    assert profile.hours["exposed_hours"].sum() == 24 * (stamps[-1] - stamps[0]).days + 24


def test_stragglers_before_the_records_do_not_lengthen_them():
    stamps = pd.date_range("2025-01-01", "2025-12-31 23:00", freq="h") + pd.Timedelta("20min")
    profile = hs.week_profile(exact([pd.Timestamp("2019-05-05 10:00"), *stamps]))
    assert profile.hours["exposed_hours"].sum() == 8760
    assert profile.treatment.set_index("rule")["incidents"]["not recorded"] == 1


# --- what is counted ------------------------------


def test_weights_of_the_profile_are_those_of_aoristic(county):
    burglary = county.incidents.query("category == 'Burglary' and origin != 'police'")
    profile = hs.week_profile(burglary, bootstraps=100)
    with pytest.warns(hs.Notice):
        weights = hs.aoristic(burglary)
    np.testing.assert_allclose(profile.hours["incidents"], weights.sum(), atol=1e-9)
    used = int(weights.notna().all(axis=1).sum())
    assert profile.groups["incidents"].tolist() == [used]
    assert profile.groups["left_out"].tolist() == [len(burglary) - used]
    assert profile.hours["incidents"].sum() == pytest.approx(used)
    assert profile.treatment["incidents"].sum() == len(burglary)
    counts = profile.treatment.set_index("rule")["incidents"]
    share = counts["too long"] / len(burglary)
    assert f"{counts['too long']:,} ({share:.0%}) left out as over 24 hours long" in profile.text


def test_groups_add_up_and_do_not_depend_on_the_order_of_rows(county):
    some = county.incidents.head(3000)
    some = some[some["category"].isin(["Burglary", "Shoplifting"])]
    whole = hs.week_profile(some, bootstraps=100)
    parts = hs.week_profile(some, ["lpt", "category"], bootstraps=100)
    summed = parts.hours.groupby("hour_of_week")["incidents"].sum()
    np.testing.assert_allclose(summed, whole.hours["incidents"], atol=1e-9)
    assert parts.groups["incidents"].sum() == whole.groups["incidents"].iloc[0]
    assert "no LPT" in set(parts.groups["lpt"])
    order = np.random.default_rng(1).permutation(len(some))
    turned = hs.week_profile(some.iloc[order], ["lpt", "category"], bootstraps=100)
    pd.testing.assert_frame_equal(turned.hours, parts.hours, check_exact=True)
    assert turned.text == parts.text
    again = hs.peak_windows(turned).windows
    pd.testing.assert_frame_equal(again, hs.peak_windows(parts).windows, check_exact=True)


def test_police_generated_incidents_stay_out_unless_asked_for(county):
    some = county.incidents.head(4000)
    police = int((some["origin"] == "police").sum())
    left = hs.week_profile(some, bootstraps=100)
    assert f"{police:,} police-generated left out" in left.text
    kept = hs.week_profile(some, bootstraps=100, include_police=True)
    assert "which show when the police were there" in kept.text
    more = kept.groups["incidents"].iloc[0] - left.groups["incidents"].iloc[0]
    assert 0 < more <= police
    with pytest.raises(InputError, match="every incident is police-generated"):
        hs.week_profile(some[some["origin"] == "police"])


def test_the_three_ways_to_place_a_span_side_by_side():
    nights = pd.DataFrame({
        "occurred_from": pd.date_range("2025-01-06 18:00", periods=60, freq="D"),
        "occurred_to": pd.date_range("2025-01-07 06:00", periods=60, freq="D"),
    })  # fmt: skip
    shown = hs.week_profile(nights).comparison.set_index("hour")
    assert shown.sum().tolist() == pytest.approx([1, 1, 1])
    assert shown.loc[18, "start_only"] == 1
    assert shown.loc[0, "midpoint"] == 1
    assert shown.loc[[18, 23, 0, 5], "aoristic"].tolist() == pytest.approx([1 / 12] * 4)
    assert shown.loc[[6, 17], "aoristic"].tolist() == [0, 0]


# --- smoothing and bands ------------------------------


def test_smoothing_is_circular_and_keeps_what_it_spreads():
    assert kernel(1.0).sum(axis=0) == pytest.approx(np.ones(168))
    counts = np.zeros(168)
    counts[0] = 52.0
    rate = smoothed(counts, np.full(168, 52.0), 1.0)
    assert rate.sum() == pytest.approx(1)
    assert rate[1] == pytest.approx(rate[167])
    assert rate[1] / rate[0] == pytest.approx(np.exp(-0.5))
    assert smoothed(counts, np.full(168, 52.0), None)[0] == 1


def test_an_hour_exposed_less_is_not_quieter():
    exposed = np.full(168, 50.0)
    exposed[20:40] = 10.0
    assert smoothed(2 * exposed, exposed, 2.0) == pytest.approx(np.full(168, 2.0))
    assert harmonic(2 * exposed, exposed) == pytest.approx(np.full(168, 2.0), rel=1e-3)


def test_harmonics_recover_a_clock_of_their_own_kind():
    hour = np.arange(168)
    truth = np.exp(
        0.5 + 0.8 * np.cos(2 * np.pi * (hour - 20) / 24) + 0.3 * np.sin(hour * np.pi / 84)
    )
    fitted = harmonic(1e5 * truth, np.full(168, 1e5))
    assert fitted == pytest.approx(truth, rel=1e-4)


def test_harmonics_agree_with_statsmodels():
    sm = pytest.importorskip("statsmodels.api", reason="the oracle of the fit")
    rng = np.random.default_rng(5)
    hour = np.arange(168)
    exposed = rng.uniform(40, 60, 168)
    counts = rng.poisson(exposed * 0.4 * (1 + 0.7 * np.cos(2 * np.pi * (hour - 21) / 24)))
    waves = [2 * np.pi * k * hour / p for p in (24, 168) for k in (1, 2, 3)]
    x = np.column_stack([np.ones(168), *(f(w) for w in waves for f in (np.cos, np.sin))])
    y = counts + 0.5 * exposed / exposed.sum()
    fit = sm.GLM(y, x, sm.families.Poisson(), offset=np.log(exposed)).fit(tol=1e-12)
    assert harmonic(counts.astype(float), exposed) == pytest.approx(fit.mu / exposed, rel=1e-6)


@pytest.mark.parametrize("smooth", [1.0, "harmonic"])
def test_bands_hold_the_rate_they_were_drawn_from(smooth):
    flat = pd.concat([spread(600, seed).assign(run=str(seed)) for seed in range(8)])
    hours = hs.week_profile(flat, "run", smooth=smooth, bootstraps=200).hours
    assert (hours["low"] <= hours["rate"]).all()
    assert (hours["rate"] <= hours["high"]).all()
    truth = 600 / (364 * 24)
    inside = (hours["low"] <= truth) & (truth <= hours["high"])
    assert 0.90 < inside.mean() < 0.99  # of 1,344 hours; benchmarks/times.py says more


def test_an_hour_without_incidents_is_not_known_to_be_empty():
    day = hs.week_profile(spread(300, hours=range(8, 20)), smooth=None).hours
    empty = day[day["incidents"] == 0]
    assert len(empty) >= 84
    assert (empty["rate"] == 0).all()
    assert (empty["low"] == 0).all()
    assert (empty["high"] > 0).all()


def test_same_seed_same_band_and_another_seed_another():
    some = spread(300)
    one, two, three = (hs.week_profile(some, bootstraps=100, seed=s).hours for s in (4, 4, 5))
    pd.testing.assert_frame_equal(one, two)
    assert not np.allclose(one["high"], three["high"])


def test_the_busiest_hour_is_named_only_where_it_stands_out():
    flat = pd.concat([spread(400, seed).assign(run=f"{seed:02}") for seed in range(20)])
    text = hs.week_profile(flat, "run", bootstraps=200).groups["sentence"]
    assert text.str.contains("no hour stands out beyond chance; the highest is").sum() >= 19
    planted = pd.concat([spread(300, 1), spread(200, 2, hours=[21])], ignore_index=True)
    profile = hs.week_profile(planted, bootstraps=200)
    assert profile.text.startswith("All incidents: busiest on ")
    assert "21:00 to 22:00" in profile.text.splitlines()[0]


def test_a_blank_name_is_no_name():
    some = pd.concat([spread(60).assign(lpt=name) for name in ("Wexmoor", " ", None)])
    assert hs.week_profile(some, "lpt").groups["lpt"].tolist() == ["Wexmoor", "no LPT"]


# --- peaks ------------------------------


def test_windows_go_round_midnight():
    share = np.zeros(24)
    share[[23, 0, 1]] = 0.25
    share[12] = 0.25
    held = windowed(share, 3)
    assert held[23] == pytest.approx(0.75)
    assert held.argmax() == 23
    assert windowed(share, 24) == pytest.approx(np.ones(24))


def test_a_planted_peak_is_found_with_its_share():
    busy, rest = spread(600, 1, hours=[22, 23, 0, 1]), spread(400, 2)
    profile = hs.week_profile(pd.concat([busy, rest], ignore_index=True), bootstraps=300)
    peaks = hs.peak_windows(profile)
    four = peaks.windows.set_index("hours").loc[4]
    assert (four["start"], four["end"], four["verdict"]) == ("22:00", "02:00", "reliable peak")
    truth = 0.6 + 0.4 * 4 / 24
    assert four["low"] < truth < four["high"]
    assert four["lift"] == pytest.approx(four["share"] * 6)
    cover = peaks.coverage.set_index("cover")
    assert cover.loc[0.5, "hours"] in (3, 4)
    assert cover.loc[0.5, "share"] >= 0.5
    assert cover.loc[0.8, "hours"] > 4
    assert "22:00 to 02:00 holds" in peaks.text


def test_the_best_of_many_starts_is_no_peak_where_all_hours_are_alike():
    flat = pd.concat([spread(200, n).assign(category=f"flat {n:02}") for n in range(60)])
    peaks = hs.peak_windows(hs.week_profile(flat, "category", bootstraps=300))
    found = (peaks.groups["verdict"] == "reliable peak").sum()
    # at most one in 40 by design (benchmarks/times.py); five of 60 has p < .02 then
    assert found <= 4
    assert "no reliable peak; the highest 4 hours hold" in peaks.text
    assert "one in 40 at most, here 2." in peaks.text
    # had the starts been chosen beforehand, most of the same windows would look like peaks
    windows = peaks.windows
    naive = windows["share"] - 1.96 * np.sqrt(windows["share"] * (1 - windows["share"]) / 200)
    looks = (naive > windows["hours"] / 24).groupby(windows["category"]).any()
    assert looks.mean() > 0.4


def test_few_incidents_or_weeks_are_too_few_to_say():
    few = hs.peak_windows(hs.week_profile(spread(29, hours=[20])))
    assert set(few.windows["verdict"]) == {"too few to say"}
    assert "too few to say when it peaks (29 incidents in 52 weeks" in few.text
    enough = hs.peak_windows(hs.week_profile(spread(40, hours=[20])))
    assert enough.groups["verdict"].tolist() == ["reliable peak"]
    day = enough.windows.set_index("hours").loc[4]
    assert day["low"] == pytest.approx(0.025 ** (1 / 40))  # all of 40 is not surely all
    short = hs.peak_windows(hs.week_profile(spread(200, days=20, hours=[20])))
    assert short.groups["verdict"].tolist() == ["too few to say"]
    assert short.windows["low"].isna().all()


def test_long_spans_are_too_blurred_for_a_short_window(county):
    burglary = county.incidents.query("category == 'Burglary'")
    profile = hs.week_profile(burglary, bootstraps=200)
    assert 9 < profile.groups["span_h"].iloc[0] < 15
    peaks = hs.peak_windows(profile)
    assert peaks.groups["verdict"].tolist() == ["times too blurred"]
    assert "it may have happened at any hour they cover" in peaks.text
    assert "times too blurred to name an hour" in profile.text


def test_the_week_is_searched_when_asked():
    every = spread(500, 3, days=52, hours=[20, 21])["occurred_from"]
    week = (every.dt.normalize() - pd.Timestamp("2022-01-03")).dt.days  # one a day: now one a week
    at = pd.Timestamp("2022-01-07") + 7 * week * pd.Timedelta("1D") + (every - every.dt.normalize())
    friday = exact(at)
    both = pd.concat([friday, spread(500, 4)], ignore_index=True)
    peaks = hs.peak_windows(hs.week_profile(both, bootstraps=200), hours=(2, 4), week=True)
    best = peaks.windows.set_index(["of", "hours"]).loc[("week", 2)]
    assert (best["start"], best["end"]) == ("Fri 20:00", "Fri 22:00")
    assert best["verdict"] == "reliable peak"
    assert best["low"] < 0.5 + 0.5 * 2 / 168 < best["high"]
    assert "Fri 18:00 to Fri 22:00 holds" in peaks.text


@pytest.mark.parametrize("kind", ["Anti-social behaviour", "Public order", "Shoplifting"])
def test_the_clocks_of_the_county_come_back(county, kind):
    hours, days = (np.asarray(w, dtype=float) for w in _CLOCKS[_CATEGORIES[kind][3]])
    truth = np.outer(days / days.sum(), hours / hours.sum()).ravel()
    some = county.incidents[county.incidents["category"] == kind]
    profile = hs.week_profile(some, smooth=None, bootstraps=300)
    table = profile.hours
    mean = table["incidents"].sum() / table["exposed_hours"].sum()
    expected = truth * 168 * mean
    inside = (table["low"] <= expected) & (expected <= table["high"])
    assert inside.mean() > 0.92
    assert np.corrcoef(table["rate"], expected)[0, 1] > 0.95
    peaks = hs.peak_windows(profile).windows.set_index("hours")
    best = windowed(hours / hours.sum(), 4)
    assert peaks.loc[4, "low"] < best.max() < peaks.loc[4, "high"]
    start = int(peaks.loc[4, "start"][:2])
    assert best[start] > 0.97 * best.max()  # of two hours alike either may be the first


# --- shifts ------------------------------


def shifts(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["shift", "start", "end", "days", "lpt"])
    return frame.astype({"shift": "str", "start": "str", "end": "str"})


def test_shares_of_three_shifts_add_up(county):
    profile = hs.week_profile(county.incidents.head(8000), "lpt", bootstraps=200)
    found = hs.shift_shares(profile, county.shifts)
    total = found.shares.groupby("lpt")["share"].sum()
    assert total.to_numpy() == pytest.approx(np.ones(len(total)))
    assert found.shares.groupby("lpt")["incidents"].sum().sum() == pytest.approx(
        profile.groups["incidents"].sum()
    )
    assert (found.shares["hours_a_week"] == 56).all()
    assert (found.shares["low"] <= found.shares["share"]).all()
    assert (found.shares["share"] <= found.shares["high"]).all()


def test_a_night_of_friday_holds_the_small_hours_of_saturday():
    saturdays = exact(pd.date_range("2025-01-04 02:30", periods=40, freq="7D"))
    profile = hs.week_profile(pd.concat([saturdays, exact(["2025-01-06 12:10"] * 10)]))
    found = hs.shift_shares(profile, shifts(("night", "22:00", "07:00", "Fri", None)))
    shares = found.shares.set_index("shift")
    assert shares.loc["night", "hours_a_week"] == 9
    assert shares.loc["no shift", "hours_a_week"] == 159
    assert shares.loc["night", "share"] > 0.75
    assert "no shift" in found.text


def test_half_hours_and_overlaps_are_told():
    profile = hs.week_profile(spread(2000), bootstraps=200)
    found = hs.shift_shares(profile, shifts(
        ("early", "06:30", "15:00", None, None), ("late", "14:30", "23:00", None, None),
        ("night", "22:30", "07:00", "Mon-Sun", None),
    ))  # fmt: skip
    shares = found.shares.set_index("shift")
    assert shares.loc["early", "hours_a_week"] == 7 * 8.5
    assert found.groups[["covered", "overlapping"]].iloc[0].tolist() == pytest.approx([168, 10.5])
    assert shares["share"].sum() == pytest.approx(1 + 10.5 / 168, abs=0.02)
    assert "Shifts overlap in 10.5 hours a week" in found.text


def test_intervals_of_shares_hold_the_truth_also_near_nothing():
    flat = pd.concat([spread(60, seed).assign(run=f"{seed:02}") for seed in range(40)])
    table = shifts(("one", "03:00", "04:00", "Sun", None), ("day", "09:00", "17:00", None, None))
    found = hs.shift_shares(hs.week_profile(flat, "run", bootstraps=100), table).shares
    truth = found["hours_a_week"] / 168
    inside = (found["low"] <= truth) & (truth <= found["high"])
    assert (inside.groupby(found["shift"]).mean() >= 0.85).all()  # .95 or more in the long run


def test_a_handful_is_not_shared_out_and_little_is_not_nothing():
    day = shifts(("day", "07:00", "19:00", None, None), ("night", "19:00", "07:00", None, None))
    few = hs.shift_shares(hs.week_profile(spread(19)), day)
    assert few.text == "All incidents: too few to share out over shifts (19 incidents; 20 needed)."
    assert few.shares["share"].sum() == pytest.approx(1)
    some = hs.shift_shares(hs.week_profile(spread(1000, hours=range(8, 18))), day)
    assert "night 0% (95% interval 0% to under 1%;" in some.text


def test_an_lpt_has_its_own_shifts_before_those_of_all(county):
    profile = hs.week_profile(county.incidents.head(6000), "lpt", bootstraps=100)
    table = shifts(
        ("late", "15:00", "23:00", None, None), ("late", "16:00", "02:00", None, "Wexmoor"),
        ("market", "10:00", "14:00", "Sat", "Wexmoor"),
    )  # fmt: skip
    found = hs.shift_shares(profile, table).shares.set_index(["lpt", "shift"])["hours_a_week"]
    assert found["Wexmoor", "late"] == 70
    assert found["Wexmoor", "market"] == 4
    assert found["Dunmarsh", "late"] == 56
    assert ("Dunmarsh", "market") not in found.index
    alone = hs.week_profile(county.incidents.head(6000), bootstraps=100)
    with pytest.raises(InputError, match="make the profile with by='lpt'"):
        hs.shift_shares(alone, table.iloc[1:])


def test_faulty_shifts_are_all_named():
    profile = hs.week_profile(spread(100), bootstraps=100)
    table = shifts(("a", "7pm", "23:00", None, None), ("b", "07:00", "99:00", "Mon", None),
                   ("c", "07:00", "15:00", "Caturday", None))  # fmt: skip
    with pytest.raises(InputError, match="3 faults") as error:
        hs.shift_shares(profile, table)
    for told in ("start is '7pm'", "end is '99:00'", "days is 'Caturday'"):
        assert told in str(error.value)
    with pytest.raises(InputError, match="profile is of type int"):
        hs.shift_shares(3, table)
    with pytest.raises(InputError, match="it is of type int"):
        hs.shift_shares(profile, 3)
    with pytest.raises(InputError, match="it holds no rows"):
        hs.shift_shares(profile, table.iloc[:0])


# --- small and faulty tables ------------------------------


def test_one_incident():
    profile = hs.week_profile(exact(["2025-06-06 23:10"]))
    assert profile.groups["incidents"].tolist() == [1]
    assert profile.groups["peak"].tolist() == ["Fri 23"]
    assert "too few to say when it is busiest (1 incident in 1 week;" in profile.text
    assert hs.peak_windows(profile).groups["verdict"].tolist() == ["too few to say"]


def test_a_group_without_usable_times_says_so():
    good = spread(200).assign(category="A")
    days = [pd.Timestamp("2022-03-01")] * 3, [pd.Timestamp("2022-03-04")] * 3
    lost = pd.DataFrame({"occurred_from": days[0], "occurred_to": days[1], "category": "B"})
    profile = hs.week_profile(pd.concat([good, lost]), "category", bootstraps=100)
    assert "B: no incident whose time could be used." in profile.text
    peaks = hs.peak_windows(profile)
    assert peaks.groups["verdict"].tolist()[1] == "too few to say"
    assert peaks.windows.query("category == 'B'")["share"].isna().all()
    found = hs.shift_shares(profile, shifts(("day", "07:00", "19:00", None, None)))
    assert found.shares.query("category == 'B'")["share"].isna().all()
    assert "B: no incident" in found.text


def test_month_only_records_are_refused():
    month = pd.DataFrame({"occurred_from": [pd.Timestamp("2025-03-01")] * 40,
                          "occurred_to": [pd.Timestamp("2025-04-01")] * 40})  # fmt: skip
    with pytest.raises(InputError, match=r"week_profile: these records do not bear it: only 0%"):
        hs.week_profile(month)


def test_every_fault_of_a_profile_at_once():
    with pytest.raises(InputError, match="10 faults") as error:
        hs.week_profile(exact([]), ["lpt", "lpt"], smooth=True, longest="8D", tz=None,
                        bootstraps=5, seed=-1, include_police="no")  # fmt: skip
    for told in ("there are no incidents", "by names 'lpt'", "by repeats", "smooth is True",
                 "longer span than 7 days", "tz is None", "bootstraps is 5", "seed is -1",
                 "include_police is 'no'"):  # fmt: skip
        assert told in str(error.value)


def test_harmonics_need_every_hour_of_the_week():
    with pytest.raises(InputError, match="needs every hour of the week recorded; 6 days"):
        hs.week_profile(exact(["2025-06-05 09:00", "2025-06-10 23:00"]), smooth="harmonic")


def test_contact_crime_with_ends_alone_is_profiled():
    some = spread(100).assign(category="Robbery")
    some["occurred_from"] = pd.Series(pd.NaT, index=some.index, dtype="datetime64[s]")
    profile = hs.week_profile(some, bootstraps=100)
    assert profile.groups["incidents"].tolist() == [100]
    assert "100 without a start, taken as exact at the end" in profile.text


def test_a_column_named_as_one_of_the_result_is_refused():
    with pytest.raises(InputError, match="by names 'peak', which the result has for its own"):
        hs.week_profile(spread(40).assign(peak="x"), "peak")


@pytest.mark.parametrize("hours", [0, 24, (), "four", (2, 25), (2.5,), None])
def test_lengths_of_windows_are_whole_hours(hours):
    profile = hs.week_profile(spread(100), bootstraps=100)
    with pytest.raises(InputError, match=r"peak_windows: hours is"):
        hs.peak_windows(profile, hours)


# --- real records ------------------------------


@pytest.mark.realdata
def test_vehicle_thefts_of_new_york(shared):
    path = shared / "data" / "timed" / "nycvehiclethefts.csv.gz"
    columns = {
        "id": "uid", "occurred_from": "date_start", "occurred_to": "date_end",
        "longitude": "longitude", "latitude": "latitude",
    }  # fmt: skip
    mapping = {"category": "Vehicle crime", "columns": columns, "timezone": "America/New_York"}
    thefts = hs.read_incidents(path, crs="EPSG:32118", now="2020-01-01", mapping=mapping).incidents
    assert len(thefts) == 35_746
    profile = hs.week_profile(thefts, tz="America/New_York", bootstraps=200)
    counts = profile.treatment.set_index("rule")["incidents"]
    assert counts.sum() == 35_746
    assert counts["too long"] == 7_795  # 22%
    assert counts["time unknown"] == 38  # 00:01 without an end; 23:01 and 01:01 have none
    assert profile.hours["exposed_hours"].sum() == 35_040  # 1,460 days of 1,461 had a theft start
    day = profile.comparison.set_index("hour")
    assert day.loc[[0, 1, 2, 3], "aoristic"].sum() == pytest.approx(0.244, abs=0.001)
    assert day.loc[[19, 20, 21, 22], "start_only"].sum() == pytest.approx(0.288, abs=0.002)
    # two ways to the same weights
    rows = pd.read_csv(path, parse_dates=["date_start", "date_end"])
    raw = rows.rename(columns={"date_start": "occurred_from", "date_end": "occurred_to"})
    with pytest.warns(hs.Notice, match="2,815 without an end"):
        weights = hs.aoristic(raw, "hour of day", tz="America/New_York")
    assert int(weights.notna().all(axis=1).sum()) == 35_746 - 7_795
    assert weights.mean().to_numpy() == pytest.approx(day["aoristic"].to_numpy(), abs=1e-4)
    peaks = hs.peak_windows(profile).windows.set_index("hours")
    assert peaks.loc[4, ["start", "end"]].tolist() == ["00:00", "04:00"]
    assert peaks["verdict"].to_dict() == {
        2: "times too blurred", 3: "times too blurred", 4: "reliable peak", 6: "reliable peak",
        8: "reliable peak",
    }  # fmt: skip
