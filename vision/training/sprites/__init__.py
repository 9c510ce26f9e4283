"""Things drawn at random, to be stood into street pictures."""
