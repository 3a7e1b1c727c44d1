"""The command line: ``hotspots demo``, ``check FILE...``, ``run CONFIG`` and ``brief CONFIG``.

Only the standard library is imported here: the help must answer at once. Everything else is
loaded when a command begins.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__

FINE, FLAWED, UNUSABLE, STOPPED, TERMINATED = 0, 1, 2, 130, 143
"""Exit codes: all well; rows rejected or months missing; input that cannot be used; Ctrl-C; the
signal to terminate."""


class _TerminatedError(BaseException):
    """The signal to terminate; no ``except Exception`` of another package stops it."""

    raised = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``hotspots``; from the command line when absent.

    Returns
    -------
    int
        Exit code: 0 all well; 1 (``check`` only) rows were rejected or months are missing;
        2 input that cannot be used, said in one message; 130 stopped by the user; 143 by a signal
        to terminate.

    Raises
    ------
    SystemExit
        For ``--help``, ``--version`` and arguments that are not understood.

    Examples
    --------
    >>> main(["--version"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an old console may lack a letter: no crash
            stream.reconfigure(errors="replace")
    given = _parser().parse_args(arguments)
    command = {"demo": _demo, "check": _check, "run": _run, "brief": _brief}[given.command]
    from ..contracts import InputError

    before = _on_terminate(_terminate)
    try:
        return command(given)
    except InputError as error:
        print(f"hotspots {given.command}: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("stopped; what was there before is unchanged", file=sys.stderr)
        return STOPPED
    except _TerminatedError:
        # Caught here rather than left to end the process: only when the exception and the frames
        # it holds are let go is a folder removed that was being made at that very moment.
        return TERMINATED
    except ImportError:  # what a compiled module makes of a signal that comes while it is loaded
        if not _TerminatedError.raised:
            raise
        return TERMINATED
    finally:
        _on_terminate(before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hotspots",
        description="From incident records to hotspots, trends and a patrol plan.",
        epilog="Exit codes: 0 all well; 1 (check) rows rejected or months missing; "
        "2 input that cannot be used; 130 stopped.",
    )
    parser.add_argument("--version", action="version", version=f"hotspots {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="run everything on a synthetic county")
    demo.add_argument(
        "--out", type=Path, default=Path("hotspots-demo"), metavar="FOLDER",
        help="folder to write (default: %(default)s)",
    )  # fmt: skip
    demo.add_argument("--quiet", action="store_true", help="print nothing but errors")

    check = commands.add_parser("check", help="say what is in record files and what is wrong")
    check.add_argument("files", nargs="+", metavar="FILE", help="files, folders, globs or zips")
    check.add_argument(
        "--lpts", type=Path, metavar="FILE", help="LPT polygons, or a CSV from LSOA to LPT"
    )
    check.add_argument("--mapping", type=Path, metavar="FILE", help="TOML naming the columns")
    check.add_argument(
        "--rejected", type=Path, metavar="FILE", help="write every refused row to this CSV file"
    )

    run = commands.add_parser("run", help="do everything a configuration asks for")
    run.add_argument("config", type=Path, metavar="CONFIG.toml")
    run.add_argument("--out", type=Path, metavar="FOLDER", help="folder to write instead")
    run.add_argument("--quiet", action="store_true", help="print nothing but errors")

    brief = commands.add_parser("brief", help="the daily briefing: the last 24 hours per LPT")
    brief.add_argument("config", type=Path, metavar="CONFIG.toml")
    brief.add_argument(
        "--when", metavar="DATE", help="end of the hours: a date (07:00 of it) or "
        "'2025-03-31 09:00' (default: today)",
    )  # fmt: skip
    brief.add_argument("--lpt", metavar="NAME", help="one Local Policing Team only")
    brief.add_argument("--out", type=Path, metavar="FOLDER", help="folder to write instead")
    brief.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return parser


def _run(given: argparse.Namespace) -> int:
    from .config import read_config
    from .run import run

    run(read_config(given.config), given.out, quiet=given.quiet)
    return FINE


def _brief(given: argparse.Namespace) -> int:
    from .brief import brief
    from .config import read_config

    brief(read_config(given.config), given.when, given.lpt, given.out, quiet=given.quiet)
    return FINE


def _demo(given: argparse.Namespace) -> int:
    """Run the sample: the copy in a checkout, or one made on the spot where there is none."""
    import tempfile

    from ..sample import write_sample
    from .config import read_config
    from .run import run

    shipped = Path(__file__).resolve().parents[3] / "data" / "sample" / "config.toml"
    if shipped.is_file():
        run(read_config(shipped), given.out, quiet=given.quiet)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(read_config(write_sample(folder)), given.out, quiet=given.quiet)
    return FINE


def _check(given: argparse.Namespace) -> int:
    """Print the quality report of record files, and nothing else."""
    from ..incidents import read_incidents
    from ..places import read_lpt_lookup, read_lpts

    lpts: Any = None
    if given.lpts is not None:
        table = given.lpts.suffix.lower() in (".csv", ".tsv", ".txt")
        lpts = (read_lpt_lookup if table else read_lpts)(given.lpts)
    loaded = read_incidents(given.files, lpts=lpts, mapping=given.mapping)
    print(loaded.text)
    for row in loaded.rejected.head(10).itertuples():
        print(f"  {row.file}, line {row.line}: {row.reason}")
    if len(loaded.rejected) > 10:
        print(f"  and {len(loaded.rejected) - 10:,} more")
    if given.rejected is not None:
        from ..atomic import atomic_file

        with atomic_file(given.rejected) as partial:
            loaded.rejected.to_csv(partial, index=False, encoding="utf-8-sig")
        print(f"refused rows written to {given.rejected}")
    missing = (loaded.months["status"] == "missing").any()
    return FLAWED if len(loaded.rejected) or missing else FINE


def _terminate(*_: Any) -> NoReturn:
    _TerminatedError.raised = True
    raise _TerminatedError


def _on_terminate(handler: Any) -> Any:
    """Set what the signal to end does, where that can be set; return what it did."""
    try:
        return signal.signal(signal.SIGTERM, handler)
    except ValueError:  # not in the main thread: whoever called keeps it
        return signal.SIG_DFL
