import pytest

from utils import memory


@pytest.mark.parametrize(
    ("meminfo", "limit", "used", "available"),
    [
        ("MemTotal: 16 kB\nMemAvailable:    8 kB\n", None, None, 8192),
        ("MemTotal: 16 kB\nMemAvailable:    8 kB\n", "max\n", "5\n", 8192),
        ("MemTotal: 16 kB\nMemAvailable:    8 kB\n", "6000\n", "5000\n", 1000),
        ("MemTotal: 16 kB\n", "6000\n", "7000\n", 0),
        (None, None, None, None),
    ],
)
def test_the_smaller_of_machine_and_container(tmp_path, monkeypatch, meminfo, limit, used, available):
    for name, text in {"meminfo": meminfo, "memory.max": limit, "memory.current": used}.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.available_memory() == available


def test_cached_pages_of_files_count_as_free(tmp_path, monkeypatch):
    for name, text in {"max": "6000\n", "current": "5000\n", "stat": "anon 1\ninactive_file 200\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "missing")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.available_memory() == 1200
