"""One LPT, planned day by day and shift by shift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .allocation import allocate
from .resources import Duty, Unit
from .routing import Problem, Tour, route
from .rules import PatrolRules
from .seeds import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

BASE_REACH_MIN = 30.0  # a base that is not given is the hotspot with most need this near


class Area:
    """One LPT while its days are planned, in order of time."""

    def __init__(
        self, lpt: str, names: pd.Index, xy: NDArray[np.float64], worth: NDArray[np.float64],
        rules: PatrolRules,
    ) -> None:  # fmt: skip
        self.lpt, self.names, self.xy, self.rules = lpt, names, xy, rules
        top = worth.max(initial=0.0)
        # within the LPT, so that one more LPT changes nothing here; rounded, so that the last
        # digit of a platform's arithmetic decides nothing
        self.worth = [round(float(w / top), 12) if top else 0.0 for w in worth]
        self.taken: list[list[tuple[float, float]]] = [[] for _ in names]
        self.target = np.zeros(len(names), dtype=np.int64)
        self.reached = np.zeros(len(names), dtype=bool)
        self.visits: list[dict[str, Any]] = []
        self.budget: list[dict[str, Any]] = []
        self._travel: dict[tuple[str, tuple[float, float] | None], NDArray[np.float64]] = {}

    def base(self, unit: Unit) -> tuple[float, float]:
        """Return the base given, or the hotspot with most need near it by the unit's mode."""
        if unit.base is not None or not len(self.xy):
            return unit.base or (np.nan, np.nan)
        near = self.rules.travel_minutes(self.xy, self.xy, unit.mode).round(6) <= BASE_REACH_MIN
        held = [round(sum(w for w, n in zip(self.worth, row, strict=True) if n), 9) for row in near]
        best = held.index(max(held))
        return float(self.xy[best, 0]), float(self.xy[best, 1])

    def team(self, unit: Unit) -> dict[str, Any]:
        """Describe a unit as it is planned."""
        base = self.base(unit)
        came = (
            "given" if unit.base else "hotspot with most need near it" if len(self.xy) else "none"
        )
        return {"unit": unit.name, "lpt": unit.lpt, "shift": unit.shift, "kind": unit.kind,
                "officers": unit.officers, "mode": unit.mode, "base_easting": base[0],
                "base_northing": base[1], "base_from": "given" if unit.base else came,
                "planned": unit.kind != "response"}  # fmt: skip

    def travel(self, unit: Unit) -> NDArray[np.float64]:
        """Whole minutes between hotspots and base (the last row), rounded up, with parking."""
        key = (unit.mode, unit.base)
        if key not in self._travel:
            places = np.vstack([self.xy.reshape(-1, 2), self.base(unit)])
            exact = self.rules.travel_minutes(places, places, unit.mode)
            if unit.mode == "vehicle":
                exact[:, :-1] += self.rules.park_min
            whole = np.ceil(exact.round(6))
            np.fill_diagonal(whole, 0.0)
            self._travel[key] = whole
        return self._travel[key]

    def plan_day(self, day: list[Duty], first: pd.Timestamp, seed: int | str) -> None:
        """Share the day's visits out, then route its shifts in order of their start."""
        crews = [tuple(u for u in duty.units if u.kind != "response") for duty in day]
        most = [self._most(duty, crew) for duty, crew in zip(day, crews, strict=True)]
        capacity = [self._capacity(d, c) for d, c in zip(day, crews, strict=True)]
        shared = allocate(self.worth, capacity, [list(row) for row in zip(*most, strict=True)]
                          if day else [[] for _ in self.worth],
                          self.rules.max_per_day, self.rules.decay)  # fmt: skip
        self.target += np.array([sum(row) for row in shared], dtype=np.int64)
        done = [0] * len(self.worth)
        for s, (duty, crew) in enumerate(zip(day, crews, strict=True)):
            later = [sum(row[s + 1 :]) for row in shared]
            worth = []
            for h, value in enumerate(self.worth):
                before = done[h] + later[h]
                room = min(most[s][h], self.rules.max_per_day - before)
                decay = self.rules.decay
                worth.append([value * decay ** (before + j) for j in range(max(room, 0))])
            found = self._route(duty, crew, worth, first, seed)
            for h, count in enumerate(found):
                done[h] += count

    def _most(self, duty: Duty, crew: tuple[Unit, ...]) -> list[int]:
        """Most visits per hotspot in a shift by gap and reach; notes what can be reached at all."""
        dwell, gap = self.rules.dwell_min, self.rules.gap_min
        most = []
        for h in range(len(self.worth)):
            reach = [
                (a, b) for u in crew for a, b in duty.windows
                if (self.travel(u)[-1, h] + dwell + self.travel(u)[h, -1]) <= b - a
            ]  # fmt: skip
            span = max(b for _, b in reach) - min(a for a, _ in reach) if reach else -gap
            self.reached[h] |= bool(reach)
            most.append(min(self.rules.max_per_shift, (span + gap) // (dwell + gap)))
        return most

    def _capacity(self, duty: Duty, crew: tuple[Unit, ...]) -> int:
        """Visits a shift can carry when each takes the dwell and a usual leg of travel."""
        minutes, visits, officers = duty.officer_hours * 60, 0, 1
        if not self.worth:
            return 0
        for unit in crew:
            legs = np.sort(self.travel(unit), axis=1)[:-1, 1:3]
            cost = self.rules.dwell_min + float(np.median(legs))
            free = sum(b - a for a, b in duty.windows)
            visits += int(min(free, unit.officer_hours * 60 / unit.officers) // cost)
            officers = max(officers, unit.officers)
        if np.isfinite(minutes) and crew:
            cost = self.rules.dwell_min + float(np.median(np.sort(self.travel(crew[0]))[:-1, 1:3]))
            visits = min(visits, int(minutes // (cost * officers)))
        return visits

    def _route(
        self, duty: Duty, crew: tuple[Unit, ...], worth: list[list[float]], first: pd.Timestamp,
        seed: int | str,
    ) -> list[int]:  # fmt: skip
        """Route one shift, write its visits and its budget, and count visits per hotspot."""
        caps, tours, whose = [duty.officer_hours * 60], [], []
        available = 0.0
        for unit in crew:
            caps.append(unit.officer_hours * 60)
            free = sum(b - a for a, b in duty.windows) * unit.officers
            available += min(free, caps[-1])
            if len(self.worth):
                for a, b in duty.windows:
                    tours.append(Tour(a, b, self.travel(unit), unit.officers, (0, len(caps) - 1)))
                    whose.append(unit)
        available = min(available, caps[0])
        reach = self.rules.gap_min + self.rules.dwell_min
        near = [[v for v in row if duty.start - reach < v[1] and v[0] < duty.end + reach]
                for row in self.taken]  # fmt: skip
        problem = Problem(tours, worth, near, caps, self.rules.dwell_min, self.rules.gap_min)
        date = first + pd.Timedelta(days=duty.day)
        rng = generator(seed, f"{date:%Y-%m-%d}", self.lpt, duty.shift)
        found = route(problem, rng, self.rules.effort) if tours and available > 0 else []
        counts, order = [0] * len(self.worth), dict.fromkeys((u.name for u in crew), 0)
        spent = 0.0
        for tour, unit, stops in zip(tours, whose, found, strict=False):
            came = -1
            for i, (h, at) in enumerate(stops):
                last = i == len(stops) - 1
                out, home = float(tour.travel[came, h]), float(tour.travel[h, -1]) if last else 0.0
                order[unit.name] += 1
                self.visits.append({
                    "visit": f"{date:%Y%m%d}-{unit.name}-{order[unit.name]:02d}",
                    "hotspot": self.names[h], "lpt": self.lpt, "unit": unit.name,
                    "shift": duty.shift, "arrive": at, "depart": at + self.rules.dwell_min,
                    "order": order[unit.name], "travel_min": out, "return_min": home, "date": date,
                    "officers": unit.officers, "mode": unit.mode, "kind": unit.kind,
                })  # fmt: skip
                self.taken[h].append((at, at + self.rules.dwell_min))
                counts[h] += 1
                spent += unit.officers * (out + home + self.rules.dwell_min)
                came = h
        self.budget.append({
            "date": date, "lpt": self.lpt, "shift": duty.shift,
            "start": first + pd.Timedelta(minutes=duty.start),
            "end": first + pd.Timedelta(minutes=duty.end), "units": len(crew),
            "officers": sum(u.officers for u in crew), "available_hours": available / 60,
            "planned_hours": spent / 60, "visits": sum(counts),
        })  # fmt: skip
        return counts
