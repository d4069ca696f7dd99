#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program from outside: command line, exit statuses, signals, files, and what systemd is told.

Usage: test-hawkerd.py HAWKERD

Prints TAP. Nothing here sleeps: each wait is for a line, a datagram or an end, with a deadline.
"""
import contextlib
import os
import selectors
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

HAWKERD = os.path.abspath(sys.argv[1])
DEADLINE = 60  # seconds; only a failure ever waits that long
RUNNING = "is running with"


class Broker:
    """A hawkerd that runs with the given configuration, and the lines it has logged."""

    def __init__(self, folder, config, *options, env=None):
        path = os.path.join(folder, "hawker.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        self.lines = []
        self.rest = b""
        self.process = subprocess.Popen([HAWKERD, "-c", path, *options], cwd=folder,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(env or {})})

    def __enter__(self):
        self.wait_for(RUNNING)
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def wait_for(self, words):
        """The next line with these words."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stderr, selectors.EVENT_READ)
            end = time.monotonic() + DEADLINE
            while True:
                while b"\n" in self.rest:
                    line, self.rest = self.rest.split(b"\n", 1)
                    self.lines.append(line.decode())
                    if words in self.lines[-1]:
                        return self.lines[-1]
                assert selector.select(max(0, end - time.monotonic())), f"no line with {words}"
                data = os.read(self.process.stderr.fileno(), 65536)
                assert data, f"it ended without {words}: {self.lines}"
                self.rest += data

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)


