"""The fault document: its types, its encodings, and the renderers that only format it."""
