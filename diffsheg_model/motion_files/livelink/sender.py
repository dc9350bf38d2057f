"""UDP packets of Live Link Face, for Unreal Engine's ARKit face source."""

import re
import socket
import struct
import uuid
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.livelink.curves import LIVELINK_CURVES

DEFAULT_PORT = 11111
"""Default port of Unreal Engine."""

_VERSION = 6
_DAY_S = 24 * 3600
#: Longest name that Unreal takes, bytes.
_LONGEST_NAME = 255


def livelink_packet(
    device: str, name: str, frame: int, rate: int, curves: ArrayLike, subframe: float = 0.0
) -> bytes:
    """Return a packet of version 6 with one face; all numbers are big-endian.

    uint8 version; int32 length and UTF-8 text of the device's id, then of the subject's name;
    int32 frame, float32 subframe, int32 rate and int32 1 (frames a second as a fraction); uint8
    61; 61 float32. The length of an id with 36 letters is the byte '$', which some libraries treat
    as part of the id.

    Args:
        device: id of the sender, 36 letters of a uuid.
        name: name of the face in Unreal.
        frame: number of the frame within the day.
        rate: frames a second.
        curves: (61,) in the order of `LIVELINK_CURVES`.
        subframe: fraction of the frame, 0..1.
    """
    values = np.asarray(curves, dtype='>f4')
    if values.shape != (len(LIVELINK_CURVES),):
        raise ValueError(f'curves have shape {values.shape}: must be ({len(LIVELINK_CURVES)},)')
    texts = b''.join(
        struct.pack('!i', len(text)) + text for text in (device.encode(), name.encode())
    )
    time = struct.pack('!ifii', frame, subframe, rate, 1)
    return bytes([_VERSION]) + texts + time + bytes([len(values)]) + values.tobytes()


class LiveLinkSender:
    """A sender of faces to one address.

    Attributes:
        target: the address, as given.
        rate: frames a second in the packets.
        sent: number of packets so far.
    """

    def __init__(
        self, target: str, rate: int, name: str = 'diffsheg', first_frame: int = 0
    ) -> None:
        """Look the address up, without sending anything.

        Args:
            target: HOST:PORT, or HOST for port 11111. An IPv6 address stands in brackets.
            rate: frames a second.
            name: name of the face in Unreal.
            first_frame: number of the first frame within the day. Numbers restart at midnight.

        Raises:
            InputError: the target is invalid or not found, or the name is unusable.
        """
        try:
            length = len(name.encode())
        except UnicodeEncodeError:  # bytes from the command line that are not UTF-8
            length = 0
        if not name.strip() or not 1 <= length <= _LONGEST_NAME:
            raise InputError(
                f'Live Link name {name!r}: must be text of 1 to {_LONGEST_NAME} bytes, not blank'
            )
        host, port = split_target(target)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, 'strerror', None) or error
            raise InputError(f'cannot find {host}: {reason}; give HOST:PORT of Unreal') from error
        family, kind, protocol, _, address = found[0]
        self._address: tuple[Any, ...] = address
        self._socket = socket.socket(family, kind, protocol)
        self._device = str(uuid.uuid4()).upper()
        self._name = name
        self._frame = first_frame
        self.target = target
        self.rate = rate
        self.sent = 0

    def send(self, curves: ArrayLike, frames: int = 1) -> None:
        """Send a face (61,), some frames after the one before.

        Raises:
            InputError: this machine cannot send to the address.
        """
        self._frame += frames if self.sent else 0
        frame = self._frame % (_DAY_S * self.rate)
        packet = livelink_packet(self._device, self._name, frame, self.rate, curves)
        try:
            # The socket is not connected, so that Unreal may start later.
            self._socket.sendto(packet, self._address)
        except OSError as error:
            raise InputError(f'cannot send to {self.target}: {error.strerror or error}') from error
        self.sent += 1

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> 'LiveLinkSender':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def split_target(target: str) -> tuple[str, int]:
    """Split HOST:PORT, HOST, [IPv6]:PORT or [IPv6] into host and port.

    Raises:
        InputError: the text has another form, or the port is out of range.
    """
    match = re.fullmatch(r'(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+))(?::(-?\d+))?', target)
    if match is None:
        raise InputError(f'{target!r} is not an address: give HOST:PORT, such as 127.0.0.1:11111')
    port = DEFAULT_PORT if match[3] is None else int(match[3])
    if not 1 <= port <= 65535:
        raise InputError(f'port {port} of {target}: must be from 1 to 65535')
    return match[1] or match[2], port
