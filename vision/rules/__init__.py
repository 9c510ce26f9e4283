"""Place memory and one file per violation."""
