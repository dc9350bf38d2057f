"""Isolation of ROS traffic: on this machine only, in a domain without other processes.

Demos, tests and benchmarks use it so that they do not disturb robots and each other.
"""

import os
import random
import socket
from collections.abc import MutableMapping

#: Domains with ports below Linux' range of ephemeral ports.
DOMAINS = range(1, 102)
#: Participants of a domain that are searched for. A killed process leaves shared memory behind, and
#: Fast DDS skips its number. So the first running participant may have a higher number.
PLACES = 16


def free_domain_id() -> int:
    """Return a ROS domain that no process on this machine uses at the moment.

    Participant p of domain d receives on UDP port 7410 + 250 d + 2 p (DDSI-RTPS 2.3, section
    9.6.1). A domain is in use if one of its first `PLACES` ports is taken.

    Raises:
        RuntimeError: All domains are in use.
    """
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        if all(_is_free(7410 + 250 * domain + 2 * place) for place in range(PLACES)):
            return domain
    raise RuntimeError(f'all ROS domains {DOMAINS[0]} to {DOMAINS[-1]} are in use on this machine')


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return False
    return True


def isolate(environment: MutableMapping[str, str] = os.environ) -> int:
    """Set the variables that rclpy.init reads; call this before it.

    Args:
        environment: variables to set.

    Returns:
        The chosen domain.
    """
    domain = free_domain_id()
    environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    environment['ROS_DOMAIN_ID'] = str(domain)
    return domain
