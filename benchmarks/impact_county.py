"""What an evaluation finds in synthetic counties, where the fall and the displacement are known."""

from __future__ import annotations

import numpy as np

import hotspots as hs
from hotspots.impact import count_places
from hotspots.impact.ratio import fit_places

COUNTIES = 10
PARTS = {"hotspots": "treated", "buffer": "displaced"}


def main() -> None:
    found: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    truth = {}
    rules = hs.ImpactRules(period="MS", buffer_m=200, include_police=True)
    for seed in range(COUNTIES):
        county = hs.make_county(seed, months=36, scale=2)
        # a step was planted in Fennimore, which would pass for an effect
        lasting = county.hotspots.query("class_ == 'persistent' and lpt != 'Fennimore'")
        counts = count_places(
            county.incidents, lasting.query("treated"), lasting.query("~treated"),
            start="2025-01-01", rules=rules,
        )  # fmt: skip
        for part, planted in PARTS.items():
            batch = fit_places(counts.study(part=part))
            found[part].append(np.exp([batch.estimate[0], batch.low[0], batch.high[0]]))
            truth[part] = county.changes.set_index("what").loc[planted, "ratio"].iloc[0]
    print("| | truth | mean estimate | least | most | intervals that hold it |")
    print("|---|---|---|---|---|---|")
    for part, rows in found.items():
        estimate, low, high = np.array(rows).T
        held = ((low <= truth[part]) & (truth[part] <= high)).sum()
        print(f"| {part} | {truth[part]:.2f} | {estimate.mean():.2f} | {estimate.min():.2f} | "
              f"{estimate.max():.2f} | {held} of {COUNTIES} |")  # fmt: skip


if __name__ == "__main__":
    main()
