#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packages of rpm/hawker.spec: made twice from the tree, and looked into.

Usage: test-rpm.py

Prints TAP. Nothing is installed, and compiled only roughly: what is in a package, and what its
scriptlets do, is the same with all options.
"""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "../.."))
SPEC = os.path.join(ROOT, "rpm/hawker.spec")
DEADLINE = 1500
FAST = ("--without", "check", "--define", "optflags -O0")

SOCKETS = ("hawker.socket", "hawker-tls.socket", "hawker-ws.socket", "hawker-wss.socket")
UNITS = ("hawker.service", "hawker@.service", "hawker-certificates@.path", *SOCKETS)


def run(*words, **options):
    options = {"check": True, **options}
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, **options)


def build(folder, umask, zone):
    """All packages, in the folder; as their names without version."""
    done = run(os.path.join(ROOT, "rpm/build"), folder, *FAST, umask=umask, check=False,
               env={**os.environ, "TZ": zone, "SOURCE_DATE_EPOCH": "1795000000"})
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-30:])
    return {run("rpm", "-qp", "--qf", "%{NAME}%|SOURCERPM?{}:{.src}|", path).stdout: path
            for path in glob.glob(os.path.join(folder, "*.rpm"))}


def query(path, form):
    return run("rpm", "-qp", "--qf", form, path).stdout.splitlines()


def are_those_of_the_spec(packages, _):
    names = ["hawker", *("hawker-" + name for name in re.findall(r"(?m)^%package (\S+)", read(SPEC)))]
    assert sorted(packages) == sorted(["hawker.src", *names]), sorted(packages)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def is_like(path, pattern):
    """A star is any name, or a part of one."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), path)


def have_what_they_should(packages, _):
    """Every file with its mode, owner and flags is one line of the table, and no line is idle."""
    rows = [line.split("\t") for line in read(os.path.join(HERE, "rpm-files.tsv")).splitlines()
            if not line.startswith("#")]
    idle, wrong = list(rows), []
    for package, path in packages.items():
        if package == "hawker.src":
            continue
        form = "[%{FILEMODES:perms}\t%{FILEFLAGS:fflags}\t%{FILEUSERNAME}:%{FILEGROUPNAME}\t%{FILENAMES}\n]"
        for line in query(path, form):
            mode, flags, owner, name = line.split("\t")
            found = [row for row in rows
                     if row[:3] == [package, mode, flags or "-"] and is_like(name, row[3])]
            idle = [row for row in idle if row not in found]
            if len(found) != 1 or owner != "root:root":
                wrong.append((package, line, len(found)))
    assert not wrong and not idle, (wrong, idle)


def scriptlet(packages, kind, package="hawker"):
    text = "\n".join(query(packages[package], "%{" + kind + "}"))
    return "" if text == "(none)" else text


def make_the_user_before_the_files(packages, _):
    text = scriptlet(packages, "PREIN")
    for kind, name in re.findall(r"(?m)^([ug]) (\S+)", read(os.path.join(ROOT, "units/hawker.sysusers"))):
        assert ("useradd" if kind == "u" else "groupadd") + " -r" in text
        assert re.search(rf"(?m)^getent group {name} .*groupadd -r {name}$", text), text
    assert re.search(r"(?m)^getent passwd hawker .*useradd .*-s /sbin/nologin hawker$", text), text


def leave_it_to_the_admin_to_enable(packages, _):
    text = scriptlet(packages, "POSTIN")
    assert "install-system-units hawker.service hawker.socket" in text, text
    assert not re.search(r"\b(enable|start|restart)\b", text), text
    assert "firewall-cmd --reload" in text, text


def keep_sockets_open_over_an_upgrade(packages, _):
    """Only services are restarted, at the end of the transaction; nothing is stopped before."""
    after = scriptlet(packages, "POSTUN")
    marked = re.findall(r"mark-\S+ (.*?) \|\|", after)
    assert marked == [r"hawker.service hawker@\*.service"], after
    assert '[ $1 -ge 1 ]' in after and "stop" not in after, after


def stop_all_at_removal_only(packages, _):
    text = scriptlet(packages, "PREUN")
    units = re.search(r"remove-system-units (.*?) \|\|", text)[1].split()
    assert sorted(units) == sorted(UNITS), units
    shipped = {os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "units/hawker*.*"))
               if "[Install]" in read(path)}
    assert {name.removesuffix(".in") for name in shipped} | {"hawker@.service"} == set(units), shipped
    assert re.search(r"systemctl stop hawker@\\\*.service hawker-certificates@\\\*.path", text), text
    # Each command is of a branch that only the last removal takes.
    assert text.count("$1 -eq 0") == 2 and "-ge" not in text, text


