"""Phone numbers that ring nowhere.

Each country's numbers come from the ranges that its regulator keeps free for films and books (Ofcom, Arcep,
Bundesnetzagentur, ComReg; 555-01xx in North America). They are few, so that a large world runs out of them: then come
North American numbers with an area code of the form N9X, which is reserved and assigned to nobody.
"""

from __future__ import annotations

from random import Random


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_US_AREAS = _split(
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 "
    "253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 "
    "321 323 325 330 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417"
)
_GB = _split(
    "+447700900 +441134960 +441144960 +441154960 +441164960 +441174960 +441184960 +441214960 "
    "+441314960 +441414960 +441514960 +441614960 +442079460 +441914980 +442896496 +442920180"
)
_FR = _split("+3319900 +3326191 +3335301 +3346571 +3353649 +3363998")
_DE = _split("+493023125 +496990009 +494066969 +492214710 +498999998")

# country -> (prefix, digits that follow it)
RANGES: dict[str, tuple[tuple[str, int], ...]] = {
    "GB": tuple((prefix, 3) for prefix in _GB),
    "FR": tuple((prefix, 4) for prefix in _FR),
    "DE": tuple((prefix, 3) for prefix in _DE),
    "IE": (("+3532091", 5),),
    "US": tuple((f"+1{area}55501", 2) for area in _US_AREAS),
}
_CAPACITY = {country: sum(10**digits for _, digits in ranges) for country, ranges in RANGES.items()}
_STRIDE = 7919  # a prime that divides no capacity: neighbours in the world are not neighbours in the phone book


def number(country: str, serial: int) -> str:
    """The E.164 number of a serial; two serials never share one."""
    capacity = _CAPACITY[country]
    if serial >= capacity:
        area, rest = divmod(serial, 8_000_000)
        return f"+1{2 + area % 8}9{area // 8 % 10}{2_000_000 + rest:07d}"
    slot = serial * _STRIDE % capacity
    for prefix, digits in RANGES[country]:
        if slot < 10**digits:
            return f"{prefix}{slot:0{digits}d}"
        slot -= 10**digits
    raise AssertionError("a slot is under its country's capacity")


def as_typed(e164: str, rng: Random) -> str:
    """The number as somebody types it: mostly plain, sometimes with spaces or hyphens, or with 00 for the plus."""
    style = rng.random()
    if style < 0.6:
        return e164
    code, rest = (e164[:2], e164[2:]) if e164.startswith("+1") else (e164[:3], e164[3:])
    if style < 0.85:
        return f"{code} {rest[:3]} {rest[3:6]} {rest[6:]}"
    if style < 0.95:
        return f"{code}-{rest[:3]}-{rest[3:]}"
    return f"00{code[1:]} {rest[:4]} {rest[4:]}"
