"""Where chance begins: a key and what is drawn for, to be repeated but not guessed."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np

ROUNDS = 200_000  # of the fingerprint's hash: each guess at a secret costs a tenth of a second
SHORT = 12  # characters: a shorter secret can be guessed


def generator(seed: int | str, *words: str) -> np.random.Generator:
    """Make the generator of one thing that is drawn.

    Parameters
    ----------
    seed : int or str
        A number, or a text that is kept secret.
    words : str
        What is drawn for, as date, LPT and shift of a plan.

    Returns
    -------
    numpy.random.Generator
        PCG64 seeded with the HMAC-SHA256 [1]_ of the words under the seed: who knows what was
        drawn for other words, but not the seed, learns nothing of this draw.

    References
    ----------
    .. [1] Krawczyk, H., Bellare, M. and Canetti, R. (1997). HMAC: keyed-hashing for message
       authentication. RFC 2104.

    Examples
    --------
    >>> a, b = generator("kept on file", "2026-03-02"), generator("kept on file", "2026-03-02")
    >>> a.random() == b.random()
    True
    """
    told = "|".join(words).encode("utf-8")
    digest = hmac.new(str(seed).encode("utf-8"), told, hashlib.sha256).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def fingerprint(seed: int | str, salt: str = "hotspots: patrol plan") -> str:
    """Name a seed without giving it away.

    A number stands for itself, as it is no secret. Of a text, the first 12 hexadecimal digits of
    its PBKDF2-HMAC-SHA256: the same secret has the same fingerprint, so an auditor can tell which
    one was used, and guessing at it is slow.

    Parameters
    ----------
    seed : int or str
    salt : str
        What the seed is for: under another, the same secret has another fingerprint.

    Returns
    -------
    str

    Examples
    --------
    >>> fingerprint(7)
    'number 7'
    >>> len(fingerprint("kept on file in the control room"))
    12
    """
    if not isinstance(seed, str):
        return f"number {int(seed)}"
    return blind(seed, salt)[:12]


def blind(seed: int | str, salt: str) -> str:
    """Make a text from a seed that can be shown without giving the seed away.

    Parameters
    ----------
    seed : int or str
    salt : str
        What it is for: each purpose has its own.

    Returns
    -------
    str
        64 hexadecimal digits: its PBKDF2-HMAC-SHA256; of a number, which is no secret, of one
        round.

    Examples
    --------
    >>> len(blind("kept on file in the control room", "a trial"))
    64
    """
    rounds = ROUNDS if isinstance(seed, str) else 1
    raw = hashlib.pbkdf2_hmac("sha256", str(seed).encode("utf-8"), salt.encode("utf-8"), rounds)
    return raw.hex()
