"""The memory limit of a container, as either version of control groups shows it, with a view of its own or without."""

import pytest

from model.control_groups import memory_limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [("268435456", 256 << 20), ("max", None), ("9223372036854771712", None), (None, None)],
)
@pytest.mark.parametrize(
    ("line", "folder", "name"),
    [
        ("0::/", "sys/fs/cgroup", "memory.max"),
        ("0::/kubepods/pod/container", "sys/fs/cgroup/kubepods/pod/container", "memory.max"),
        ("0::/kubepods/pod/container", "sys/fs/cgroup/kubepods", "memory.max"),
        ("0::/kubepods/pod/container", "sys/fs/cgroup", "memory.max"),
        ("5:cpu,memory:/docker/abc", "sys/fs/cgroup/memory/docker/abc", "memory.limit_in_bytes"),
        ("5:memory:/docker/abc", "sys/fs/cgroup/memory", "memory.limit_in_bytes"),
    ],
)
def test_the_limit_is_that_of_the_control_group_or_one_around_it(line, folder, name, text, limit, tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"1:name=systemd:/elsewhere\n{line}\n0::/nowhere\n")
    (tmp_path / folder).mkdir(parents=True)
    if text is not None:
        (tmp_path / folder / name).write_text(text + "\n")
    assert memory_limit(tmp_path) == limit
