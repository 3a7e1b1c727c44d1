"""Outputs appear whole or not at all, and nobody's own files are lost."""

import os
import sys

import pytest

from hotspots.atomic import LISTING, atomic_file, atomic_folder
from hotspots.contracts import InputError


class CrashError(Exception):
    """Something going wrong half-way."""


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_appears_only_when_complete(tmp_path):
    target = tmp_path / "new" / "a.csv"
    with atomic_file(target) as partial:
        partial.write_text("one", encoding="utf-8")
        assert partial.suffix == ".csv"
        assert partial.parent == target.parent
        assert not target.exists()
    assert target.read_text(encoding="utf-8") == "one"
    assert names(target.parent) == ["a.csv"]


@pytest.mark.parametrize("error", [CrashError, KeyboardInterrupt])
def test_a_crash_leaves_the_earlier_file(tmp_path, error):
    target = tmp_path / "a.csv"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(error), atomic_file(target) as partial:  # noqa: PT012
        partial.write_text("half", encoding="utf-8")
        partial.with_name(partial.name + "-journal").write_text("", encoding="utf-8")
        raise error
    assert target.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_a_file_gets_the_usual_rights(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("", encoding="utf-8")
    with atomic_file(tmp_path / "ours") as partial:
        partial.write_text("", encoding="utf-8")
    with atomic_folder(tmp_path / "folder"):
        pass
    (tmp_path / "made").mkdir()
    assert (tmp_path / "ours").stat().st_mode == plain.stat().st_mode
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "made").stat().st_mode


def test_a_file_where_a_folder_stands_is_refused(tmp_path):
    with pytest.raises(InputError, match="it is a folder; name a file"), atomic_file(tmp_path):
        pass


def test_a_folder_is_replaced_whole(tmp_path):
    target = tmp_path / "bi"
    with atomic_folder(target) as partial:
        (partial / "old.csv").write_text("1", encoding="utf-8")
        (partial / "both.csv").write_text("1", encoding="utf-8")
    with atomic_folder(target) as partial:
        (partial / "both.csv").write_text("2", encoding="utf-8")
        assert names(target) == [LISTING, "both.csv", "old.csv"]
    assert names(target) == [LISTING, "both.csv"]
    assert (target / "both.csv").read_text(encoding="utf-8") == "2"
    assert names(tmp_path) == ["bi"]


def test_a_crash_leaves_the_earlier_folder(tmp_path):
    target = tmp_path / "bi"
    with atomic_folder(target) as partial:
        (partial / "a.csv").write_text("1", encoding="utf-8")
    with pytest.raises(CrashError), atomic_folder(target) as partial:  # noqa: PT012
        (partial / "a.csv").write_text("half", encoding="utf-8")
        raise CrashError
    assert (target / "a.csv").read_text(encoding="utf-8") == "1"
    assert names(tmp_path) == ["bi"]


def test_somebodys_own_files_are_carried_over(tmp_path):
    target = tmp_path / "bi"
    with atomic_folder(target) as partial:
        (partial / "a.csv").write_text("1", encoding="utf-8")
    (target / "dashboard.pbix").write_text("mine", encoding="utf-8")
    (target / "notes").mkdir()
    (target / "notes" / "n.txt").write_text("mine too", encoding="utf-8")
    for _ in range(2):
        with atomic_folder(target) as partial:
            (partial / "b.csv").write_text("2", encoding="utf-8")
            (partial / "notes").mkdir()
            (partial / "notes" / "ours.txt").write_text("ours", encoding="utf-8")
    assert names(target) == [LISTING, "b.csv", "dashboard.pbix", "notes"]
    assert (target / "notes" / "n.txt").read_text(encoding="utf-8") == "mine too"
    with atomic_folder(target):
        pass
    assert names(target / "notes") == ["n.txt"]


def test_a_folder_with_other_content_is_refused(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work", encoding="utf-8")
    with (
        pytest.raises(InputError, match=r"'thesis.docx' and was not made by hotspots"),
        atomic_folder(tmp_path),
    ):
        pass
    assert names(tmp_path) == ["thesis.docx"]


def test_a_folder_with_a_damaged_listing_is_refused(tmp_path):
    (tmp_path / LISTING).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"), atomic_folder(tmp_path):
        pass


def test_an_odd_name_leaves_nothing_behind(tmp_path):
    with pytest.raises(CrashError), atomic_file(tmp_path / "[a].csv") as partial:  # noqa: PT012
        partial.write_text("half", encoding="utf-8")
        raise CrashError
    assert names(tmp_path) == []


def test_a_folder_where_a_file_stands_is_refused(tmp_path):
    (tmp_path / "bi").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="it is a file"), atomic_folder(tmp_path / "bi"):
        pass


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "bi").mkdir()
    with atomic_folder(tmp_path / "bi") as partial:
        (partial / "a.csv").write_text("1", encoding="utf-8")
    assert (tmp_path / "bi" / "a.csv").is_file()


def test_a_stop_between_the_renames_is_mended(tmp_path):
    target = tmp_path / "bi"
    with atomic_folder(target) as partial:
        (partial / "a.csv").write_text("1", encoding="utf-8")
    target.rename(tmp_path / ".bi.previous")
    with pytest.raises(CrashError), atomic_folder(target):
        raise CrashError
    assert (target / "a.csv").read_text(encoding="utf-8") == "1"


def test_a_failing_second_rename_puts_the_earlier_folder_back(tmp_path, monkeypatch):
    target = tmp_path / "bi"
    with atomic_folder(target) as partial:
        (partial / "a.csv").write_text("1", encoding="utf-8")
    real = os.replace

    def refuse(old, new, **kwargs):
        if str(new) == str(target):
            raise PermissionError(13, "Permission denied")
        return real(old, new, **kwargs)

    monkeypatch.setattr("pathlib.Path.replace", lambda self, new: refuse(self, new))
    with pytest.raises(InputError, match="close any program"), atomic_folder(target):
        pass
    assert (target / "a.csv").read_text(encoding="utf-8") == "1"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.csv").write_text("old", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    with atomic_file(tmp_path / "link.csv") as partial:
        partial.write_text("new", encoding="utf-8")
    assert (tmp_path / "real.csv").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "link.csv").is_symlink()


@pytest.mark.parametrize("kind", [atomic_file, atomic_folder])
def test_the_root_of_a_disk_is_no_place(tmp_path, kind):
    with pytest.raises(InputError, match="root of a disk"), kind(tmp_path.anchor):
        pass


@pytest.mark.parametrize("kind", [atomic_file, atomic_folder])
def test_a_place_where_nothing_may_be_written_is_said_before_the_work(tmp_path, monkeypatch, kind):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    monkeypatch.setattr("pathlib.Path.mkdir", lambda _, **options: options or refuse())
    done = []
    match = r"nothing can be written in .*Permission denied"
    with pytest.raises(InputError, match=match), kind(tmp_path / "out.csv"):
        done.append("work")
    assert done == names(tmp_path) == []


@pytest.mark.parametrize("folder", [False, True])
def test_what_a_killed_run_left_goes_after_a_day(tmp_path, folder):
    old, new = tmp_path / ".out.0001.partial", tmp_path / ".out.0002.partial"
    for left in (old, new):
        left.mkdir() if folder else left.write_text("half")
    os.utime(old, (0, 0))
    with atomic_folder(tmp_path / "out"):
        pass
    assert (old.exists(), new.exists()) == (False, True)
