"""What kind of fault it was: an ordered list of small rules."""
