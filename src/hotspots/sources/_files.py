"""Where records lie: a file, a folder, a glob, a list, a zip, and every table file inside it."""

from __future__ import annotations

import glob
import gzip
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..contracts import InputError

TEXT_ENDS = (".csv", ".tsv", ".tab", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
EXCEL_ENDS = (".xlsx", ".xlsm")
_WHAT = "read_incidents"
_HIDDEN = (".", "__MACOSX", "~$")  # what systems leave beside; ~$ is Excel's lock on an open file


@dataclass(frozen=True)
class TableFile:
    """One table file, on disk or inside a zip, that can be read whole."""

    name: str
    read: Callable[[], bytes]
    size: int
    path: str

    @property
    def base(self) -> str:
        """The file's own name, without folder or zip."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def excel(self) -> bool:
        """Whether the name is that of an Excel workbook."""
        return self.name.lower().endswith(EXCEL_ENDS)


def find_files(source: Any) -> tuple[list[TableFile], list[tuple[str, str]]]:
    """Find every table file in a source, reading none of them yet.

    Parameters
    ----------
    source : path, str or iterable of them
        A file, folder (searched through), glob or zip, or several of these.

    Returns
    -------
    files : list of TableFile
        In the order given; inside a folder or zip by name, so later months come later.
    aside : list of (name, why)
        Files found that hold no table.

    Raises
    ------
    InputError
        Naming every path that is missing, unreadable, locked or without a table file.

    Examples
    --------
    >>> find_files("no-such-folder/*.csv")
    Traceback (most recent call last):
    hotspots.contracts.InputError: read_incidents: nothing matches 'no-such-folder/*.csv'...
    """
    files: list[TableFile] = []
    aside: list[tuple[str, str]] = []
    faults: list[str] = []
    paths = [source] if isinstance(source, str | Path) else source
    if not isinstance(paths, Iterable):
        raise InputError(
            _WHAT,
            [
                f"source is of type {type(source).__name__}; give a path, a list of paths or a "
                "DataFrame."
            ],
        )
    for path in paths:
        if not isinstance(path, str | Path):
            faults.append(
                f"source holds a {type(path).__name__}; a list may hold paths of files, folders, "
                "globs and zips."
            )
            continue
        _look_into(path, files, aside, faults)
    if not faults and not files:
        given = ", ".join(map(repr, map(str, paths))) or "an empty list"
        beside = f"; left aside: {aside[0][0]} ({aside[0][1]})" if aside else ""
        faults.append(
            f"no table file in {given}{beside}; give .csv, .tsv, .txt, .xlsx, .csv.gz or .zip."
        )
    if faults:
        raise InputError(_WHAT, faults)
    return _each_once(files, aside), aside


def _each_once(files: list[TableFile], aside: list[tuple[str, str]]) -> list[TableFile]:
    """Drop a file given twice; name by its whole path a file that shares another's name."""
    once: dict[str, TableFile] = {}
    for item in files:
        if item.path in once:
            aside.append((item.name, "given twice"))
        else:
            once[item.path] = item
    names = Counter(item.name for item in once.values())
    return [
        replace(item, name=item.path) if names[item.name] > 1 else item for item in once.values()
    ]


def _look_into(
    path: str | Path, files: list[TableFile], aside: list[tuple[str, str]], faults: list[str]
) -> None:
    if not str(path).strip():
        faults.append("a path is empty; name a file, folder, glob or zip.")
        return
    try:
        named = _named(path, faults)
    except (OSError, RuntimeError) as error:  # no right to look, no such user, a name too long
        why = getattr(error, "strerror", None) or error
        faults.append(f"{str(path)[:80]!r} cannot be opened ({why}); give the path of a file.")
        return
    for p, name in named:
        if name.lower().endswith(".zip"):
            _open_zip(p, name, files, aside, faults)
        elif name.lower().endswith(TEXT_ENDS + EXCEL_ENDS):
            whole = p.resolve().as_posix()
            files.append(TableFile(name, _file_reader(p, name), p.stat().st_size, whole))
        else:
            aside.append((name, _why_aside(name)))


def _named(path: str | Path, faults: list[str]) -> list[tuple[Path, str]]:
    """Find the files a path stands for, each with the name to show."""
    place = Path(path).expanduser()
    if place.is_dir():
        found = sorted(p for p in place.rglob("*") if p.is_file() and not _hidden(p, place))
        if not found:
            faults.append(f"folder {str(path)!r} is empty; give one that holds CSV files or a zip.")
        return [(p, p.relative_to(place.parent).as_posix()) for p in found]
    if place.is_file():
        return [(place, place.name)]
    if glob.has_magic(str(path)):
        found = sorted(map(Path, glob.glob(str(place), recursive=True)))
        named = [(p, p.name) for p in found if p.is_file() and not p.name.startswith(_HIDDEN)]
        if not named:
            faults.append(f"nothing matches {str(path)!r}; check the folder and the pattern.")
        return named
    faults.append(f"{str(path)!r} is not there; check the spelling and the folder.")
    return []


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(_HIDDEN) for part in path.relative_to(folder).parts)


def _why_aside(name: str) -> str:
    if name.lower().endswith(".xls"):
        return "an old Excel format; save it as .xlsx or .csv"
    return "not a table file"


def _file_reader(path: Path, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            data = path.read_bytes()
            return gzip.decompress(data) if name.lower().endswith(".gz") else data
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                _WHAT, [f"{name} cannot be read ({error}); copy or download it again."]
            ) from error

    return read


def _open_zip(
    path: Path,
    name: str,
    files: list[TableFile],
    aside: list[tuple[str, str]],
    faults: list[str],
) -> None:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        faults.append(f"{name} is not a readable zip ({error}); download it again.")
        return
    for info in sorted(archive.infolist(), key=lambda i: i.filename):
        inner = info.filename
        if info.is_dir() or any(p.startswith(_HIDDEN) for p in inner.split("/")):
            continue
        shown = f"{name}/{inner}"
        if not inner.lower().endswith(TEXT_ENDS + EXCEL_ENDS):
            why = "a zip inside a zip; unpack it first" if inner.lower().endswith(".zip") else ""
            aside.append((shown, why or _why_aside(inner)))
        elif info.flag_bits & 1:
            faults.append(f"{name} is locked with a password; unpack it and give the folder.")
            return
        else:
            reader = _member_reader(archive, inner, shown)
            whole = f"{path.resolve().as_posix()}/{inner}"
            files.append(TableFile(shown, reader, info.file_size, whole))


def _member_reader(archive: zipfile.ZipFile, inner: str, shown: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            data = archive.read(inner)
            return gzip.decompress(data) if inner.lower().endswith(".gz") else data
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise InputError(
                _WHAT, [f"{shown} cannot be read ({error}); download the zip again."]
            ) from error

    return read
