#!/usr/bin/python3
"""latency.py COUNT: presses the mute button so often and prints, as JSON, how many milliseconds later its light and the screen changed.

Twice: `edge` is from the write that pulls gpio-sim's line, `key` from the write of a key event to uinput; up to the first reading of the LED's line,
and the first look at what is scanned out, that differ. Under User Mode Linux a simulated interrupt waits for the next tick of the timer (HZ is
100): `edge` has up to 10 ms in it that no board has. The button has no debouncing (board.dts), kioskd is idle. This program has to look while kioskd
is busy on the same, only processor, so it goes first (SCHED_FIFO), and sleeps between its looks: half a millisecond for the light, one for the
screen. What it measures is rather too long than too short.
"""

import glob
import json
import os
import random
import sys
import time

sys.dont_write_bytecode = True
from eyes import Keyboard, open_screen  # noqa: E402

BUTTON, LIGHT, KEY_MICMUTE = 3, 9, 248
COLUMNS, ROWS = 64, 36
LIMIT_S = 5


def line(number, attribute, flags):
    [path] = glob.glob(f"/sys/devices/platform/*/gpiochip0/sim_gpio{number}/{attribute}")
    return os.open(path, flags)


class Board:
    def __init__(self):
        self.pull = line(BUTTON, "pull", os.O_WRONLY)
        self.light = line(LIGHT, "value", os.O_RDONLY)
        self.screen = open_screen()
        self.region = (0, 0, 1, 1)
        self.keyboard = Keyboard([KEY_MICMUTE])

    def edge(self, down):
        os.pwrite(self.pull, b"pull-down" if down else b"pull-up", 0)

    def key(self, down):
        self.keyboard.send([(KEY_MICMUTE, int(down))])

    def lit(self):
        return os.pread(self.light, 1, 0)

    def all_points(self):
        return self.screen.samples(columns=COLUMNS, rows=ROWS)

    def point(self):
        return self.screen.samples(self.region, 1, 1)


def changed(read, before, pause_s):
    """When a reading first differs."""
    end = time.monotonic() + LIMIT_S
    while read() == before:
        if time.monotonic() > end:
            sys.exit("latency: nothing changed")
        time.sleep(pause_s)
    return time.monotonic_ns()


def settled(board):
    """Waits until the screen has stood still for a while."""
    before, since = board.all_points(), time.monotonic()
    while time.monotonic() < since + 0.2:
        time.sleep(0.02)
        now = board.all_points()
        if now != before:
            before, since = now, time.monotonic()
    return before


def find_place(board):
    """A point of the screen that shows whether the kiosk is muted."""
    before = settled(board)
    board.edge(True)
    changed(board.all_points, before, 0.02)
    board.edge(False)
    after = settled(board)
    different = [at for at in range(COLUMNS * ROWS) if before[3 * at : 3 * at + 3] != after[3 * at : 3 * at + 3]]
    place = different[len(different) // 2]
    return place % COLUMNS / COLUMNS, place // COLUMNS / ROWS, 1 / COLUMNS, 1 / ROWS


def main():
    board = Board()
    board.region = find_place(board)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    times = {"edge to light": [], "edge to screen": [], "key to light": [], "key to screen": []}
    for name, finger in (("edge", board.edge), ("key", board.key)):
        for _ in range(int(sys.argv[1])):
            time.sleep(random.uniform(0.15, 0.25))  # at any time between two pictures of the screen
            light, point = board.lit(), board.point()
            began = time.monotonic_ns()
            finger(True)
            times[f"{name} to light"].append((changed(board.lit, light, 0.000_5) - began) / 1e6)
            times[f"{name} to screen"].append((changed(board.point, point, 0.001) - began) / 1e6)
            finger(False)
    print(json.dumps(times), flush=True)


main()
