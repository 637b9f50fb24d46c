"""Specs and texts that went wrong in some way or other, for the tests that nothing but one line comes of them."""

import datetime
import json
import tomllib
from pathlib import Path

from hypothesis import strategies as st

from eos_sweep import models
from helpers.odd_values import INPUTS, KEYS, axes, counts, deep, expressions, files, long, modules, texts, values
from helpers.specs import PLAIN
from helpers.stores import SPEC


def _few(axis):
    """Return an axis with three of its values."""
    return {name: [*ends[:2], 3] for name, ends in axis.items()} if isinstance(axis, dict) else axis[:3]


SWEEPS = sorted((Path(__file__).parents[2] / "sweeps").glob("*.toml"))
DATA = {"model": "tanh_net", "steps": 30, "axes": {"eta": [0.1, 0.2]}, "parameters": {"width": 5}}
NOISE = {**PLAIN, "axes": {"eta": [0.1], "seed": [0, 1, 2]}, "initial": dict.fromkeys(PLAIN["initial"], "normal(0, 1)")}
REAL = [tomllib.loads(path.read_text(encoding="utf-8")) for path in SWEEPS]
TINY = [{**spec, "axes": {name: _few(values) for name, values in spec["axes"].items()}} for spec in REAL]
BASES = [*REAL, PLAIN, SPEC, NOISE, {**DATA, "data": {"file": "d.npz"}}]


def _tables(spec):
    """Return every table of a spec."""
    found = [spec]
    for table in found:
        found += [value for value in table.values() if isinstance(value, dict)]
    return found[:20]


def _put(spec, draw):
    table = draw(st.sampled_from(_tables(spec)))
    table[draw(st.one_of(st.sampled_from(list(table) or ["x"]), st.sampled_from(KEYS), texts))] = draw(
        st.one_of(values, deep)
    )


def _remove(spec, draw):
    table = draw(st.sampled_from([table for table in _tables(spec) if table] or [{"x": 1}]))
    del table[draw(st.sampled_from(list(table)))]


def _rename(spec, draw):
    table = draw(st.sampled_from([table for table in _tables(spec) if table] or [{"x": 1}]))
    value = table.pop(draw(st.sampled_from(list(table))))
    draw(st.sampled_from(_tables(spec)))[draw(st.one_of(st.sampled_from(KEYS), texts))] = value


def _table(spec, name):
    """Return a table of a spec, made anew if something else is in its place."""
    if not isinstance(spec.get(name), dict):
        spec[name] = {}
    return spec[name]


def _axis(spec, draw):
    _table(spec, "axes")[draw(st.sampled_from([*INPUTS, "seed"]))] = draw(axes)


def _expression(spec, draw):
    name = draw(st.sampled_from(["parameters", "initial"]))
    table = _table(spec, name)
    table[draw(st.sampled_from([*table, *INPUTS]))] = draw(expressions)


def _module(spec):
    """Return the model of a spec, or another one if it names none."""
    name = spec.get("model")
    return models.get(name if isinstance(name, str) and name in models.TABLE else "bivariate")


def _give(spec, name, value):
    """Let a spec give an input, in the table where its model has it."""
    _table(spec, "initial" if name in _module(spec).STATE else "parameters")[name] = value


def _circle(spec, draw):
    names = draw(st.lists(st.sampled_from(_inputs(spec)), min_size=1, max_size=6, unique=True))
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        _give(spec, name, f"2 * {other}")
        _table(spec, "axes").pop(name, None)


def _inputs(spec):
    return [*_module(spec).STATE, *_module(spec).PARAMETERS]


def _many_axes(spec, draw):
    names = draw(st.permutations(_inputs(spec)))
    spec |= {"axes": {name: {"linear": [1, 2, draw(counts)]} for name in names}, "parameters": {}, "initial": {}}


def _all_draw(spec, draw):
    count, given = draw(st.sampled_from([3, 4096, 10**6])), draw(st.one_of(long, st.just("normal(0, 1)")))
    spec |= {"axes": {"seed": {"linear": [0, count - 1, count]}}, "parameters": {}, "initial": {}}
    for name in _inputs(spec):
        if name != "seed":
            _give(spec, name, given)


