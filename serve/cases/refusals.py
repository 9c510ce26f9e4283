"""Why something asked of a case is refused: a type for each reason.

The request was understood, so `invalid-content` alone would not tell a person what to
do; the console has a sentence for each type.
"""

from serve.errors import Conflict, InvalidContent


class ReasonNeeded(InvalidContent):
    """What must be explained came without a note."""

    slug = "reason-needed"
    title = "This must be explained"


class DepartmentNeeded(InvalidContent):
    """Nobody is named whom the case can go to."""

    slug = "department-needed"
    title = "A department that cases can go to is needed"


class OtherCaseNeeded(InvalidContent):
    """A case was to be merged into none, or into itself."""

    slug = "other-case-needed"
    title = "Merging needs another case"


class NoDeadline(InvalidContent):
    """There is no deadline that could be extended."""

    slug = "no-deadline"
    title = "The case has no deadline"


class ExtensionNeeded(InvalidContent):
    """It was not said by how much the deadline moves."""

    slug = "extension-needed"
    title = "Extending needs an amount and a unit"


class DeadlineTooFar(InvalidContent):
    """The deadline would lie beyond what the calendar can say."""

    slug = "deadline-too-far"
    title = "The calendar does not reach so far"


class CameraMoves(Conflict):
    """A camera that drives past cannot look again when it is asked."""

    slug = "camera-moves"
    title = "The camera moves, its next pass tells"
