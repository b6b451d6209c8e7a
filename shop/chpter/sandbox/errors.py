"""What the sandbox says no to."""


class SandboxRefused(Exception):
    """The sandbox was not started: what it was asked to serve is not a shop on this machine."""


class WrongRequest(Exception):
    """A request Chpter would not take. The message names the field and the cure; no session was opened."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
