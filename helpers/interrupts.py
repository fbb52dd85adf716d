"""Ctrl-C, and Stop in a notebook: they wait until a step is done, so that nothing is half done."""
import signal
import threading
from types import FrameType, TracebackType


class Waiting:
    """While this is entered, the first press is noted in `pressed`; a second one does not wait.

    Whoever enters it looks at `pressed` where it can stop, and raises KeyboardInterrupt there.
    Outside the main thread, where Python lets nobody listen, presses go their usual way.
    """

    def __init__(self) -> None:
        self.pressed = False
        self.listens = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> "Waiting":
        if self.listens:
            self.usual = signal.signal(signal.SIGINT, self.note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if self.listens:
            signal.signal(signal.SIGINT, self.usual)

    def note(self, number: int, frame: FrameType | None) -> None:
        """The first press: note it, and let the next one do what it always does."""
        self.pressed = True
        signal.signal(signal.SIGINT, self.usual)
