"""Raw rows of one table file, every line accounted for, before anything is read into them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DELIMITERS = ",;\t|"
_LONGEST_RECORD = 50  # lines a quoted field may run over before its quote counts as never closed


@dataclass
class Rows:
    """The rows of one table file as text.

    Parameters
    ----------
    name : str
        The file, as the reader knows it.
    header : list of str
        Column names as written, stripped of blanks.
    line : ndarray of int, shape (n,)
        The line of each row in the file, from 1, as an editor or Excel shows it.
    load : callable
        Takes column positions and gives the text of each, ``n`` values.
    raw : callable
        Takes a row position and gives the row as written.
    refused : list of (line, reason, text)
        Lines that are no row: cut off, of the wrong width, a header again.
    notes : list of str
        What was found out about the file: encoding, delimiter, lines above the header.
    """

    name: str
    header: list[str]
    line: NDArray[np.int64]
    load: Callable[[list[int]], list[NDArray[np.object_]]]
    raw: Callable[[int], str]
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def columns(self, names: Collection[str], text: Collection[str] = ()) -> pd.DataFrame:
        """Return the named columns, ``""`` where the file has nothing.

        They come as categories, to be cleaned once per value, but for those in ``text``.
        """
        read = self.load([self.header.index(name) for name in names])
        return pd.DataFrame({
            name: pd.Series(values, dtype=object) if name in text else categories(values)
            for name, values in zip(names, read, strict=True)
        })  # fmt: skip


def categories(values: NDArray[np.object_]) -> pd.Categorical:
    """Make a categorical of text, its categories plain objects in order of appearance."""
    codes, kinds = pd.factorize(values)
    return pd.Categorical.from_codes(codes, pd.Index(kinds, dtype=object))


def plain_name(name: str) -> str:
    """Return a column name as it is compared: lower case, letters and digits only.

    Examples
    --------
    >>> plain_name("Crime_Ref No.")
    'crimerefno'
    """
    return "".join(c for c in name.casefold() if c.isalnum())


def decode(data: bytes) -> tuple[bytes, str]:
    r"""Return the bytes as UTF-8 with ``\n`` line ends, and the encoding they had.

    Examples
    --------
    >>> decode("Caf\u00e9\r\n".encode("cp1252"))
    (b'Caf\xc3\xa9\n', 'cp1252')
    """
    encoding = "utf-8"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif data[:3] == b"\xef\xbb\xbf":
        encoding = "utf-8-sig"
    if encoding != "utf-8":
        data = data.decode(encoding, errors="replace").encode()
    elif not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            whole = data[: error.start]
            if "end of data" in error.reason and not whole.isascii():
                # UTF-8 but for its last letter, in which the file is cut off.
                return decode(whole)
            try:
                data, encoding = data.decode("cp1252").encode(), "cp1252"
            except UnicodeDecodeError:
                data, encoding = data.decode("latin-1").encode(), "latin-1"
    if b"\x00" in data:
        data = data.replace(b"\x00", b"")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:  # old Mac line ends, or a stray one inside a field
            data = data.replace(b"\r", b" " if b"\n" in data else b"\n")
    return data, encoding


def find_header(lines: list[str], known: Collection[str]) -> tuple[int, str]:
    """Find the header among the first lines of a file, and the delimiter.

    Parameters
    ----------
    lines : list of str
    known : collection of str
        Plain names (:func:`plain_name`) that a header may hold.

    Returns
    -------
    place : int
        Position of the header in ``lines``.
    delimiter : str

    Examples
    --------
    >>> find_header(["Log extract", "", "URN;Opened"], {"urn", "opened"})
    (2, ';')
    """
    best, found = (0, 0), (0, ",")
    for place, line in enumerate(lines):
        for delimiter in DELIMITERS:
            names = next(csv.reader([line], delimiter=delimiter), [])
            hits = sum(plain_name(name) in known for name in names)
            if (hits, len(names) if place == 0 else 0) > best:
                best, found = (hits, len(names)), (place, delimiter)
        if best[0] > max(2, best[1] / 2):
            break  # most of its names are known: no better line will come
    return found


def read_delimited(name: str, data: bytes, known: Collection[str]) -> Rows | None:
    r"""Read a delimited text file into :class:`Rows`.

    Every line ends up in the rows, among the refused, or is blank. Lines are checked on the bytes
    as a whole; only a file with stray quotation marks is walked line by line.

    Parameters
    ----------
    name : str
    data : bytes
    known : collection of str
        Plain names a header may hold, to find it below a title.

    Returns
    -------
    Rows or None
        None when the file holds no line at all.

    Examples
    --------
    >>> rows = read_delimited("a.csv", b"URN,Type\n1,ASB\n2\n", {"urn"})
    >>> rows.columns(["Type"])["Type"].tolist(), rows.refused
    (['ASB'], [(3, '1 field where the header has 2', '2')])
    """
    data, encoding = decode(data)
    if not data.strip():
        return None
    head = data[:200_000].decode("utf-8", errors="ignore").split("\n")[:25]
    place, delimiter = find_header(head, known)
    notes = [f"read as {encoding}"] if encoding not in ("utf-8", "utf-8-sig") else []
    if delimiter != ",":
        notes.append(f"columns parted by {'a tab' if delimiter == chr(9) else repr(delimiter)}")
    if place:
        notes.append(f"header found in line {place + 1}")
    header = [h.strip() for h in next(csv.reader([head[place]], delimiter=delimiter))]
    while len(header) > 1 and not header[-1]:
        header.pop()
    start = sum(len(line.encode()) + 1 for line in head[: place + 1])
    rows = _fast(name, header, head[place].encode(), data[start:], place + 2, delimiter)
    if rows is None:
        rows = _slow(name, header, data[start:].decode(), place + 2, delimiter)
    if not len(rows.line) and not rows.refused:
        notes.append("no row below the header")
    again = {h for h in header if h and header.count(h) > 1}
    notes += [f"column {h!r} is there twice: the first is read" for h in sorted(again)]
    rows.notes = notes
    return rows


def _fast(
    name: str, header: list[str], again: bytes, body: bytes, first_line: int, delimiter: str
) -> Rows | None:
    """Cut the bytes into records at once; None when quotation marks make that unsafe."""
    if not body.endswith(b"\n"):
        cut, body = True, body + b"\n"
    else:
        cut = False
    letters = np.frombuffer(body, np.uint8)
    breaks = np.flatnonzero(letters == 10)
    marks = np.flatnonzero(letters == ord(delimiter))
    quotes = np.flatnonzero(letters == 34)
    ends = breaks
    if quotes.size:
        if quotes.size % 2:
            return None
        ends = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        if _astray(letters, quotes, np.sort(np.concatenate([breaks, marks])), ord(delimiter)):
            return None
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    begins = np.concatenate([[0], ends[:-1] + 1])
    line = first_line + np.searchsorted(breaks, begins)
    fields = np.diff(np.searchsorted(marks, np.concatenate([[0], ends]))) + 1
    width = len(header)
    blank = ends == begins
    odd = (fields != width) & ~blank
    if odd.any() and quotes.size:
        return None
    refused: list[tuple[int, str, str]] = []
    keep = ~blank & ~odd
    pieces: dict[int, bytes] = {}
    for i in np.flatnonzero(odd):
        text = body[begins[i] : ends[i]]
        spare = delimiter.encode() * int(fields[i] - width)
        if not text.strip(b" \t"):
            continue
        if spare and text.endswith(spare):
            pieces[int(i)] = text[: -len(spare)]
            keep[i] = True
        else:
            last = cut and i == len(ends) - 1
            refused.append((int(line[i]), _width_reason(int(fields[i]), width, last), _show(text)))
    if again in body:
        for i in np.flatnonzero(keep & (ends - begins == len(again))):
            if body[begins[i] : ends[i]] == again:
                keep[i] = False
                refused.append((int(line[i]), "the header again", _show(again)))
    kept = np.flatnonzero(keep)
    if len(kept) != len(begins):
        body_kept = b"\n".join(
            [pieces.get(int(i)) or body[begins[i] : ends[i]] for i in kept] + [b""]
        )
    else:
        body_kept = body

    def load(places: list[int]) -> list[NDArray[np.object_]]:
        return _parse(body_kept, places, width, delimiter, len(kept))

    def raw(i: int) -> str:
        return _show(body[begins[kept[i]] : ends[kept[i]]])

    if quotes.size:
        try:
            load([0])
        except (pd.errors.ParserError, ValueError):
            return None  # pandas counts other rows: quotation marks inside a field
    return Rows(name, header, line[kept], load, raw, refused)


def _astray(
    letters: NDArray[np.uint8], quotes: NDArray[np.int64], cuts: NDArray[np.int64], delimiter: int
) -> bool:
    """Tell whether a quotation mark inside a field, such as after a blank, hides a delimiter.

    To a parser of CSV only a mark at the start of a field is one: it would cut there.
    """
    before = letters[np.maximum(quotes[::2] - 1, 0)]
    proper = (quotes[::2] == 0) | np.isin(before, [delimiter, 10, 34])
    hides = np.diff(np.searchsorted(cuts, quotes).reshape(-1, 2), axis=1)[:, 0] > 0
    return bool((~proper & hides).any())


def _parse(
    body: bytes, places: list[int], width: int, delimiter: str, n: int
) -> list[NDArray[np.object_]]:
    if not n:
        return [np.empty(0, dtype=object) for _ in places]
    frame = pd.read_csv(
        io.BytesIO(body), sep=delimiter, header=None, names=list(range(width)), usecols=places,
        dtype=object, na_filter=False, skip_blank_lines=False, index_col=False, low_memory=False,
        encoding="utf-8",
    )  # fmt: skip
    if len(frame) != n:
        raise ValueError(f"pandas finds {len(frame)} rows where the lines make {n}")
    return [frame[place].to_numpy() for place in places]


def _width_reason(fields: int, width: int, last: bool) -> str:
    fields_ = "1 field" if fields == 1 else f"{fields} fields"
    said = f"{fields_} where the header has {width}"
    return f"{said}: the file is cut off in its last line" if last and fields < width else said


def _show(text: bytes) -> str:
    return text.decode("utf-8", errors="replace")


def _slow(name: str, header: list[str], body: str, first_line: int, delimiter: str) -> Rows:
    """Walk a file with stray quotation marks line by line."""
    lines = body.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    width, kept, line, texts = len(header), [], [], []
    refused: list[tuple[int, str, str]] = []
    i = 0
    while i < len(lines):
        fields, span = _record(lines, i, width, delimiter)
        if not lines[i].strip():
            pass
        elif fields is None:
            refused.append((first_line + i, "a quotation mark is never closed", lines[i]))
        elif [f.strip() for f in fields] == header:
            refused.append((first_line + i, "the header again", lines[i]))
        elif len(fields) < width or any(fields[width:]):
            last = i + span == len(lines) and not body.endswith("\n")
            text = "\n".join(lines[i : i + span])
            refused.append((first_line + i, _width_reason(len(fields), width, last), text))
        else:
            kept.append(fields[:width])
            line.append(first_line + i)
            texts.append("\n".join(lines[i : i + span]))
        i += span
    cells = np.array(kept, dtype=object).reshape(len(kept), width)

    def load(places: list[int]) -> list[NDArray[np.object_]]:
        return [cells[:, place] for place in places]

    lines_ = np.asarray(line, dtype=np.int64)
    return Rows(name, header, lines_, load, texts.__getitem__, refused)


def _record(lines: list[str], i: int, width: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Fields of the record that starts at line ``i``, and how many lines it takes."""
    text = ""
    for span in range(1, min(_LONGEST_RECORD, len(lines) - i) + 1):
        text = text + "\n" + lines[i + span - 1] if text else lines[i]
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
        )
        try:
            fields = next(reader, [])
        except csv.Error as error:
            if "unexpected end" in str(error):
                continue  # a quote is open: the record may run on
            fields = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        if span == 1 or len(fields) == width:
            return fields, span
    return None, 1
