"""What training asks of the machine."""

import platform
import resource

import pytest
import torch

from training.device import keep_memory

PAGES = (16 << 20) // resource.getpagesize()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of another C library is left as it is")
def test_the_memory_of_a_large_tensor_is_used_again() -> None:
    keep_memory()
    pages_taken()
    assert pages_taken() < PAGES / 10


def pages_taken() -> int:
    """By a tensor of 16 MB that is freed again."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(16 << 18).add_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
