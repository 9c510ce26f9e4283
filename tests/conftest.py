"""What holds for all tests."""

from hypothesis import settings

# A busy machine is no fault of what is tested: times are measured in benchmarks.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")
