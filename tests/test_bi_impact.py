"""Every column of every result on impact, trials and evidence is explained where it is exported."""

import pandas as pd
import pytest

import hotspots as hs
from hotspots.report.bi import _flat
from hotspots.report.columns import about
from hotspots.report.meanings_impact import OWN_IMPACT
from hotspots.report.stations import gather


@pytest.fixture(scope="module")
def results():
    county = hs.make_county(seed=4, months=36)
    lasting = county.hotspots.query("class_ == 'persistent'")
    rules = hs.ImpactRules(
        period="MS", draws=199, outcomes={"ASB": ["Anti-social behaviour"], "Drugs": ["Drugs"]},
        chosen=("2024-01-01", "2024-12-31"),
    )  # fmt: skip
    treated = lasting.query("treated")
    log = pd.DataFrame({
        "hotspot": list(treated.index), "unit": "P1", "arrive": pd.Timestamp("2025-02-01 10:00"),
        "depart": pd.Timestamp("2025-02-01 10:15"), "stop_searches": 1, "arrests": 0,
    })  # fmt: skip
    dosage = pd.DataFrame({
        "hotspot": list(lasting.index), "date": pd.Timestamp("2025-02-01"),
        "minutes": lasting["treated"].to_numpy() * 15.0,
    })  # fmt: skip
    found = hs.estimate_impact(
        county.incidents, treated=treated, control=lasting.query("~treated"), start="2025-01-01",
        dosage=dosage, activities=log, rules=rules,
    )  # fmt: skip
    return (found,)


def test_every_column_is_explained(results):
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
    assert {t for t in OWN_IMPACT if t.startswith("impact_")} <= seen


def test_they_are_exported_and_read_back(results, tmp_path):
    folder = hs.export_bi(tmp_path / "bi", *results)
    manifest = (folder / "manifest.json").read_text(encoding="utf-8")
    for kind, name, frame in gather(results, what="test").tables():
        assert f'"{kind}_{name}"' in manifest
        read = pd.read_csv(folder / f"{kind}_{name}.csv", encoding="utf-8-sig")
        assert len(read) == len(frame)
