import pytest

from utils.memory import available_memory

MACHINE = {"proc/meminfo": "MemTotal:       4000 kB\nMemFree:         100 kB\nMemAvailable:   1000 kB\n"}
V2 = "sys/fs/cgroup/memory"
V1 = "sys/fs/cgroup/memory/memory"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc/meminfo": "MemTotal: 4000 kB\n"}, None),
        (MACHINE, 1000 * 1024),
        (MACHINE | {f"{V2}.max": "max\n", f"{V2}.current": "7\n"}, 1000 * 1024),
        (MACHINE | {f"{V2}.max": "5000\n", f"{V2}.current": "4200\n"}, 800),
        (MACHINE | {f"{V2}.max": "5000", f"{V2}.current": "4200", f"{V2}.stat": "anon 1\ninactive_file 150\n"}, 950),
        ({f"{V2}.max": "5000\n", f"{V2}.current": "5600\n"}, 0),
        (MACHINE | {f"{V1}.limit_in_bytes": "9223372036854771712", f"{V1}.usage_in_bytes": "7"}, 1000 * 1024),
        (
            MACHINE
            | {f"{V1}.limit_in_bytes": "5000", f"{V1}.usage_in_bytes": "4200"}
            | {f"{V1}.stat": "inactive_file 1\ntotal_inactive_file 20\n"},
            820,
        ),
    ],
)
def test_the_smaller_of_machine_and_control_group(files, expected, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert available_memory(tmp_path) == expected


def test_this_machine():
    found = available_memory()
    assert found is None or 0 <= found < 2**50
