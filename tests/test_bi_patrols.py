"""Every column of every result on patrols that leaves the house is explained."""

import pandas as pd
import pytest

import hotspots as hs
from hotspots.report.bi import _flat
from hotspots.report.columns import about
from hotspots.report.meanings_patrols import OWN_PATROLS
from hotspots.report.stations import gather


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    county = hs.make_county(seed=4, months=12, scale=0.5)
    asb = county.incidents.query("category == 'Anti-social behaviour'")
    spots = hs.Counts(include_police=True).fit(asb).hotspots(
        hs.Grid.over(county.lpts, size=200), top_k=4, max_area_km2=0.05)  # fmt: skip
    priorities = pd.DataFrame({
        "theme": ["noise"], "source": ["PACT"], "date": [pd.Timestamp("2023-12-01")],
        "weight": [0.5], "author": ["inspector"], "hotspot": [spots.index[0]],
    })  # fmt: skip
    demand = hs.patrol_demand(spots, asb, lpts=county.lpts, on="2024-01-08",
                              priorities=priorities)  # fmt: skip
    plan = hs.plan_patrols(
        demand, lpts=county.lpts, shifts=county.shifts, units=county.units, start="2024-01-08",
        days=1, rules=hs.PatrolRules(effort=0),
    )  # fmt: skip
    visits = plan.visits
    log = visits[["unit", "hotspot", "arrive", "depart"]].reset_index(drop=True)
    delivery = hs.match_delivery(plan, log.assign(stop_searches=0))
    decided = pd.DataFrame({"decision": ["accepted"], "role": ["duty inspector"], "why": [""],
                            "visit": [visits.index[0]]})  # fmt: skip
    folder = tmp_path_factory.mktemp("log")
    areas = county.lpts.assign(population=1000, deprivation=3)
    return (
        demand, plan, hs.patrol_fairness(plan, lpts=county.lpts, areas=areas),
        hs.amend_plan(plan, visits.drop(visits.index[0])),
        hs.log_decisions(folder / "log.csv", plan, decided), delivery, hs.monthly_return(delivery),
    )  # fmt: skip


def test_every_column_of_every_result_on_patrols_is_explained(results):
    silent, seen = [], set()
    for kind, name, frame in gather(results, what="test").tables():
        table = f"{kind}_{name}"
        seen.add(table)
        flat = _flat(frame)
        silent += [
            f"{table}.{column}" for column in flat if not about(table, str(column))["meaning"]
        ]
        assert not {"occurred_from", "geometry"} & set(flat.columns), "single incidents stay inside"
    assert not silent, ", ".join(silent)
    assert set(OWN_PATROLS) <= seen, "explained, but no result has such a table"


def test_they_are_exported_and_read_back(results, tmp_path):
    folder = hs.export_bi(tmp_path / "bi", *results)
    manifest = (folder / "manifest.json").read_text(encoding="utf-8")
    for kind, name, frame in gather(results, what="test").tables():
        assert f'"{kind}_{name}"' in manifest
        read = pd.read_csv(folder / f"{kind}_{name}.csv", encoding="utf-8-sig")
        assert len(read) == len(frame)
    assert "geometry" not in pd.read_csv(folder / "demand_need.csv").columns
