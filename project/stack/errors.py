"""Why the stack cannot start. Every message says what to do about it."""


class StackError(Exception):
    """The stack cannot start or go on."""


class PythonTooOld(StackError):
    """The interpreter is older than the code needs."""


class BinaryMissing(StackError):
    """A program that the wheels or the system should have brought is not there."""


class FolderUnusable(StackError):
    """A folder cannot be made, written, or belongs to somebody else."""


class DiskFull(StackError):
    """The data folder's disk has too little room."""


class PortTaken(StackError):
    """The web process could not listen where it was told to."""


class AlreadyRunning(StackError):
    """Another supervisor holds the data folder."""


class StartFailed(StackError):
    """A service or a step that the rest depends on did not come up."""
