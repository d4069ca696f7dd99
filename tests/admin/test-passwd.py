#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl passwd: what it makes of a password file, what it prints, and how it exits.

Usage: test-passwd.py HAWKERCTL HAWKERD

Prints TAP.
"""
import fcntl
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from service import run

HAWKERCTL, HAWKERD = (os.path.abspath(word) for word in sys.argv[1:3])
DONE, FAILED, USAGE = range(3)
DEADLINE = 60  # seconds; only a failure ever waits that long
NOBODY = 65534
os.environ["PATH"] += ":/usr/sbin"
# As mosquitto_passwd of Mosquitto 2.0 made them; the password is "p".
OF_MOSQUITTO_7 = ("$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY/GpgI0vkk7lUeO"
                  "QqBWwWqceZJDEMu/+remG6dZhnVljg==")
OF_MOSQUITTO_6 = ("$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJb"
                  "hKVgJNyKvqDe9M6fwW6gwpV4RQ==")


def passwd(*words, text="", uid=None, before=()):
    """(exit status, stdout, stderr); it has no terminal."""
    become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    done = subprocess.run([*become, HAWKERCTL, *before, "passwd", *words], input=text.encode(),
                          capture_output=True, timeout=DEADLINE, check=False,
                          start_new_session=True)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def is_right(path, user, password):
    status, out, err = passwd("--verify", "--stdin", path, user, text=password + "\n")
    assert status in (DONE, FAILED), (status, out, err)
    return status == DONE


class Terminal:
    """hawkerctl passwd at a terminal of its own."""

    def __init__(self, *words):
        self.main, slave = pty.openpty()
        self.shown = b""
        # The slave stays open, that its settings can be looked at when the process has ended.
        self.slave = slave

        def take_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            # Who runs the tests in the background has these ignored, and that is inherited.
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP):
                signal.signal(number, signal.SIG_DFL)

        # What is asked goes to the terminal, not to standard output.
        self.process = subprocess.Popen([HAWKERCTL, "passwd", *words], stdin=slave,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True, preexec_fn=take_terminal)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in (self.process.stdout, self.process.stderr):
            file.close()
        os.close(self.main)
        os.close(self.slave)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def expect(self, text, times=1):
        """Until the terminal has shown it so often."""
        end = time.monotonic() + DEADLINE
        while self.shown.count(text.encode()) < times:
            ready, _, _ = select.select([self.main], [], [], max(0, end - time.monotonic()))
            assert ready, (text, self.shown)
            self.shown += os.read(self.main, 4096)

    def type(self, text):
        os.write(self.main, text.encode())

    def wait(self):
        status = self.process.wait(DEADLINE)
        return status, self.process.stdout.read().decode(), self.process.stderr.read().decode()


# --- one user ---


def a_user_is_added_and_changed(folder):
    path = os.path.join(folder, "passwords")
    status, out, err = passwd("--create", "--stdin", path, "alice", text="secret\nnot this\n")
    assert status == DONE and not err, (status, err)
    assert f"{path}: user alice added" in out and "systemctl reload hawker\n" in out, out
    assert read(path).startswith("alice:$argon2id$v=19$") and read(path).count("\n") == 1
    assert os.stat(path).st_mode & 0o7777 == 0o600
    assert is_right(path, "alice", "secret") and not is_right(path, "alice", "Secret")
    status, out, err = passwd("--stdin", path, "alice", text="other", before=("-i", "x"))
    assert status == DONE and "user alice changed" in out and "reload hawker@x\n" in out, out
    assert is_right(path, "alice", "other") and read(path).count("\n") == 1
    assert sorted(os.listdir(folder)) == ["passwords"]


def comments_and_order_stay(folder):
    path = os.path.join(folder, "passwords")
    head, tail = "# users\n\n", f"\n# of Mosquitto\nbob:{OF_MOSQUITTO_7}\nno colon\n"
    write(path, f"{head}alice:{OF_MOSQUITTO_6}\n{tail}", 0o640)
    assert passwd("--stdin", path, "alice", text="x")[0] == DONE
    assert passwd("--stdin", path, "carol d", text="y")[0] == DONE
    text = read(path)
    assert text.startswith(head + "alice:$argon2id$"), text
    assert tail + "carol d:$argon2id$" in text, text
    assert os.stat(path).st_mode & 0o7777 == 0o640
    assert passwd("--delete", path, "alice")[0] == DONE
    assert passwd("-D", path, "carol d")[0] == DONE
    assert read(path) == head + tail


def a_file_is_made_only_when_asked_for(folder):
    path = os.path.join(folder, "passwords")
    status, _, err = passwd("--stdin", path, "alice", text="x")
    assert status == FAILED and "--create" in err and not os.listdir(folder), err
    write(path, "alice:x\n")
    for words in (("--stdin", path, "bob"), ("--batch", path)):
        status, _, err = passwd("--create", *words, text="bob:x\n")
        assert status == FAILED and "already" in err and read(path) == "alice:x\n", err


def impossible_names_are_refused(folder):
    path = os.path.join(folder, "passwords")
    for name in ("a:b", "", "#a", " a", "a ", "a\nb", os.fsdecode(b"\xff")):
        status, out, err = passwd("--create", "--stdin", path, name, text="x")
        assert status == FAILED and not out and "colon" in err, (name, status, err)
    assert not os.listdir(folder)


def a_password_must_be_there(folder):
    path = os.path.join(folder, "passwords")
    for text in ("", "\n"):
        status, _, err = passwd("-c", "--stdin", path, "alice", text=text)
        assert status == FAILED and "no password" in err, (text, err)
    status, _, err = passwd("-c", "--stdin", path, "alice", text="x" * 65536)
    assert status == FAILED and "too long" in err, err
    assert not os.listdir(folder)
    assert passwd("-c", "--stdin", path, "alice", text="x" * 65535)[0] == DONE
    assert is_right(path, "alice", "x" * 65535) and not is_right(path, "alice", "x" * 65534)


def verify_tells_right_from_wrong_from_unknown(folder):
    path = os.path.join(folder, "passwords")
    write(path, f"a:{OF_MOSQUITTO_7}\nb:{OF_MOSQUITTO_6}\nc:plain\n")
    for user in "ab":
        assert is_right(path, user, "p") and not is_right(path, user, "q")
    assert not is_right(path, "nobody", "p")
    for words in ((path, "c"), (path + "x", "a"), (folder, "a")):
        status, out, err = passwd("--verify", "--stdin", *words, text="p")
        assert status == USAGE and not out and err, (words, status, out)


def deleting_nobody_fails(folder):
    path = os.path.join(folder, "passwords")
    write(path, "alice:x\n")
    status, out, err = passwd("--delete", path, "bob")
    assert status == FAILED and not out and "bob" in err and read(path) == "alice:x\n", err


def wrong_usage_is_told(folder):
    path = os.path.join(folder, "passwords")
    for words in ((), (path,), ("--batch", path, "alice"), ("--batch",), ("--delete", path),
                  ("--hash=md5", path, "alice"), ("--nonsense", path, "alice"),
                  ("--batch", "--delete", path, "alice"), ("--create", "--delete", path, "alice"),
                  ("--stdin", "--batch", path)):
        status, out, err = passwd(*words, text="x\n")
        assert status == USAGE and not out and "--help" in err, (words, status, out, err)
    for words in ((path, "alice", "secret"), ("-b", path, "alice", "secret")):
        status, _, err = passwd(*words, text="x\n")
        assert status == USAGE and "--stdin" in err, (words, status, err)
    assert not os.listdir(folder)


# --- many ---


def a_batch_is_set_whole(folder):
    path = os.path.join(folder, "passwords")
    write(path, "# head\nbob:x\n")
    status, out, err = passwd("--batch", path, "--hash", "pbkdf2",
                              text="alice:a:b\n\nbob: c \ncarol:d")
    assert status == DONE and "2 added, 1 changed" in out and not err, (out, err)
    assert re.match(r"# head\nbob:\$7\$\S+\nalice:\$7\$\S+\ncarol:\$7\$\S+\n$", read(path))
    for user, password in (("alice", "a:b"), ("bob", " c "), ("carol", "d")):
        assert is_right(path, user, password), user


def hashes_of_scram_are_made(folder):
    path = os.path.join(folder, "passwords")
    write(path, "")
    for name in ("scram-sha-256", "scram-sha-512"):
        assert passwd("--hash", name, "--stdin", path, name, text="p w")[0] == DONE
        assert is_right(path, name, "p w")
        assert f"{name}:{name.upper()}$10000:" in read(path)
    assert passwd("--hash", "scram-sha-1", "--stdin", path, "x", text="p")[0] == USAGE


def a_broken_batch_changes_nothing(folder):
    path = os.path.join(folder, "passwords")
    write(path, "bob:x\n")
    for text, line in (("alice:a\nbob\n", 2), ("\nalice:\n", 2), ("a:1\nb:2\na:3\n", 3),
                       (" a:1\n", 1), ("x:1\n:2\n", 2)):
        status, out, err = passwd("--batch", "--hash=pbkdf2", path, text=text)
        assert status == FAILED and not out and f"line {line} " in err, (text, status, err)
    assert passwd("--batch", path, text="\n")[0] == FAILED
    assert read(path) == "bob:x\n" and os.listdir(folder) == ["passwords"]


def plain_text_is_hashed_and_weak_hashes_named(folder):
    path = os.path.join(folder, "passwords")
    write(path, f"# all\nalice: secret \nbob:{OF_MOSQUITTO_6}\nc\033[1m:{OF_MOSQUITTO_7}\n\nd:p:q\n")
    status, out, err = passwd("--rehash", path)
    assert status == DONE and not err and "2 hashed" in out, (status, out, err)
    assert ":3: user bob: " in out and ":4: user c?[1m: " in out and "alice" not in out, out
    assert is_right(path, "alice", "secret") and is_right(path, "d", "p:q")
    assert is_right(path, "bob", "p")
    before = read(path)
    assert before.startswith("# all\nalice:$argon2id$") and f"\nbob:{OF_MOSQUITTO_6}\n" in before
    inode = os.stat(path).st_ino
    status, out, _ = passwd("-U", path)
    assert status == DONE and "reload" not in out and read(path) == before, out
    assert os.stat(path).st_ino == inode


def what_nobody_can_rehash_is_refused(folder):
    path = os.path.join(folder, "passwords")
    for text, line in (("a:x\nb:$7$cut\n", 2), ("a:\n", 1), ("a:x\na:y\n", 2)):
        write(path, text)
        status, out, err = passwd("--rehash", path)
        assert status == FAILED and not out and f"line {line}:" in err, (text, status, err)
        assert read(path) == text


# --- the disk ---


def what_the_broker_would_refuse_is_told(folder):
    path = os.path.join(folder, "passwords")
    write(path, f"a:{OF_MOSQUITTO_7}\nb:plain\na:{OF_MOSQUITTO_7}\n")
    status, out, err = passwd("--stdin", path, "c", text="x")
    assert status == DONE and "added" in out and ":2: " in err and ":3: " in err, (status, out, err)
    passwd("--delete", path, "a")
    status, _, err = passwd("--delete", path, "b")
    assert status == DONE and not err, err


def a_link_is_followed(folder):
    path, link = os.path.join(folder, "passwords"), os.path.join(folder, "link")
    write(path, "")
    os.symlink("passwords", link)
    assert passwd("--stdin", link, "alice", text="x")[0] == DONE
    assert os.path.islink(link) and is_right(path, "alice", "x")


def what_is_no_file_of_text_is_refused(folder):
    path = os.path.join(folder, "passwords")
    os.mkfifo(path)
    for name in (folder, path, os.path.join(folder, "no", "passwords"), "/dev/null"):
        status, out, err = passwd("--stdin", name, "alice", text="x")
        assert status == FAILED and not out and name in err, (name, status, err)
    write(path + "2", "a\0:x\n")
    status, _, err = passwd("--stdin", path + "2", "alice", text="x")
    assert status == FAILED and "zero byte" in err and read(path + "2") == "a\0:x\n", err


def the_owner_keeps_it(folder):
    if os.geteuid():
        return "only root can be somebody else"
    path = os.path.join(folder, "passwords")
    write(path, "a:x\n", 0o664)
    os.chown(path, 1, 2)
    assert passwd("--stdin", path, "alice", text="x")[0] == DONE
    status = os.stat(path)
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1, 2, 0o660), status
    # Everybody may write to the folder; the file would be another's.
    os.chmod(path, 0o664)
    os.chown(path, 1, NOBODY)
    before = read(path)
    status, out, err = passwd("--stdin", path, "alice", text="y", uid=NOBODY)
    assert status == FAILED and not out and "owner" in err, (status, out, err)
    assert read(path) == before and os.listdir(folder) == ["passwords"]
    return None


def a_folder_that_cannot_be_written_to_is_told(folder):
    if os.geteuid():
        return "only root can be somebody else"
    below = os.path.join(folder, "below")
    path = os.path.join(below, "passwords")
    os.mkdir(below, 0o755)
    write(path, "a:x\n", 0o644)
    status, out, err = passwd("--stdin", path, "alice", text="y", uid=NOBODY)
    assert status == FAILED and not out and "Permission denied" in err, (status, out, err)
    assert os.listdir(below) == ["passwords"]
    return None


def a_full_disk_changes_nothing(folder):
    path = os.path.join(folder, "disk", "passwords")
    os.mkdir(os.path.dirname(path))
    script = ('mount -t tmpfs -o size=64k none "$1/disk" || exit 77; '
              'for i in 1 2 3 4 5; do printf "# %s\\n" "$i"; done >"$1/disk/passwords"; '
              'cp "$1/disk/passwords" "$1/before"; cat /dev/zero >"$1/disk/rest" 2>/dev/null; '
              'echo x | "$2" passwd --stdin "$1/disk/passwords" alice; status=$?; '
              'cmp "$1/disk/passwords" "$1/before" || exit 78; ls "$1/disk"; exit $status')
    done = subprocess.run(["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []),
                           "sh", "-c", script, "-", folder, HAWKERCTL], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEADLINE, check=False)
    if done.returncode == 77 or "unshare failed" in done.stderr:
        return "no file system can be mounted here"
    assert done.returncode == FAILED and done.stdout.split() == ["passwords", "rest"], done
    assert "No space left" in done.stderr, done.stderr
    return None


def changes_at_once_are_all_kept(folder):
    path = os.path.join(folder, "passwords")
    write(path, "")
    at_once = []
    for i in range(12):
        process = subprocess.Popen([HAWKERCTL, "passwd", "--stdin", "--hash=pbkdf2", path, f"u{i}"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        at_once.append(process)
    for process in at_once:
        process.stdin.write(b"x\n")
        process.stdin.close()
    assert [process.wait(DEADLINE) for process in at_once] == [DONE] * 12
    assert sorted(line.split(":")[0] for line in read(path).splitlines()) == \
        sorted(f"u{i}" for i in range(12))


def another_change_is_waited_for(folder):
    path = os.path.join(folder, "passwords")
    write(path, "a:x\n")
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen([HAWKERCTL, "passwd", "--delete", path, "a"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert b"waiting" in process.stderr.readline()
        assert process.poll() is None and read(path) == "a:x\n"
    finally:
        os.close(lock)
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == DONE and b"deleted" in out and not err, (out, err)


# --- at a terminal ---


def the_prompt_shows_nothing_and_asks_twice(folder):
    path = os.path.join(folder, "passwords")
    with Terminal("--create", path, "alice") as terminal:
        terminal.expect("New password: ")
        assert not terminal.echoes()
        terminal.type("sesame\n")
        terminal.expect("Once more: ")
        terminal.type("sesame\n")
        status, out, err = terminal.wait()
        assert status == DONE and "added" in out and not err, (status, out, err)
        assert terminal.echoes() and b"sesame" not in terminal.shown
    assert is_right(path, "alice", "sesame")
    with Terminal("--verify", path, "alice") as terminal:
        terminal.expect("Password: ")
        terminal.type("sesame\n")
        assert terminal.wait()[0] == DONE


def two_that_differ_change_nothing(folder):
    path = os.path.join(folder, "passwords")
    with Terminal("--create", path, "alice") as terminal:
        terminal.expect("New password: ")
        terminal.type("sesame\n")
        terminal.expect("Once more: ")
        terminal.type("sesam\n")
        status, out, err = terminal.wait()
        assert status == FAILED and not out and "not the same" in err, (status, out, err)
    assert not os.listdir(folder)


def whoever_leaves_the_prompt_leaves_the_terminal_as_it_was(folder):
    path = os.path.join(folder, "passwords")
    for key, expected in (("\3", -signal.SIGINT), ("\34", -signal.SIGQUIT), ("\4", FAILED)):
        with Terminal("--create", path, "alice") as terminal:
            terminal.expect("New password: ")
            assert not terminal.echoes()
            terminal.type(key)
            status, out, _ = terminal.wait()
            assert status == expected and not out and terminal.echoes(), (key, status, out)
    for number in (signal.SIGTERM, signal.SIGHUP):
        with Terminal("--create", path, "alice") as terminal:
            terminal.expect("New password: ")
            terminal.process.send_signal(number)
            assert terminal.wait()[0] == -number and terminal.echoes()
    assert not os.listdir(folder)


def the_prompt_can_be_stopped_and_taken_up(folder):
    path = os.path.join(folder, "passwords")
    with Terminal("--create", path, "alice") as terminal:
        terminal.expect("New password: ")
        # No shell could take it up again, so that the signal does not stop it: as if fg came at once.
        terminal.process.send_signal(signal.SIGTSTP)
        terminal.expect("New password: ", 2)
        assert not terminal.echoes()
        terminal.type("a\n")
        terminal.expect("Once more: ")
        terminal.type("a\n")
        assert terminal.wait()[0] == DONE and terminal.echoes()
    assert is_right(path, "alice", "a")


def without_a_terminal_stdin_must_be_asked_for(folder):
    path = os.path.join(folder, "passwords")
    status, out, err = passwd("--create", path, "alice", text="x\n")
    assert status == FAILED and not out and "--stdin" in err, (status, out, err)
    assert not os.listdir(folder)


# --- others ---


def mosquitto_and_we_read_the_same(folder):
    if not shutil.which("mosquitto_passwd"):
        return "there is no mosquitto_passwd"
    path = os.path.join(folder, "passwords")
    subprocess.run(["mosquitto_passwd", "-b", "-c", path, "theirs", "p w"], check=True,
                   timeout=DEADLINE, capture_output=True)
    assert passwd("--hash=pbkdf2", "--stdin", path, "ours", text="q w")[0] == DONE
    assert is_right(path, "theirs", "p w") and is_right(path, "ours", "q w")
    subprocess.run(["mosquitto_passwd", "-b", path, "third", "x"], check=True, timeout=DEADLINE,
                   capture_output=True)
    assert is_right(path, "ours", "q w") and is_right(path, "third", "x")
    users = (("ours", b"q w", 0), ("theirs", b"p w", 0), ("ours", b"q", 5))
    broker_lets_in(folder, path, HAWKERD, users)
    if shutil.which("mosquitto"):
        broker_lets_in(folder, path, "mosquitto", users)
    return None


def the_broker_reads_what_we_write(folder):
    path = os.path.join(folder, "passwords")
    assert passwd("-c", "--batch", path, text="alice:a b\nb\u00fcb:x")[0] == DONE
    broker_lets_in(folder, path, HAWKERD, (("alice", b"a b", 0), ("b\u00fcb", b"x", 0),
                                           ("alice", b"x", 5), ("nobody", b"x", 5)))


def broker_lets_in(folder, path, program, users):
    """The broker takes the file, and tells right passwords from wrong ones."""
    socket_path, conf = os.path.join(folder, "mqtt"), os.path.join(folder, "conf")
    write(conf, f"listener 0 {socket_path}\nallow_anonymous false\npassword_file {path}\n"
          + ("user root\n" if os.geteuid() == 0 else ""))
    broker = subprocess.Popen([program, "-c", conf], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + DEADLINE
        while (answer := connect(socket_path, *users[0][:2])) is None:
            assert broker.poll() is None and time.monotonic() < end, program
            select.select([], [], [], 0.02)
        assert answer == users[0][2], (program, answer)
        for user, password, expected in users[1:]:
            assert connect(socket_path, user, password) == expected, (program, user, password)
    finally:
        broker.kill()
        broker.wait()
        if os.path.exists(socket_path):
            os.unlink(socket_path)


def connect(path, user, password):
    """The return code of CONNACK; None if nobody listens yet."""
    def field(text):
        return len(text).to_bytes(2, "big") + text

    body = b"\0\4MQTT\4\xc2\0\0" + field(b"c") + field(user.encode()) + field(password)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE)
        try:
            client.connect(path)
        except OSError:
            return None
        client.sendall(b"\x10" + bytes([len(body)]) + body)
        return client.recv(4)[3]


TESTS = [
    a_user_is_added_and_changed,
    comments_and_order_stay,
    a_file_is_made_only_when_asked_for,
    impossible_names_are_refused,
    a_password_must_be_there,
    verify_tells_right_from_wrong_from_unknown,
    deleting_nobody_fails,
    wrong_usage_is_told,
    a_batch_is_set_whole,
    hashes_of_scram_are_made,
    a_broken_batch_changes_nothing,
    plain_text_is_hashed_and_weak_hashes_named,
    what_nobody_can_rehash_is_refused,
    what_the_broker_would_refuse_is_told,
    a_link_is_followed,
    what_is_no_file_of_text_is_refused,
    the_owner_keeps_it,
    a_folder_that_cannot_be_written_to_is_told,
    a_full_disk_changes_nothing,
    changes_at_once_are_all_kept,
    another_change_is_waited_for,
    the_prompt_shows_nothing_and_asks_twice,
    two_that_differ_change_nothing,
    whoever_leaves_the_prompt_leaves_the_terminal_as_it_was,
    the_prompt_can_be_stopped_and_taken_up,
    without_a_terminal_stdin_must_be_asked_for,
    mosquitto_and_we_read_the_same,
    the_broker_reads_what_we_write,
]

if __name__ == "__main__":
    sys.exit(run([("/passwd/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-passwd-")))
