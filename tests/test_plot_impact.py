"""Pictures of findings and of pooled trials say what the tables say."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.evidence.example import example_result


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def replaced(**tables):
    one = example_result()
    names = ("effect", "checks", "series", "event_study", "places")
    return type(one)(*[tables.get(name, getattr(one, name)) for name in names])


def notes(ax):
    return " ".join(text.get_text().replace("\n", " ") for text in ax.texts)


def test_dots_and_lines_stand_where_the_table_has_them():
    impact = example_result()
    ax = hs.plot_impact(impact)
    dots = ax.collections[-1].get_offsets()
    np.testing.assert_allclose(dots[:, 0], impact.effect["estimate"])
    lines = np.array([path.vertices[:, 0] for path in ax.collections[0].get_paths()])
    np.testing.assert_allclose(lines, impact.effect[["low", "high"]])
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "ASB, at the places", "ASB, in the ring about them", "ASB, both together",
        "Violence, at the places",
    ]  # fmt: skip
    filled = ax.collections[-1].get_facecolors()
    assert (filled[:3, 2] < 0.9).all()
    assert filled[3, :3].tolist() == [1, 1, 1]  # too few incidents: hollow
    assert "Hollow: under 20" in notes(ax)


def test_other_estimators_and_what_is_not_drawn():
    effect = example_result().effect
    wdd = effect.iloc[:1].assign(method="WDD", unit="incidents", main=False, estimate=-78.0,
                                 low=-130.0, high=-20.0)  # fmt: skip
    other = effect.iloc[:1].assign(method="panel", main=False, estimate=0.82)
    ax = hs.plot_impact(replaced(effect=pd.concat([effect, wdd, other])), methods=True)
    assert len(ax.get_yticklabels()) == 4  # three parts of ASB, and the panel
    assert "not drawn: ASB, at the places, WDD" in notes(ax)
    with pytest.raises(hs.InputError, match="nothing to draw"):
        hs.plot_impact(replaced(effect=wdd.assign(main=True)))


def test_a_change_alone_is_not_drawn_as_a_finding():
    one = example_result()
    lone = type(one)(one.effect.iloc[:1], one.checks, one.series, one.event_study, one.places,
                     level=2, comparator=False)  # fmt: skip
    ax = hs.plot_impact(lone)
    assert "nothing to compare with" in ax.get_xlabel()
    assert ax.get_title() == "Change, whatever the reason"


def test_the_course_shows_both_and_breaks_where_nothing_is_known():
    impact = example_result()
    series = impact.series.copy()
    series.loc[4, ["treated", "expected", "low", "high"]] = np.nan
    ax = hs.plot_expected(replaced(series=series))
    expected, treated = (line.get_ydata() for line in ax.lines[:2])
    np.testing.assert_allclose(treated, series["treated"])
    np.testing.assert_allclose(expected, series["expected"])
    assert np.isnan(treated[4])
    after = impact.series["after"]
    assert f"{impact.series.loc[after, 'treated'].sum():,.0f} incidents in 6 months" in notes(ax)
    assert ax.get_ylabel() == "incidents per month"
    weeks = series.assign(end=series["start"] + pd.Timedelta(days=7))
    assert hs.plot_expected(replaced(series=weeks)).get_ylabel() == "incidents per week"


def test_what_is_added_up_begins_with_the_start():
    impact = example_result()
    ax = hs.plot_cumulative(impact)
    after = impact.series[impact.series["after"]]
    line = next(line for line in ax.lines if len(line.get_ydata()) == len(after))
    np.testing.assert_allclose(line.get_ydata(), after["cumulative"])
    assert f"−{abs(after['cumulative'].iloc[-1]):,.0f}" in notes(ax)
    assert "not at all at once" in notes(ax)
    with pytest.raises(hs.InputError, match="no period after"):
        hs.plot_cumulative(replaced(series=impact.series[~impact.series["after"]]))


def test_the_event_study_tells_leads_from_what_came_after():
    impact = example_result()
    ax = hs.plot_event_study(impact)
    before, after = (ax.collections[n].get_offsets() for n in (1, 3))
    known = impact.event_study.dropna(subset=["low"])
    np.testing.assert_allclose(before[:, 1], known.loc[known["lead"], "estimate"])
    np.testing.assert_allclose(after[:, 0], known.loc[~known["lead"], "relative"])
    assert "0 of 11 intervals leave out 1" in notes(ax)


def test_the_forest_has_each_trial_and_the_mean(tmp_path):
    for name, ratio in (("North", 0.8), ("South", 0.95), ("West", 0.7), ("East", 1.1)):
        hs.bank_result(tmp_path, {"level": 5, "results": [
            {"outcome": "ASB", "unit": "ratio", "estimate": ratio, "low": ratio * 0.85,
             "high": ratio / 0.85}]}, name=name)  # fmt: skip
    pooled = hs.pool_results(hs.read_bank(tmp_path))
    ax = hs.plot_forest(pooled)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "West", "North", "South", "East", "together"]  # fmt: skip
    squares = ax.collections[1].get_offsets()
    np.testing.assert_allclose(squares[:, 0], [0.7, 0.8, 0.95, 1.1])
    diamond = ax.patches[0].get_xy()
    main = pooled.pooled.iloc[0]
    assert diamond[:, 0].min() == pytest.approx(main["low"])
    assert diamond[:, 0].max() == pytest.approx(main["high"])
    assert f"{main['expect_low']:.2f} to {main['expect_high']:.2f}" in notes(ax)


def test_many_trials_are_capped_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr("hotspots.plot.impact._ROWS", 3)
    for n in range(5):
        hs.bank_result(tmp_path, {"level": 5, "results": [
            {"outcome": "ASB", "unit": "ratio", "estimate": 0.8 + n / 50, "low": 0.7 + n / 90,
             "high": 1 + n / 10}]}, name=f"T{n}")  # fmt: skip
    ax = hs.plot_forest(hs.pool_results(hs.read_bank(tmp_path)))
    assert len(ax.get_yticklabels()) == 4
    assert "2 more trials, of less weight" in notes(ax)


@pytest.mark.parametrize("draw", [hs.plot_impact, hs.plot_expected, hs.plot_cumulative,
                                  hs.plot_event_study, hs.plot_forest])  # fmt: skip
def test_other_things_are_refused_by_name(draw):
    with pytest.raises(hs.InputError, match="without the table"):
        draw(hs.read_bank())
    with pytest.raises(hs.InputError, match="DataFrame, without the table"):
        draw(pd.DataFrame())


def test_unknown_outcomes_parts_and_empty_tables_are_named():
    impact = example_result()
    with pytest.raises(hs.InputError, match="no outcome 'Burglary'; there are 'ASB'"):
        hs.plot_expected(impact, "Burglary")
    with pytest.raises(hs.InputError, match="no part 'buffer'"):
        hs.plot_cumulative(impact, part="buffer")
    with pytest.raises(hs.InputError, match="'event_study' is empty"):
        hs.plot_event_study(replaced(event_study=impact.event_study.iloc[:0]))
    with pytest.raises(hs.InputError, match="lacks lead"):
        hs.plot_event_study(replaced(event_study=impact.event_study.drop(columns="lead")))


def test_axes_given_are_drawn_on():
    figure, axes = plt.subplots(2, 2)
    impact = example_result()
    for draw, ax in zip((hs.plot_impact, hs.plot_expected, hs.plot_cumulative,
                         hs.plot_event_study), axes.ravel(), strict=True):  # fmt: skip
        assert draw(impact, ax=ax) is ax
    assert len(figure.axes) == 4
