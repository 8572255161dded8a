"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """argon2id with 32 MiB, three passes and one lane.

    Django's defaults (100 MiB, eight lanes) took over 0.4 s on two cores, which makes signing in a lever
    for denial of service; this takes 0.1 to 0.2 s and stays above the OWASP minimum.
    """

    memory_cost = 32 * 1024
    time_cost = 3
    parallelism = 1
