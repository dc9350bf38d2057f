"""An engine that fails while the avatar is seen: the body stays natural, and it is said why."""

import threading

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine
from diffsheg_model.time_units import NS
from diffsheg_ros.diagnostics import report as diagnostics
from tests.support.bundles import speech_like
from tests.support.fault_checks import check_sane, say_and_check
from tests.support.fault_world import DELAY_S, LIMIT_S, stamps

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

WINDOW_S = 34 / 15


class Breaker:
    """Lets the real engine make some windows of an utterance, and then fail.

    Attributes:
        fault: 'raise', 'nan', 'stall' (until `released`) or empty.
        good: windows that it makes before.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fault = ''
        self.good = 0
        self.released = threading.Event()
        sample = OnnxRuntimeEngine.sample

        def breaking(engine, *arguments):
            x = sample(engine, *arguments)
            if not self.fault or self.good > 0:
                self.good -= 1
                return x
            if self.fault == 'raise':
                raise RuntimeError('out of memory\nlong trace')
            if self.fault == 'stall':
                assert self.released.wait(LIMIT_S)
            return x * np.float32(np.nan)

        monkeypatch.setattr(OnnxRuntimeEngine, 'sample', breaking)


@pytest.fixture
def breaker(monkeypatch):
    breaker = Breaker(monkeypatch)
    yield breaker
    breaker.released.set()


def test_the_body_rests_while_the_engine_fails_and_goes_on_after_it(
    make_avatar, breaker, calm_bundle, calm_engine, monkeypatch
):
    monkeypatch.setattr(diagnostics, 'RECENT_S', 2.0)  # how long news stay news
    avatar = make_avatar(engine_fallback=False, engine_timeout_s=1.0)
    ears = avatar.ears
    avatar.until_well()
    for fault, reason in (
        ('raise', 'RuntimeError: out of memory'),
        ('nan', 'numbers are not finite'),
        ('stall', 'no window within 1 s'),
    ):
        breaker.fault, breaker.good = fault, 1
        start_ns = avatar.say(speech_like(5.0), fault)
        status = avatar.until(
            lambda reason=reason: reason in ears.statuses[-1].message and ears.statuses[-1]
        )
        assert status.level == b'\2' and status.message.startswith('the engine failed (')
        assert '\n' not in status.message
        if fault == 'raise':
            # Generated motion is shown, held for a moment, and left for the rest pose.
            made_ns = start_ns + round((DELAY_S + WINDOW_S) * NS)
            rest_ns = made_ns + round(1.5 * NS)
            avatar.until(lambda rest_ns=rest_ns: stamps(ears.faces[-1:])[0] > rest_ns)
            times = stamps(ears.faces)
            held = (times > made_ns) & (times < made_ns + 0.4 * NS)
            assert {ears.faces[at].utterance_id for at in np.flatnonzero(held)} == {fault}
            assert ears.faces[-1].utterance_id == '' and not np.any(ears.faces[-1].weights)
    breaker.fault = ''
    breaker.released.set()
    say_and_check(avatar, calm_bundle, calm_engine, 3, shown=False)
    avatar.until_well()  # what is not news any more is over
    check_sane(ears)
    assert avatar.node.faults == 0
    values = ears.values()
    assert int(values['failed_windows']) >= 3 and values['callback_errors'] == '0'
