"""How often panels and interrupted series find what is not there, and checks doubt what is sound.

Prints the tables of docs/methods/impact-panel.md. Studies are simulated by `impact_worlds.py`: no
effect for the share called one, 20% fewer for the share of 95% intervals that hold it. Run:
`python benchmarks/impact_panel.py [studies] [zip]` (400 by default, some minutes of one processor).
With a zip of data.police.uk in which nobody drew places by lot, real records are taken as studies
without any effect: squares of 500 m with most incidents in the months before, half of them drawn.
"""

import sys
from dataclasses import replace

import numpy as np
from impact_worlds import make_worlds
from scipy.stats import t as student

from hotspots.impact._twoway import lay_out
from hotspots.impact._wild import wild_p
from hotspots.impact.event import event_study, parallel_trends
from hotspots.impact.influence import dispersion
from hotspots.impact.interrupted import _arms, _fit, fit_interrupted
from hotspots.impact.panel import fit_panel
from hotspots.impact.placebo import placebo_dates, placebo_places
from hotspots.impact.study import make_study

N = int(sys.argv[1]) if len(sys.argv) > 1 else 400
MONTH = 365.25 / 12
TRUTH = np.log(0.8)


def world(treated=None, **given):
    """Make studies of months; with ``treated``, only so many of the treated places are kept."""
    made = make_worlds(given.pop("studies", N), **given)
    made = replace(made, days=np.full(made.y.shape[2], MONTH))
    if treated is None:
        return made
    half = made.y.shape[1] // 2
    kept = np.r_[:treated, half : 2 * half]
    return make_study(made.y[:, kept], made.treat[:, kept], days=MONTH)


def one(made, s):
    """Take study ``s`` alone."""
    return replace(made, y=made.y[s : s + 1], treat=made.treat[s : s + 1])


def rate(fit, given):
    """Share called an effect without one, and share of intervals that hold a true one."""
    none, some = fit(world(**given), 0.0), fit(world(**given, effect=0.8), TRUTH)
    if none is None:
        return "refused"
    return f"{np.mean(none < 0.05):.3f} · {np.mean(some >= 0.05):.3f}"


def by_interval(fit):
    """Return p of no effect, or 1 or 0 by whether the interval holds the truth."""

    def p(study, truth):
        batch = fit(study)
        if batch.refused:
            return None
        held = ((batch.low <= truth) & (batch.high >= truth)).astype(float)
        return (batch.p if truth == 0 else held)[np.isfinite(batch.p)]

    return p


def by_wild(study, truth):
    """Return p of the truth by the wild bootstrap: the interval is what it does not reject."""
    at = np.full(len(study.y), truth)
    column = study.treat[..., None]
    return wild_p(study, lay_out(study), column, at, mixed=False, seed=0, draws=399)


