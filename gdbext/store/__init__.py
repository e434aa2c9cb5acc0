"""What is kept on disk: private files, whole or not there, believed only as they were written.

    home.py     where: the private folder, what lies in it
    files.py    a shelf: bytes by key, checked when they are read, the oldest removed
    arrays.py   a file of NumPy arrays on a shelf, mapped and not read, checked at first touch
    sources.py  what our own modules are: what they made is kept for them alone

All that is kept can be made again, so nobody asks a user about it: what is damaged, stale or somebody else's counts as
missing, and where nothing can be written nothing is.
"""

from gdbext.errors import GdbextError


class Damaged(GdbextError):
    """A file that was kept is not as it was written, and what it said is made again."""
