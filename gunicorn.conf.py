"""How gunicorn serves the shop. The command line and GUNICORN_CMD_ARGS win over what stands here."""

import os
import socket
import sys
import threading
import time
import traceback

from dotenv import load_dotenv

try:
    load_dotenv()  # the settings below may stand in .env like all others
except (OSError, ValueError) as unreadable:
    sys.stderr.write(
        f"The shop cannot start: .env cannot be read ({type(unreadable).__name__}); let the shop's user read it.\n"
    )
    raise SystemExit(3) from None

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


def on_starting(server):
    """Read the settings before there is any process, so that a wrong one is said once and ends with exit status 3.

    In a copy of the main process, which must not keep the shop's old code when it is reloaded.
    """
    copy = os.fork()
    if not copy:
        status = 1
        try:
            status = _wrong_setting(server.cfg.chdir)
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    if status := os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]):
        raise SystemExit(status)


def _wrong_setting(folder):
    sys.path.insert(0, folder)
    from shop.config import ConfigError, Settings

    try:
        Settings.read(os.environ)
    except ConfigError as wrong:
        sys.stderr.write(f"The shop cannot start: {wrong}\n")
        sys.stderr.flush()
        return 3
    return 0


def post_fork(server, worker):
    """Let a process that cannot load the shop end alone, and another be started in its place a second later.

    Gunicorn would end the whole server. But the settings were right when the server started, so that files are being
    changed at this moment, as in an upgrade: the other processes go on, and callbacks are taken.
    """
    load = worker.load_wsgi

    def load_or_end_alone():
        try:
            load()
        except BaseException:
            traceback.print_exc()
            time.sleep(1)
            raise SystemExit(1) from None

    worker.load_wsgi = load_or_end_alone


def _read_templates(worker):
    """Read every template now: an upgrade replaces them while this process still runs the code before it."""
    templates = worker.wsgi.jinja_env
    for name in templates.list_templates():
        templates.get_template(name)
        time.sleep(0.01)  # whoever asks for a page meanwhile comes first
    worker.log.info("Templates read (pid: %s)", worker.pid)


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
    threading.Thread(target=_read_templates, args=[worker], daemon=True).start()
    if worker.age == 1:
        from shop.web.health import refuse_other_tables  # not above: the main process must not keep the shop's old code

        refuse_other_tables(worker.wsgi)
