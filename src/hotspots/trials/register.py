"""The register of trials: what was drawn, noted before anybody was told."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..atomic import ChainedLog
from ..atomic.log import moment_of
from ..contracts import InputError, Result
from ._words import counted, day_text
from .rules import TrialRules

if TYPE_CHECKING:
    from .design import TrialDesign

_LOG = ChainedLog(
    ("trial", "design", "start", "end", "sites", "places", "seed", "digest"),
    "register of trials", "register_trial",
)  # fmt: skip
_SHORT = 12  # characters of a seal or digest that a text shows


@dataclass(frozen=True, repr=False)
class TrialRegister(Result):
    """The register of trials, and what it says of one.

    Attributes
    ----------
    log : DataFrame
        Index ``number``, in the order written: ``when`` (local wall-clock of the writer),
        ``trial`` (its name: first day, design, start of its digest), ``design``, ``start``,
        ``end`` (the day after the last), ``sites`` (how many), ``places`` (digest of which sites:
        the same for the same sites), ``seed`` (fingerprint), ``digest`` and ``intact`` (False where
        the row was changed since, or does not follow the one before).
    seal : str
        Seal of the last row; kept elsewhere, it shows whether the register was cut short later.
    registered : bool
        Whether the trial asked about is in the register as it stands, before it began.
    said : str
        The text.
    """

    log: pd.DataFrame
    seal: str
    registered: bool
    said: str

    @property
    def text(self) -> str:
        """Whether the trial was registered in time and unchanged, and whether others were drawn."""
        return self.said


def register_trial(
    path: str | os.PathLike[str], design: TrialDesign, *, when: dt.datetime | None = None
) -> TrialRegister:
    """Note a trial in a register before anybody is told who was drawn.

    Parameters
    ----------
    path : path
        A CSV file (UTF-8); made when missing, added to when there, never rewritten.
    design : TrialDesign
    when : datetime, optional
        Now when absent. Without a time zone it is local time.

    Returns
    -------
    TrialRegister

    Raises
    ------
    InputError
        If the design was changed since it was drawn or is in the register already, or the file is
        no such register, was changed, or cannot be written.

    Notes
    -----
    The row holds a digest, not the assignment: SHA-256 of sites, shapes, rules, calendar and a
    nonce made from the seed, so that nobody finds the assignment by trying all there are, and
    nobody can put another in its place. Each row is sealed with the one before.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.trials.example import example_trial
    >>> path = Path(tempfile.mkdtemp()) / "register.csv"
    >>> register_trial(path, example_trial(), when=dt.datetime(2025, 12, 19, 9)).registered
    True
    """
    _require(design, "register_trial")
    if when is None:
        when = dt.datetime.now()
    elif not isinstance(when, dt.datetime) or when != when:
        raise InputError("register_trial", [f"when is {when!r}; give a datetime, or leave it out."])
    if isinstance(when, pd.Timestamp):
        when = when.to_pydatetime(warn=False)
    if digest_of(design) != design.digest:
        raise InputError("register_trial", [
            "the design is not as it was drawn (a table or rule was changed); register what "
            "design_trial returned."
        ])  # fmt: skip
    place = _path(path, "register_trial")
    before = _LOG.read(place) if place.is_file() else []
    for row in before:
        if row["digest"] == design.digest:
            raise InputError("register_trial", [
                f"this trial is in the register already, as row {row['number']} of {row['when']}."
            ])  # fmt: skip
    _LOG.add(place, [{
        "trial": trial_name(design), "design": design.design,
        "start": f"{design.start:%Y-%m-%d}", "end": f"{design.end:%Y-%m-%d}",
        "sites": str(len(design.sites)), "places": _places(design), "seed": design.seed,
        "digest": design.digest,
    }], when)  # fmt: skip
    return check_register(place, design)


def check_register(
    path: str | os.PathLike[str], design: TrialDesign, *, seal: str | None = None
) -> TrialRegister:
    """Tell whether a trial is in the register as it stands, in time, and whether others were drawn.

    Parameters
    ----------
    path : path
        As :func:`register_trial` wrote it.
    design : TrialDesign
        As drawn then, or drawn again with the secret seed.
    seal : str, optional
        A seal noted earlier (``TrialRegister.seal``, or its first 12 characters or more): tell
        whether the register still holds it.

    Returns
    -------
    TrialRegister

    Raises
    ------
    InputError
        If there is no such file, or it is no register of trials.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.trials.example import example_trial
    >>> path = Path(tempfile.mkdtemp()) / "register.csv"
    >>> _ = register_trial(path, example_trial(), when=dt.datetime(2025, 12, 19, 9))
    >>> check_register(path, example_trial("blocks")).registered
    False
    """
    _require(design, "check_register")
    place = _path(path, "check_register")
    if seal is not None and (not isinstance(seal, str) or len(seal) < _SHORT):
        raise InputError("check_register", [
            f"seal is {seal!r}; give TrialRegister.seal, or its first {_SHORT} characters or more."
        ])  # fmt: skip
    if not place.is_file():
        raise InputError("check_register", [f"there is no file {str(path)!r}; check the path."])
    rows = _LOG.read(place)
    intact = _LOG.intact(rows)
    frame = pd.DataFrame(rows, columns=[*_LOG.header]).astype("str")
    log = frame.drop(columns=["number", "seal"]).assign(
        when=pd.Series([moment_of(row["when"]) for row in rows], dtype="datetime64[s]"),
        start=pd.to_datetime(frame["start"], errors="coerce").astype("datetime64[s]"),
        end=pd.to_datetime(frame["end"], errors="coerce").astype("datetime64[s]"),
        sites=pd.to_numeric(frame["sites"], errors="coerce"),
        intact=np.array(intact, dtype=bool),
    )
    log.index = pd.Index(np.arange(1, len(log) + 1), name="number")
    kept = seal is None or any(row["seal"].startswith(seal) for row in rows)
    latest = rows[-1]["seal"] if rows else ""
    digest = digest_of(design)
    found = log[log["digest"] == digest]
    registered = bool(
        len(found) and found["intact"].iloc[0] and found["when"].iloc[0] < design.start
        and digest == design.digest
    )  # fmt: skip
    return TrialRegister(log, latest, registered, _text(log, design, found, latest, kept))


def trial_name(design: TrialDesign) -> str:
    """Name a trial by its first day, its design and the start of its digest.

    Parameters
    ----------
    design : TrialDesign

    Returns
    -------
    str

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> trial_name(example_trial()).split()[:2]
    ['2026-01-05', 'pairs']
    """
    return f"{design.start:%Y-%m-%d} {design.design} {design.digest[:8]}"


def digest_of(design: TrialDesign) -> str:
    """Work out the digest of a design anew from its sites, calendar, rules and nonce.

    Parameters
    ----------
    design : TrialDesign

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits; differs from ``design.digest`` where a table was changed.

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> trial = example_trial()
    >>> digest_of(trial) == trial.digest
    True
    """
    import shapely

    sites = design.sites.sort_index()
    calendar = design.calendar.sort_values(["hotspot", "date"])
    told: dict[str, Any] = {
        "design": design.design, "start": f"{design.start:%Y-%m-%d}",
        "end": f"{design.end:%Y-%m-%d}", "rules": asdict(design.rules), "seed": design.seed,
        "sites": sites[["cluster", "block", "arm"]].reset_index().astype(str).to_numpy().tolist(),
        "shapes": [
            np.rint(shapely.get_coordinates(shape) * 1000).astype(np.int64).tolist()
            for shape in sites.geometry
        ],
        "calendar": [
            f"{spot} {day:%Y-%m-%d} {on} {phase}" for spot, day, on, phase in
            zip(calendar["hotspot"], calendar["date"], calendar["treated"], calendar["phase"],
                strict=True)
        ],
    }  # fmt: skip
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=_listed)
    return hashlib.sha256(f"{design.nonce}\n{text}".encode()).hexdigest()


def _listed(value: Any) -> Any:
    """Write a sequence as a list and numbers of NumPy as plain ones, whatever type was given."""
    return value.item() if isinstance(value, np.generic) else list(value)


def _places(design: TrialDesign) -> str:
    names = "\n".join(sorted(map(str, design.sites.index)))
    return hashlib.sha256(names.encode()).hexdigest()[:_SHORT]


def design_fault(design: Any) -> str:
    """Say why something is no design of a trial; blank where it is one.

    Parameters
    ----------
    design : object

    Returns
    -------
    str

    Examples
    --------
    >>> design_fault("pairs")
    'design is of type str; give what design_trial returned.'
    """
    from .design import TrialDesign

    if not isinstance(design, TrialDesign):
        return f"design is of type {type(design).__name__}; give what design_trial returned."
    needed = {"sites": {"cluster", "block", "arm", "geometry"},
              "calendar": {"hotspot", "date", "treated", "phase"}}  # fmt: skip
    made = "give what design_trial returned."
    for name, columns in needed.items():
        if not columns <= set(getattr(getattr(design, name), "columns", ())):
            return f"design.{name} lacks what design_trial gave it; {made}"
    if not isinstance(design.rules, TrialRules):
        return f"design.rules is of type {type(design.rules).__name__}; {made}"
    return ""


def _require(design: Any, what: str) -> None:
    if fault := design_fault(design):
        raise InputError(what, [fault])


def _path(path: Any, what: str) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise InputError(what, [f"path is of type {type(path).__name__}; give a path as text."])
    return Path(path)


def _text(
    log: pd.DataFrame, design: TrialDesign, found: pd.DataFrame, seal: str, kept: bool
) -> str:  # fmt: skip
    """Write what the register says of a trial."""
    name, lines = trial_name(design), []
    same = log[(log["places"] == _places(design)) & (log["digest"] != design.digest)]
    if digest_of(design) != design.digest:
        lines.append(f"Trial {name} was changed since it was drawn: it is not the one registered.")
    elif found.empty:
        lines.append(f"Trial {name} is not in the register: whoever drew it may have drawn others "
                     "before, and kept the one that pleased.")  # fmt: skip
    else:
        when = found["when"].iloc[0]
        days = (design.start - when.normalize()).days
        told = (f"{counted(days, 'day')} before it began" if when < design.start
                else "after it had begun, which proves little")  # fmt: skip
        lines.append(f"Trial {name} is in the register as drawn: row {found.index[0]}, "
                     f"{day_text(when)}, {told}.")  # fmt: skip
    if len(same):
        lines.append(
            f"The same sites were drawn {counted(len(same), 'other time')} (first in row "
            f"{same.index[0]}): ask why, for a lot drawn until it pleases is none."
        )
    changed = log.index[~log["intact"]]
    if len(changed):
        lines.append(f"The register was changed since it was written: row {changed[0]} is not as "
                     "written, or a row before it is gone.")  # fmt: skip
    elif len(log):
        lines.append(f"No row was changed since it was written; the last seal is {seal[:_SHORT]}.")
    if not kept:
        lines.append("The seal given is not in the register: rows were taken off its end, or it "
                     "was rewritten.")  # fmt: skip
    return "\n".join(lines)
