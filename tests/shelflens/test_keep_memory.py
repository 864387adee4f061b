"""What commands that run PyTorch ask of the machine."""

import platform

from shelflens.cli.app import keep_memory


def test_glibc_is_asked_to_keep_freed_memory_and_does() -> None:
    assert keep_memory() == (platform.libc_ver()[0] == "glibc")
