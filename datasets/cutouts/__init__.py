"""Things of streets rendered alone and cut out, to be stood into real pictures."""
