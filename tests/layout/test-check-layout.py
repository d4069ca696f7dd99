#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that check-layout.py sees what it is for: each rule is broken once in a tree made for it."""
import contextlib
import importlib.util
import io
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = importlib.util.spec_from_file_location("layout", os.path.join(HERE, "check-layout.py"))
layout = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(layout)

HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n"
HEADER = HEAD + "/*\n * Title\n * Thread: any\n */\n#pragma once\n"

CLEAN = {
    "lib/util/list.h": HEADER + "#include <stddef.h>\n",
    "lib/util/list.c": HEAD + '#include "util/list.h"\n',
    "lib/mqtt/packet.h": HEADER + '#include "util/list.h"\n',
    "daemon/config/settings.h": HEADER,
    "daemon/config/options.h": HEADER,
    "daemon/broker/session.h": HEADER + '#include "config/settings.h"\n',
    "daemon/broker/session.c": HEAD + '#include "broker/session.h"\n#include "mqtt/packet.h"\n',
    "tests/unit/broker/test-session.c":
        HEAD + '#include <glib.h>\n#include "broker/session.h"\n#include "local.h"\n',
    "tests/unit/broker/local.h": HEADER,
    "tests/unit/broker/meson.build": "# SPDX-License-Identifier: Apache-2.0\n",
}

# What is added to the clean tree, and the one rule that must fail.
CASES = [
    ("a room the table does not know", layout.no_stairs_up,
     {"daemon/attic/a.c": HEAD + '#include "broker/session.h"\n'}),
    ("a file outside of all rooms", layout.rooms_are_known, {"lib/stray.c": HEAD}),
    ("an include without its room", layout.includes_are_written_with_the_room,
     {"lib/util/heap.c": HEAD + '#include "list.h"\n'}),
    ("an include of nothing", layout.includes_are_written_with_the_room,
     {"lib/util/heap.c": HEAD + '#include "util/none.h"\n'}),
    ("a stair up", layout.no_stairs_up,
     {"lib/mqtt/topic.c": HEAD + '#include "broker/session.h"\n'}),
    ("a neighbour's room", layout.no_stairs_up,
     {"daemon/config/parser.c": HEAD + '#include "mqtt/packet.h"\n'}),
    ("a file behind the one that is open", layout.no_stairs_up,
     {"daemon/broker/router.c": HEAD + '#  include "config/options.h"\n'}),
    ("an outside library out of place", layout.outside_libraries_stay_in_their_place,
     {"lib/mqtt/topic.c": HEAD + "#include <glib.h>\n"}),
    ("an outside library nobody knows", layout.outside_libraries_stay_in_their_place,
     {"lib/mqtt/topic.c": HEAD + "#include <curl/curl.h>\n"}),
    ("two headers in a circle", layout.no_circles,
     {"lib/util/a.h": HEADER + '#include "util/b.h"\n',
      "lib/util/b.h": HEADER + '#include "util/a.h"\n'}),
    ("a circle by way of sources", layout.no_circles,
     {"lib/util/a.h": HEADER, "lib/util/b.h": HEADER, "lib/util/c.h": HEADER,
      "lib/util/a.c": HEAD + '#include "util/b.h"\n',
      "lib/util/b.c": HEAD + '#include "util/c.h"\n',
      "lib/util/c.c": HEAD + '#include "util/a.h"\n'}),
    ("a source without a licence", layout.files_have_a_licence,
     {"lib/util/heap.c": "/* heap */\n"}),
    ("a script without a licence", layout.files_have_a_licence,
     {"tests/layout/x.py": "print()\n"}),
    ("a header without its thread", layout.headers_name_their_thread,
     {"lib/util/heap.h": HEAD + "#pragma once\n"}),
    ("a header that is read twice", layout.headers_are_read_once,
     {"lib/util/heap.h": HEAD + "/*\n * Thread: any\n */\n"}),
    ("a tab", layout.lines_are_clean, {"lib/util/heap.c": HEAD + "\tint x;\n"}),
    ("a blank at the end", layout.lines_are_clean, {"lib/util/heap.c": HEAD + "int x; \n"}),
    ("no newline at the end", layout.lines_are_clean, {"lib/util/heap.c": HEAD + "int x;"}),
    ("a long line", layout.lines_are_short,
     {"lib/util/heap.c": HEAD + "/* " + "x" * 98 + " */\n"}),
]


def failing_rules(files):
    """The rules that a tree of these files breaks."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        tree = layout.Tree(root)
        with contextlib.redirect_stdout(io.StringIO()):
            status = layout.main(root)
        rules = [rule for rule in layout.RULES if rule(tree)]
        assert status == (1 if rules else 0)
        return rules


def main():
    print(f"1..{len(CASES) + 1}")
    failed = bool(failing_rules(CLEAN))
    print(f"{'not ok' if failed else 'ok'} 1 - a clean tree passes")
    for number, (title, rule, added) in enumerate(CASES, 2):
        good = failing_rules({**CLEAN, **added}) == [rule]
        failed |= not good
        print(f"{'ok' if good else 'not ok'} {number} - {title} is seen, and nothing else")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
