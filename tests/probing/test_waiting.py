"""The ways of waiting: the same on the oldest Python that is supported as on the newest."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import milvus_nb.probing.waiting
from milvus_nb.probing.blocking import run_blocking
from milvus_nb.probing.waiting import EndedError, end, result_of, to_the_end, within
from tests.support.helpers import wait_until
from tests.support.pythons import pythons

if TYPE_CHECKING:
    from collections.abc import Coroutine


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it, and fail where asyncio has anything to complain about."""
    said: list[str] = []

    async def listened() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: said.append(context["message"]))
        found = await asyncio.wait_for(work, 20)
        gc.collect()
        await asyncio.sleep(0)
        return found

    found = asyncio.run(listened())
    gc.collect()
    assert said == []
    return found


async def for_ever() -> None:
    await asyncio.Event().wait()


async def cancelled_until(
    release: asyncio.Event, work: Coroutine[Any, Any, None], times: int
) -> None:
    """Cancel work so many times before it is released: it ends only then, and as cancelled."""
    task = asyncio.create_task(work)
    for _ in range(times):
        await asyncio.sleep(0.01)
        task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    release.set()
    await asyncio.wait([task])
    assert task.cancelled()


@pytest.mark.parametrize("name", ["result_of", "within"])
@pytest.mark.parametrize("order", ["cancelled first", "settled first"])
def test_a_cancellation_in_the_moment_of_the_result_is_not_swallowed(name: str, order: str) -> None:
    """What `asyncio.wait_for` did before Python 3.12, and a loop went on that had been ended."""

    async def work() -> list[str]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        seen: list[str] = []

        async def waits() -> None:
            way = result_of(future, 10) if name == "result_of" else within(10, future)
            try:
                await way
                seen.append("went on")
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if order == "cancelled first":
            task.cancel()
            if not future.done():
                future.set_result(1)
        else:
            future.set_result(1)
            task.cancel()
        await asyncio.wait([task])
        return seen

    assert run(work()) == ["cancelled"]


def test_who_waits_for_a_cancelled_task_is_not_cancelled() -> None:
    """It gets an ordinary error, which `except Exception` sees."""

    async def work() -> None:
        task = asyncio.create_task(for_ever())
        waiting = [asyncio.create_task(result_of(task)) for _ in range(3)]
        await asyncio.sleep(0)
        await end(task)
        for one in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(one, EndedError)

    run(work())


def test_time_up() -> None:
    """`within` ends the work and its cleaning up, `result_of` lets it go on."""

    async def work() -> None:
        cleaned: list[str] = []

        async def clean(name: str) -> None:
            try:
                await for_ever()
            finally:
                await asyncio.sleep(0)
                cleaned.append(name)

        with pytest.raises(asyncio.TimeoutError):
            await within(0.01, clean("within"))
        assert cleaned == ["within"]
        task = asyncio.create_task(clean("result_of"))
        with pytest.raises(asyncio.TimeoutError):
            await result_of(task, 0.01)
        assert not task.done()
        await end(task)
        assert cleaned == ["within", "result_of"]

    run(work())


def test_an_error_that_nobody_waits_for_any_more_is_no_complaint() -> None:
    """As behind `asyncio.shield`: "exception was never retrieved"."""

    async def work() -> None:
        release = asyncio.Event()

        async def fail() -> None:
            await release.wait()
            raise ValueError("too late")

        task = asyncio.create_task(fail())
        waiting = asyncio.create_task(result_of(task))
        await asyncio.sleep(0)
        await end(waiting)
        release.set()
        await asyncio.wait([task])
        del task

    run(work())


