"""What can be refused about moderation, and the HTTP status that says so."""

from __future__ import annotations

from typing import ClassVar

from curation.errors import CurationError


class RoleMissing(CurationError):
    """Somebody with a higher role may do this."""

    status: ClassVar[int] = 403


class TwoNeeded(CurationError):
    """One person proposes this and another confirms it."""

    status: ClassVar[int] = 409


class SamePerson(CurationError):
    """Whoever proposed or did it cannot be the one who decides about it."""

    status: ClassVar[int] = 403


class ProposalOver(CurationError):
    """The proposal was decided before, or has expired."""

    status: ClassVar[int] = 409


class ReportedBefore(CurationError):
    """A member reports a picture once."""

    status: ClassVar[int] = 409


class Muted(CurationError):
    """A muted member posts no briefs and reports nothing."""

    status: ClassVar[int] = 403


class NothingToReport(CurationError):
    """The picture is not on show."""

    status: ClassVar[int] = 404


class SanctionOver(CurationError):
    """The sanction was lifted, has run out, or stands already."""

    status: ClassVar[int] = 409


class AppealedBefore(CurationError):
    """A sanction is appealed once, and an appeal answered once."""

    status: ClassVar[int] = 409


class NothingToEscalate(CurationError):
    """The picture has no open report that a senior could be handed."""

    status: ClassVar[int] = 409


class ReasonUnknown(CurationError):
    """The reason is not on the list."""

    status: ClassVar[int] = 422


class DeedUnknown(CurationError):
    """Nobody can do this here."""

    status: ClassVar[int] = 422


class DeedNotDone(CurationError):
    """What is done outside of this database was refused there, or has not happened yet."""

    status: ClassVar[int] = 409


class NothingToUndo(CurationError):
    """Nothing of it stands any more."""

    status: ClassVar[int] = 409
