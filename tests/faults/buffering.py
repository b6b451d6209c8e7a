"""A proxy that does what the shop asks of one: it reads a whole request before it bothers the shop with it."""

import asyncio
import re
import threading

from tests.journeys.running import free_port


class BufferingProxy:
    """Stands in front of a port on 127.0.0.1 while used as a context manager."""

    def __init__(self, behind: int) -> None:
        self.behind, self.port = behind, free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "BufferingProxy":
        self._thread.start()
        serving = asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _hang_up(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            answers, shop = await asyncio.open_connection("127.0.0.1", self.behind)
            shop.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + body)
            writer.write(await answers.read())
            await writer.drain()
            shop.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
