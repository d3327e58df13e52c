"""A signaling server and a simulated kiosk, started for a test and ended by their process ids."""

import asyncio
import contextlib
import io
import json
import os
import re
import tempfile
from pathlib import Path

import numpy
from PIL import Image

ROOT = Path(__file__).parents[2]
# Seconds that anything may take: it is not speed that is tested here, and the independent stack wants most of a processor.
PATIENCE = 30
BINARIES = Path(os.environ.get("KIOSK_BINARIES", ROOT / "target/debug"))
# The kiosk's test camera: this colour, with a white ball that moves over it.
KIOSK_COLOUR, KIOSK_TONE_HZ = (32, 96, 160), 523


class Process:
    """A child whose log is kept for when the test fails."""

    def __init__(self, child, log):
        self.child, self.log, self._lines = child, log, asyncio.create_task(self._read())
        self._changed = asyncio.Event()

    @classmethod
    async def start(cls, *command):
        child = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL)
        return cls(child, [])

    async def _read(self):
        async for line in self.child.stderr:
            self.log.append(line.decode(errors="replace").rstrip())
            self._changed.set()
        self._changed.set()

    async def line(self, pattern, seconds=PATIENCE):
        """The match in the first log line that has this pattern."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    self._changed.clear()
                    for line in self.log:
                        if found := re.search(pattern, line):
                            return found
                    await self._changed.wait()
        raise AssertionError(f"no line with {pattern} in {seconds} s:\n" + "\n".join(self.log))

    async def end(self):
        if self.child.returncode is None:
            self.child.terminate()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self.child.wait()
            except TimeoutError:
                self.child.kill()
        await self._lines


class Stand:
    """Server and kiosk with their files in a directory of their own."""

    def __init__(self, pinned):
        self._directory = tempfile.TemporaryDirectory(prefix="kiosk-peers-")
        self.path, self.pinned = Path(self._directory.name), pinned

    async def __aenter__(self):
        self.server = await Process.start(BINARIES / "kiosk-server", "--bind", "127.0.0.1:0")
        address = (await self.server.line(r"listening.*address=(\S+)"))[1]
        self.url = f"ws://{address}/signaling"
        config = self.path / "kioskd.toml"
        config.write_text(f"""
[kiosk]
name = "Front door"
[server]
url = "{self.url}"
[trust]
unknown = "ring-unverified"
[[trust.peer]]
id = "{self.pinned}"
name = "Pinned desk"
[camera]
source = "test"
test_colour = "#{bytes(KIOSK_COLOUR).hex()}"
[sound]
microphone = "test"
test_tone_hz = {KIOSK_TONE_HZ}
loudspeaker = "file:{self.path}/loudspeaker.wav"
[paths]
state_dir = "{self.path}/state"
control_socket = "{self.path}/control"
""")
        self.kiosk = await Process.start(BINARIES / "kioskd", "--sim", "--config", config)
        await self.until(lambda status: status["link"]["state"] == "up")
        return self

    async def __aexit__(self, *_):
        await self.kiosk.end()
        await self.server.end()
        self._directory.cleanup()

    async def _run(self, *arguments):
        child = await asyncio.create_subprocess_exec(
            BINARIES / "kioskctl", "--socket", self.path / "control", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        out, err = await child.communicate()
        if child.returncode:
            raise AssertionError(f"kioskctl {' '.join(arguments)}: {err.decode()} {out.decode()}")
        return out

    async def ctl(self, *arguments):
        """The reply of kioskctl as an object."""
        return json.loads(await self._run(*arguments, "--json") or "null")

    async def until(self, condition, seconds=PATIENCE):
        """Asks for the status until it is so; kioskctl has no events."""
        status = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    with contextlib.suppress(AssertionError):
                        status = await self.ctl("status")
                        if condition(status):
                            return status
                    await asyncio.sleep(0.2)
        raise AssertionError(f"not within {seconds} s; status: {status}\n" + "\n".join(self.kiosk.log[-40:]))

    async def phase(self, wanted, seconds=PATIENCE):
        return await self.until(lambda status: (status["call"] or {}).get("phase") == wanted, seconds)

    async def screen(self):
        """What the panel shows, as an array of rows of RGB pixels."""
        return numpy.asarray(Image.open(io.BytesIO(await self._run("screenshot", "-"))).convert("RGB"))

    def heard(self):
        """What the loudspeaker played so far: 48 kHz, mono, 16 bit."""
        data = (self.path / "loudspeaker.wav").read_bytes()
        samples = data[data.index(b"data") + 8:]
        return numpy.frombuffer(samples[:len(samples) // 2 * 2], "<i2").astype(float)
