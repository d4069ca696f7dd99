#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Debian's packages of these sources are made of, and what lintian says of it.

Usage: test-deb.py [TEST...]

Prints TAP. The packages are built once for all who ask; see build_deb.py.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import build_deb
from tree import Missing

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ("hawkerd", "hawkerctl", "import-credentials")
LINTIAN = ("lintian", "--allow-root", "--no-cfg", "--pedantic", "-EvIL", "+pedantic")


def run(*words, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=build_deb.DEADLINE,
                          check=False, **options)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def wanted_files():
    """{package: {line}} of deb-files.tsv."""
    found = {}
    with open(os.path.join(HERE, "deb-files.tsv"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                package, rest = line.rstrip("\n").split("\t", 1)
                found.setdefault(package, set()).add(rest)
    return found


def files_in(path):
    """(folders, others), each a line of mode, owner and path; folders end in a slash."""
    lines = []
    for line in run("dpkg-deb", "-c", path).splitlines():
        mode, owner, _, _, _, name = line.split(None, 5)
        # Where units are depends on the release.
        name = name.removeprefix(".").replace("/usr/lib/systemd/system/", "/lib/systemd/system/")
        lines.append(f"{mode}\t{owner}\t{name}")
    return ({line for line in lines if line.startswith("d")},
            {line for line in lines if not line.startswith("d")})


def each_file_is_in_the_list(deb):
    wanted = wanted_files()
    assert wanted.keys() == deb.keys()
    for package, path in deb.items():
        folders, others = files_in(path)
        kept = {line for line in wanted[package] if line.endswith("/")}
        assert kept <= folders, f"{package}: missing: {kept - folders}"
        own = wanted[package] - kept
        assert others == own, "\n".join(
            [f"in the list only: {package}\t{line}" for line in sorted(own - others)] +
            [f"not in the list: {package}\t{line}" for line in sorted(others - own)])


def each_folder_is_of_root(deb):
    for path in deb.values():
        wrong = [line for line in files_in(path)[0]
                 if not line.startswith("drwxr-xr-x\troot/root\t")]
        assert not wrong, wrong


def what_the_admin_may_change_is_a_conffile(deb):
    found = {package: run("dpkg-deb", "-I", path, "conffiles").split()
             for package, path in deb.items() if package == "hawker"}
    assert found == {"hawker": ["/etc/apparmor.d/usr.sbin.hawkerd", "/etc/hawker/hawker.conf"]}, found
    assert "conffiles" not in run("dpkg-deb", "-I", deb["hawker-cockpit"])


def it_lets_in_this_machine_alone(deb):
    with tempfile.TemporaryDirectory() as folder:
        run("dpkg-deb", "-x", deb["hawker"], folder)
        conf = os.path.join(folder, "etc/hawker/hawker.conf")
        with open(conf, encoding="utf-8") as file:
            settings = [line.split() for line in file if line.strip() and line[0] != "#"]
        assert settings == [["persistence", "true"], ["include_dir", "/etc/hawker/conf.d"]], settings
        assert not os.listdir(os.path.join(folder, "etc/hawker/conf.d"))
        units = next(os.path.join(folder, where) for where in ("lib/systemd/system",
                                                              "usr/lib/systemd/system")
                     if os.path.isdir(os.path.join(folder, where)))
        with open(os.path.join(units, "hawker.socket"), encoding="utf-8") as file:
            ports = [line.split("=")[1].strip() for line in file if line.startswith("ListenStream=")]
        assert ports == ["127.0.0.1:1883", "[::1]:1883", "%t/hawker/mqtt.sock"], ports


def it_depends_on_libraries_and_systemd(deb):
    depends = run("dpkg-deb", "-f", deb["hawker"], "Depends")
    names = {entry.split()[0] for entry in depends.split(",")}
    assert {"systemd", "libc6", "libgnutls30", "libsystemd0"} & {
        name.removesuffix("t64") for name in names} == {
            "systemd", "libc6", "libgnutls30", "libsystemd0"}, names
    assert {name for name in names if not name.startswith("lib")} == {"systemd"}, names
    version = run("dpkg-deb", "-f", deb["hawker"], "Version").strip()
    assert f"hawker (>= {version})" in run("dpkg-deb", "-f", deb["hawker-cockpit"], "Depends")


def an_upgrade_keeps_the_sockets(deb):
    """And restarts the service when the new files are there, which the scripts of dpkg show."""
    scripts = {name: run("dpkg-deb", "-I", deb["hawker"], name)
               for name in ("postinst", "prerm", "postrm")}
    assert "deb-systemd-invoke $_dh_action 'hawker.service'" in scripts["postinst"]
    for line in scripts["postinst"].splitlines():
        assert "socket" not in line or "restart" not in line, line
    # Whatever stops something does so on a removal only.
    for block in scripts["prerm"].split("\nfi\n"):
        assert "stop" not in block or '"$1" = remove' in block, block
    for package in set(deb) - {"hawker"}:
        listed = run("dpkg-deb", "-I", deb[package])
        assert not any(name in listed for name in scripts), listed


def where_it_was_built_is_no_part_of_it(deb):
    """What the debugging symbols tell of folders begins in that of the sources."""
    symbols = deb["hawker"].replace("/hawker_", "/hawker-dbgsym_")
    with tempfile.TemporaryDirectory() as folder:
        run("dpkg-deb", "-x", symbols, folder)
        files = [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names
                 if name.endswith(".debug") and "/.dwz/" not in where]
        text = run("readelf", "--wide", "--debug-dump=info", *files, env={**os.environ, "LC_ALL": "C"})
        told = set(re.findall(r"DW_AT_comp_dir +: (?:\(.*\): )?(.*)", text))
    assert len(files) == len(PROGRAMS) and told, (files, told)
    assert all(re.match(r"\./obj-|/usr/", name) for name in told), told


def lintian_has_nothing_to_say_of_the_packages(deb):
    if not shutil.which("lintian"):
        return "there is no lintian"
    folder = os.path.dirname(deb["hawker"])
    changes = next(name for name in os.listdir(folder) if name.endswith(".changes"))
    said = [line for line in run(*LINTIAN, changes, cwd=folder).splitlines()
            if not line.startswith("N: ")]
    assert not said, "\n".join(said)
    return None


def lintian_has_nothing_to_say_of_the_sources(_):
    if not shutil.which("lintian"):
        return "there is no lintian"
    with tempfile.TemporaryDirectory() as folder:
        sources = build_deb.unpack(build_deb.source_tree(), folder)
        version = run("dpkg-parsechangelog", "-S", "Version", cwd=sources).strip().split("-")[0]
        run("tar", "-C", folder, "--exclude=hawker/debian", "-czf",
            os.path.join(folder, f"hawker_{version}.orig.tar.gz"), "hawker")
        run("dpkg-source", "-b", "hawker", cwd=folder)
        dsc = [name for name in os.listdir(folder) if name.endswith(".dsc")]
        said = [line for line in run(*LINTIAN, *dsc, cwd=folder).splitlines()
                if not line.startswith("N: ")]
    assert not said, "\n".join(said)
    return None


TESTS = (each_file_is_in_the_list, each_folder_is_of_root, what_the_admin_may_change_is_a_conffile,
         it_lets_in_this_machine_alone, it_depends_on_libraries_and_systemd,
         an_upgrade_keeps_the_sockets, where_it_was_built_is_no_part_of_it, lintian_has_nothing_to_say_of_the_packages,
         lintian_has_nothing_to_say_of_the_sources)


def main(*names):
    tests = [test for test in TESTS if not names or test.__name__ in names]
    try:
        deb = build_deb.packages(build_deb.build())
    except Missing as missing:
        print(f"1..0 # SKIP {missing}")
        return 0
    except (build_deb.BuildFailed, subprocess.TimeoutExpired) as error:
        print(f"Bail out! The packages cannot be built: {error}")
        return 1
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        skipped = error = None
        try:
            skipped = test(deb)
        except Exception as exception:  # pylint: disable=broad-except
            error = f"{type(exception).__name__}: {exception}"
        failed += error is not None
        print(f"{'not ok' if error else 'ok'} {number} "
              f"/packages/deb/{test.__name__.replace('_', '-')}"
              f"{' # SKIP ' + skipped if skipped else ''}", flush=True)
        for line in (error or "").splitlines():
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
