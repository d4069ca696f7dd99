#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The policy of SELinux compiles, goes with the one of the distribution, and allows what it should: to
the letter, for a right that nobody meant is a failure here.

Usage: test-selinux.py

Prints TAP. An enforcing kernel is for `make selinux-check`.
"""
import bz2
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "..", "selinux")
HEADERS = "/usr/share/selinux/devel/Makefile"
BASE = "/usr/share/selinux/default"
CONVERTERS = ("/usr/libexec/selinux/hll/pp", "/usr/lib/selinux/hll/pp")
# As they come, disabled by Debian.
DISABLED = set("amtu bugzilla cobbler condor cyphesis git ksmtuned likewise livecd nessus numad oddjob "
               "openca soundserver thunderbird updfstab usernetctl".split())

WRITES = {"write", "append", "create", "rename", "setattr", "unlink", "link"}
# Domain, class, permissions, boolean ("": without one) and all types that there are such rules for.
CLOSED = [
    ("hawker_t", "file", WRITES, "", "hawker_t hawker_log_t hawker_runtime_t hawker_tmpfs_t "
     "hawker_var_lib_t init_tmpfs_t"),
    ("hawker_t", "dir", WRITES | {"add_name", "remove_name"}, "", "hawker_log_t hawker_runtime_t "
     "hawker_tmpfs_t hawker_var_lib_t tmpfs_t"),
    ("hawker_t", "file", {"execute"}, "", "hawker_exec_t ld_so_t lib_t textrel_shlib_t"),
    ("hawker_t", "file", {"execute_no_trans"}, "", ""),
    ("hawker_t", "file", {"execute_no_trans"}, "hawker_exec_pam", "bin_t shell_exec_t"),
    ("hawker_t", "tcp_socket", {"name_connect"}, "", "dns_port_t"),
    ("hawker_t", "tcp_socket", {"name_bind"}, "", "hawker_port_t"),
    ("hawker_t", "tcp_socket", {"name_bind"}, "hawker_bind_websockets",
     "http_port_t http_cache_port_t tor_port_t"),
    ("hawker_t", "unix_stream_socket", {"connectto"}, "hawker_connect_authority", "initrc_t"),
    ("hawker_t", "capability", None, "", ""),
    ("hawker_t", "capability2", None, "", ""),
    ("hawker_t", "process", {"transition", "dyntransition", "execmem", "execheap", "execstack",
                             "ptrace", "setexec", "sigkill", "signal"}, "", "hawker_t"),
    ("hawker_t", "service", None, "", "hawker_unit_t"),
    ("hawker_import_t", "file", WRITES, "", "hawker_credentials_t hawker_import_t init_tmpfs_t"),
    ("hawker_import_t", "dir", WRITES, "", "hawker_credentials_t hawker_runtime_t"),
    ("hawker_import_t", "file", {"execute_no_trans"}, "", ""),
    ("hawker_import_t", "tcp_socket", {"name_bind"}, "", ""),
    ("hawkerctl_t", "file", WRITES, "", "hawkerctl_t"),
    ("hawkerctl_t", "dir", WRITES, "", ""),
    ("hawkerctl_t", "file", {"execute_no_trans"}, "", ""),
    ("hawkerctl_t", "capability", None, "", ""),
]
# What must not be read, whatever else may.
SECRET = "shadow_t user_home_t admin_home_t sshd_key_t var_log_t"
# What must be there: domain, class, permission, type.
NEEDED = [
    ("init_t", "process", "transition", "hawker_t"),
    ("init_t", "process2", "nnp_transition", "hawker_t"),
    ("init_t", "process", "transition", "hawker_import_t"),
    ("init_t", "process", "transition", "hawkerctl_t"),
    ("hawker_t", "file", "map", "hawker_var_lib_t"),
    ("hawker_t", "file", "open", "hawker_credentials_t"),
    ("hawker_t", "file", "open", "hawker_cert_t"),
    ("hawker_t", "file", "open", "cert_t"),
    ("hawker_t", "dbus", "acquire_svc", "system_dbusd_t"),
    ("hawker_t", "dbus", "send_msg", "policykit_t"),
    ("unconfined_t", "dbus", "send_msg", "hawker_t"),
    ("hawker_t", "dbus", "send_msg", "unconfined_t"),
    ("hawkerctl_t", "dbus", "send_msg", "hawker_t"),
    ("hawker_t", "dbus", "send_msg", "hawkerctl_t"),
    ("hawker_import_t", "file", "open", "tls_privkey_t"),
]
# Path, kind of file, and the type that it gets.
LABELS = [
    ("/usr/sbin/hawkerd", "file", "hawker_exec_t"),
    ("/usr/bin/hawkerctl", "file", "hawkerctl_exec_t"),
    ("/usr/libexec/hawker/import-credentials", "file", "hawker_import_exec_t"),
    ("/usr/lib/systemd/system/hawker.service", "file", "hawker_unit_t"),
    ("/usr/lib/systemd/system/hawker@.service", "file", "hawker_unit_t"),
    ("/etc/hawker/conf.d/some.conf", "file", "hawker_conf_t"),
    ("/etc/hawker/certs/server.pem", "file", "hawker_cert_t"),
    ("/var/lib/hawker", "dir", "hawker_var_lib_t"),
    ("/var/lib/hawker-other/store/data.mdb", "file", "hawker_var_lib_t"),
    ("/var/backups/hawker/some.db", "file", "hawker_var_lib_t"),
    ("/run/hawker/mqtt.sock", "socket", "hawker_runtime_t"),
    ("/run/hawker-other/tls/server.key", "file", "hawker_credentials_t"),
    ("/var/log/hawker/hawker.log", "file", "hawker_log_t"),
]


class Missing(Exception):
    """What is needed is not on this machine."""


def must(*words, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                          check=False, **options)
    assert done.returncode == 0, f"{words[0]}: {done.stdout.decode()[-2000:]}"
    return done.stdout.decode()


class Policy:
    """That of the distribution with ours, linked as semodule does it, without a system to put it in."""

    def __init__(self, folder):
        converter = next((path for path in CONVERTERS if os.path.exists(path)), None)
        if not os.path.exists(BASE + "/.modules") or not converter:
            raise Missing("there is no selinux-policy-default to link it with")
        try:
            import setools  # pylint: disable=import-outside-toplevel
        except ImportError as error:
            raise Missing("there is no python3-setools") from error
        self.folder, self.converter = folder, converter
        with open(BASE + "/.modules", encoding="ascii") as file:
            paths = [f"{BASE}/{name}.pp.bz2" for name in file.read().split() if name not in DISABLED]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            parts = list(pool.map(self._convert, [*paths, folder + "/hawker.pp.bz2"]))
        self.path, self.contexts = folder + "/policy", folder + "/contexts"
        must("secilc", "-M", "1", "-o", self.path, "-f", self.contexts, *parts,
             folder + "/hawker-ports.cil")
        self.setools, self.policy = setools, setools.SELinuxPolicy(self.path)

    def _convert(self, path):
        out = os.path.join(self.folder, os.path.basename(path).split(".")[0] + ".cil")
        with open(path, "rb") as file:
            must(self.converter, "-", out, input=bz2.decompress(file.read()))
        return out

    def targets(self, source, kind, permissions, boolean):
        """The types that the source has any of these permissions for, if that boolean is on."""
        query = self.setools.TERuleQuery(self.policy, ruletype=["allow"], source=source,
                                         source_indirect=True, tclass=[kind])
        if permissions:
            query.perms = permissions
        found = set()
        for rule in query.results():
            try:
                condition = str(rule.conditional)
            except self.setools.exception.RuleNotConditional:
                condition = ""
            if condition == boolean:
                found |= {str(one) for one in rule.target.expand()}
        return found

    def ports(self, kind):
        return {(str(one.protocol), one.ports.low) for one in self.policy.portcons()
                if str(one.context.type_) == kind}


def it_compiles(folder):
    must(SOURCES + "/compile", folder)


def it_may_do_this_and_nothing_else(policy):
    for source, kind, permissions, boolean, wanted in CLOSED:
        found = policy.targets(source, kind, permissions, boolean)
        assert found == set(wanted.split()), (source, kind, permissions, boolean, sorted(found))


def out_it_gets_by_a_boolean_only(policy):
    everywhere = policy.targets("hawker_t", "tcp_socket", {"name_connect"}, "hawker_connect_any")
    assert {"unreserved_port_t", "http_port_t", "smtp_port_t"} <= everywhere


def secrets_are_not_read(policy):
    for source in ("hawker_t", "hawker_import_t", "hawkerctl_t"):
        found = policy.targets(source, "file", {"read", "open"}, "") & set(SECRET.split())
        assert not found, (source, found)


def what_it_needs_is_there(policy):
    for source, kind, permission, target in NEEDED:
        assert target in policy.targets(source, kind, {permission}, ""), (source, permission, target)


def booleans_are_off(policy):
    states = {str(one): one.state for one in policy.policy.bools() if str(one).startswith("hawker_")}
    assert states == dict.fromkeys(("hawker_bind_websockets", "hawker_connect_any",
                                    "hawker_connect_authority", "hawker_exec_pam"), False), states


def ports_have_their_type(policy):
    assert policy.ports("hawker_port_t") == {("tcp", 1883), ("tcp", 8883)}


def files_have_their_types(policy):
    for path, kind, wanted in LABELS:
        found = must("matchpathcon", "-n", "-f", policy.contexts, "-m", kind, path).strip()
        assert found.split(":")[2] == wanted, (path, found)


TESTS = [
    it_may_do_this_and_nothing_else,
    out_it_gets_by_a_boolean_only,
    secrets_are_not_read,
    what_it_needs_is_there,
    booleans_are_off,
    ports_have_their_type,
    files_have_their_types,
]


def tell(number, test, subject):
    error = None
    try:
        test(subject)
    except Exception as exception:  # pylint: disable=broad-except
        error = f"{type(exception).__name__}: {exception}"
    print(f"{'not ok' if error else 'ok'} {number} /confinement/selinux/"
          f"{test.__name__.replace('_', '-')}", flush=True)
    for line in (error or "").splitlines():
        print("# " + line)
    return error is None


def main():
    if not os.path.exists(HEADERS):
        print("1..0 # SKIP there is no selinux-policy-dev")
        return 0
    print(f"1..{1 + len(TESTS)}")
    with tempfile.TemporaryDirectory(prefix="hawker-selinux-") as folder:
        if not tell(1, it_compiles, folder):
            return 1
        try:
            policy = Policy(folder)
        except Missing as missing:
            for number, test in enumerate(TESTS, 2):
                print(f"ok {number} /confinement/selinux/{test.__name__.replace('_', '-')} "
                      f"# SKIP {missing}")
            return 0
        good = [tell(number, test, policy) for number, test in enumerate(TESTS, 2)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
