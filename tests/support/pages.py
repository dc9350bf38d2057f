"""A real headless Chromium, and pages in it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.pictures.browser import find_browser

#: Needed in a container and for drawing in software; no traffic leaves the machine.
FLAGS = (
    '--no-sandbox',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--autoplay-policy=no-user-gesture-required',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-quic',
    '--disable-sync',
    '--no-first-run',
)
LIMIT_MS = 60_000


def missing_browser() -> str:
    """Return the reason why pages cannot be tested here, or an empty text."""
    try:
        import playwright.sync_api  # noqa: F401
        import starlette  # noqa: F401

        find_browser()
    except ImportError as error:
        return f'{error.name} is not installed'
    except InputError as error:
        return str(error)
    return ''


@pytest.fixture(scope='module')
def launch_browser() -> Iterator[Callable[..., Any]]:
    """Yield a function that starts a Chromium with more flags, closed after the module."""
    if missing_browser():
        pytest.skip(missing_browser())
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = []

        def launch(*flags: str) -> Any:
            started.append(
                playwright.chromium.launch(
                    executable_path=find_browser(), args=[*FLAGS, *flags], chromium_sandbox=False
                )
            )
            return started[-1]

        yield launch
        for browser in started:
            browser.close()


@pytest.fixture(scope='module')
def browser(launch_browser) -> Any:
    """Return one browser for the whole module."""
    return launch_browser()


class Pages:
    """Pages of a test; every error or warning of a page fails the test."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.complaints: list[str] = []

    def open(self, url: str, **options: Any) -> Any:
        """Open a page and wait for its figure."""
        self._contexts.append(
            self._browser.new_context(viewport={'width': 800, 'height': 450}, **options)
        )
        page = self._contexts[-1].new_page()
        page.set_default_timeout(LIMIT_MS)
        page.on('console', self._on_console)
        page.on('pageerror', lambda error: self.complaints.append(str(error)))
        page.goto(url)
        page.wait_for_selector('body[data-ready]')
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _on_console(self, message: Any) -> None:
        # Software drawing says that it is slow.
        if message.type in ('error', 'warning') and 'GPU stall' not in message.text:
            self.complaints.append(f'{message.type}: {message.text}')


@pytest.fixture
def pages(browser) -> Iterator[Pages]:
    made = Pages(browser)
    yield made
    made.close()
    assert made.complaints == []


def wait_until(condition: Callable[[], Any], limit_s: float = 30.0) -> Any:
    end = time.monotonic() + limit_s
    while not (result := condition()):
        assert time.monotonic() < end, 'the condition was not met in time'
        time.sleep(0.02)
    return result
