#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may call which method: root, the broker itself, those whom polkit lets, nobody else.

Usage: test-rights.py HAWKERD HAWKERCTL MOCK-POLKIT INTERFACE-FILE...

Prints TAP. Nothing here sleeps: each wait is for a line, a signal or an end, with a deadline.
"""
import contextlib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NOBODY, PATH, ROOT, WIDE, Bus, policy_for, run_on_bus
from polkit import Polkit
from service import Service, answers
from wire import ALLOW_INTERACTIVE, RETURN, Wire, types_of

HAWKERD, HAWKERCTL, MOCK, *INTERFACES = (os.path.abspath(word) for word in sys.argv[1:])
USER, DAEMON = "daemon", 1  # in the place of hawker
NO_RIGHT = 4  # as hawkerctl ends
ON_THE_BUS = "Administered as"
INSPECT = "org.hawker.inspect"
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
LIMITS = "org.freedesktop.DBus.Error.LimitsExceeded"
PASSWORD = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
# What nobody may of himself: to be polkit, and to own a name.
POLICY = policy_for(USER) + WIDE


def broker(folder, bus):
    config = f"listener 0 {folder}/mqtt.sock\nallow_anonymous true\nuser {USER}\n"
    os.chmod(folder, 0o777)
    return Service(HAWKERD, folder, config, environment=bus.environment())


ALL_BANS = (("s", ""), ("u", 0))


def ask(bus, uid=NOBODY, flags=0, method=None, words=(), **where):
    """The reply to a call; ListBans is the easiest."""
    method, words = (method, words) if method else ("ListBans", ALL_BANS)
    with Wire(bus, uid) as wire:
        return wire.call(method, *words, flags=flags, **where)


def assert_refused(reply, *words):
    assert reply.name == DENIED and all(word in reply.text for word in words), reply


class Caller:
    """One who has asked and waits. Use it as a context."""

    def __init__(self, bus, flags=ALLOW_INTERACTIVE):
        self.wire = Wire(bus, NOBODY)
        self.wire.send("ListBans", *ALL_BANS, flags=flags)

    def __enter__(self):
        return self.wire

    def __exit__(self, *exception):
        self.wire.socket.close()


def polkit_lets_others(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "yes") as polkit:
        one.line(ON_THE_BUS)
        assert ask(bus).kind == RETURN
        assert polkit.line() == f"check {INSPECT} 0"
        assert ask(bus, flags=ALLOW_INTERACTIVE).kind == RETURN
        assert polkit.line() == f"check {INSPECT} 1"
        assert "No client" in ask(bus, method="GetClient", words=[("s", "x")]).text


def polkit_refuses(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "no"):
        one.line(ON_THE_BUS)
        assert_refused(ask(bus), "hawker-admin", INSPECT)


def root_and_the_broker_pass_before_polkit(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "no") as polkit:
        one.line(ON_THE_BUS)
        assert ask(bus, 0).kind == RETURN and ask(bus, DAEMON).kind == RETURN
        assert_refused(ask(bus, method="Unban", words=[("s", "user"), ("s", "x")]))
        assert polkit.line() == "check org.hawker.manage 0"  # the first that it was asked


def a_password_is_asked_for_only_if_the_call_allows_it(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "password"):
        one.line(ON_THE_BUS)
        assert ask(bus).name == PASSWORD
        assert_refused(ask(bus, flags=ALLOW_INTERACTIVE), "does not allow")


def without_polkit_there_is_only_root(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one:
        one.line(ON_THE_BUS)
        assert_refused(ask(bus), "there is no polkit")
        assert ask(bus, 0).kind == RETURN


def a_polkit_that_makes_no_sense_lets_nobody(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "nonsense"):
        one.line(ON_THE_BUS)
        assert_refused(ask(bus), "makes no sense")


def a_polkit_that_never_answers_holds_nobody_else(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "silent") as polkit:
        one.line(ON_THE_BUS)
        with Caller(bus, flags=0) as caller:
            assert polkit.line() == f"check {INSPECT} 0"
            assert ask(bus, 0).kind == RETURN and answers(folder + "/mqtt.sock")
            assert_refused(caller.receive(), "did not say")
            assert polkit.line() == "cancel"


def a_polkit_that_vanishes_lets_nobody(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one:
        one.line(ON_THE_BUS)
        with Polkit(MOCK, bus, "silent") as polkit, Caller(bus) as caller:
            polkit.line()
            polkit.end()
            assert_refused(caller.receive(), "did not say")
        assert_refused(ask(bus), "there is no polkit")


def a_caller_who_goes_takes_his_question_back(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "silent") as polkit:
        one.line(ON_THE_BUS)
        # More than may be open at a time, if those who have gone were counted.
        for _ in range(70):
            with Caller(bus):
                assert polkit.line() == f"check {INSPECT} 1"
            assert polkit.line() == "cancel"


def questions_are_not_without_end(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "silent") as polkit, \
            contextlib.ExitStack() as stack:
        one.line(ON_THE_BUS)
        first = stack.enter_context(Caller(bus))
        for _ in range(8):
            first.send("ListBans", *ALL_BANS, flags=ALLOW_INTERACTIVE)
        assert first.receive().name == LIMITS
        others = [stack.enter_context(Caller(bus)) for _ in range(56)]
        for _ in range(64):
            polkit.line()
        assert ask(bus).name == LIMITS and ask(bus, 0).kind == RETURN
        others[0].socket.close()
        assert polkit.line() == "cancel"
        stack.enter_context(Caller(bus))
        assert polkit.line() == f"check {INSPECT} 1"


AGENT = """#!/bin/sh
[ "$1 $3" = "--notify-fd --fallback" ] || exit 1
echo $$ > {folder}/agent
eval "exec $2>&-"
exec sleep 1000
"""


def hawkerctl(folder, bus, terminal):
    """Its status as nobody, with an agent of polkit that asks for nothing."""
    if not os.path.exists(folder + "/pkttyagent"):
        with open(folder + "/pkttyagent", "w", encoding="utf-8") as file:
            file.write(AGENT.format(folder=folder))
        os.chmod(folder + "/pkttyagent", 0o755)
    return subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", HAWKERCTL, "bans"],
        stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE, check=False,
        env={**os.environ, **bus.environment(), "PATH": f"{folder}:{os.environ['PATH']}"}).returncode


def hawkerctl_has_a_password_asked_for_on_a_terminal(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "typed") as polkit:
        one.line(ON_THE_BUS)
        assert hawkerctl(folder, bus, subprocess.DEVNULL) == NO_RIGHT
        assert polkit.line() == f"check {INSPECT} 0" and not os.path.exists(folder + "/agent")
        master, terminal = os.openpty()
        try:
            assert hawkerctl(folder, bus, terminal) == 0
        finally:
            os.close(master)
            os.close(terminal)
        assert [polkit.line(), polkit.line()] == [f"check {INSPECT} 0", f"check {INSPECT} 1"]
        with open(folder + "/agent", encoding="ascii") as file:
            assert not os.path.exists("/proc/" + file.read().strip())


def it_ends_with_questions_open(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "silent") as polkit:
        one.line(ON_THE_BUS)
        with Caller(bus):
            polkit.line()
            assert one.stop() == 0


def a_bus_that_goes_takes_the_questions_with_it(folder):
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one:
        one.line(ON_THE_BUS)
        with Polkit(MOCK, bus, "silent") as polkit, Caller(bus):
            polkit.line()
            bus.end()
            one.line("There is no system bus")
        bus.start()
        one.line(ON_THE_BUS)
        with Polkit(MOCK, bus, "yes"):
            assert ask(bus).kind == RETURN
        assert one.stop() == 0


EVERYBODY = {"GetMetrics"}  # it tells of no client


def zeros(signature):
    """Arguments of these types."""
    return [(kind, "" if kind == "s" else b"" if kind[0] == "a" else 0) for kind in types_of(signature)]


def methods():
    """(interface, method, XML of the arguments)"""
    for name in INTERFACES:
        with open(name, encoding="utf-8") as file:
            interface, part = re.search(r'(?s)<interface name="(org\.hawker\.[^"]+)">(.*?)</interface>',
                                        file.read()).groups()
        for method, body in re.findall(r'(?s)<method name="(\w+)"(?:/>|>(.*?)</method>)', part):
            yield interface, method, body


def documented_actions():
    """{action: its methods}, from the manual."""
    with open(os.path.join(ROOT, "man", "org.hawker.Broker1.5"), encoding="utf-8") as file:
        rights = re.search(r"(?ms)^\.Sh RIGHTS$(.*?)^\.Sh ", file.read())[1]
    return {action: {method for line in re.findall(r"(?m)^\.Fn (.*)$", text)
                     for method in re.findall(r"\w+", line)}
            for action, text in re.findall(r"(?ms)^\.It Li (org\.hawker\.\w+)$(.*?)(?=^\.It |^\.El)", rights)}


def each_method_is_the_action_of_the_manual(folder):
    documented = documented_actions()
    with Bus(folder, POLICY) as bus, broker(folder, bus) as one, Polkit(MOCK, bus, "no") as polkit:
        one.line(ON_THE_BUS)
        for interface, name, body in methods():
            where = {"interface": interface, "path": PATH if interface == MANAGER else bus.listener()}
            if name in EVERYBODY:
                assert ask(bus, method=name, **where).kind == RETURN
                continue
            found = [action for action, names in documented.items() if name in names]
            assert len(found) == 1, f"{name} has to be in bus-action.c and under RIGHTS of the manual"
            action, = found
            types = "".join(re.findall(r'type="([^"]+)"[^>]*direction="in"', body))
            assert_refused(ask(bus, method=name, words=zeros(types), **where), f"does not allow {action}")
            assert polkit.line() == f"check {action} 0", name


def actions_of_the_policy_are_those_of_the_manual(_):
    with open(os.path.join(ROOT, "policy", "org.hawker.Broker1.policy"), encoding="utf-8") as file:
        actions = re.findall(r'(?s)<action id="([^"]+)">(.*?)</action>', file.read())
    assert {name for name, _ in actions} == documented_actions().keys()
    for name, text in actions:
        assert '<annotate key="org.freedesktop.policykit.owner">unix-user:hawker</annotate>' in text, name
        assert "<allow_active>auth_admin_keep</allow_active>" in text and ">yes<" not in text, name


TESTS = [
    polkit_lets_others,
    polkit_refuses,
    root_and_the_broker_pass_before_polkit,
    a_password_is_asked_for_only_if_the_call_allows_it,
    without_polkit_there_is_only_root,
    a_polkit_that_makes_no_sense_lets_nobody,
    a_polkit_that_never_answers_holds_nobody_else,
    a_polkit_that_vanishes_lets_nobody,
    a_caller_who_goes_takes_his_question_back,
    questions_are_not_without_end,
    hawkerctl_has_a_password_asked_for_on_a_terminal,
    it_ends_with_questions_open,
    a_bus_that_goes_takes_the_questions_with_it,
    each_method_is_the_action_of_the_manual,
    actions_of_the_policy_are_those_of_the_manual,
]

if __name__ == "__main__":
    if os.geteuid():
        print("1..0 # SKIP only root can be somebody else")
        sys.exit(0)
    sys.exit(run_on_bus("/rights/", TESTS, ["setpriv"]))
