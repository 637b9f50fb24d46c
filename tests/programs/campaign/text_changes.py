"""What can be done to metadata: values and keys of JSON."""

import json
import os

from helpers.hostile import BEATS
from programs.campaign.file_changes import copied

ODD = (None, True, -1, 0, 1e308, 10**30, "", "x", "\x1b[31m", "../../x", [], {}, [1] * 50, "[" * 50_000, "x" * 10**6)


def _edited(change):
    def act(place, name):
        path = place.store / name
        held = json.loads(path.read_text(encoding="utf-8"))
        before = json.dumps(held)
        said = change(held, place.draw)
        path.write_text(json.dumps(held), encoding="utf-8")
        return said if json.dumps(held) != before else False

    return act


def _leaf(held, draw):
    """Return a container in JSON and a key of it, at random."""
    while True:
        if isinstance(held, dict) and "attributes" in held and draw.random() < 0.6:
            key = "attributes"
        else:
            key = draw.choice(sorted(held) if isinstance(held, dict) else range(len(held)))
        if not isinstance(held[key], dict | list) or not held[key] or draw.random() < 0.1:
            return held, key
        held = held[key]


def _nudged(value, draw):
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return draw.choice([value + 1, value - 1, value * 2, -value])
    if isinstance(value, str) and value:
        try:
            inner = json.loads(value)
            _nudge(inner, draw)
            return json.dumps(inner)
        except (ValueError, TypeError, IndexError):
            at = draw.randrange(len(value))
            return value[:at] + draw.choice("xyz019") + value[at + 1 :]
    return [value]


def _nudge(held, draw):
    inner, key = _leaf(held, draw)
    before = inner[key]
    inner[key] = _nudged(before, draw)
    return f"{key}: {str(before)[:40]!r} to {str(inner[key])[:40]!r}"


def _odd(held, draw):
    inner, key = _leaf(held, draw)
    before = inner[key]
    inner[key] = draw.choice(ODD)
    return f"{key}: {str(before)[:40]!r} to {str(inner[key])[:40]!r}"


def _without(held, draw):
    inner, key = _leaf(held, draw)
    del inner[key]
    return str(key)


def _threshold(held, draw):
    """Change a threshold of the store, in its root or in the words of its labels."""
    attributes = held.get("attributes", {})
    if isinstance(text := attributes.get("thresholds"), str):
        limits = json.loads(text)
        limits[draw.choice(sorted(limits))] += draw.choice([1, 0.5, 1e-9])
        attributes["thresholds"] = json.dumps(limits)


def _beat(held, draw):
    attributes = held.get("attributes", {})
    if "heartbeat" in attributes:
        attributes["heartbeat"] = draw.choice([beat for beat in BEATS if "Infinity" not in json.dumps(beat)])


METADATA = {
    "a value nudged": _edited(_nudge),
    "a value replaced": _edited(_odd),
    "a key removed": _edited(_without),
    "a threshold": _edited(_threshold),
    "a heartbeat": _edited(_beat),
    "another sweep's": copied(lambda place, name: place.other / name),
    "an older one": copied(lambda place, name: place.older / name),
    "a gigabyte": lambda place, name: os.truncate(place.store / name, 2**30),
}
