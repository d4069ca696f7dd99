#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may ask the service for what: root, a member of hawker-admin, nobody, by the bus and polkit.

Usage: test-rights.py BUILD-FOLDER [TEST...]
"""
import os
import sys

import suite
from container import wait_until
from suite import SERVICE

NOBODY = 65534
RULES = "/etc/polkit-1/rules.d/50-test.rules"
MAY, MAY_NOT = 0, 4  # as hawkerctl ends
# One of each action that there is a verb for, and which can be done twice.
INSPECT, RELOAD, MANAGE = ["clients"], ["reload", "--wait"], ["ban", "client", "somebody"]


def become(box, who):
    """What makes a command that of root, of a member of the group, or of nobody."""
    groups = {"root": None, "nobody": "--clear-groups"}
    if who == "member":
        number = box.run("getent", "group", "hawker-admin").stdout.split(":")[2]
        groups["member"] = f"--groups={number}"
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", groups[who]] if groups[who] else []


def hawkerctl(box, who, verb):
    return box.run(*become(box, who), "hawkerctl", *verb)


def assert_ends(box, who, verb, status):
    done = hawkerctl(box, who, verb)
    assert done.returncode == status, (who, verb, done.returncode, done.stdout)
    return done.stdout


def rule(box, text):
    """polkit looks at the folder and reads it anew."""
    box.write(RULES, f"polkit.addRule(function(action, subject) {{ {text} }});\n")


def end_rule(box):
    os.unlink(box.path(RULES))
    box.systemctl("stop", "polkit.service")


def three_identities_have_their_rights(box):
    box.systemctl("start", SERVICE)
    for verb in (INSPECT, RELOAD, MANAGE):
        assert_ends(box, "root", verb, MAY)
        assert_ends(box, "member", verb, MAY)
        said = assert_ends(box, "nobody", verb, MAY_NOT)
        assert "polkit" in said and "hawker-admin" in said, said
        assert_ends(box, "nobody", ["status"], MAY)
    # It has asked: the annotation of the action lets the user of the broker.
    said = hawkerctl(box, "nobody", MANAGE).stdout
    assert "polkit does not allow org.hawker.manage" in said, said


def polkit_knows_the_actions(box):
    out = box.run("pkaction", "--verbose").stdout
    for name, elsewhere in (("inspect", "auth_admin"), ("disconnect", "auth_admin"),
                            ("reload", "auth_admin"), ("publish", "no"), ("manage", "no")):
        part = out.split(f"org.hawker.{name}:\n")[1].split("\n\n")[0]
        values = dict(line.strip().split(":", 1) for line in part.splitlines() if ":" in line)
        assert values["implicit any"].strip() == elsewhere, part
        assert values["implicit active"].strip() == "auth_admin_keep", part


def a_rule_opens_one_action(box):
    box.systemctl("start", SERVICE)
    rule(box, 'if (action.id == "org.hawker.inspect" && subject.user == "nobody") return polkit.Result.YES;')
    try:
        wait_until("the rule", lambda: hawkerctl(box, "nobody", INSPECT).returncode == MAY)
        assert_ends(box, "nobody", ["bans"], MAY)
        for verb in (RELOAD, MANAGE):
            assert_ends(box, "nobody", verb, MAY_NOT)
    finally:
        end_rule(box)
    assert_ends(box, "nobody", INSPECT, MAY_NOT)


def a_password_that_nobody_can_be_asked_for_is_none(box):
    box.systemctl("start", SERVICE)
    rule(box, 'if (action.id == "org.hawker.inspect") return polkit.Result.AUTH_ADMIN;')
    try:
        wait_until("the rule",
                   lambda: "password" in hawkerctl(box, "nobody", INSPECT).stdout)
        assert_ends(box, "nobody", INSPECT, MAY_NOT)
        assert_ends(box, "member", INSPECT, MAY)
    finally:
        end_rule(box)


def without_polkit_there_are_root_and_the_group(box):
    box.systemctl("start", SERVICE)
    box.systemctl("mask", "--runtime", "--now", "polkit.service")
    try:
        for verb in (INSPECT, RELOAD, MANAGE):
            assert_ends(box, "root", verb, MAY)
            assert_ends(box, "member", verb, MAY)
            assert_ends(box, "nobody", verb, MAY_NOT)
    finally:
        box.systemctl("unmask", "--runtime", "polkit.service")


if __name__ == "__main__":
    sys.exit(suite.main("rights", [
        three_identities_have_their_rights,
        polkit_knows_the_actions,
        a_rule_opens_one_action,
        a_password_that_nobody_can_be_asked_for_is_none,
        without_polkit_there_are_root_and_the_group,
    ], *sys.argv[1:]))
