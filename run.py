"""Set hotspots up and run it, with nothing but Python 3.11 or newer and a way to fetch packages.

    python run.py demo             the sample county's report
    python run.py test             every test
    python run.py test --oldest    every test, on the oldest versions allowed (Python 3.11 or 3.12)

Words after these go on to hotspots or to pytest: python run.py test -k grid
Everything is installed in the folder .venv beside this file (.venv-oldest for the oldest
versions), never anywhere else. Delete that folder to start afresh.
"""

from __future__ import print_function

import sys

NEEDED = (3, 11)
HERE = "%d.%d.%d at %s" % (sys.version_info[:3] + (sys.executable,))
if sys.version_info < NEEDED:
    sys.exit(
        "hotspots needs Python 3.11 or newer; this is %s.\n"
        "Get a newer one from https://www.python.org/downloads/ or your software centre, then "
        "run this again with it, for example: python3.12 run.py demo" % HERE
    )

import hashlib
import importlib.util
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# What `hotspots` itself and its report need, and what the tests need on top.
DEMO = ["arrow", "report"]
TEST = DEMO + ["scale", "test"]
# Settings of the caller's shell that would lead Python or pip out of the environment we make.
FOREIGN = (
    "PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS",
    "VIRTUAL_ENV", "__PYVENV_LAUNCHER__",
)  # fmt: skip
UNFINISHED = "unfinished"


class Environment:
    """A virtual environment of the project, made or mended only when it is not up to date."""

    def __init__(self, folder, constraints):
        self.folder = ROOT / folder
        self.constraints = ROOT / constraints
        windows = os.name == "nt"
        self.python = self.folder / ("Scripts/python.exe" if windows else "bin/python")
        self.stamp = self.folder / "hotspots-stamp.txt"
        self.variables = {k: v for k, v in os.environ.items() if k.upper() not in FOREIGN}
        self.variables.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONNOUSERSITE="1")

    def call(self, *command, **options):
        """Run a command in the environment and return its exit code."""
        return subprocess.call([str(c) for c in command], env=self.variables, **options)

    def works(self):
        """Tell whether the environment runs, with pip, on this version of Python."""
        asked = "import pip, sys; sys.exit(sys.version_info[:3] != %r)" % (sys.version_info[:3],)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return self.python.exists() and self.call(self.python, "-c", asked, **quiet) == 0

    def fingerprint(self):
        """Return what an installation rests on: this folder and what the two files ask for."""
        files = (ROOT / "pyproject.toml", self.constraints)
        text = "\n".join([str(ROOT)] + [file.read_text(encoding="utf-8") for file in files])
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def make(self):
        """Make the environment, over whatever is in its folder."""
        if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
            sys.exit(
                "This Python (%s) comes without the venv module, so no environment can be made.\n"
                "On Debian or Ubuntu: sudo apt install python3-venv. Elsewhere: install Python "
                "from https://www.python.org/downloads/. Then run this again." % HERE
            )
        print("Making the environment %s ..." % self.folder, flush=True)
        if self.call(sys.executable, "-m", "venv", "--clear", self.folder) or not self.works():
            sys.exit(
                "The environment could not be made (the reason stands above). Is there room, and "
                "may you write in %s? On Debian or Ubuntu: sudo apt install python3-venv." % ROOT
            )

    def ready(self, extras):
        """Bring the environment up to date with the project and these extras; return itself."""
        wanted = self.fingerprint()
        # The stamp holds the fingerprint of the last finished installation and its extras. One
        # that says otherwise was broken off half-way: what it left behind is not to be trusted.
        stamp = self.stamp.read_text(encoding="utf-8").split() if self.stamp.exists() else []
        if stamp == [UNFINISHED] or not self.works():
            self.make()
        elif stamp[:1] == [wanted] and set(stamp[1:]).issuperset(extras):
            return self
        self.stamp.write_text(UNFINISHED, encoding="utf-8")
        print("Installing hotspots and what it needs (a minute or two) ...", flush=True)
        # --no-compile halves the wait: most of what is installed is never imported.
        install = [self.python, "-m", "pip", "install", "--quiet", "--no-compile"]
        install += ["--constraint", self.constraints]
        install += ["--editable", "%s[%s]" % (ROOT, ",".join(extras))]
        if self.call(*install):
            sys.exit(
                "Installing failed; pip says why above. Behind a proxy, set HTTPS_PROXY. With no "
                "internet at all, see 'Without internet' in README.md."
            )
        self.stamp.write_text(" ".join([wanted] + extras), encoding="utf-8")
        return self


def demo(words):
    environment = Environment(".venv", "constraints.txt").ready(DEMO)
    return environment.call(environment.python, "-m", "hotspots", "demo", *words)


def test(words):
    oldest = "--oldest" in words
    words = [word for word in words if word not in ("--oldest", "--")]
    if oldest and sys.version_info >= (3, 13):
        sys.exit(
            "The oldest versions allowed have no builds for Python 3.13 or newer; this is %s.\n"
            "Run this with Python 3.11 or 3.12, for example: python3.11 run.py test --oldest" % HERE
        )
    name = "-oldest" if oldest else ""
    environment = Environment(".venv" + name, "constraints%s.txt" % name).ready(TEST)
    return environment.call(environment.python, "-m", "pytest", *words, cwd=ROOT)


def main(words):
    tasks = {"demo": demo, "test": test}
    if not words or words[0] not in tasks:
        print(__doc__)
        return 0 if words and words[0] in ("-h", "--help") else 2
    try:
        return tasks[words[0]](words[1:])
    except KeyboardInterrupt:
        print("\nStopped. Run it again to go on.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
