"""How gunicorn serves the shop. The command line and GUNICORN_CMD_ARGS win over what stands here."""

import os

workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
timeout = 30
graceful_timeout = 15
keepalive = 5
accesslog = None  # it would print whole addresses, which hold tokens; the shop writes its own line per request
limit_request_line = 4094
limit_request_field_size = 8190
preload_app = False
control_socket_disable = True
