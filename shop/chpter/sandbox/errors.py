"""What the sandbox says no to."""


class SandboxRefused(Exception):
    """The sandbox was not started: what it was asked to serve is not a shop on this machine."""
