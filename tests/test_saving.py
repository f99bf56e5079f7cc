"""A save is whole or was not: whatever stops it, the file before it stays."""

import os
import sys

import pytest
import torch

from helper.checkpoints import load_checkpoint, save_checkpoint, saving
from helper.networks import Network


def test_a_save_that_fails_leaves_the_old_file(saved, monkeypatch):
    path, model = saved
    before = path.read_bytes()

    def fail(checkpoint, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["model.pt"]


def test_saving_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        save_checkpoint(tmp_path / "nowhere" / "model.pt", Network(2, [], 2))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_save_through_a_link_leaves_the_link(saved, tmp_path):
    path, model = saved
    (tmp_path / "runs").mkdir()
    (tmp_path / "latest.pt").symlink_to(path)
    (tmp_path / "new.pt").symlink_to(tmp_path / "runs" / "first.pt")  # isn't there yet
    save_checkpoint(tmp_path / "latest.pt", model, epoch=9)
    save_checkpoint(tmp_path / "new.pt", model, epoch=8)
    assert (tmp_path / "latest.pt").is_symlink() and (tmp_path / "new.pt").is_symlink()
    assert load_checkpoint(path)[1]["epoch"] == 9
    assert load_checkpoint(tmp_path / "runs" / "first.pt")[1]["epoch"] == 8
    names = {"latest.pt", "new.pt", "model.pt", "runs"}
    assert {file.name for file in tmp_path.iterdir()} == names


@pytest.mark.skipif(os.name != "posix", reason="has no such rights")
def test_a_save_keeps_who_may_read_the_file(saved):
    path, model = saved
    path.chmod(0o600)
    save_checkpoint(path, model)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_may_not_be_written_to_stays(saved, monkeypatch):
    path, model = saved
    before = path.read_bytes()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(PermissionError, match="model.pt may not be written to: choose"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


@pytest.mark.skipif(os.name != "posix", reason="has no such files")
def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError):
        save_checkpoint(tmp_path / "pipe", Network(2, [], 1))
    assert (tmp_path / "pipe").is_fifo()


def test_the_file_may_be_read_by_whom_the_folder_allows(saved):
    path, _ = saved
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_save_that_can_not_begin_says_why(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("not here")

    monkeypatch.setattr(saving, "open", refuse, raising=False)
    with pytest.raises(PermissionError, match="not here"):
        save_checkpoint(tmp_path / "m.pt", Network(2, [2], 2))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("system, times", [("win32", 3), ("win32", 999), ("linux", 1)])
def test_windows_has_a_file_that_is_in_use_for_a_moment(
    system, times, saved, monkeypatch
):
    path, model = saved
    before, refused, replace = path.read_bytes(), [], os.replace

    def in_use(new, path):
        if len(refused) < times:
            refused.append(path)
            raise PermissionError(13, "The process cannot access the file", str(path))
        replace(new, path)

    monkeypatch.setattr(os, "replace", in_use)
    monkeypatch.setattr(sys, "platform", system)
    if times == 3:
        save_checkpoint(path, model, epoch=4)
        assert load_checkpoint(path)[1]["epoch"] == 4
    else:
        with pytest.raises(PermissionError):
            save_checkpoint(path, model)
        assert path.read_bytes() == before
        assert len(refused) == 1 or system == "win32"
    assert [file.name for file in path.parent.iterdir()] == ["model.pt"]
