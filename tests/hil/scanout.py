#!/usr/bin/python3
"""What the screen shows, as the display controller reads it: the planes of the active CRTC, blended in the order of zpos.

    scanout.py state                        one line: "active 1280x720 planes=2 fb=31,34", or "blank"
    scanout.py mean [REGION]                mean red, green and blue of a region, 0 to 255
    scanout.py png FILE                     the picture as a PNG file; - for stdout
    scanout.py watch [REGION] [--count N] [--limit SECONDS]
        says "ready NS" when it looks, then "changed NS RED GREEN BLUE" for each change of the region's pixels, N times.
        NS is CLOCK_MONOTONIC, when the flip was seen: the controller takes it at the next vertical blank. Exit code 1: no change for SECONDS.

    scanout.py serve                        reads lines from stdin: "grid COLUMNS ROWS" gives the colours of so many points, row by row,
        RRGGBB each; "steal PROCESS" takes the next event of its card away from a process (a flip that never ends); "state" as above

REGION is LEFT,TOP,WIDTH,HEIGHT as shares of the screen, 0 to 1; without it, all of it. Needs root, and works while another process is
master: DRM_IOCTL_MODE_GETFB2 and MODE_MAP_DUMB (drm-uapi of the kernel's documentation). Takes XRGB8888, ARGB8888, YUV420 and NV12 (limited
range) in dumb buffers, no reflection; planes that scale are sampled, not filtered. May be imported: `Screen().mean(region)`.
"""

import argparse
import ctypes
import fcntl
import mmap
import os
import select
import struct
import sys
import time
import zlib

PLANE = 0xEEEEEEEE
PACKED = {b"XR24": False, b"AR24": True}  # whether the fourth byte is alpha
PLANAR = (b"YU12", b"NV12")
# Red and blue of their differences, and their shares of luma (ITU-R BT.601-7, BT.709-6), by the number of COLOR_ENCODING.
MATRICES = {0: (0.299, 0.114), 1: (0.2126, 0.0722)}
POINTS = 48  # across and down, of a region's mean


class Unreadable(Exception):
    """What is scanned out is not for this program."""


def _code(direction, number, size):
    return direction << 30 | size << 16 | ord("d") << 8 | number