def table(title, rows, fits):
    """Print a table: a row per world, a column per estimator."""
    print(f"\n{title}\n\n| studies | {' | '.join(fits)} |\n|---|{'---|' * len(fits)}")
    for name, given in rows.items():
        cells = [rate(fit, given) for fit in fits.values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


PANELS = {
    "jackknife by place": by_interval(fit_panel),
    "wild bootstrap": by_wild,
    "CR1": by_interval(lambda study: fit_panel(study, errors="cr1")),
    "Poisson as it says": by_interval(lambda study: fit_panel(study, errors="model")),
    "NB as it says": by_interval(lambda study: fit_panel(study, family="nb", errors="model")),
}


def panels():
    """Print the table of the panel."""
    rows = {
        "10 places, κ 0": {"places": 10, "dispersion": 0.0},
        "10 places, κ 0.2": {"places": 10, "dispersion": 0.2},
        "20 places, κ 0": {"dispersion": 0.0},
        "20 places, κ 0.2": {"dispersion": 0.2},
        "60 places, κ 0.05": {"places": 60},
        "100 places, κ 0.05": {"places": 100},
        "1 a month": {"mean": 1.0},
        "20 a month": {"mean": 20.0},
        "12 months and 6": {"before": 12},
        "24 months and 12": {"after": 12},
        "chosen, then lot": {"chosen": "trial"},
        "chosen, then lot, 10 places, κ 0.2": {"chosen": "trial", "places": 10, "dispersion": 0.2},
        "chosen, matched": {"chosen": "matched"},
        "chosen, worst half treated": {"chosen": "worst"},
        "own seasons": {"own_seasons": 0.3},
        "own seasons, 24 months and 12": {"own_seasons": 0.3, "after": 12},
        "places drift": {"drift": 0.2},
        "places drift, 10 places": {"drift": 0.2, "places": 10},
        "4 treated, 10 compared": {"treated": 4},
        "4 treated, 30 compared": {"treated": 4, "places": 60},
        "8 treated, 30 compared": {"treated": 8, "places": 60},
    }
    table(f"Panels, {N} studies a cell: called an effect without one · 95% intervals that hold a "
          "true fall of 20%. 20 places, κ 0.05, 24 months and 6 unless said", rows,
          PANELS)  # fmt: skip


def steps_and_days():
    """Print the table of stepped wedges and cross-overs, where every place is treated in time."""
    print(f"\nEvery place treated in time, {N} studies a cell: called an effect without one\n")
    fits = {name: PANELS[name] for name in ("jackknife by place", "CR1", "Poisson as it says")}
    print(f"| studies | {' | '.join(fits)} |\n|---|{'---|' * len(fits)}")
    for places in (8, 12, 24):
        for design in ("stepped wedge, 18 months", "cross-over, 8 weeks of days"):
            study = _turns(places, design.startswith("cross"))
            told = [f"{np.mean(fit(study, 0.0) < 0.05):.3f}" for fit in fits.values()]
            print(f"| {design}, {places} places | {' | '.join(told)} |", flush=True)


def _turns(places, days):
    """Make studies of a stepped wedge whose places drift, or of days treated by lot each week."""
    rng = np.random.default_rng(places)
    periods = 56 if days else 18
    treat = np.zeros((places, periods))
    for place in range(places):
        if days:
            for week in range(8):
                treat[place, 7 * week + rng.permutation(7)[:3]] = 1
        else:
            treat[place, 3 + 3 * (place % 4) :] = 1
    mu = rng.gamma(1, 0.5 if days else 6, (N, places, 1)) + 0.05
    mu = mu * np.exp(0.3 * np.sin(np.arange(periods)))
    if not days:
        mu = mu * np.exp(0.3 * rng.normal(size=(N, places, 1)) * np.linspace(0, 1, periods))
    y = rng.poisson(mu * rng.gamma(10, 0.1, (N, places, periods)))
    cell = np.broadcast_to(np.arange(periods) // 7, (places, periods)) if days else None
    return make_study(y, treat, cell=cell)


def newey_west(study, truth):
    """Return p of the break with the textbook's errors, three lags; they are not offered."""
    if fit_interrupted(study).refused:
        return None
    fit = _fit(_arms(study, True))
    share = 1 / (1 + np.exp(-fit.eta))
    treated = study.arm[0]
    total, mine = study.y.sum(axis=1), study.y[:, treated].sum(axis=1)
    score = (mine - total * share)[..., None] * fit.x
    bread = np.linalg.inv(np.einsum("tp,st,tq->spq", fit.x, total * share * (1 - share), fit.x))
    middle = np.einsum("stp,stq->spq", score, score)
    for lag in (1, 2, 3):
        across = np.einsum("stp,stq->spq", score[:, lag:], score[:, :-lag])
        middle += (1 - lag / 4) * (across + np.swapaxes(across, 1, 2))
    periods = len(fit.x)
    error = np.sqrt((bread @ middle @ bread)[:, 1, 1] * periods / fit.df)
    return 2 * student.sf(np.abs(fit.coef[:, 1] - truth) / error, fit.df)


def series():
    """Print the table of the interrupted series."""
    rows = {
        "24 months and 6": {}, "24 months and 12": {"after": 12},
        "36 months and 12": {"before": 36, "after": 12}, "κ 0": {"dispersion": 0.0},
        "κ 0.2": {"dispersion": 0.2}, "60 places": {"places": 60}, "100 places": {"places": 100},
        "10 places, 1 a month": {"places": 10, "mean": 1.0},
        "own seasons": {"own_seasons": 0.3}, "places drift": {"drift": 0.2},
        "trial": {"chosen": "trial"}, "matched": {"chosen": "matched"},
        "worst": {"chosen": "worst"}, "12 months and 6": {"before": 12},
    }  # fmt: skip
    table(f"Interrupted series, {N} studies a cell", rows, {
        "with comparison places": by_interval(fit_interrupted),
        "alone": by_interval(lambda study: fit_interrupted(study, comparator=False)),
        "Newey-West": newey_west,
    })  # fmt: skip


def leads():
    """Print how often the time before the start is called apart, and how often it is seen."""
    print(
        f"\nBefore the start, {N} studies a cell: steps called apart · trends called apart · 95% "
        "interval of the trend holds it · band of all steps holds all · place dispersion held\n"
    )
    print("| studies | steps | trends | interval | band | φ |\n|---|---|---|---|---|---|")
    rows = {
        "10 places": {"places": 10}, "20 places": {}, "60 places": {"places": 60},
        "κ 0": {"dispersion": 0.0}, "κ 0.2": {"dispersion": 0.2}, "1 a month": {"mean": 1.0},
        "own seasons": {"own_seasons": 0.3}, "matched": {"chosen": "matched"},
        "trial": {"chosen": "trial"},
    }  # fmt: skip
    for name, given in rows.items():
        print(f"| {name} | {' | '.join(_leads(world(**given), given))} |", flush=True)
    made = world(places=20)
    slope = np.exp(-0.2 * np.arange(30) / 12)
    y = made.y.copy()
    y[:, :10] = np.random.default_rng(1).binomial(y[:, :10].astype(int), slope)
    told = _leads(replace(made, y=y), {}, slope=-0.2)
    print(f"| 20 places, treated fall 18% a year more | {' | '.join(told)} |", flush=True)


def _leads(made, given, slope=0.0):
    apart, trend, held, band, phi = [], [], [], [], []
    for s in range(len(made.y)):
        study = one(made, s)
        steps, check = event_study(study)
        if check.verdict != "cannot tell":
            apart.append(check.verdict == "doubt")
            inside = (steps["band_low"] <= 1) & (steps["band_high"] >= 1)
            band.append(inside.all())
        line, check = parallel_trends(study)
        if not np.isnan(line["p"][0]):
            trend.append(check.verdict == "doubt")
            held.append(line["low"][0] <= np.exp(slope) <= line["high"][0])
        if given.get("dispersion") == 0:
            spread, _ = dispersion(study)
            phi.append(spread["low"][0] <= 1 <= spread["high"][0])
    return [f"{np.mean(v):.3f}" if v else "" for v in (apart, trend, held, band, phi)]


def doubts():
    """Print how often each check doubts."""
    few = max(N // 4, 50)
    print(
        f"\nVerdicts of placebos, {few} studies a cell, panel with the jackknife: share of "
        "studies doubted, of all and of those with a clear finding\n"
    )
    print("| studies | dates | places | clear findings |\n|---|---|---|---|")
    rows = {
        "no effect": {}, "20% fewer": {"effect": 0.8}, "40% fewer": {"effect": 0.6},
        "40% fewer, 40 places": {"effect": 0.6, "places": 40}, "own seasons": {"own_seasons": 0.3},
    }  # fmt: skip
    for name, given in rows.items():
        made = world(**{"places": 20, "studies": few, **given})
        found, clear = [], []
        for s in range(few):
            study = one(made, s)
            batch = fit_panel(study)
            clear.append(bool(batch.p[0] < 0.05))
            found.append([
                check(study, fit_panel, batch)[1].verdict == "doubt"
                for check in (placebo_dates, placebo_places)
            ])  # fmt: skip
        table, mask = np.array(found), np.array(clear)
        cells = [
            f"{column.mean():.2f}" + (f" · {column[mask].mean():.2f}" if mask.sum() >= 5 else "")
            for column in table.T
        ]  # fmt: skip
        print(f"| {name} | {' | '.join(cells)} | {mask.mean():.2f} |", flush=True)


def records(path):
    """Print how often lots drawn among real squares, after the fact, are called an effect."""
    import hotspots as hs

    incidents = hs.read_incidents(path).incidents
    incidents = incidents[np.isfinite(incidents.geometry.x.to_numpy())]
    month = incidents["occurred_from"].dt.to_period("M")
    months = np.sort(month.unique())
    square = np.floor(np.column_stack([incidents.geometry.x, incidents.geometry.y]) / 500)
    print(f"\nReal records, {len(incidents):,} incidents, {len(months)} months, the last 4 "
          f"taken as after: share of {N} lots called an effect\n\n| squares and type | "
          f"{' | '.join(PANELS)} |\n|---|{'---|' * len(PANELS)}")  # fmt: skip
    rng = np.random.default_rng(0)
    for kind in (None, "Anti-social behaviour", "Violence and sexual offences"):
        mine = np.ones(len(incidents), bool) if kind is None else (incidents["category"] == kind)
        cells, which = np.unique(square[mine], axis=0, return_inverse=True)
        y = np.zeros((len(cells), len(months)))
        np.add.at(y, (which.ravel(), np.searchsorted(months, month[mine].to_numpy())), 1)
        for places in (10, 20, 60):
            top = y[np.argsort(-y[:, :-4].sum(axis=1), kind="stable")[:places]]
            arm = np.argsort(rng.random((N, places)), axis=1) < places // 2
            after = np.arange(len(months)) >= len(months) - 4
            study = make_study(
                np.repeat(top[None], N, axis=0), (arm[:, :, None] & after).astype(float), days=MONTH
            )
            shares = [f"{np.mean(fit(study, 0.0) < 0.05):.3f}" for fit in PANELS.values()]
            told = "all types" if kind is None else kind
            print(f"| {places}, {told}, {top.mean():.0f} a month | {' | '.join(shares)} |",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 2:
        records(sys.argv[2])
    panels()
    steps_and_days()
    series()
    leads()
    doubts()