def put_the_policy_in_force(packages, _):
    """Both modules at once, before the files of the broker get their labels; and away with the last."""
    text = scriptlet(packages, "POSTIN", "hawker-selinux")
    module = "/usr/share/selinux/packages/hawker"
    assert re.search(rf"semodule -n -s targeted \S+ 200 -i {module}.pp.bz2 {module}-ports.cil", text), text
    text = scriptlet(packages, "POSTUN", "hawker-selinux")
    assert re.search(r"semodule -n -s targeted \S+ 200 -r hawker hawker-ports", text), text
    assert text.index("$1 -eq 0") < text.index("semodule"), text
    assert "fixfiles" in scriptlet(packages, "POSTTRANS", "hawker-selinux")
    assert "file_contexts" in scriptlet(packages, "PREIN", "hawker-selinux")


def are_not_at_odds_with_sh(packages, _):
    for package in packages:
        for kind in ("PREIN", "POSTIN", "PREUN", "POSTUN", "PRETRANS", "POSTTRANS"):
            text = scriptlet(packages, kind, package)
            run("sh", "-n", "-c", text)
            assert "%" not in text, f"{package} {kind}: a macro that nobody knows: {text}"


def ask_for_each_other(packages, _):
    version = query(packages["hawker"], "%{VERSION}-%{RELEASE}")[0]
    for package in packages:
        wanted = run("rpm", "-qpR", packages[package]).stdout.splitlines()
        if package == "hawker-cockpit":
            assert f"hawker = {version}" in wanted, wanted
        if package == "hawker":
            assert "(hawker-selinux if selinux-policy-targeted)" in wanted, wanted
            assert "systemd" in wanted and "shadow-utils" in wanted, wanted
            assert not [name for name in wanted if "cockpit" in name], wanted


def run_what_the_units_name(packages, folder):
    """And the programs tell the version of the package."""
    root = os.path.join(folder, "unpacked")
    os.makedirs(root)
    run("sh", "-c", f"rpm2cpio '{packages['hawker']}' | cpio -idm --quiet", cwd=root)
    programs = set()
    for unit in glob.glob(os.path.join(root, "usr/lib/systemd/system/hawker*.service")):
        programs |= set(re.findall(r"(?m)^Exec\w+=[+!-]?(/\S*hawker\S*)", read(unit)))
    assert len(programs) == 3, programs
    version = query(packages["hawker"], "%{VERSION}")[0]
    for program in programs:
        assert os.access(root + program, os.X_OK), program
    assert version in run(root + "/usr/sbin/hawkerd", "--version").stdout


def are_the_same_each_time(packages, folder):
    """By another path, in another time zone, with another umask; that of the sources knows its path."""
    again = build(os.path.join(folder, "another/place"), 0o077, "Pacific/Auckland")
    for package, path in packages.items():
        if package == "hawker.src":
            continue
        sums = []
        for name in (path, again[package]):
            with open(name, "rb") as file:
                sums.append(hashlib.sha256(file.read()).hexdigest())
        assert sums[0] == sums[1], f"{package} differs"


def please_rpmlint(packages, _):
    program = shutil.which("rpmlint")
    if not program:
        return "there is no rpmlint"
    done = run(program, "-c", os.path.join(ROOT, "rpm/hawker.rpmlintrc.toml"), SPEC, *packages.values(),
               check=False)
    said = [line for line in done.stdout.splitlines() if re.search(r": [EW]: ", line)]
    summary = re.search(r"(\d+) errors?, (\d+) warnings?", done.stdout)
    assert summary and summary.groups() == ("0", "0") and not said, done.stdout
    return None


TESTS = (are_those_of_the_spec, have_what_they_should, make_the_user_before_the_files,
         leave_it_to_the_admin_to_enable, keep_sockets_open_over_an_upgrade, stop_all_at_removal_only,
         put_the_policy_in_force, are_not_at_odds_with_sh, ask_for_each_other, run_what_the_units_name, please_rpmlint,
         are_the_same_each_time)


def main():
    missing = [name for name in ("rpmbuild", "rpm2cpio", "cpio") if not shutil.which(name)]
    missing += [name for name in ("/usr/share/selinux/devel/Makefile",) if not os.path.exists(name)]
    if missing:
        print(f"1..0 # SKIP missing: {', '.join(missing)}")
        return 0
    failed = 0
    print(f"1..{len(TESTS) + 1}")
    with tempfile.TemporaryDirectory(prefix="hawker-rpm-") as folder:
        try:
            packages, error = build(os.path.join(folder, "packages"), 0o022, "UTC"), None
        except AssertionError as exception:
            packages, error = None, str(exception)
        report(1, "are-built", error)
        failed += error is not None
        for number, test in enumerate(TESTS, 2) if packages else ():
            error = skipped = None
            try:
                skipped = test(packages, folder)
            except Exception as exception:  # pylint: disable=broad-except
                error = f"{type(exception).__name__}: {exception}"
            failed += error is not None
            report(number, test.__name__.replace("_", "-"), error, skipped)
    return 1 if failed else 0


def report(number, name, error, skipped=None):
    print(f"{'not ok' if error else 'ok'} {number} /packages/rpm/{name}"
          f"{' # SKIP ' + skipped if skipped else ''}")
    for line in (error or "").splitlines():
        print(f"# {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
