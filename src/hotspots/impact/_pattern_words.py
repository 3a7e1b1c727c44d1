"""What the tests of a pattern say, in plain English."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ._difference_parts import FEW
from ._difference_words import p_text

ALPHA = 0.05
_SHOWN = 3


def bins_text(bins: pd.DataFrame, power: pd.DataFrame, p: float, size: float, exact: bool) -> str:
    """Write the paragraph of a test of few incidents over bins."""
    n = int(bins["count"].sum())
    what = f"{n:,} incident{'' if n == 1 else 's'} over {len(bins)} bins"
    how = "exact" if exact else "by draws"
    if size == 0:
        return (f"{what}: so few could show no pattern whatever it were, so nothing was tested "
                "(gather more, or join bins).")  # fmt: skip
    if p <= ALPHA:
        top = bins.sort_values(["p", "ratio"], ascending=[True, False], kind="stable")
        top = top[top["count"] > top["expected"]].head(_SHOWN)
        listed = ", ".join(f"{row['bin']} with {row['count']:,} ({row['expected']:.1f} expected)"
                           for row in top.to_dict("records"))  # fmt: skip
        said = f"{what}: more uneven than chance makes them (p {p_text(p)}, {how}); most: {listed}."
    else:
        said = f"{what}: no more uneven than chance makes them (p {p_text(p)}, {how})."
    told = "; ".join(f"{row['pattern']}: {row['power']:.0%} of the time"
                     for row in power.to_dict("records"))  # fmt: skip
    said += f" So many incidents would show a pattern that is there as follows: {told}."
    if p > ALPHA and power["power"].max() < 0.8:
        said += " That none was found says little."
    return said


def sppt_text(
    areas: pd.DataFrame, method: str, correction: str | None, notes: Sequence[str]
) -> str:  # fmt: skip
    """Write the paragraph of a comparison of shares over areas."""
    changed = areas[areas["change"] != "as before"]
    n, number = len(areas), len(changed)
    said = [
        f"The share of all incidents changed in {f'{number:,}' if number else 'none'} of {n:,} "
        f"areas, of {areas['before'].sum():,} incidents before and {areas['after'].sum():,} after; "
        f"no change shows in {'the others' if number else 'any'} (S = {1 - number / n:.2f})."
    ]  # fmt: skip
    for word in ("rose", "fell"):
        rows = changed[changed["change"] == word]
        rows = rows.reindex(rows["difference"].abs().sort_values(ascending=False).index)
        if len(rows):
            listed = ", ".join(
                _moved(key, row) for key, row in rows.head(_SHOWN).iterrows()
            )  # fmt: skip
            more = f", ... and {len(rows) - _SHOWN:,} more in the table areas" \
                if len(rows) > _SHOWN else ""  # fmt: skip
            said.append(f"{word.capitalize()}: {listed}{more}.")
    mute = int((~areas["could_show"]).sum())
    if mute:
        said.append(
            f"{mute:,} area{' holds' if mute == 1 else 's hold'} too few incidents to show any "
            "change, and count as before: S is high there whatever happened."
        )
    if method == "andresen":
        said.append("This is Andresen's test as first published, to be read beside figures made "
                    "in the same way: where nothing changed it calls about half of well-filled "
                    "areas changed.")  # fmt: skip
    elif correction is None or method == "bootstrap":
        said.append("Not corrected for looking at so many areas: about 1 in 20 would be called "
                    "changed by chance.")  # fmt: skip
    said.append("These are shares, not numbers: a fall everywhere alike does not show.")
    if notes:
        said.append(f"Not counted, or counted once: {'; '.join(notes)}.")
    return " ".join(said)


def _moved(area: object, row: pd.Series) -> str:
    """Tell how the share of an area moved, by its counts alone where they are small."""
    counts = f"{row['before']:,} to {row['after']:,} incidents"
    if min(row["before"], row["after"]) < FEW:
        return f"{area} {counts}"
    return f"{area} {row['share_before']:.1%} to {row['share_after']:.1%} ({counts})"
