"""Keep ROS traffic on this machine and in a domain that nobody else on it uses.

For demos, tests and benchmarks, which must neither hear nor disturb other robots and each other.
"""

import os
import random
import socket
from collections.abc import MutableMapping

# The domains whose ports lie below Linux' range of short-lived ports.
DOMAINS = range(1, 102)
# Processes of a domain that are looked for. One that was killed leaves shared memory behind for
# which Fast DDS passes over its place, so the first of those that run may have a later one.
PLACES = 16


def free_domain_id() -> int:
    """Return a ROS domain that no process on this machine takes part in at the moment.

    Participant p of domain d receives on UDP port 7410 + 250 d + 2 p (DDSI-RTPS 2.3, section
    9.6.1), so a domain is in use when one of its first `PLACES` ports is taken.

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
    """Set the variables that rclpy.init reads; call it before that.

    Args:
        environment: What to write to.

    Returns:
        The domain that was picked.
    """
    domain = free_domain_id()
    environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    environment['ROS_DOMAIN_ID'] = str(domain)
    return domain
