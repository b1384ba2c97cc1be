"""SMS codes as they are drawn for real."""

import secrets

DIGITS = 6


class RandomCodes:
    def draw(self, phone: str) -> str:
        return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
