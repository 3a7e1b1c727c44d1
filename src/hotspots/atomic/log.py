"""A log that is only added to, and in which changes show."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..contracts import InputError
from .cells import guarded, unguarded

_WAIT_S = 5.0  # for another's writing to end
_LONGEST = 10_000  # characters of a cell: with much longer ones nobody could read the file again
_STALE_S = 60.0  # no writing takes a minute: a lock this old was left by a crash


@dataclass(frozen=True)
class ChainedLog:
    """A CSV file whose rows each carry a seal made from themselves and the seal before.

    A row changed, taken out or put in elsewhere does not fit the seals. They are no signature:
    somebody who rewrites the whole file can make new ones, and rows cut off at the end leave no
    trace, so that the last seal is to be noted elsewhere too.

    Parameters
    ----------
    columns : tuple of str
        What a row holds, between its ``number`` and ``when`` and its ``seal``.
    what : str
        "log of decisions".
    writer : str
        The function that writes it.

    References
    ----------
    Haber S. and Stornetta W. S. (1991) How to time-stamp a digital document. *Journal of
    Cryptology* 3(2), 99-111.

    Examples
    --------
    >>> import tempfile
    >>> log = ChainedLog(("said",), "log of sayings", "say")
    >>> place = Path(tempfile.mkdtemp()) / "log.csv"
    >>> log.add(place, [{"said": "one"}, {"said": "two"}], dt.datetime(2026, 3, 2, 9))
    >>> rows = log.read(place)
    >>> [row["said"] for row in rows], log.intact(rows)
    (['one', 'two'], [True, True])
    """

    columns: tuple[str, ...]
    what: str
    writer: str

    @property
    def header(self) -> tuple[str, ...]:
        """The first line of the file."""
        return ("number", "when", *self.columns, "seal")

    def add(self, place: Path, rows: list[dict[str, str]], when: dt.datetime) -> None:
        """Add rows in one write, under a lock; others wait for it.

        Parameters
        ----------
        place : Path
            Made when missing.
        rows : list of dict
            Text for each of the columns.
        when : datetime
            Without a time zone it is local time.

        Raises
        ------
        InputError
            If the file is no such log, was changed since it was written, or cannot be written, or
            a cell is longer than 10,000 characters.
        """
        unfit = [
            f"{name} of row {n} has {len(text):,} characters; at most {_LONGEST:,} are kept."
            if len(text) > _LONGEST else f"{name} of row {n} has a character that ends texts."
            for n, row in enumerate(rows, 1) for name, text in row.items()
            if len(text) > _LONGEST or "\0" in text
        ]  # fmt: skip
        if unfit:
            raise InputError(place.name, unfit)
        try:
            moment = when.astimezone().isoformat(timespec="seconds")
        except (OverflowError, ValueError):
            raise InputError(place.name, [f"when is {when}; give a time of our days."]) from None
        with _alone(place):
            before = self.read(place) if place.exists() else []
            self._refuse_changed(place, before)
            seal, sealed = before[-1]["seal"] if before else "", []
            for number, row in enumerate(rows, len(before) + 1):
                full = row | {"number": str(number), "when": moment}
                seal = full["seal"] = self._seal(seal, full)
                sealed.append(full)
            self._append(place, sealed)

    def read(self, place: Path) -> list[dict[str, str]]:
        """Return the rows as text, in order.

        Parameters
        ----------
        place : Path

        Returns
        -------
        list of dict

        Raises
        ------
        InputError
            If it is no such log, or a row was cut.
        """
        try:
            text = place.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(
                place.name, [f"it is not UTF-8; give a file of {self.writer}."]
            ) from None
        except OSError as error:
            raise InputError(place.name, [f"it cannot be read: {error.strerror}."]) from error
        try:
            lines = list(csv.reader(io.StringIO(text, newline="")))
        except csv.Error as error:
            raise InputError(place.name, [f"it is no {self.what}: {error}."]) from None
        if lines and tuple(lines[0]) != self.header:
            raise InputError(
                place.name,
                [f"it is no {self.what} (its first line is not {','.join(self.header)!r}); "
                 f"give a file of {self.writer}, or a new name."],
            )  # fmt: skip
        faults = [
            f"line {n} has {len(line)} cells where a log has {len(self.header)}: it was cut or "
            "edited."
            for n, line in enumerate(lines[1:], 2) if len(line) != len(self.header)
        ]  # fmt: skip
        rows = [dict(zip(self.header, map(unguarded, line), strict=False)) for line in lines[1:]]
        if not faults:
            faults = [
                f"line {n}: when is {row['when']!r}, which is no time: it was edited."
                for n, row in enumerate(rows, 2) if moment_of(row["when"]) is None
            ]  # fmt: skip
        if faults:
            raise InputError(place.name, faults)
        return rows

    def intact(self, rows: list[dict[str, str]]) -> list[bool]:
        """Tell of each row whether it is as written, and follows the one before.

        Parameters
        ----------
        rows : list of dict
            As :meth:`read` gives them.

        Returns
        -------
        list of bool
        """
        found, before = [], ""
        for number, row in enumerate(rows, 1):
            found.append(row["number"] == str(number) and row["seal"] == self._seal(before, row))
            before = row["seal"]
        return found

    def _seal(self, before: str, row: dict[str, str]) -> str:
        cells = [before, *(row[name] for name in self.header[:-1])]
        return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode("utf-8")).hexdigest()

    def _refuse_changed(self, place: Path, rows: list[dict[str, str]]) -> None:
        intact = self.intact(rows)
        if not all(intact):
            number = intact.index(False) + 1
            raise InputError(
                place.name,
                [f"row {number} is not as it was written, or a row before it is gone; nothing was "
                 "added. Keep the file for whoever looks into it, and start another."],
            )  # fmt: skip

    def _append(self, place: Path, rows: list[dict[str, str]]) -> None:
        """Add the rows in one write, so that a reader never sees half of one."""
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        held = place.read_bytes() if place.exists() else b""
        if fresh := not held:
            writer.writerow(self.header)
        elif not held.endswith(b"\n"):  # an editor took the end of the last line
            buffer.write("\r\n")
        writer.writerows([guarded(row[name]) for name in self.header] for row in rows)
        encoded = buffer.getvalue().encode("utf-8-sig" if fresh else "utf-8")
        try:
            with place.open("ab") as file:
                file.write(encoded)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(
                place.name,
                [f"it cannot be written ({error.strerror}); close any program that has it open and "
                 "try again."],
            ) from error  # fmt: skip


def moment_of(text: str) -> dt.datetime | None:
    """Return the wall-clock time of the writer, or None where the text is no time.

    Parameters
    ----------
    text : str

    Returns
    -------
    datetime or None

    Examples
    --------
    >>> moment_of("2026-03-02T09:00:00+00:00"), moment_of("noon")
    (datetime.datetime(2026, 3, 2, 9, 0), None)
    """
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep others from adding at the same time: two rows would carry the same number."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(place.name, [f"its folder cannot be made: {error.strerror}."]) from error
    if place.is_dir():
        raise InputError(str(place), ["it is a folder; name a file in it."])
    lock, until = place.with_name(f".{place.name}.lock"), time.monotonic() + _WAIT_S
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            if _left(lock):
                continue
            if time.monotonic() > until:
                raise InputError(
                    place.name,
                    [f"somebody else is writing to it; try again, or remove {lock.name!r} if "
                     "nobody is."],
                ) from None  # fmt: skip
            time.sleep(0.05)
        except OSError as error:
            raise InputError(
                place.name, [f"nothing can be written beside it: {error.strerror}."]
            ) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _left(lock: Path) -> bool:
    """Remove a lock that a crash left behind, and tell whether it is gone."""
    try:
        if time.time() - lock.stat().st_mtime < _STALE_S:
            return False
        lock.unlink(missing_ok=True)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
