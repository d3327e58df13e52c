#!/usr/bin/python3
"""Eyes, ears, voice and a quick finger in the guest. Reads a command a line, answers each with one line of JSON
and one with a dot.

    clock                       milliseconds since 1970: the guest's clock
    tone HZ                     plays this into the microphone from now on; 0: silence
    hears HZ|any                what counts as heard at the loudspeaker: this tone, or anything loud
    heard SINCE                 when it was first heard at or after SINCE; null: not yet
    sees RED,GREEN,BLUE         what counts as seen on the screen: this colour on a tenth of it
    seen SINCE                  when it was first seen at or after SINCE; null: not yet
    dark                        the longest time in ms that all of the screen was black or off, while a monitor was there, since the last asking
                                (or since the first `sees`)
    points COLUMNS ROWS         so many points of the screen: red, green and blue of each, in base64; null: it is off
    blinks LINE MILLISECONDS    how often the LED at this line of gpio-sim goes on or off in so long
    kiosk METHOD [JSON]         asks kioskd at its control socket; the reply's parameters
    touch-screen                plugs in a touch screen; when done, somebody listens to it
    touch X Y                   a finger comes down on it there and goes up: parts of its width and height, 0 to 1, from the top left corner
    clap PATTERN HZ             at one moment the camera shows this test pattern and the microphone gets this tone; when that was, by both (clap.py)
    catch                       waits until the loudspeaker is quiet, and from then on for a clap; after `hears`
    caught                      when the clap was heard at the loudspeaker and seen in the middle of the screen; null: not both yet
    storm COUNT CODE [CODE...]  a new keyboard presses these keys in turn, COUNT events at 1,000 a second; when done, milliseconds that took

SINCE and answers are milliseconds since 1970. What the microphone gets goes into hw:Loopback,0,0; what the loudspeaker plays is recorded from
hw:Loopback,1,1, whatever rate and channels the other side took. Both come back by themselves when the card does.
"""

import array
import base64
import collections
import contextlib
import ctypes
import fcntl
import glob
import json
import math
import os
import queue
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
import clap  # noqa: E402
import scanout  # noqa: E402

SOCKET = "/run/kioskd-control"
RATE = 48_000
PERIOD = RATE // 50
LOUD = 0.01
BLACK = 24
NEAR = 50
GRID = 8
BTN_TOUCH = 0x14A

alsa = ctypes.CDLL("libasound.so.2")
QUIET = ctypes.CFUNCTYPE(None)(lambda: None)
alsa.snd_lib_error_set_handler(QUIET)  # a card that is out is no news


def now():
    return time.time() * 1000


class Memory:
    """When something was there: a list of moments, the last minute of it."""

    def __init__(self):
        self.moments = collections.deque(maxlen=3_000)

    def note(self):
        self.moments.append(now())

    def since(self, moment):
        return next((each for each in list(self.moments) if each >= moment), None)


class Pcm:
    """An open PCM of the card Loopback, 48 kHz, 16 bits, two channels."""

    def __init__(self, name, capture):
        self.handle, self.capture = ctypes.c_void_p(), capture
        if alsa.snd_pcm_open(ctypes.byref(self.handle), name, int(capture), 0) < 0:
            raise OSError(name)
        if alsa.snd_pcm_set_params(self.handle, 2, 3, 2, RATE, 1, 100_000) < 0 or not self._runs():
            self.close()
            raise OSError(name)

    def _runs(self):
        """A capture that is read in small pieces does not start by itself."""
        return not self.capture or alsa.snd_pcm_start(self.handle) >= 0

    def move(self, call, buffer):
        """Writes or reads a period. Raises OSError when the card is gone."""
        done = call(self.handle, buffer, ctypes.c_ulong(PERIOD))
        if done < 0 and (alsa.snd_pcm_recover(self.handle, done, 1) < 0 or not self._runs()):
            raise OSError(done)
        return done > 0

    def close(self):
        alsa.snd_pcm_close(self.handle)


def forever(name, capture, use):
    """Keeps a PCM open for `use`, in a thread of its own."""

    def loop():
        while True:
            try:
                pcm = Pcm(name, capture)
            except OSError:
                time.sleep(0.01)
                continue
            try:
                while True:
                    use(pcm)
            except OSError:
                pcm.close()

    threading.Thread(target=loop, daemon=True).start()


class Voice:
    """Plays a tone into the microphone."""

    def __init__(self):
        self.hertz, self.at = 0, 0
        self.opened = False
        self.wishes, self.turned = queue.SimpleQueue(), queue.SimpleQueue()

    def speak(self, hertz):
        self.hertz = hertz
        if not self.opened:
            self.opened = True
            forever(b"plughw:Loopback,0,0", False, self._period)

    def turn(self, hertz):
        """Speaks so from its next period on. When the first of that is recorded."""
        self.wishes.put(hertz)
        return self.turned.get(timeout=5)

    def _period(self, pcm):
        turns = not self.wishes.empty()
        if turns:
            self.hertz, self.at = self.wishes.get(), 0
        step = 2 * math.pi * self.hertz / RATE
        samples = array.array("h", bytes(4 * PERIOD))
        samples[0::2] = samples[1::2] = array.array("h", (int(12_000 * math.sin(step * (self.at + n))) for n in range(PERIOD)))
        self.at += PERIOD
        pcm.move(alsa.snd_pcm_writei, samples.tobytes())
        if turns:
            self.turned.put(now() + clap.delay_ms(alsa, pcm, RATE) - PERIOD * 1000 / RATE)


