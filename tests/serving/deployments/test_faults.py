"""What benchmarks/faults.py measures holds at any speed: with a tiny model, and without its limits of time."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults import KILLS, Fault, service, under_kill, under_redeploy, under_slow_clients
from benchmarks.traffic import Address, free_port
from serving.settings.schema import Settings
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

CALM_SECONDS = 1.0
SOON_SECONDS = 60.0
FAULTS = {fault.name: fault for fault in KILLS}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("faults")
    model, index = tiny_onnx_folder(folder / "model"), str(folder / "index")
    return Settings(model=model, index=index, port=free_port(), body_timeout_seconds=3, header_timeout_seconds=2)


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[Address]:
    with service(settings) as address:
        yield address


@pytest.mark.parametrize("name", ["slow-bodies", "slow-headers"])
def test_slow_clients_are_closed_and_harm_nobody(address: Address, name: str) -> None:
    row = asyncio.run(under_slow_clients(address, name, CALM_SECONDS))
    assert row["closed after, s"] < SOON_SECONDS
    assert row["failed"] == 0, row


@pytest.mark.parametrize("fault", [fault for fault in KILLS if fault.replicas == 1], ids=lambda fault: fault.name)
def test_after_a_kill_only_what_was_in_flight_fails(address: Address, fault: Fault) -> None:
    check_kill(address, fault)


def test_a_redeploy_fails_nothing_and_one_of_two_replicas_is_not_missed(address: Address, settings: Settings) -> None:
    two = settings.model_copy(update={"replicas": 2})
    row = asyncio.run(under_redeploy(address, two, CALM_SECONDS))
    assert (row["failed"], row["lost"], row["kept"]) == (0, 0, 0), row
    check_kill(address, FAULTS["replica-of-two"])


def check_kill(address: Address, fault: Fault) -> None:
    row = asyncio.run(under_kill(address, fault, CALM_SECONDS))
    assert row["begun later, failed"] == 0, row
    # Without its only proxy nobody can reach the service.
    assert not row["refused"] or fault.name == "proxy", row
    assert row["acknowledged"] > 0
    assert row["lost"] == 0, row
    assert row["healthy after, s"] < SOON_SECONDS
