"""Counts what a ctest run really ran: `totals.py FOLDER` prints `passed failed skipped`.

FOLDER holds ctest.xml and one JSON report per GoogleTest executable. A test case is counted once;
a ctest entry that left no report (a script, or an executable that crashed) counts as one.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as xml


def count_gtest(report):
    passed = failed = skipped = 0
    for suite in report["testsuites"]:
        for case in suite["testsuite"]:
            if case.get("failures"):
                failed += 1
            elif case["result"] == "SKIPPED" or case["status"] == "NOTRUN":
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped


def main(folder):
    totals = [0, 0, 0]
    for entry in xml.parse(folder / "ctest.xml").getroot().iter("testcase"):
        status = entry.get("status")
        try:
            report = json.loads((folder / f"test_{entry.get('name')}.json").read_text())
            counts = count_gtest(report)
        except (OSError, ValueError):
            counts = None
        if counts is None:
            counts = (status == "run", status == "fail", status not in ("run", "fail"))
        elif status == "fail" and counts[1] == 0:
            # It failed after its last case: a leak, a race, a timeout.
            counts = (counts[0], 1, counts[2])
        totals = [a + b for a, b in zip(totals, counts)]
    print(*totals)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
