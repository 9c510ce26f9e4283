"""One tree of errors: what, where, what was expected, what to do."""


class VisionError(Exception):
    """Any failure that the engine names; its text is meant for a person."""


class ConfigError(VisionError):
    """The configuration cannot be used."""


class SourceError(VisionError):
    """A camera or file gives no usable picture."""


class SourceOpenError(SourceError):
    """The source could not be opened in time."""


class SourceReadError(SourceError):
    """The source was open and then failed or fell silent."""


class ModelError(VisionError):
    """A model file cannot be loaded, or its output is not a detector's."""


class EvidenceError(VisionError):
    """Evidence could not be written or does not verify."""


class SinkError(VisionError):
    """A receiver refused an event for good, or cannot be used at all."""


class SinkUnavailableError(SinkError):
    """A receiver cannot take the event now; trying again makes sense."""
