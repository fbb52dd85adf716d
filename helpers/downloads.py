"""Downloads: within a time limit, tried again, and taken only if the checksum is the right one."""
import time
import urllib.request
from http.client import HTTPException

from helpers import files

TRIES = 3
PAUSE = 2.0       # seconds before the second try; twice as many before the next
SILENCE = 20.0    # seconds without a byte, after which a try has failed
LONGEST = 300.0   # seconds that one try may take in all
PIECE = 1 << 16   # bytes read at once


def fetch(address: str, checksum: str) -> bytes:
    """What is at this address, if that is its SHA-256. Nothing is written.

    Raises an OSError that says why, when the last of TRIES has failed.
    """
    for number in range(TRIES):
        if number > 0:
            time.sleep(PAUSE * 2 ** (number - 1))
        try:
            content = read(address)
        except (OSError, HTTPException) as error:
            reason = f"{error or type(error).__name__}"
            continue
        if files.sha256(content) == checksum:
            return content
        reason = f"{len(content):,} bytes came, which are not the right ones (SHA-256)"
    raise OSError(f"{TRIES} tries, at last: {reason}")


def read(address: str) -> bytes:
    """One try."""
    end = time.monotonic() + LONGEST
    pieces = []
    with urllib.request.urlopen(address, timeout=SILENCE) as answer:
        while piece := answer.read(PIECE):
            pieces.append(piece)
            if time.monotonic() > end:
                raise TimeoutError(f"not finished after {LONGEST:.0f} seconds")
    return b"".join(pieces)
