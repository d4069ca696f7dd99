# SPDX-License-Identifier: Apache-2.0
"""The disk under a broker (disk.c), and what a cut of the power leaves on it.

A write that no flush has covered is on the disk, or not, or some of its sectors are; each file by
itself. Names come and go in their order, so a cut leaves the first of those changes that were not
flushed, and no later one.
"""
import collections
import mmap
import os
import shutil
import struct
import tempfile

ARENA, HEAD, SECTOR = 256 << 20, 4096, 512
(WRITE, SIZE, CREATE, REMOVE, RENAME), DURABLE, LOST = range(1, 6), 0x100, 0x200
FIELDS = {  # of the head: place, form
    "active": (8, "=Q"),
    "overflows": (32, "=Q"),
    "kill_after": (40, "=Q"),
    "fail_sync_after": (48, "=Q"),
    "sync_delay": (56, "=Q"),
    "clock_offset": (64, "=q"),
    "moments": (72, "=Q"),
    "syncs": (80, "=Q"),
}
RECORD = struct.Struct("=II7Q")
Record = collections.namedtuple(
    "Record", "kind durable lost seq file offset length old_size data"
)


class Disk:
    """Of one folder. Each start of a broker has a log of its own: begin(), then environment()."""

    def __init__(self, shim, path):
        self.shim, self.path = os.path.abspath(shim), os.path.realpath(path)
        self.keep = tempfile.mkdtemp(prefix="disk-", dir=os.path.dirname(self.path))
        folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
        number, self.log = tempfile.mkstemp(prefix="hawker-disk-", dir=folder)
        os.close(number)
        self.map = None
        self.settings = {}

    def begin(self):
        """An empty log, and the settings that last (clock_offset, sync_delay)."""
        if self.map:
            self.map.close()
        os.truncate(self.log, 0)
        with open(self.log, "r+b") as file:
            file.truncate(HEAD + 2 * ARENA)
            self.map = mmap.mmap(file.fileno(), HEAD + 2 * ARENA)
        for name, value in self.settings.items():
            self.set(name, value)

    def environment(self):
        return {"LD_PRELOAD": self.shim, "DISK_LOG": self.log, "DISK_FOLDER": self.path,
                "DISK_KEEP": self.keep}

    def set(self, name, value):
        """While it runs, from now on."""
        place, form = FIELDS[name]
        struct.pack_into(form, self.map, place, value)

    def lasting(self, name, value):
        """From now on, and for those that start later."""
        self.settings[name] = value
        if self.map:
            self.set(name, value)

    def get(self, name):
        place, form = FIELDS[name]
        return struct.unpack_from(form, self.map, place)[0]

    def close(self):
        if self.map:
            self.map.close()
        os.unlink(self.log)
        shutil.rmtree(self.keep)

    def records(self):
        active = self.get("active")
        used = struct.unpack_from("=Q", self.map, 16 + 8 * active)[0]
        at, begin = 0, HEAD + active * ARENA
        while at < used:
            size, kind, seq, dev, ino, offset, length, old_size, n = RECORD.unpack_from(
                self.map, begin + at)
            data = begin + at + RECORD.size
            yield Record(kind & 0xFF, bool(kind & DURABLE), bool(kind & LOST), seq, (dev, ino),
                         offset, length, old_size, self.map[data : data + n])
            at += size

    def cut(self, random):
        """After the process is dead. Returns how much was taken back, in words."""
        assert not self.get("overflows"), "the log of the disk overflowed"
        files, names = collections.defaultdict(list), []
        for record in self.records():
            if record.kind in (WRITE, SIZE):
                files[record.file].append(record)
            elif not record.durable:
                names.append(record)
        paths = self._paths()
        counts = collections.Counter()
        for file, records in files.items():
            while records and records[0].durable:
                records.pop(0)
            if records and file in paths:
                counts.update(_File(paths[file], records).cut(random))
        counts["names"] = self._cut_names(names, random)
        return " ".join("%s %d" % row for row in counts.items() if row[1])

    def _paths(self):
        paths = {}
        for top in (self.path, self.keep):
            for folder, _, files in os.walk(top):
                for path in [os.path.join(folder, name) for name in files]:
                    status = os.lstat(path)
                    paths[status.st_dev, status.st_ino] = path
        return paths

    def _cut_names(self, names, random):
        gone = names[random.randint(0, len(names)) :]
        for record in reversed(gone):
            first, *rest = [part.decode() for part in record.data.split(b"\0")[:-1]]
            if record.kind == CREATE:
                shutil.rmtree(first) if os.path.isdir(first) else _remove(first)
            elif os.path.lexists(first):
                continue  # killed before it was done
            elif record.kind == REMOVE:
                os.link(rest[0], first)
            else:
                os.rename(rest[0], first)
                if rest[1]:
                    os.link(rest[1], rest[0])
        return len(gone)


def _remove(path):
    if os.path.lexists(path):
        os.unlink(path)


class _File:
    """Takes writes back, the last one first. A sector that keeps what a write has brought keeps
    it against all that came before."""

    def __init__(self, path, records):
        self.path, self.records, self.settled = path, records, set()
        self.counts = collections.Counter()

    def cut(self, random):
        size = self.records[0].old_size  # a flush has covered it
        self.end = size
        mood = random.choice(("none", "all", "writes", "sectors", "sectors"))
        with open(self.path, "r+b") as file:
            for record in reversed(self.records):
                if record.kind == WRITE:
                    self._cut_write(file, record, self._coin(random, mood, record))
                else:
                    self._cut_size(file, record, self._coin(random, mood, record)())
            if os.fstat(file.fileno()).st_size > self.end and random.random() < 0.5:
                file.truncate(self.end)
        return self.counts

    @staticmethod
    def _coin(random, mood, record):
        """Says whether a sector is lost."""
        if record.durable:
            return lambda: False
        if record.lost or mood == "all":
            return lambda: True
        if mood == "writes":
            lost = random.random() < 0.5
            return lambda: lost
        return lambda: mood == "sectors" and random.random() < 0.5

    def _cut_write(self, file, record, is_lost):
        before = [self.counts["sectors"], self.counts["kept"]]
        for sector in _sectors(record.offset, record.length):
            if sector in self.settled:
                continue
            if is_lost():
                self._put_back(file, record, sector, record.length)
                self.counts["sectors"] += 1
            else:
                self.settled.add(sector)
                self.counts["kept"] += 1
                self.end = max(self.end, min(record.offset + record.length, (sector + 1) * SECTOR))
        lost, kept = self.counts["sectors"] - before[0], self.counts["kept"] - before[1]
        self.counts["torn" if lost and kept else "dropped" if lost else "applied"] += 1

    def _put_back(self, file, record, sector, length):
        begin = max(sector * SECTOR, record.offset)
        end = min((sector + 1) * SECTOR, record.offset + length)
        old = record.data[begin - record.offset : end - record.offset]
        file.seek(begin)
        file.write(old + bytes(end - begin - len(old)))
        file.flush()

    def _cut_size(self, file, record, is_lost):
        if not is_lost:
            self.end = max(self.end, min(record.offset, os.fstat(file.fileno()).st_size))
            return
        self.counts["sizes"] += 1
        for sector in _sectors(record.offset, len(record.data)):
            if sector not in self.settled:
                self._put_back(file, record, sector, len(record.data))


def _sectors(offset, length):
    return range(offset // SECTOR, (offset + length + SECTOR - 1) // SECTOR)