class Ears:
    """Listens to the loudspeaker."""

    def __init__(self):
        self.hertz, self.memory = None, None
        self.samples = array.array("h")
        self.catcher = clap.Catcher(open_screen)

    def listen_for(self, hertz):
        self.hertz = hertz
        if self.memory is None:
            self.memory = Memory()
            forever(b"plughw:Loopback,1,1", True, self._period)

    def _period(self, pcm):
        buffer = ctypes.create_string_buffer(4 * PERIOD)
        if pcm.move(alsa.snd_pcm_readi, buffer):
            # 8 kHz, one channel; tenths of a second for a tone, fiftieths for anything.
            piece = array.array("h", buffer.raw)[::12]
            self.catcher.listen(piece, now() - clap.delay_ms(alsa, pcm, RATE), 6_000 / RATE)
            self.samples.extend(piece)
            if len(self.samples) >= (800 if self.hertz else PERIOD // 6):
                if self._heard(self.samples):
                    self.memory.note()
                self.samples = array.array("h")

    def _heard(self, samples):
        power = sum(sample * sample for sample in samples) / len(samples) / 32_768**2
        if math.sqrt(power) < LOUD:
            return False
        if self.hertz is None:
            return True
        # Goertzel: the share of this frequency in the power.
        coefficient = 2 * math.cos(2 * math.pi * self.hertz * 6 / RATE)
        one = two = 0.0
        for sample in samples:
            one, two = sample / 32_768 + coefficient * one - two, one
        tone = (one * one + two * two - coefficient * one * two) * 2 / len(samples) ** 2
        return tone > power / 2


def open_screen():
    """For looking only: whoever opens a card first is its master, unless it says otherwise."""
    screen = scanout.Screen()
    with contextlib.suppress(OSError):  # kioskd is
        fcntl.ioctl(screen.card.file, 0x641F)  # DRM_IOCTL_DROP_MASTER
    return screen


class Eyes:
    """Looks at the screen ten times a second."""

    def __init__(self):
        self.colour, self.memory = None, Memory()
        self.dark_since, self.darkest = None, 0.0

    def look_for(self, colour):
        if self.colour is None:
            threading.Thread(target=self._loop, daemon=True).start()
        self.colour = colour

    def _loop(self):
        screen = None
        while True:
            time.sleep(0.1)
            try:
                screen = screen or open_screen()
                self._look(screen.samples(columns=GRID, rows=GRID))
            except (OSError, scanout.Unreadable):
                screen = None

    def _look(self, points):
        dark = points is None or max(points) < BLACK
        if dark and monitor():
            self.dark_since = self.dark_since or now()
            self.darkest = max(self.darkest, now() - self.dark_since)
        else:
            self.dark_since = None
        if points:
            red, green, blue = self.colour
            pixels = zip(points[2::3], points[1::3], points[0::3])
            near = sum(abs(r - red) < NEAR and abs(g - green) < NEAR and abs(b - blue) < NEAR for r, g, b in pixels)
            if near > len(points) / 3 / 10:
                self.memory.note()

    def dark(self):
        worst, self.darkest, self.dark_since = self.darkest, 0.0, None
        return worst


def monitor():
    """Whether a monitor is plugged in."""
    with open("/sys/class/drm/card0-Virtual-1/status", encoding="ascii") as file:
        return file.read().strip() == "connected"


def blinks(line, milliseconds):
    """Looked at a hundred times a second."""
    [path] = glob.glob(f"/sys/devices/platform/*/gpiochip0/sim_gpio{line}/value")
    changes, before, end = 0, None, now() + milliseconds
    while now() < end:
        with open(path, encoding="ascii") as file:
            value = file.read()
        changes += before not in (None, value)
        before = value
        time.sleep(0.01)
    return changes


def ask_kiosk(method, parameters="{}"):
    """A call over varlink (https://varlink.org/Interface-Definition)."""
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(SOCKET)
        link.sendall(json.dumps({"method": f"org.kiosk.Kioskd.{method}", "parameters": json.loads(parameters)}).encode() + b"\0")
        reply = b""
        while not reply.endswith(b"\0"):
            more = link.recv(65_536)
            if not more:
                raise OSError("kioskd hung up")
            reply += more
    reply = json.loads(reply[:-1])
    return {"error": reply["error"], **reply["parameters"]} if reply.get("error") else reply["parameters"]


def until_opened(device):
    """Waits until a process has opened the event device of this new input device."""
    name = bytearray(64)
    fcntl.ioctl(device, 0x8040552C, name)  # UI_GET_SYSNAME
    directory = f"/sys/devices/virtual/input/{name.split(bytes(1))[0].decode()}"
    node = "/dev/input/" + next(entry for entry in os.listdir(directory) if entry.startswith("event"))
    while True:
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                files = os.listdir(f"/proc/{process}/fd")
                if any(os.readlink(f"/proc/{process}/fd/{each}") == node for each in files):
                    return
            except OSError:
                continue  # it ended, or closed the file, meanwhile
        time.sleep(0.05)


class InputDevice:
    """A new input device with these keys (Documentation/input/uinput.rst); made when somebody listens to it."""

    def __init__(self, name, codes):
        self.file = os.open("/dev/uinput", os.O_WRONLY)
        fcntl.ioctl(self.file, 0x40045564, 1)  # UI_SET_EVBIT EV_KEY
        for code in codes:
            fcntl.ioctl(self.file, 0x40045565, code)  # UI_SET_KEYBIT
        self.set_up()
        fcntl.ioctl(self.file, 0x405C5503, struct.pack("4H80sI", 3, 1, 1, 1, name, 0))  # UI_DEV_SETUP
        fcntl.ioctl(self.file, 0x5501)  # UI_DEV_CREATE
        until_opened(self.file)

    def set_up(self):
        """What it has beside keys."""

    def send(self, events):
        """(type, code, value) of each."""
        os.write(self.file, b"".join(struct.pack("llHHi", 0, 0, *event) for event in events))

    def unplug(self):
        fcntl.ioctl(self.file, 0x5502)  # UI_DEV_DESTROY
        os.close(self.file)


class Keyboard(InputDevice):
    def __init__(self, codes):
        super().__init__(b"keyboard", codes)

    def press(self, keys):
        """(code, 1 down or 0 up) of each."""
        self.send(event for code, value in keys for event in ((1, code, value), (0, 0, 0)))


class TouchScreen(InputDevice):
    """Touched where it shows (INPUT_PROP_DIRECT, Documentation/input/event-codes.rst)."""

    STEPS = 4095

    def __init__(self):
        super().__init__(b"touch screen", [BTN_TOUCH])

    def set_up(self):
        fcntl.ioctl(self.file, 0x40045564, 3)  # UI_SET_EVBIT EV_ABS
        fcntl.ioctl(self.file, 0x4004556E, 1)  # UI_SET_PROPBIT INPUT_PROP_DIRECT
        for axis in (0, 1):  # ABS_X, ABS_Y
            fcntl.ioctl(self.file, 0x401C5504, struct.pack("H2x6i", axis, 0, 0, self.STEPS, 0, 0, 0))  # UI_ABS_SETUP

    def touch(self, x, y):
        at = [(3, axis, round(part * self.STEPS)) for axis, part in enumerate((x, y))]
        self.send([*at, (1, BTN_TOUCH, 1), (0, 0, 0), (1, BTN_TOUCH, 0), (0, 0, 0)])


def storm(count, codes):
    """Ten events at once, a hundred times a second."""
    keyboard = Keyboard(codes)
    began = time.monotonic()
    for done in range(0, count, 10):
        time.sleep(max(0, began + done / 1_000 - time.monotonic()))
        keyboard.press((codes[n // 2 % len(codes)], 1 - n % 2) for n in range(done, min(done + 10, count)))
    took = (time.monotonic() - began) * 1000
    keyboard.unplug()
    return took


def main():
    voice, ears, eyes = Voice(), Ears(), Eyes()
    maker = clap.Maker(voice)
    touch_screens = []

    def points(columns, rows):
        found = open_screen().samples(columns=int(columns), rows=int(rows))
        if not found:
            return None
        swapped = bytearray(found)
        swapped[0::3], swapped[2::3] = found[2::3], found[0::3]
        return base64.b64encode(swapped).decode()

    def sees(colour):
        eyes.look_for([int(part) for part in colour.split(",")])

    commands = {
        "clock": now,
        "tone": lambda hertz: voice.speak(float(hertz)),
        "hears": lambda hertz: ears.listen_for(None if hertz == "any" else float(hertz)),
        "heard": lambda since: ears.memory.since(float(since)),
        "sees": sees,
        "seen": lambda since: eyes.memory.since(float(since)),
        "dark": eyes.dark,
        "points": points,
        "blinks": lambda line, milliseconds: blinks(int(line), float(milliseconds)),
        "kiosk": ask_kiosk,
        "touch-screen": lambda: touch_screens.append(TouchScreen()),
        "touch": lambda x, y: touch_screens[-1].touch(float(x), float(y)),
        "clap": lambda pattern, hertz: maker.clap(int(pattern), float(hertz)),
        "catch": ears.catcher.catch,
        "caught": ears.catcher.caught,
        "storm": lambda count, *codes: storm(int(count), [int(code) for code in codes]),
    }
    print("ready", flush=True)
    for line in sys.stdin:
        name, *arguments = line.split()
        try:
            answer = commands[name](*arguments)
        except Exception as error:  # the test outside says what it means
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), ".", sep="\n", flush=True)


if __name__ == "__main__":
    main()
