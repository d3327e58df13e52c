"""A clap: one moment that is seen and heard. What it takes to find out, at the other end of a call, how much later its sound is than its picture.

`Maker` changes the camera's test picture when the microphone gets another tone. `Catcher` says when the middle of the screen has another colour, and
when the loudspeaker is no longer quiet. A camera shows a moment only with its next frame: half a frame later than it is made, in the mean of many.
Both moments are of the kernel's: the loopback card moves its sound every tick of its timer (10 ms at HZ=100).
"""

import ctypes
import fcntl
import glob
import os
import struct
import threading
import time

VIDIOC_S_CTRL = 0xC008561C
TEST_PATTERN = 0x00F0F000  # VIVID_CID_TEST_PATTERN (drivers/media/test-drivers/vivid/vivid-ctrls.c)
MIDDLE = (0.48, 0.48, 0.04, 0.04)
OTHER_COLOUR = 90
LOUD = 1_000  # of 32,767
QUIET_MS = 300
LOOK_S = 0.002


def now():
    return time.time() * 1000


def delay_ms(alsa, pcm, rate):
    """How long ago the next sample to be read was recorded, or until the next one that is written is played (snd_pcm_delay)."""
    frames = ctypes.c_long()
    return frames.value * 1000 / rate if alsa.snd_pcm_delay(pcm.handle, ctypes.byref(frames)) >= 0 else 0.0


def camera():
    for name in glob.glob("/sys/class/video4linux/video*/name"):
        with open(name, encoding="ascii") as file:
            if file.read().startswith("vivid-") and os.path.exists(f"/dev/{name.split('/')[-2]}"):
                return os.open(f"/dev/{name.split('/')[-2]}", os.O_RDWR)
    raise OSError("there is no vivid")


class Maker:
    """Of a clap, with the voice that the microphone hears."""

    def __init__(self, voice):
        self.voice = voice

    def clap(self, pattern, hertz):
        """When its sound and its picture were made."""
        device = camera()
        try:
            sound = self.voice.turn(hertz)
            time.sleep(max(0, sound - now()) / 1000)
            fcntl.ioctl(device, VIDIOC_S_CTRL, struct.pack("Ii", TEST_PATTERN, pattern))
            return {"sound": sound, "picture": now()}
        finally:
            os.close(device)


class Catcher:
    """Of one clap at a time."""

    def __init__(self, open_screen):
        self.open_screen = open_screen
        self.sound = self.picture = None
        self.quiet_since = None
        self.quiet = threading.Event()
        self.armed = False

    def catch(self):
        """Returns when the loudspeaker is quiet: from now on it is waited for."""
        self.sound = self.picture = self.quiet_since = None
        self.quiet.clear()
        self.armed = True
        if not self.quiet.wait(20):
            raise TimeoutError("the loudspeaker is not quiet")
        threading.Thread(target=self._watch, daemon=True).start()

    def listen(self, samples, end, step_ms):
        """A piece of what the loudspeaker plays, one channel; when it ended."""
        if not self.armed:
            return
        loud = next((at for at, sample in enumerate(samples) if abs(sample) > LOUD), None)
        if self.quiet_since is None or (loud is not None and end - self.quiet_since < QUIET_MS):
            self.quiet_since = end
        elif loud is None and end - self.quiet_since >= QUIET_MS:
            self.quiet.set()
        elif loud is not None:
            self.sound, self.armed = end - (len(samples) - loud) * step_ms, False

    def _watch(self):
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_FIFO, os.sched_param(1))
        screen = self.open_screen()
        before, limit = screen.samples(MIDDLE, 1, 1), now() + 20_000
        while now() < limit:
            seen = screen.samples(MIDDLE, 1, 1)
            if before and seen and sum(abs(one - other) for one, other in zip(before, seen)) > OTHER_COLOUR:
                self.picture = now()
                return
            time.sleep(LOOK_S)

    def caught(self):
        """When it was heard and seen; null: not both yet."""
        if self.sound is None or self.picture is None:
            return None
        return {"sound": self.sound, "picture": self.picture}