def run(*options, folder=None):
    """(exit status, stdout, stderr) of a hawkerd that ends by itself."""
    done = subprocess.run([HAWKERD, *options], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def write(folder, text):
    path = os.path.join(folder, "test.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def unix_config(folder, *lines):
    return "\n".join([f"listener 0 {folder}/mqtt.sock", "allow_anonymous true",
                      *(["user root"] if os.geteuid() == 0 else []), *lines, ""])


class Client:
    """Just enough of MQTT to see what the control thread publishes."""

    def __init__(self, folder, level=4):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(os.path.join(folder, "mqtt.sock"))
        body = b"\0\4MQTT" + bytes([level, 2, 0, 0]) + (b"\0" if level == 5 else b"") + b"\0\1c"
        self.socket.sendall(bytes([0x10, len(body)]) + body)

    def close(self):
        self.socket.close()

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            assert more, "the broker hung up"
            data += more
        return data

    def packet(self):
        """(first byte, body)"""
        first = self.exactly(1)[0]
        length = shift = 0
        while True:
            byte = self.exactly(1)[0]
            length |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return first, self.exactly(length)

    def subscribe(self, topic):
        text = topic.encode()
        body = b"\0\1" + len(text).to_bytes(2, "big") + text + b"\0"
        self.socket.sendall(bytes([0x82, len(body)]) + body)

    def publishes(self):
        """Each (topic, payload, is it retained) that comes."""
        while True:
            first, body = self.packet()
            if first >> 4 == 3:
                length = int.from_bytes(body[:2], "big")
                yield body[2:2 + length].decode(), body[2 + length:].decode(), bool(first & 1)


def version_and_help_succeed(folder):
    status, out, err = run("--version")
    assert (status, err) == (0, "") and out.startswith("hawkerd "), (status, out, err)
    status, out, err = run("-h")
    assert (status, err) == (0, "") and "--test-config" in out


def wrong_command_lines_are_status_3(folder):
    for options in (["--nonsense"], ["-p", "0"], ["-p", "65536"], ["-p", "x"], ["extra"], ["-c"],
                    ["-p", "1884"] * 11):
        status, _, err = run(*options)
        assert status == 3 and "--help" in err, (options, status, err)


def wrong_settings_are_status_3_with_file_and_line(folder):
    path = write(folder, "# comment\nallow_anonymus true\n")
    for options in ([], ["--test-config"], ["--dump-config"], ["-d"]):
        status, _, err = run("-c", path, *options)
        assert status == 3, (options, status)
        assert f"{path}:2:" in err and "allow_anonymous" in err, err
    assert run("-c", os.path.join(folder, "none.conf"))[0] == 3


def busy_port_is_status_1_with_file_and_line(folder):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        path = write(folder, f"\nlistener {port} 127.0.0.1\n")
        for options in ([], ["--test-config"], ["-d"]):
            status, _, err = run("-c", path, *options)
            assert status == 1, (options, status, err)
            assert f"{path}:2:" in err and f"127.0.0.1:{port}" in err, err


def busy_port_is_fine_to_test_while_a_broker_runs(folder):
    path = os.path.join(folder, "busy.sock")
    with socket.create_server(("127.0.0.1", 0)) as busy, socket.socket(socket.AF_UNIX) as local:
        local.bind(path)
        local.listen()
        config = write(folder, f"listener {busy.getsockname()[1]} 127.0.0.1\nlistener 0 {path}\n")
        assert run("-c", config, "--test-config")[0] == 1
        status, out, err = run("-c", config, "--test-config", "--running")
        assert (status, err) == (0, "") and "of the broker that runs" in out, (status, out, err)
        assert os.path.exists(path)
        config = write(folder, "listener 1883 127.0.0.1\nlisener 1\n")
        assert run("-c", config, "--test-config", "--running")[0] == 3


def unusable_certificates_are_status_3_with_file_and_line(folder):
    path = write(folder, f"listener 0 {folder}/sock\ncertfile {folder}/a.pem\n"
                         f"keyfile {folder}/b.pem\n")
    for options in ([], ["--test-config"], ["-d"]):
        status, _, err = run("-c", path, *options)
        assert status == 3, (options, status, err)
        assert f"{path}:2: {folder}/a.pem cannot be read" in err, err


def unusable_access_files_are_status_3_with_file_and_line(folder):
    users, rules = os.path.join(folder, "users"), os.path.join(folder, "rules")
    path = write(folder, f"listener 0 {folder}/sock\npassword_file {users}\nacl_file {rules}\n")
    for users_text, rules_text, told in (
        (None, "", (f"{path}:2: password_file {users}: It cannot be read",)),
        ("joe:secret\n", "", (f"{users}:1: ",)),
        ("", "user joe\ntopic +x\n", (f"{rules}:2: ",)),
        ("joe:x\njim:y\n", "x\n", (f"{users}:1: ", f"{users}:2: ", f"{rules}:1: ")),
    ):
        for name, text in ((users, users_text), (rules, rules_text)):
            if text is not None:
                with open(name, "w", encoding="utf-8") as file:
                    file.write(text)
        for options in ([], ["--test-config"], ["-d"]):
            status, _, err = run("-c", path, *options)
            assert status == 3, (options, status, err)
            for words in told:
                assert words in err, (words, err)


def broken_bans_are_status_3_with_file_and_line(folder):
    bans = os.path.join(folder, "bans")
    path = write(folder, unix_config(folder, f"ban_file {bans}"))
    with open(bans, "w", encoding="utf-8") as file:
        file.write("# mine\nuser eve -\naddress 192.0.2.1/24 -\n")
    for options in ([], ["--test-config"], ["-d"]):
        status, _, err = run("-c", path, *options)
        assert status == 3, (options, status, err)
        assert f"{bans}:3: the line has no address" in err, err
    os.unlink(bans)
    assert run("-c", path, "--test-config")[0] == 0
    os.mkdir(bans)
    for options in ([], ["--test-config"], ["-d"]):
        status, _, err = run("-c", path, *options)
        assert status == 3 and f"{path}:{4 if os.geteuid() == 0 else 3}: " in err, (status, err)


def broken_bans_of_the_broker_itself_too(folder):
    path = write(folder, unix_config(folder))
    with open(os.path.join(folder, "bans"), "w", encoding="utf-8") as file:
        file.write("nonsense\n")
    done = subprocess.run([HAWKERD, "-c", path], env={**os.environ, "STATE_DIRECTORY": folder},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=DEADLINE, check=False)
    assert done.returncode == 3 and f"{folder}/bans:1: " in done.stderr, done.stderr


def test_config_tells_every_problem_at_once(folder):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        path = write(folder, f"listener {port} 127.0.0.1\nlistener 0 /nonexistent/x/mqtt.sock\n")
        status, _, err = run("-c", path, "--test-config")
        assert status in (1, 3), status
        assert f"{path}:1:" in err and f"{path}:2:" in err, err


def test_config_leaves_nothing_behind(folder):
    path = write(folder, unix_config(folder, f"pid_file {folder}/pid"))
    status, out, err = run("-c", path, "--test-config")
    assert status == 0 and "fine" in out, (status, out, err)
    assert os.listdir(folder) == ["test.conf"], os.listdir(folder)


def dump_config_can_be_read_back(folder):
    path = write(folder, unix_config(folder, "max_keepalive 600"))
    status, out, _ = run("-c", path, "--dump-config")
    assert status == 0 and "max_keepalive 600" in out
    again = write(folder, out)
    assert run("-c", again, "--test-config")[0] == 0


def stops_in_order_on_sigterm_and_sigint(folder):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Broker(folder, unix_config(folder, f"pid_file {folder}/pid")) as broker:
            path = os.path.join(folder, "mqtt.sock")
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
            with open(os.path.join(folder, "pid"), encoding="ascii") as file:
                assert int(file.read()) == broker.process.pid
            broker.signal(number)
            assert broker.process.wait(DEADLINE) == 0
        assert os.listdir(folder) == ["hawker.conf"], os.listdir(folder)


def other_signals_are_answered_and_survived(folder):
    with Broker(folder, unix_config(folder)) as broker:
        for number, words in ((signal.SIGHUP, "nothing has changed"),
                              (signal.SIGUSR1, "in memory"), (signal.SIGUSR2, "retained_bytes")):
            broker.signal(number)
            broker.wait_for(words)
        broker.signal(signal.SIGRTMIN)
        broker.signal(signal.SIGPIPE)
        broker.signal(signal.SIGUSR1)
        broker.wait_for("in memory")
        assert broker.stop() == 0


def log_file_is_opened_again(folder):
    path = os.path.join(folder, "log")
    config = unix_config(folder, "log_dest stderr", f"log_dest file {path}")
    for number in (signal.SIGHUP, signal.SIGRTMIN):
        with Broker(folder, config) as broker:
            os.rename(path, path + ".1")
            broker.signal(number)
            broker.wait_for("opened again")
            assert broker.stop() == 0
        with open(path, encoding="utf-8") as file:
            assert "opened again" in file.read()


def background_returns_when_ready(folder):
    config = write(folder, unix_config(folder, f"pid_file {folder}/pid"))
    status, _, err = run("-d", "-c", config)
    assert status == 0, err
    with open(os.path.join(folder, "pid"), encoding="ascii") as file:
        pid = int(file.read())
    try:
        Client(folder).close()
        for number in range(3):
            assert os.readlink(f"/proc/{pid}/fd/{number}") == "/dev/null"
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            session = int(file.read().rsplit(")", 1)[1].split()[3])
        assert session == pid
    finally:
        handle = os.pidfd_open(pid)
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            assert selector.select(DEADLINE)
        os.close(handle)


def systemd_is_told(folder):
    path = os.path.join(folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(DEADLINE)

        def wait_for(word):
            while True:
                if word in notify.recv(4096).decode().split("\n"):
                    return

        with Broker(folder, unix_config(folder), env={"NOTIFY_SOCKET": path,
                                                      "WATCHDOG_USEC": "200000"}) as broker:
            wait_for("READY=1")
            wait_for("WATCHDOG=1")
            wait_for("WATCHDOG=1")
            broker.signal(signal.SIGTERM)
            wait_for("STOPPING=1")
            assert broker.process.wait(DEADLINE) == 0


def root_is_given_up(folder):
    if os.geteuid() != 0:
        return "only root can give it up"
    with contextlib.ExitStack() as stack:
        config = unix_config(folder).replace("user root", "user nobody")
        broker = stack.enter_context(Broker(folder, config))
        with open(f"/proc/{broker.process.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        assert set(fields["Uid"].split()) == {"65534"}, fields["Uid"]
        assert "0" not in fields["Groups"].split()
        os.chmod(os.path.join(folder, "hawker.conf"), 0o600)
        broker.signal(signal.SIGHUP)
        broker.wait_for("was started as root and has become user nobody")
        broker.wait_for("The reload failed")
        os.chmod(os.path.join(folder, "hawker.conf"), 0o644)
        broker.signal(signal.SIGHUP)
        broker.wait_for("nothing has changed")
        assert broker.stop() == 0
    path = write(folder, unix_config(folder).replace("user root", "user no-such-account"))
    status, _, err = run("-c", path)
    assert status in (1, 3) and "no-such-account" in err, (status, err)
    return None


def umask_is_private(folder):
    with Broker(folder, unix_config(folder)) as broker:
        with open(f"/proc/{broker.process.pid}/status", encoding="ascii") as file:
            assert "Umask:\t0077\n" in file.read()


def descriptors_are_raised_to_the_hard_limit(folder):
    with Broker(folder, unix_config(folder)) as broker:
        with open(f"/proc/{broker.process.pid}/limits", encoding="ascii") as file:
            row = next(line for line in file if line.startswith("Max open files"))
        assert row.split()[3] == row.split()[4], row


def sys_topics_are_there_from_the_first_moment(folder):
    wanted = {"$SYS/broker/version", "$SYS/broker/uptime", "$SYS/broker/clients/total",
              "$SYS/broker/retained messages/count", "$SYS/broker/load/sockets/15min"}
    with Broker(folder, unix_config(folder)):
        client = Client(folder)
        client.subscribe("$SYS/#")
        for topic, _, retained in client.publishes():
            assert retained or topic not in wanted
            wanted.discard(topic)
            if not wanted:
                break
        client.close()


def sys_topics_change(folder):
    with Broker(folder, unix_config(folder, "sys_interval 1")):
        client = Client(folder)
        client.subscribe("$SYS/broker/clients/connected")
        for _, payload, retained in client.publishes():
            if payload == "1":
                assert not retained
                break
        client.close()


def sys_interval_0_publishes_nothing(folder):
    with Broker(folder, unix_config(folder, "sys_interval 0")):
        client = Client(folder)
        client.subscribe("$SYS/#")
        client.socket.sendall(b"\xc0\0")
        kinds = [client.packet()[0] for _ in range(3)]
        assert kinds == [0x20, 0x90, 0xd0], kinds
        client.close()


def log_goes_to_topics(folder):
    config = unix_config(folder, "sys_interval 0", "log_dest stderr", "log_dest topic",
                         "log_type all")
    with Broker(folder, config) as broker:
        client = Client(folder)
        client.subscribe("$SYS/broker/log/#")
        assert [client.packet()[0], client.packet()[0]] == [0x20, 0x90]
        broker.signal(signal.SIGUSR1)
        for topic, payload, retained in client.publishes():
            assert not retained
            if "in memory" in payload:
                assert topic == "$SYS/broker/log/N"
                break
        client.close()


def memory_limit_refuses_new_work(folder):
    with Broker(folder, unix_config(folder, "memory_limit 1")) as broker:
        broker.wait_for("new work is refused")
        client = Client(folder, level=5)
        first, body = client.packet()
        assert first == 0x20 and body[1] == 0x97, (first, body)
        client.close()


TESTS = [
    version_and_help_succeed,
    wrong_command_lines_are_status_3,
    wrong_settings_are_status_3_with_file_and_line,
    unusable_certificates_are_status_3_with_file_and_line,
    unusable_access_files_are_status_3_with_file_and_line,
    broken_bans_are_status_3_with_file_and_line,
    broken_bans_of_the_broker_itself_too,
    busy_port_is_status_1_with_file_and_line,
    busy_port_is_fine_to_test_while_a_broker_runs,
    test_config_tells_every_problem_at_once,
    test_config_leaves_nothing_behind,
    dump_config_can_be_read_back,
    stops_in_order_on_sigterm_and_sigint,
    other_signals_are_answered_and_survived,
    log_file_is_opened_again,
    background_returns_when_ready,
    systemd_is_told,
    root_is_given_up,
    umask_is_private,
    descriptors_are_raised_to_the_hard_limit,
    sys_topics_are_there_from_the_first_moment,
    sys_topics_change,
    sys_interval_0_publishes_nothing,
    log_goes_to_topics,
    memory_limit_refuses_new_work,
]


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        name = "/control/hawkerd/" + test.__name__.replace("_", "-")
        skipped = error = None
        with tempfile.TemporaryDirectory(prefix="hawkerd-") as folder:
            os.chmod(folder, 0o777)
            try:
                skipped = test(folder)
            except Exception as exception:  # pylint: disable=broad-except
                error = f"{type(exception).__name__}: {exception}"
        failed += error is not None
        print(f"{'not ok' if error else 'ok'} {number} {name}"
              f"{' # SKIP ' + skipped if skipped else ''}", flush=True)
        for line in (error or "").splitlines():
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