class Card:
    """A DRM device, its ioctls by name."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        for capability in (2, 3):  # universal planes, atomic: planes have their rectangles as properties
            self._call(1, 0x0D, struct.pack("QQ", capability, 1))
        self.names = {}

    def _call(self, direction, number, request):
        buffer = bytearray(request)
        fcntl.ioctl(self.file, _code(direction, number, len(buffer)), buffer, True)
        return bytes(buffer)

    def ids(self):
        """CRTCs and planes."""
        counts = struct.unpack("4Q8I", self._call(3, 0xA0, bytes(64)))
        arrays = [(ctypes.c_uint32 * max(1, count))() for count in counts[4:8]]
        request = struct.pack("4Q8I", *map(ctypes.addressof, arrays), *counts[4:8], 0, 0, 0, 0)
        self._call(3, 0xA0, request)
        planes, count = None, 0
        for _ in range(2):
            planes = (ctypes.c_uint32 * max(1, count))()
            count = struct.unpack("QI4x", self._call(3, 0xB5, struct.pack("QI4x", ctypes.addressof(planes), count)))[1]
        return list(arrays[1])[: counts[5]], list(planes)[:count]

    def mode(self, crtc):
        """Width and height of the CRTC's mode; None: it is off."""
        answer = self._call(3, 0xA1, struct.pack("QII", 0, 0, crtc) + bytes(88))
        valid = struct.unpack_from("I", answer, 32)[0]
        return struct.unpack_from("4xH8xH", answer, 36) if valid else None

    def properties(self, thing, kind):
        """Values by name."""
        ids = values = None
        count = 0
        for _ in range(2):
            ids, values = (ctypes.c_uint32 * max(1, count))(), (ctypes.c_uint64 * max(1, count))()
            request = struct.pack("QQIII4x", ctypes.addressof(ids), ctypes.addressof(values), count, thing, kind)
            count = struct.unpack("QQIII4x", self._call(3, 0xB9, request))[2]
        for one in ids:
            if one not in self.names:
                answer = self._call(3, 0xAA, struct.pack("QQI", 0, 0, one) + bytes(44))
                self.names[one] = answer[24:56].split(b"\0")[0].decode()
        return {self.names[one]: value for one, value in zip(ids, values)}

    def shown(self, plane):
        """The number of a plane's framebuffer, 0 for none."""
        return struct.unpack_from("I", self._call(3, 0xB6, struct.pack("I", plane) + bytes(28)), 8)[0]

    def framebuffer(self, number):
        """Its format, bytes a row and offset of each of its planes, and a map of its bytes."""
        answer = self._call(3, 0xCE, struct.pack("I", number) + bytes(100))
        width, height, fourcc, flags = struct.unpack_from("II4sI", answer, 4)
        handles, pitches, offsets = (struct.unpack_from("4I", answer, at) for at in (20, 36, 52))
        modifier = struct.unpack_from("Q", answer, 72)[0]
        try:
            if (fourcc not in PACKED and fourcc not in PLANAR) or (flags & 2 and modifier) or len({*handles} - {0}) > 1:
                raise Unreadable(f"a plane has the format {fourcc.decode()}, modifier {modifier:#x}")
            place = struct.unpack("IIQ", self._call(3, 0xB3, struct.pack("IIQ", handles[0], 0, 0)))[2]
            length = max(offset + pitch * (height if plane == 0 else height // 2)
                         for plane, (offset, pitch) in enumerate(zip(offsets, pitches)) if pitch)
            pixels = mmap.mmap(self.file, length, mmap.MAP_SHARED, mmap.PROT_READ, offset=place)
        finally:
            for handle in {handle for handle in handles if handle}:
                self._call(1, 0x09, struct.pack("II", handle, 0))
        return fourcc, pitches, offsets, pixels


class Plane:
    """A plane that is on, and its pixels."""

    def __init__(self, card, properties):
        self.left, self.top = (ctypes.c_int32(properties[name] & 0xFFFFFFFF).value for name in ("CRTC_X", "CRTC_Y"))
        self.width, self.height = properties["CRTC_W"], properties["CRTC_H"]
        self.source = [properties[name] >> 16 for name in ("SRC_X", "SRC_Y", "SRC_W", "SRC_H")]
        self.rotation = properties.get("rotation", 1)
        # Without zpos: primary (1), then overlay (0), then cursor (2), each in the order of their numbers.
        self.zpos = properties.get("zpos", {1: 0, 0: 1}.get(properties["type"], 2))
        self.number = properties["FB_ID"]
        self.format, self.pitches, self.offsets, self.pixels = card.framebuffer(self.number)
        self.alpha = PACKED.get(self.format, False)
        self.encoding = properties.get("COLOR_ENCODING", 0)

    def row(self, y):
        """Its pixels in a row of the screen, unscaled planes only: (first column, bytes)."""
        y -= self.top
        if not 0 <= y < self.height or self.format in PLANAR:
            return None
        start = self.offsets[0] + (y + self.source[1]) * self.pitches[0] + self.source[0] * 4
        return self.left, self.pixels[start : start + self.width * 4]

    def at(self, x, y):
        """Blue, green, red, alpha of a point of the screen."""
        x, y = x - self.left, y - self.top
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        # Counter-clockwise by 0, 90, 180 or 270 degrees (drm_mode.h, DRM_MODE_ROTATE_*).
        right, bottom = self.width - 1 - x, self.height - 1 - y
        x, y = {1: (x, y), 2: (bottom, x), 4: (right, bottom), 8: (y, right)}[self.rotation & 15]
        wide, high = (self.height, self.width) if self.rotation & 10 else (self.width, self.height)
        x = self.source[0] + x * self.source[2] // wide
        y = self.source[1] + y * self.source[3] // high
        if self.format in PLANAR:
            return self._converted(x, y)
        start = self.offsets[0] + y * self.pitches[0] + x * 4
        pixel = self.pixels[start : start + 4]
        return pixel if self.alpha else pixel[:3] + b"\xff"

    def _converted(self, x, y):
        byte = lambda plane, column, line: self.pixels[self.offsets[plane] + line * self.pitches[plane] + column]
        luma = (byte(0, x, y) - 16) / 219
        if self.format == b"NV12":
            differences = byte(1, x // 2 * 2, y // 2), byte(1, x // 2 * 2 + 1, y // 2)
        else:
            differences = byte(1, x // 2, y // 2), byte(2, x // 2, y // 2)
        blue, red = ((difference - 128) / 224 for difference in differences)
        of_red, of_blue = MATRICES[self.encoding]
        red, blue = luma + 2 * (1 - of_red) * red, luma + 2 * (1 - of_blue) * blue
        green = (luma - of_red * red - of_blue * blue) / (1 - of_red - of_blue)
        return bytes(max(0, min(255, round(part * 255))) for part in (blue, green, red)) + b"\xff"

    def close(self):
        self.pixels.close()


def over(below, above):
    """Premultiplied `above` over `below`."""
    rest = 255 - above[3]
    return bytes(min(255, top + (low * rest + 127) // 255) for low, top in zip(below, above))


class Screen:
    """The first CRTC that is on. `retries` bridge a flip between looking at a plane and at its buffer."""

    def __init__(self, path="/dev/dri/card0"):
        self.card = Card(path)
        self.crtcs, self.planes = self.card.ids()

    def _active(self):
        for crtc in self.crtcs:
            mode = self.card.mode(crtc)
            if mode and self.card.properties(crtc, 0xCCCCCCCC).get("ACTIVE"):
                return crtc, mode
        return None, None

    def look(self):
        """((width, height), planes from below to above); None: blank."""
        for attempt in range(5):
            crtc, size = self._active()
            if crtc is None:
                return None
            planes = []
            try:
                for plane in self.planes:
                    properties = self.card.properties(plane, PLANE)
                    if properties["CRTC_ID"] == crtc and properties["FB_ID"]:
                        planes.append(Plane(self.card, properties))
            except OSError:
                if attempt == 4:
                    raise
                continue
            return size, sorted(planes, key=lambda plane: plane.zpos)
        return None

    def state(self):
        seen = self.look()
        if not seen:
            return "blank"
        (width, height), planes = seen
        return f"active {width}x{height} planes={len(planes)} fb={','.join(str(plane.number) for plane in planes)}"

    def samples(self, region=(0, 0, 1, 1), columns=POINTS, rows=POINTS):
        """Blue, green and red of points all over a region, each in the middle of its share; None: blank."""
        seen = self.look()
        if not seen:
            return None
        (width, height), planes = seen
        left, top, wide, high = region
        points = bytearray()
        for row in range(rows):
            y = min(height - 1, int((top + high * (row + 0.5) / rows) * height))
            for column in range(columns):
                x = min(width - 1, int((left + wide * (column + 0.5) / columns) * width))
                pixel = b"\0\0\0"
                for plane in planes:
                    above = plane.at(x, y)
                    if above and above[3]:
                        pixel = above[:3] if above[3] == 255 else over(pixel, above)
                points += pixel
        for plane in planes:
            plane.close()
        return bytes(points)

    def mean(self, region=(0, 0, 1, 1)):
        """Red, green and blue; None: blank."""
        points = self.samples(region)
        return points and mean_of(points)

    def png(self):
        """The picture as a PNG file; None: blank."""
        seen = self.look()
        if not seen:
            return None
        (width, height), planes = seen
        scaled = any((plane.width, plane.height) != tuple(plane.source[2:]) or plane.rotation & 14 for plane in planes)
        rows = bytearray()
        for y in range(height):
            line = bytearray(width * 4)
            for plane in planes:
                self._blend(line, plane, y, width, scaled)
            pixels = bytearray(width * 3)
            pixels[0::3], pixels[1::3], pixels[2::3] = line[2::4], line[1::4], line[0::4]
            rows += b"\0" + pixels
        chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")

    @staticmethod
    def _blend(line, plane, y, width, scaled):
        row = None if scaled else plane.row(y)
        if row and row[0] == 0 and len(row[1]) == len(line):
            alphas = row[1][3::4]
            if not plane.alpha or alphas.count(255) == width:
                line[:] = row[1]
                return
            if alphas.count(0) == width:
                return
        for x in range(width):
            above = plane.at(x, y)
            if above and above[3]:
                line[4 * x : 4 * x + 3] = over(line[4 * x : 4 * x + 3], above)

    def changes(self, region=(0, 0, 1, 1), limit=10.0):
        """Yields (nanoseconds of CLOCK_MONOTONIC, red, green, blue) at each change of a region; first at once."""
        before, numbers, end = None, None, None
        while True:
            # The numbers of the framebuffers are cheap to ask for; pixels are looked at when these change.
            now = [self.card.shown(plane) for plane in self.planes]
            if now != numbers or before is None:
                when = time.monotonic_ns()
                points = self.samples(region) or b"\0\0\0"
                numbers = now
                if points != before:
                    before, end = points, time.monotonic() + limit
                    yield when, *mean_of(points)
                    end = time.monotonic() + limit
            if time.monotonic() > end:
                return
            time.sleep(0.001)


def steal(process):
    """Reads, in a process's place, the next event of its open card, which that process then never gets."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    pidfd = call(434, process, 0)  # pidfd_open
    directory = f"/proc/{process}/fd"
    cards = [name for name in os.listdir(directory) if os.readlink(f"{directory}/{name}").startswith("/dev/dri/card")]
    copy = call(438, pidfd, int(cards[0]), 0)  # pidfd_getfd
    if copy < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    select.select([copy], [], [], 10)
    count = len(os.read(copy, 4096))
    os.close(copy)
    os.close(pidfd)
    return count


def answer(screen, line):
    """What `serve` says to a line."""
    words = line.split()
    if words[:1] == ["steal"]:
        return str(steal(int(words[1])))
    if words[:1] != ["grid"]:
        return screen.state()
    points = screen.samples(columns=int(words[1]), rows=int(words[2]))
    if points is None:
        return "blank"
    return "".join(points[at : at + 3][::-1].hex() for at in range(0, len(points), 3))


def mean_of(points):
    """Red, green and blue."""
    count = len(points) // 3
    return tuple(sum(points[channel::3]) // count for channel in (2, 1, 0))


def _region(text):
    region = tuple(float(part) for part in text.split(","))
    if len(region) != 4 or not all(0 <= part <= 1 for part in region):
        raise argparse.ArgumentTypeError("write LEFT,TOP,WIDTH,HEIGHT, each 0 to 1")
    return region


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", default="/dev/dri/card0")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("state")
    commands.add_parser("serve")
    mean = commands.add_parser("mean")
    watch = commands.add_parser("watch")
    for command in (mean, watch):
        command.add_argument("region", nargs="?", type=_region, default=(0.0, 0.0, 1.0, 1.0))
    watch.add_argument("--count", type=int, default=1)
    watch.add_argument("--limit", type=float, default=10.0)
    commands.add_parser("png").add_argument("file")
    arguments = parser.parse_args()
    screen = Screen(arguments.card)
    say = lambda *words: print(*words, flush=True)
    if arguments.command == "state":
        say(screen.state())
    elif arguments.command == "serve":
        for line in sys.stdin:
            say(answer(screen, line))
    elif arguments.command == "mean":
        say(*(screen.mean(arguments.region) or ["blank"]))
    elif arguments.command == "png":
        picture = screen.png()
        if not picture:
            sys.exit("scanout: the screen is blank")
        if arguments.file == "-":
            sys.stdout.buffer.write(picture)
        else:
            with open(arguments.file, "wb") as file:
                file.write(picture)
    else:
        seen = 0
        for number, (when, *colour) in enumerate(screen.changes(arguments.region, arguments.limit)):
            say(*(["changed", when, *colour] if number else ["ready", when]))
            seen = number
            if number == arguments.count:
                break
        sys.exit(seen < arguments.count)


if __name__ == "__main__":
    main()
