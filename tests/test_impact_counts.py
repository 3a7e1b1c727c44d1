"""From incidents to the counts of a study, against tables made by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots.impact import ImpactRules, count_places

CRS = "EPSG:27700"


def squares(**corners):
    """Squares of 100 m by their lower left corner."""
    shapes = [shapely.box(x, y, x + 100, y + 100) for x, y in corners.values()]
    return gpd.GeoDataFrame(geometry=shapes, index=pd.Index(corners, name="hotspot"), crs=CRS)


def incidents(rows, **columns):
    """Incidents at (easting, northing, day): exact times at noon."""
    when = pd.to_datetime([row[2] for row in rows]) + pd.Timedelta(hours=12)
    frame = pd.DataFrame({"category": "ASB", "occurred_from": when, "occurred_to": when, **columns})
    points = [shapely.Point() if row[0] is None else shapely.Point(row[:2]) for row in rows]
    return gpd.GeoDataFrame(frame, geometry=points, crs=CRS)


MONTHS = ImpactRules(period="MS")


def test_every_count_of_a_small_table_is_the_one_made_by_hand():
    rows = [
        (50, 50, "2025-01-05"), (60, 60, "2025-01-20"),  # in A
        (50, 50, "2025-02-10"),
        (150, 50, "2025-02-11"),  # 50 m east of A
        (1050, 50, "2025-01-09"), (1050, 50, "2025-03-09"), (1051, 51, "2025-03-30"),  # in B
        (1200, 50, "2025-03-09"),  # 100 m east of B
        (5000, 5000, "2025-01-31"), (5000, 5000, "2025-02-28"), (5000, 5000, "2025-03-31"),
        (None, None, "2025-02-02"),
    ]  # fmt: skip
    counts = count_places(
        incidents(rows), squares(A=(0, 0)), squares(B=(1000, 0)), start="2025-03-01", rules=MONTHS
    )
    assert counts.places.index.tolist() == ["A", "B"]
    assert counts.y.tolist() == [[[2, 1, 0], [1, 0, 2]]]
    assert counts.ring_y.tolist() == [[[0, 1, 0], [0, 0, 1]]]
    assert counts.treat.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert counts.accounts["incidents"].sum() == len(rows)
    assert counts.accounts.set_index("where")["incidents"].to_dict() == {
        "inside a treated place": 3, "inside a control place": 3, "ring of a treated place": 1,
        "ring of a control place": 1, "elsewhere": 3, "no place known": 1,
    }  # fmt: skip
    study = counts.study(part="both")
    assert study.y.sum() == 8
    assert np.array_equal(study.days, [31, 28, 31])