def test_ending_does_not_take_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A task that swallows its cancellation is cancelled again, and is then left and logged."""
    monkeypatch.setattr(milvus_nb.probing.waiting, "_PATIENCE_S", 0.02)

    async def work() -> None:
        async def stubborn(times: int) -> None:
            while times:
                try:
                    await for_ever()
                except asyncio.CancelledError:
                    times -= 1

        twice, always = asyncio.create_task(stubborn(2)), asyncio.create_task(stubborn(5))
        await asyncio.sleep(0)
        await end(twice)
        assert twice.done()
        assert "not ended" not in caplog.text
        await end(always)
        assert "not ended" in caplog.text
        await end(always)

    run(work())


def test_a_clean_up_is_not_cut_short() -> None:
    """However often who waits is cancelled."""

    async def work() -> None:
        release, done = asyncio.Event(), list[str]()

        async def clean() -> None:
            await release.wait()
            done.append("clean")

        await cancelled_until(release, to_the_end(clean()), 3)
        assert done == ["clean"]

    run(work())


def test_the_cleaning_up_of_what_was_cancelled_is_not_cut_short() -> None:
    """Although who waits for it is cancelled once more."""

    async def work() -> None:
        release, done = asyncio.Event(), list[str]()

        async def clean() -> None:
            try:
                await for_ever()
            finally:
                await to_the_end(release.wait())
                done.append("clean")

        await cancelled_until(release, within(None, clean()), 4)
        assert done == ["clean"]

    run(work())


def test_a_blocking_call_that_nobody_waits_for_is_taken_back() -> None:
    """Whether it ends after the cancellation, in the same moment, or after the loop."""
    undone: list[str] = []

    async def cancelled_before() -> None:
        go = threading.Event()

        def slow() -> str:
            go.wait(10)
            return "before"

        task = asyncio.create_task(run_blocking(slow, undone.append))
        await asyncio.sleep(0.01)
        await end(task)
        go.set()

    async def cancelled_as_it_ends() -> None:
        task = asyncio.create_task(run_blocking(lambda: "meanwhile", undone.append))
        await asyncio.sleep(0)
        wait_until(lambda: not _blocking())  # the loop has not been told yet
        await end(task)

    go = threading.Event()

    def late() -> str:
        go.wait(10)
        return "after"

    async def cancelled_with_the_loop() -> None:
        task = asyncio.create_task(run_blocking(late, undone.append))
        await asyncio.sleep(0.01)
        await end(task)

    run(cancelled_before())
    run(cancelled_as_it_ends())
    asyncio.run(cancelled_with_the_loop())
    go.set()
    wait_until(lambda: sorted(undone) == ["after", "before", "meanwhile"])
    wait_until(lambda: not _blocking())


def _blocking() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "milvus-nb-blocking"]


def _pythons() -> list[str]:
    """Find the other versions of Python that are installed here."""
    return [path for minor, path in pythons().items() if minor != sys.version_info[1]]


_ALONE = """
import importlib.util, sys, types

def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

waiting = load("waiting", {waiting!r})
import asyncio

async def swallowed():
    future = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(waiting.{name}({arguments}))
    await asyncio.sleep(0); await asyncio.sleep(0)
    future.set_result(1)
    task.cancel()
    await asyncio.wait([task])
    return not task.cancelled()

async def timed_out():
    try:
        await waiting.within(0.01, asyncio.Event().wait())
    except asyncio.TimeoutError:
        return True

async def ended():
    task = asyncio.ensure_future(asyncio.Event().wait())
    one = asyncio.ensure_future(waiting.result_of(task))
    await asyncio.sleep(0)
    await waiting.end(task)
    await asyncio.wait([one])
    return type(one.exception()).__name__

print(asyncio.run(swallowed()), asyncio.run(timed_out()), asyncio.run(ended()))
"""


@pytest.mark.matrix
@pytest.mark.parametrize("python", _pythons())
@pytest.mark.parametrize(
    ("name", "arguments"), [("result_of", "future, 10"), ("within", "10, future")]
)
def test_it_means_the_same_on_each_python(python: str, name: str, arguments: str) -> None:
    """The module needs nothing but Python, so another one can run it."""
    spec = importlib.util.find_spec("milvus_nb.probing.waiting")
    assert spec is not None
    code = _ALONE.format(waiting=spec.origin, name=name, arguments=arguments)
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.split() == ["False", "True", "EndedError"], done.stderr
