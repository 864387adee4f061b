"""What training asks of the machine."""

import platform

from training.device import keep_memory


def test_glibc_is_asked_to_keep_freed_memory_and_does() -> None:
    assert keep_memory() == (platform.libc_ver()[0] == "glibc")