def _corners(spec, draw):
    *names, last = draw(st.permutations(_inputs(spec)))
    spec |= {"axes": {name: [1.25, 2, 1, 1.5] for name in names}, "parameters": {}, "initial": {}}
    _give(spec, last, " + ".join(names))


def _crowd(spec, draw):
    table = draw(st.sampled_from(_tables(spec)))
    table.update({f"{draw(texts)}{k}": k for k in range(draw(st.sampled_from([30, 3000])))})


def _chunks(spec, draw):
    _table(spec, "chunks")[draw(st.sampled_from([*_table(spec, "axes"), "x"]))] = draw(counts)


def _model(spec, draw):
    spec["model"] = draw(st.one_of(modules, st.sampled_from(list(models.TABLE))))


def _data(spec, draw):
    spec["data"] = {"file": draw(files)} | draw(st.dictionaries(st.sampled_from(["sha256", "x"]), texts, max_size=1))


CHANGES = (_put, _remove, _rename, _axis, _expression, _circle, _many_axes, _all_draw, _corners, _crowd, _chunks,
           _model, _data)  # fmt: skip


def _copied(value):
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


@st.composite
def documents(draw, bases):
    """Return a spec, as TOML would be read, with up to three things changed in it."""
    spec = _copied(draw(bases))
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=0, max_size=3)):
        change(spec, draw)
    return spec


def written(spec):
    """Return a spec as TOML, its tables with headers; keys are quoted."""
    lines = [f"{_inline(key)} = {_inline(value)}\n" for key, value in spec.items() if not isinstance(value, dict)]
    for key, value in spec.items():
        if isinstance(value, dict):
            lines.append(f"[{_inline(key)}]\n")
            lines += [f"{_inline(name)} = {_inline(item)}\n" for name, item in value.items()]
    return "".join(lines)


def _inline(value):
    # No recursion, since some values are nested more deeply than Python goes.
    parts, waiting = [], [value]
    while waiting:
        value = waiting.pop()
        match value:
            case _Raw():
                parts.append(value)
            case str():
                parts.append(json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F"))
            case bool():
                parts.append("true" if value else "false")
            case int():
                parts.append(hex(value) if value > 10**400 else str(value))
            case float():
                parts.append(repr(value))
            case datetime.date() | datetime.time():
                parts.append(value.isoformat())
            case dict():
                inner = [piece for key, item in value.items() for piece in (_Raw(", "), key, _Raw(" = "), item)]
                waiting += reversed([_Raw("{"), *inner[1:], _Raw("}")])
            case list():
                inner = [piece for item in value for piece in (_Raw(", "), item)]
                waiting += reversed([_Raw("["), *inner[1:], _Raw("]")])
    return "".join(parts)


class _Raw(str):
    """Text that is TOML already."""


pieces = st.one_of(
    st.binary(max_size=4),
    st.sampled_from([b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\n", b"[", b"]", b"=", b'"', b"'", b'"""',
                     b"#",
                     b"{", b",", b".", b"a.b.c.d = 1\n", b"a" + b".a" * 20_000 + b" = 1\n", b"[x]\n" * 2000, b"[[x]]\n",
                     b"\n[axes]\n", b"[" * 3000, b"9" * 5000, b"1979-05-27T07:32:00Z", b"\xed\xa0\x80", b"\\u0000",
                     b'x = "' + b"y" * 10**6 + b'"\n', b"\xe2\x80\xae", b"\x1b[31m"]),
)  # fmt: skip


@st.composite
def contents(draw):
    """Return the bytes of a spec file with something wrong in it, most of the time."""
    spec = draw(documents(st.sampled_from(BASES)))
    content = written(spec).encode()
    for _ in range(draw(st.sampled_from([0] * 9 + [1, 2, 3]))):
        where = draw(st.integers(0, 400)) * len(content) // 400
        until = min(where + draw(st.integers(0, 30)), len(content))
        kind = draw(st.sampled_from(["insert", "delete", "swap", "truncate", "double", "crlf"]))
        if kind == "insert":
            content = content[:where] + draw(pieces) + content[where:]
        elif kind == "delete":
            content = content[:where] + content[until:]
        elif kind == "swap":
            content = content[:where] + content[where:until][::-1] + content[until:]
        elif kind == "truncate":
            content = content[:where]
        elif kind == "double":
            content = content + content[where:]
        else:
            content = content.replace(b"\n", b"\r\n")
    return content
