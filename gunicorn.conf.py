"""How gunicorn serves the shop. The command line and GUNICORN_CMD_ARGS win over what stands here."""

import os
import socket

from dotenv import load_dotenv

load_dotenv()  # the settings below may stand in .env like all others

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))  # gunicorn's own name for the number of processes
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
timeout = 30
graceful_timeout = 15
keepalive = 5
accesslog = None  # it would print whole addresses, which hold tokens; the shop writes its own line per request
limit_request_line = 4094
limit_request_field_size = 8190
control_socket_disable = True


def when_ready(server):
    """Leave a connection with the system until it says something: gunicorn would hold a thread for it for 5 seconds."""
    for listener in server.LISTENERS:
        if listener.sock.family != socket.AF_UNIX and hasattr(socket, "TCP_DEFER_ACCEPT"):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)


def post_worker_init(worker):
    """Refuse a start on tables of another version: the first process of all looks, and speaks for those after it.

    One that takes a dead one's place, or comes of a reload, does not. To end it would end the whole server, in the
    middle of an upgrade and with callbacks on their way. Nor may two: gunicorn stumbles over the second one's end.
    """
    if worker.age == 1:
        from shop.health import refuse_other_tables  # not above: the main process must not keep the shop's old code

        refuse_other_tables(worker.wsgi)
