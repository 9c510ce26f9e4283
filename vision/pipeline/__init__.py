"""One frame of one camera, then many cameras."""
