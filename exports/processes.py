"""Batches rendered by several processes at once, and given back in the order of their rows.

A process is told of the campaign, then gets rows and gives batches back for as long as they come: it ends with the one
that began it, however that ends. Whose `__main__` that is does not matter: a process imports nothing of it.
"""

import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import SimpleQueue

from exports.batch import Batch, render_batch
from exports.errors import ExportError
from exports.message import Renderer

Rows = Sequence[Mapping[str, object]]
_ENDED = (
    "a process that renders messages has ended before its work was done (exit code {}; -9 is a kill, as when memory is "
    "short). Nothing was written: run the same again."
)
# Where the system lets a pipe be as long as that.
_PIPE_BYTES = 1 << 20


def render_batches(renderer: Renderer, batches: Iterable[Rows], processes: int) -> Iterator[Batch]:
    """The messages of each batch of rows, in order, by so many processes.

    No more rows are read ahead than keep them all at work. The processes are gone when the iterator is closed. Raises
    what rendering raises, and ExportError where a process has ended.
    """
    with ExitStack() as stack:
        workers: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(processes):
            workers.put(worker := _Worker())
            stack.callback(worker.end)
        threads = stack.enter_context(ThreadPoolExecutor(processes))
        told = pickle.dumps(renderer)
        waiting: deque[Future[Batch]] = deque()

        def ask(rows: bytes) -> Batch:
            worker = workers.get()
            try:
                return worker.ask(told, rows)
            finally:
                workers.put(worker)

        for rows in batches:
            waiting.append(threads.submit(ask, pickle.dumps(rows)))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Worker:
    """A process that renders, and what leads to it and back."""

    def __init__(self) -> None:
        # What can be imported here can be there.
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, pipesize=_PIPE_BYTES)
        self._is_told = False

    def ask(self, told: bytes, rows: bytes) -> Batch:
        """The batch of some rows. Raises what rendering raises, and ExportError if there is no answer."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None and answers is not None
        try:
            asked.write(rows if self._is_told else told + rows)
            asked.flush()
            self._is_told = True
            answer = pickle.load(answers)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self._process.kill()
            raise ExportError(_ENDED.format(self._process.wait())) from error
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Batch)
        return answer

    def end(self) -> None:
        """Ends the process: it holds nothing that is not here."""
        self._process.kill()
        self._process.communicate()


def serve() -> None:
    """What each process does: a renderer comes in, then rows, for which a batch goes out or why there is none."""
    # Who interrupts a run from its terminal means the process that began this one; without that, nobody reads.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    # Nothing more comes, or no more than a part, where that process is gone.
    with suppress(EOFError, pickle.UnpicklingError):
        renderer = pickle.load(asked)
        while True:
            pickle.dump(_answer(renderer, pickle.load(asked)), answers)
            answers.flush()


def _answer(renderer: Renderer, rows: Rows) -> Batch | Exception:
    try:
        return render_batch(renderer, rows)
    except Exception as error:
        return error
