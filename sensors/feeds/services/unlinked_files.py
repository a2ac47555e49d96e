"""Folders and files opened without following a symbolic link anywhere in their paths.

Whoever may write into a drop folder could otherwise put a link there, or exchange a folder above it for one, and have
any file read that the watcher may read. Everything is opened by its name within an open folder, so that nothing can be
exchanged between a look and the opening.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gis_core.errors import ReportedError

_ON_THE_WAY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not blocking: a pipe would keep us waiting for who writes into it.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """A descriptor of a folder; raises ReportedError (`folder_unusable`) where a link stands anywhere in its path."""
    parts = Path(os.path.abspath(path)).parts  # noqa: PTH100 - resolve() would follow what is to be refused
    descriptor = os.open(parts[0], _ON_THE_WAY if len(parts) > 1 else _FOLDER)
    try:
        for number, part in enumerate(parts[1:], start=2):
            inner = os.open(part, _FOLDER if number == len(parts) else _ON_THE_WAY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
    except OSError as error:
        os.close(descriptor)
        raise ReportedError(f"{path} cannot be used: {_told(error)}.", code="folder_unusable") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_inner_folder(name: str, folder: int) -> Iterator[int]:
    """A folder within an open one, made where it is missing. Raises OSError."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o750, dir_fd=folder)
    descriptor = os.open(name, _FOLDER, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def regular_files(folder: int) -> dict[str, os.stat_result]:
    """The files of an open folder with what is known of them; neither links, nor folders, pipes or devices."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                found[entry.name] = status
    return found


@contextmanager
def opened_file(name: str, folder: int) -> Iterator[Path]:
    """A way to a file of an open folder that leads to this very file, whatever its name stands for meanwhile.

    Raises OSError where the name is a link by now, or anything else than a file.
    """
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no file")
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _told(error: OSError) -> str:
    # A link where a folder should be is told as either.
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "a part of its path is a symbolic link, or no folder"
    return error.strerror or "it cannot be opened"
