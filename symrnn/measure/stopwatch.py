"""Seconds by phase."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter, process_time


class Stopwatch:
    """Seconds by phase; several stretches of one phase add up, and a phase within another is no part of it.

    `on_phase` is called with the name of each phase as it begins, and again when one within it is over; so the name
    that was told last is where an error came up. The clock is an argument, for tests.

    Examples
    --------
    >>> ticks = iter([0.0, 1.0, 1.5, 2.0])
    >>> watch = Stopwatch(clock=lambda: next(ticks))
    >>> with watch("build"), watch("grad"):
    ...     pass
    >>> watch.seconds
    {'build': 1.5, 'grad': 0.5}
    """

    def __init__(
        self,
        on_phase: Callable[[str], None] = lambda name: None,
        clock: Callable[[], float] = perf_counter,
    ):
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}  # of this process; the same on a busy machine
        self.spans: list[tuple[str, float, float]] = []  # name, begin, end; on the clock
        self.running: list[str] = []  # phases that have begun and not ended, the outermost first
        self.on_phase, self.clock = on_phase, clock

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count the time of the ``with`` block as phase `name`, also where it fails."""
        around = self.running[-1] if self.running else None
        self.add(name, 0.0, 0.0)  # phases are listed in the order in which they begin
        self.on_phase(name)
        self.running.append(name)
        begin, begin_cpu = self.clock(), process_time()
        try:
            yield
        finally:
            end, spent = self.clock(), process_time() - begin_cpu
            self.running.pop()
            self.spans.append((name, begin, end))
            self.add(name, end - begin, spent)
            if around is not None:
                # The phase around will add all of its own span.
                self.add(around, begin - end, -spent)
        # Not in `finally`: after an error the inner phase must stay the one that was told last.
        if around is not None:
            self.on_phase(around)

    def add(self, name: str, seconds: float, cpu_seconds: float) -> None:
        """Put time down to a phase."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + cpu_seconds
