"""Live Link Face's UDP packets: a face for Unreal Engine's ARKit face source, frame by frame."""

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
"""Where Unreal listens."""

_VERSION = 6
_DAY_S = 24 * 3600
#: Longest name that Unreal takes, bytes.
_LONGEST_NAME = 255


def livelink_packet(
    device: str, name: str, frame: int, rate: int, curves: ArrayLike, subframe: float = 0.0
) -> bytes:
    """One face as a packet of version 6, all numbers big-endian.

    uint8 version; int32 length and UTF-8 text of the device's id, then of the subject's name;
    int32 frame, float32 subframe, int32 rate and int32 1 (frames a second as a fraction); uint8
    61; 61 float32. (The length of an id of 36 letters is the byte '$', which some libraries take
    for a part of the id.)

    Args:
        device: the sender's id, 36 letters as of a uuid.
        name: what Unreal lists the face as.
        frame: number of the frame in the day.
        rate: frames a second.
        curves: (61,) in the order of `LIVELINK_CURVES`.
        subframe: what of a frame has passed, 0..1.
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
    """Sends faces to one address.

    Attributes:
        target: the address as it was given.
        rate: frames a second, as the packets say.
        sent: packets so far.
    """

    def __init__(
        self, target: str, rate: int, name: str = 'diffsheg', first_frame: int = 0
    ) -> None:
        """Looks the address up; nothing is sent yet.

        Args:
            target: HOST:PORT or HOST, which gets port 11111; an IPv6 address in brackets.
            rate: frames a second.
            name: what Unreal lists the face as.
            first_frame: number of the first frame in the day; after midnight it begins anew.

        Raises:
            InputError: a target that is none or is not found, or an unusable name.
        """
        try:
            length = len(name.encode())
        except UnicodeEncodeError:  # bytes of the command line that are no text
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
        """Sends a face (61,), `frames` after the one before.

        Raises:
            InputError: this machine cannot send there.
        """
        self._frame += frames if self.sent else 0
        frame = self._frame % (_DAY_S * self.rate)
        packet = livelink_packet(self._device, self._name, frame, self.rate, curves)
        try:
            # Not connected: nobody listening there is no error, Unreal may start later.
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
    """HOST:PORT, HOST, [IPv6]:PORT or [IPv6] as host and port.

    Raises:
        InputError: it is none of these, or the port is out of range.
    """
    match = re.fullmatch(r'(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+))(?::(-?\d+))?', target)
    if match is None:
        raise InputError(f'{target!r} is no address: give HOST:PORT, such as 127.0.0.1:11111')
    port = DEFAULT_PORT if match[3] is None else int(match[3])
    if not 1 <= port <= 65535:
        raise InputError(f'port {port} of {target}: must be from 1 to 65535')
    return match[1] or match[2], port
