"""The drop folder, and floods of garbage as files."""

import errno
import os
import random
from pathlib import Path

import pytest

from gis_core.errors import ReportedError
from sensors.feeds.services.file_ingestion import ingest_path
from sensors.feeds.services.folders import FolderWatcher
from sensors.models import FeedProfile, Observation, QuarantinedRow


def test_only_whole_files_are_taken_and_moved(tmp_path, streams, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("sensors.feeds.services.folders.time.monotonic", lambda: clock[0])
    watcher = FolderWatcher(tmp_path, FeedProfile.objects.get(name="plain"), settle_s=2.0)
    watcher.prepare()
    file = tmp_path / "a.csv"
    file.write_text("datastream,time,value\nP1,2026-01-01T00:00:00Z,1\n")
    assert watcher.look() == []
    clock[0] += 1.5
    with file.open("a") as stream:
        stream.write("P1,2026-01-01T01:00:00Z,2\n")
    assert watcher.look() == []
    clock[0] += 1.5
    assert watcher.look() == []
    (tmp_path / "bad.csv").write_bytes(b"\x00")
    clock[0] += 3
    assert [result.inserted for result in watcher.look()] == [2]
    clock[0] += 3
    assert [result.state for result in watcher.look()] == ["failed"]
    assert (tmp_path / "done" / "a.csv").exists()
    assert (tmp_path / "failed" / "bad.csv").exists()
    # The same again: nothing changes, and the one in done/ is not written over.
    file.write_text((tmp_path / "done" / "a.csv").read_text())
    watcher.look()
    clock[0] += 3
    assert [result.state for result in watcher.look()] == ["already ingested"]
    assert (tmp_path / "done" / "a~2.csv").exists()
    assert Observation.objects.count() == 2


def test_floods_of_garbage_harm_nothing(tmp_path, streams):
    """Files of random bytes, of one endless line, and good rows among damaged ones."""
    source = random.Random(9)
    plain = FeedProfile.objects.get(name="plain")
    good = [f"P1,2026-01-01T{hour:02}:{minute:02}:00Z,{hour}.5" for hour in range(24) for minute in range(60)]
    damaged = []
    for _ in range(1500):
        row = bytearray(source.choice(good).encode())
        for _ in range(source.randrange(1, 4)):
            row[source.randrange(len(row))] = source.choice(b'\x00\xff",;\t\rxX')
        damaged.append(bytes(row))
    lines = [row.encode() for row in good] + damaged + [b"P1," + b"9" * 3_000_000]
    source.shuffle(lines)
    path = tmp_path / "mixed.csv"
    path.write_bytes(b"datastream,time,value\n" + b"\n".join(lines) + b"\n")
    result = ingest_path(path, profile=plain, acting_user=None)
    there = set(Observation.objects.filter(time__second=0).values_list("time", flat=True))
    assert len(there) >= len(good)
    assert result["quarantined"] > 1000
    assert QuarantinedRow.objects.filter(file__name="mixed.csv").count() <= result["quarantined"]
    for number, content in enumerate(
        [source.randbytes(300_000), b"\x00" * 100_000, b"x" * 5_000_000, b'"' * 50_000]
    ):
        (tmp_path / f"noise{number}.csv").write_bytes(content)
    folder = ingest_path(tmp_path, profile=FeedProfile.objects.get(name="auto"), acting_user=None)
    print(
        f"files of garbage: {len(folder['files'])}; failed {folder['failed']}; quarantined {folder['quarantined']}"
    )
    assert Observation.objects.count() < len(good) + len(damaged)


@pytest.mark.parametrize(
    "content", ["datastream,time,value\nP1,2026-01-01T00:00:00+05:00,1\n", "no logger file"]
)
def test_a_file_that_cannot_be_moved_is_taken_in_once(tmp_path, streams, monkeypatch, caplog, content):
    def refuse(*_names: str, **_folders: int) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    (tmp_path / "a.csv").write_text(content)
    watcher = FolderWatcher(tmp_path, FeedProfile.objects.get(name="plain"), settle_s=0.0)
    watcher.prepare()
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        assert [len(watcher.look()) for _look in range(3)] == [1, 0, 0]
    assert [record.getMessage() for record in caplog.records if "cannot be moved" in record.getMessage()] == [
        f"a.csv cannot be moved to {'done' if content.startswith('data') else 'failed'}/: Read-only file system"
    ]
    assert watcher.look() == []
    assert not (tmp_path / "a.csv").exists()
    assert len(list(tmp_path.rglob("a.csv"))) == 1


SECRET = "datastream,time,value\nP1,2026-01-01T00:00:00Z,666\n"


def watched(folder: Path) -> FolderWatcher:
    return FolderWatcher(folder, FeedProfile.objects.get(name="plain"), settle_s=0.0)


def test_no_link_is_followed_in_a_folder(tmp_path, streams):
    """A file of elsewhere, a folder, a pipe, a link to nothing: none is read, and none is moved."""
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "drop"
    elsewhere.mkdir()
    folder.mkdir()
    (elsewhere / "secret.csv").write_text(SECRET)
    (folder / "a.csv").symlink_to(elsewhere / "secret.csv")
    (folder / "b.csv").symlink_to(elsewhere)
    (folder / "c.csv").symlink_to(tmp_path / "nothing")
    (folder / "d.csv").mkdir()
    os.mkfifo(folder / "e.csv")
    watcher = watched(folder)
    watcher.prepare()
    assert [watcher.look(), watcher.look()] == [[], []]
    assert not Observation.objects.exists()
    assert (elsewhere / "secret.csv").exists()
    assert not list((folder / "done").iterdir())
    # As a command takes a folder.
    assert ingest_path(folder, profile=watcher.profile, acting_user=None)["files"] == []


def test_a_file_that_becomes_a_link_before_it_is_opened_is_not_read(tmp_path, streams, monkeypatch):
    folder = tmp_path / "drop"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text(SECRET)
    (folder / "a.csv").write_text("datastream,time,value\n")
    watcher = watched(folder)
    watcher.prepare()
    whole = FolderWatcher._whole_files

    def exchange(self: FolderWatcher, descriptor: int) -> list[str]:
        names = whole(self, descriptor)
        (folder / "a.csv").unlink()
        (folder / "a.csv").symlink_to(tmp_path / "secret.csv")
        return names

    monkeypatch.setattr(FolderWatcher, "_whole_files", exchange)
    (result,) = watcher.look()
    assert (result.state, Observation.objects.count()) == ("failed", 0)


@pytest.mark.parametrize("place", ["the folder itself", "above it", "far above it"])
def test_no_link_stands_on_the_way_to_a_folder(tmp_path, streams, place):
    real = tmp_path / "real" / "inner" / "drop"
    real.mkdir(parents=True)
    (real / "a.csv").write_text(SECRET)
    link = tmp_path / "link"
    target = {"the folder itself": real, "above it": real.parent, "far above it": real.parent.parent}[place]
    link.symlink_to(target)
    watcher = watched(link / real.relative_to(target))
    for act in (watcher.prepare, watcher.look):
        with pytest.raises(ReportedError, match="symbolic link") as refused:
            act()
        assert refused.value.code == "folder_unusable"
    assert not Observation.objects.exists()
    # The same folder by its own name is one.
    own = watched(real)
    own.prepare()
    assert [result.inserted for result in own.look()] == [1]


def test_what_was_read_is_not_moved_through_a_link(tmp_path, streams):
    folder, elsewhere = tmp_path / "drop", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "a.csv").write_text(SECRET)
    (folder / "done").symlink_to(elsewhere)
    watcher = watched(folder)
    with pytest.raises(ReportedError, match="done cannot be used"):
        watcher.prepare()
    watcher.look()
    assert list(elsewhere.iterdir()) == []
