"""The versions, here and nowhere else: the package's, and that of what page and kernel say."""

#: A change of `protocol` that an older page or kernel would not understand is a new one.
PROTOCOL = 13

__version__ = "0.1.0"
