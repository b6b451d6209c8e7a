"""What was sent with a request, read to its end or refused.

Three things that gunicorn and Werkzeug leave open: a body that turns out not to be HTTP breaks in the reader's hands
with an error of the server's own; a form that is shorter than its length is taken as whole; and so is one without a
length that was cut at the limit.
"""

from typing import IO, Any, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_content_length, get_input_stream


class Incoming:
    """The server's stream. Whatever breaks it is an OSError, as when the caller has gone."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """As many bytes as there are, up to `size`."""
        try:
            return self._stream.read(size)
        except Exception as error:
            raise OSError("the body is broken off") from error


class WholeStream(LimitedStream):
    """A stream without a length of its own that is either read whole or too large."""

    def readall(self) -> bytes:
        """Everything. Werkzeug's own stops at the limit, and says nothing."""
        whole = super().readall()
        if self.is_exhausted and self._stream.read(1):
            raise RequestEntityTooLarge
        return whole


def sent_with(environ: dict[str, Any]) -> IO[bytes]:
    """What was sent with a request, however much. Reading it raises ClientDisconnected when less came than was said."""
    length = get_content_length(environ)
    return (
        get_input_stream(environ) if length is None else cast(IO[bytes], LimitedStream(environ["wsgi.input"], length))
    )


class CarefulRequest(Request):
    """A request whose body is what was sent: 400 where it breaks off, 413 where it is too large."""

    def __init__(self, environ: dict[str, Any], *args: Any, **options: Any) -> None:
        environ["wsgi.input"] = Incoming(environ["wsgi.input"])
        super().__init__(environ, *args, **options)

    @cached_property
    def stream(self) -> IO[bytes]:
        """What was sent, within the limit of this request."""
        _, limit = super().stream, self.max_content_length  # looked at, it refuses a length over the limit
        if limit is not None and self.content_length is None and "wsgi.input_terminated" in self.environ:
            return cast(IO[bytes], WholeStream(self.environ["wsgi.input"], limit, is_max=True))
        return sent_with(self.environ)
