"""The hosts and IP addresses that images may be fetched from."""

import ipaddress
import socket
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Python 3.11's `is_global` is wrong about some of these; others embed an IPv4 address.
DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # shared by the customers of a provider
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
# Of IPv6 only what is given out as global. It leaves out every form that holds an IPv4 address but the two above:
# ::/96, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet's."""
    if not address.is_global or any(address in network for network in DENIED if network.version == address.version):
        return False
    return isinstance(address, ipaddress.IPv4Address) or address in GLOBAL_UNICAST


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of the host, in the system's order. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether the list names the host: "cdn.example.com", or "*.example.com" for all below example.com, not itself.

    host: in lower case; both as the DNS has them, "xn--bcher-kva.example" for "bücher.example".
    """
    for pattern in allowed:
        name = pattern.lower().rstrip(".")
        if name.startswith("*."):
            if host.endswith(name[1:]) and len(host) > len(name) - 1:
                return True
        elif host == name:
            return True
    return False
