"""Outputs that appear whole or not at all.

A scheduled refresh may read while a run writes, and a run may crash half-way. So every output is
written beside its place under a hidden name and moved there in one step when it is complete.
"""

from __future__ import annotations

import glob
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..contracts import InputError

LISTING = ".hotspots.json"
"""File in a folder this package made, naming what it wrote: anything else is somebody's own."""

_STALE = 24 * 3600  # seconds: no run takes a day, so an older one was left by a run killed by force


def _beside(path: Path) -> Path:
    """Return an unused hidden name in the same folder, with the same suffix."""
    return path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")


def _place(path: str | os.PathLike[str], what: str) -> Path:
    """Return the real path (links followed) with its parent folder made."""
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(what, [f"it is of type {type(path).__name__}; give a path."])
    place = Path(os.path.realpath(path))
    if not place.name:
        raise InputError(what, ["it is the root of a disk; name a folder or file below it."])
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(what, [f"folder {place.parent} cannot be made: {error}."]) from error
    _sweep(place)
    return place


def _sweep(place: Path) -> None:
    """Remove unfinished outputs that runs killed over a day ago left beside the place."""
    for left in place.parent.glob(f".{glob.escape(place.stem)}.*.partial{place.suffix}"):
        try:
            fresh = time.time() - left.stat().st_mtime < _STALE
        except FileNotFoundError:  # another run was quicker
            continue
        if fresh:
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file that appears at ``path`` only when it is complete.

    Parameters
    ----------
    path : path
        Where the file shall stand; its folder is made when missing. A file already there stays
        as it is until the new one is complete, and for good if writing fails.

    Yields
    ------
    Path
        A hidden file in the same folder, with the same suffix, to write to.

    Raises
    ------
    InputError
        When nothing may be written there, or the file cannot be put in place, for instance
        because a program holds the old one open.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "counts.csv"
    >>> with atomic_file(target) as partial:
    ...     _ = partial.write_text("lpt,incidents", encoding="utf-8")
    ...     target.exists()
    False
    >>> target.read_text(encoding="utf-8")
    'lpt,incidents'
    """
    place = _place(path, str(path))
    if place.is_dir():
        raise InputError(str(path), ["it is a folder; name a file in it."])
    partial = _beside(place)
    try:
        partial.touch()  # said before the work, not after it
        partial.unlink()
    except OSError as error:
        raise InputError(str(path), [_unwritable(place, error)]) from error
    try:
        yield partial
        with partial.open("rb+") as written:  # on the disk before the name points to it
            os.fsync(written.fileno())
        _swap(partial, place, str(path))
    finally:
        # A database driver may leave its journal beside an unfinished file.
        for left in place.parent.glob(f"{glob.escape(partial.name)}*"):
            left.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a folder that appears at ``path`` only when it is complete.

    Parameters
    ----------
    path : path
        Where the folder shall stand. A folder of an earlier run is replaced as a whole, so files
        the new run does not write are gone; files somebody else put there are carried over.

    Yields
    ------
    Path
        A hidden folder beside it to write into.

    Raises
    ------
    InputError
        When ``path`` is a file, or a folder with content that this package did not make, when
        nothing may be written there, or it cannot be replaced. What was there then stays.

    Notes
    -----
    Replacing a folder takes two renames. Between them, for a moment, there is no folder; there is
    never half of one. Should the machine stop in that moment, the next run puts the earlier
    folder back before it starts.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "bi"
    >>> with atomic_folder(target) as partial:
    ...     _ = (partial / "lpt.csv").write_text("lpt", encoding="utf-8")
    >>> [file.name for file in sorted(target.iterdir())]
    ['.hotspots.json', 'lpt.csv']
    """
    place = _place(path, str(path))
    previous = place.with_name(f".{place.name}.previous")
    if previous.exists() and not place.exists():
        previous.rename(place)
    strangers = _strangers(place, str(path))
    partial = _beside(place)
    try:
        try:  # inside, so that a signal right after the folder is made still removes it
            partial.mkdir()
        except OSError as error:
            raise InputError(str(path), [_unwritable(place, error)]) from error
        yield partial
        listing = {"made_by": "hotspots", "wrote": _files(partial)}
        (partial / LISTING).write_text(json.dumps(listing, indent=1), encoding="utf-8")
        for stranger in strangers:
            if not (copy := partial / stranger).exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(place / stranger, copy)
        if place.exists():
            shutil.rmtree(previous, ignore_errors=True)
            _swap(place, previous, str(path))
        try:
            _swap(partial, place, str(path))
        except InputError:
            if previous.exists():
                previous.rename(place)
            raise
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unwritable(place: Path, error: OSError) -> str:
    return f"nothing can be written in {place.parent} ({error.strerror}); name another folder."


def _swap(old: Path, new: Path, what: str) -> None:
    try:
        old.replace(new)
    except OSError as error:
        raise InputError(
            what,
            [f"it cannot be put in place ({error.strerror}); close any program that has it open "
             "and run again. What was there before is unchanged."],
        ) from error  # fmt: skip


def _files(folder: Path) -> list[str]:
    """Return every file in a folder and the folders in it, as paths within it."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _strangers(place: Path, what: str) -> list[str]:
    """Return the files in a folder of ours that we did not write; refuse a folder not ours."""
    if not place.exists():
        return []
    if not place.is_dir():
        raise InputError(what, ["it is a file; name a folder."])
    found = sorted(place.iterdir())
    listing = place / LISTING
    if found and not listing.is_file():
        raise InputError(
            what,
            [f"the folder already holds {found[0].name!r} and was not made by hotspots; writing "
             "would replace the whole folder: give an empty or a new one."],
        )  # fmt: skip
    if not found:
        return []
    try:
        ours = {*json.loads(listing.read_text(encoding="utf-8"))["wrote"], LISTING}
    except (ValueError, KeyError, TypeError) as error:
        fault = f"its {LISTING} is damaged, so nobody can tell whose files are in it: move it away."
        raise InputError(what, [fault]) from error
    return [name for name in _files(place) if name not in ours]
