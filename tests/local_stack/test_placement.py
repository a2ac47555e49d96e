"""Where the private servers' sockets and data go."""

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

POSTGRES_UID, POSTGRES_GID = 111, 222


def tree(**modes: tuple[int, int, int]) -> Any:
    """A stand-in for Path.stat: `a__b=(mode, uid, gid)` describes /a/b; what is not named is root's 0755."""

    def read_status(path: Path) -> os.stat_result:
        name = "__".join(path.parts[1:])
        mode, uid, gid = modes.get(name, (0o755, 0, 0))
        return os.stat_result((stat.S_IFDIR | mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))

    return read_status


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ({}, True),
        ({"root": (0o700, 0, 0)}, False),
        ({"root": (0o711, 0, 0)}, True),
        ({"root__clone": (0o700, 0, 0)}, False),
        # The owner's bit decides for the owner, even where all others may pass.
        ({"root__clone": (0o077, POSTGRES_UID, 0)}, False),
        ({"root__clone": (0o700, POSTGRES_UID, 0)}, True),
        ({"root": (0o710, 0, POSTGRES_GID)}, True),
        ({"root": (0o701, 0, POSTGRES_GID)}, False),
        ({"root__clone__.local": (0o600, 0, 0)}, False),
    ],
)
def test_a_user_passes_only_where_every_parent_lets_it(local_stack, modes, expected):
    path = Path("/root/clone/.local")
    found = local_stack("placement").may_traverse(path, POSTGRES_UID, {POSTGRES_GID}, tree(**modes))
    assert found is expected


def test_a_real_closed_directory_stops_others_but_not_its_owner(local_stack, tmp_path):
    placement = local_stack("placement")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    stranger = os.getuid() + 4321
    assert not placement.may_traverse(closed, stranger, set(), Path.stat)

    def only_below(path: Path) -> os.stat_result:
        return path.stat() if path.is_relative_to(closed) else Path("/").stat()

    assert placement.may_traverse(closed, os.getuid(), set(), only_below)


def test_a_socket_path_is_measured_in_bytes_up_to_the_limit(local_stack):
    placement = local_stack("placement")
    name = "redis.sock"
    longest = placement.SOCKET_PATH_LIMIT_BYTES - len(f"//{name}")
    short = Path("/short")
    fitting, too_long = Path("/" + "d" * longest), Path("/" + "d" * (longest + 1))
    assert placement.choose_socket_directory(fitting, name, short) == fitting
    assert placement.choose_socket_directory(too_long, name, short) == short
    # As many characters, twice the bytes.
    assert placement.choose_socket_directory(Path("/" + "ў" * longest), name, short) == short


def test_the_kernel_takes_a_socket_of_the_longest_path(local_stack, tmp_path):
    """The limit is no mere number: a socket of just that length can be bound."""
    placement = local_stack("placement")
    room = placement.SOCKET_PATH_LIMIT_BYTES - len(os.fsencode(tmp_path)) - len("//s")
    if room < 1:
        pytest.fail(f"the temporary directory is too long for this test: {tmp_path}")
    directory = tmp_path / ("d" * room)
    directory.mkdir()
    assert placement.socket_fits(directory, "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "s"))


def test_two_clones_and_two_users_never_share_a_short_directory(local_stack):
    placement, clone = local_stack("placement"), local_stack("clone")
    places = {
        placement.short_directory(clone.Clone(Path(root)), uid)
        for root in ("/work/a", "/work/b")
        for uid in (0, 1000, 1001)
    }
    assert len(places) == 6
    assert all(len(os.fsencode(place)) < 40 for place in places)


def test_a_private_directory_is_closed_and_a_link_in_its_place_is_refused(local_stack, tmp_path):
    placement, console = local_stack("placement"), local_stack("console")
    user = placement.OperatingUser(None, os.geteuid(), frozenset())
    private = tmp_path / "private"
    private.mkdir(mode=0o755)
    placement.make_private_directory(private, user)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    link = tmp_path / "link"
    link.symlink_to(private)
    with pytest.raises(console.StepError, match="not a directory"):
        placement.make_private_directory(link, user)
