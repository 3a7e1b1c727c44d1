"""The GeoPackage: every layer with a place, in the right CRS, whole or not at all."""

import pandas as pd
import pyogrio
import pytest
from report_fixtures import Assessment, Plan, make_hotspots, make_incidents, make_lpts, make_plan

import hotspots as hs


def read(path, layer):
    return pyogrio.read_dataframe(path, layer=layer)


def test_layers_come_back_as_they_went(tmp_path):
    spots = make_hotspots()
    path = hs.export_gis(tmp_path / "brief.gpkg", spots, make_plan(), lpts=make_lpts())
    assert [name for name, _ in pyogrio.list_layers(path)][:3] == ["lpts", "hotspots", "visits"]
    back = read(path, "hotspots").set_index("hotspot")
    assert back.crs.to_epsg() == 27700
    assert back.geometry.geom_equals(spots.geometry.set_axis(back.index)).all()
    assert back["rank"].tolist() == [1, 2, 3]
    assert back["name"].tolist()[:2] == spots["name"].tolist()[:2]
    assert read(path, "lpts")["lpt"].tolist() == ["North", "South"]


def test_each_visit_is_a_point_inside_its_hotspot(tmp_path):
    spots = make_hotspots()
    path = hs.export_gis(tmp_path / "brief.gpkg", spots, make_plan())
    visits = read(path, "visits")
    assert visits["visit"].tolist() == ["V1", "V2"]
    assert pd.Timestamp(visits["arrive"][0]) == pd.Timestamp("2026-03-02 18:05")
    for row in visits.itertuples():  # the second hotspot has a hole in its middle
        assert spots.geometry[row.hotspot].contains(row.geometry)


def test_single_incidents_are_left_out(tmp_path):
    path = hs.export_gis(tmp_path / "brief.gpkg", make_incidents(), make_hotspots())
    assert [name for name, _ in pyogrio.list_layers(path) if "incid" in name] == []


def test_another_crs_is_brought_to_that_of_the_lpts(tmp_path):
    spots = make_hotspots().to_crs("EPSG:32630")
    path = hs.export_gis(tmp_path / "brief.gpkg", spots, lpts=make_lpts())
    back = read(path, "hotspots")
    assert back.crs.to_epsg() == 27700
    moved = back.geometry.iloc[0].centroid.distance(make_hotspots().geometry.iloc[0].centroid)
    assert moved < 0.01


def test_a_failure_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = hs.export_gis(tmp_path / "brief.gpkg", make_hotspots())
    before = path.read_bytes()
    write = pyogrio.write_dataframe

    def fail(frame, where, layer, **kwargs):
        if layer == "hotspots":
            raise OSError("disk full")
        write(frame, where, layer=layer, **kwargs)

    monkeypatch.setattr(pyogrio, "write_dataframe", fail)
    with pytest.raises(OSError, match="disk full"):
        hs.export_gis(path, make_hotspots(), lpts=make_lpts())
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["brief.gpkg"]


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(hs.InputError, match=r"does not end in '\.gpkg'"):
        hs.export_gis(tmp_path / "brief.shp", make_hotspots())
    with pytest.raises(hs.InputError, match="nothing given has a place"):
        hs.export_gis(tmp_path / "b.gpkg", Assessment(pd.DataFrame({"a": [1]})))


def test_no_hotspots_make_an_empty_layer(tmp_path):
    path = hs.export_gis(tmp_path / "b.gpkg", make_hotspots().iloc[:0], lpts=make_lpts())
    assert len(read(path, "hotspots")) == 0


def test_visits_stand_in_the_hotspots_their_plan_was_made_from(tmp_path):
    spots, plan = make_hotspots(), make_plan()
    other = spots.assign(method="DBSCAN(eps=200)").set_geometry(spots.translate(yoff=2000))
    reasons = plan.reasons.assign(method=spots["method"])
    path = hs.export_gis(tmp_path / "b.gpkg", other, spots,
                         Plan(plan.visits, plan.coverage, reasons))  # fmt: skip
    visits = read(path, "visits").set_index("hotspot")
    assert visits.within(spots.geometry[visits.index]).all()
