import io
import tarfile

import pytest

from data_loader.archive import safe_extract
from data_loader.errors import DataError


def archive_of(path, *members):
    """Members are (name, content) or a TarInfo."""
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_files_and_folders_are_unpacked(tmp_path):
    (tmp_path / "out").mkdir()
    archive = archive_of(tmp_path / "a.tar.gz", special("d", tarfile.DIRTYPE), ("d/e/file.txt", b"text"))
    safe_extract(archive, tmp_path / "out", 100)
    assert (tmp_path / "out/d/e/file.txt").read_bytes() == b"text"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (("../evil.txt", b"x"), "is outside of the folder"),
        (("a/../../evil.txt", b"x"), "is outside of the folder"),
        (("/tmp/maskeras-evil.txt", b"x"), "is outside of the folder"),
        (special("link", tarfile.SYMTYPE, ".."), "a link"),
        (special("link", tarfile.LNKTYPE, "/etc/passwd"), "a link"),
        (special("device", tarfile.CHRTYPE), "a device or pipe"),
        (special("pipe", tarfile.FIFOTYPE), "a device or pipe"),
        (("bomb", bytes(5000)), "more than 1000 bytes"),
    ],
)
def test_evil_archives(tmp_path, member, message):
    out = tmp_path / "inner" / "out"
    out.mkdir(parents=True)
    archive = archive_of(tmp_path / "a.tar.gz", ("fine.txt", b"fine"), member)
    with pytest.raises(DataError, match=message):
        safe_extract(archive, out, 1000)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.tar.gz", "fine.txt"]


def test_many_small_files_count_together(tmp_path):
    (tmp_path / "out").mkdir()
    archive = archive_of(tmp_path / "a.tar.gz", *((f"{i}", bytes(100)) for i in range(20)))
    with pytest.raises(DataError, match="more than 1000 bytes"):
        safe_extract(archive, tmp_path / "out", 1000)


@pytest.mark.parametrize("keep", [0, 60])
def test_a_broken_archive_is_a_data_error(tmp_path, keep):
    (tmp_path / "out").mkdir()
    archive = archive_of(tmp_path / "a.tar.gz", ("file", b"some text " * 50))
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(DataError, match="cannot be unpacked"):
        safe_extract(archive, tmp_path / "out", 10_000)
