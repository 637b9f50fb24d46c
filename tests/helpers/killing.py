"""Processes that die as they are about to replace or remove a file."""

import json
import subprocess
import sys

# Does its work once for each N, on a copy of ``base`` if there is one, and dies before the N-th file is touched.
DRIVER = """
import json, os, shutil, sys

base, place, points, given = json.loads(sys.argv[1])
for n in points:
    path, touched = f"{place}/{n}", 0
    if base:
        shutil.copytree(base, path)
    if os.fork():
        assert os.waitstatus_to_exitcode(os.wait()[1]) in (0, 9)
        continue
    def die(event, arguments, n=n, path=path):
        global touched
        if event in ("os.rename", "os.link", "os.remove", "os.rmdir"):
            touched += path in str(arguments[0])
            if touched >= n:
                os._exit(9)
    sys.addaudithook(die)
    work(path, given)
    os._exit(0)
"""


def killed_at(points, work, place, given=None, base=None):
    """Return what is left if a process dies at the n-th file that it replaces, for n in points.

    ``work`` is the source of a function work(path, given), with its imports.
    """
    given = json.dumps([str(base) if base else None, str(place), list(points), given])
    subprocess.run([sys.executable, "-c", work + DRIVER, given], check=True, timeout=600)
    return [place / str(n) for n in points]
