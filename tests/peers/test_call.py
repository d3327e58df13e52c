"""An independent WebRTC stack calls the kiosk, and is called by it: picture, tone and chat, both ways."""

import asyncio
import unittest

import numpy

from call import RATE, Call, dominant_frequency
from ksp import Key, Link, b64u
from stand import KIOSK_COLOUR, KIOSK_TONE_HZ, PATIENCE, Stand

COLOUR, BAR = (200, 40, 160), (30, 220, 60)
TONE_HZ = 1_000


def near(pixel, colour, margin=40):
    """VP8 and the kiosk's scaling move colours a little."""
    return numpy.all(numpy.abs(pixel.astype(int) - colour) <= margin, axis=-1)


class Calls(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)   # it slows the media down, and logs that
        self.identity = Key()
        self.stand = await self.enterAsyncContext(Stand(self.identity.id))

    def link(self, **options):
        return Link(self.stand.url, self.identity, **options)

    async def test_it_calls_the_kiosk(self):
        async with self.link() as link:
            call = Call(link, await link.wait_for_peer("kiosk"), COLOUR, BAR, TONE_HZ)
            await call.ring()
            status = await self.stand.phase("ringing_in")
            self.assertEqual((status["call"]["name"], status["call"]["verified"]), ("Pinned desk", True))
            await self.stand.ctl("answer")
            await self.converse(call)
            await call.hang_up()
            await self.stand.until(lambda status: status["call"] is None)

    async def test_the_kiosk_calls_it(self):
        async with self.link() as link:
            await self.stand.until(lambda status: status["peers"] == 1)
            async with asyncio.timeout(PATIENCE):
                told = await link.outside.get()
                self.assertEqual((told.t, told.body["state"]), ("status", "idle"))
                await self.stand.ctl("press", "call")
                offer = await link.messages.get()
            self.assertEqual(offer.t, "offer")
            call = Call(link, offer.payload["from"], COLOUR, BAR, TONE_HZ)
            await call.accept(offer)
            await self.converse(call)
            await self.stand.ctl("hang-up")
            async with asyncio.timeout(PATIENCE):
                self.assertEqual(await call.ended, ("bye", "hang-up"))
            await call.close()

    async def test_a_stranger_rings_as_unverified_and_is_rejected(self):
        async with Link(self.stand.url, Key()) as link:
            call = Call(link, await link.wait_for_peer("kiosk"), COLOUR, BAR, TONE_HZ)
            await call.ring()
            status = await self.stand.phase("ringing_in")
            self.assertFalse(status["call"]["verified"])
            await self.stand.ctl("hang-up")
            async with asyncio.timeout(PATIENCE):
                self.assertEqual(await call.ended, ("reject", "declined"))
            self.assertEqual((call.early_frames, call.frames), (0, []))
            await call.close()

    async def converse(self, call):
        """The call is up: everything arrives, in both directions, and nothing did before both sides had confirmed."""
        try:
            async with asyncio.timeout(PATIENCE):
                await call.confirmed.wait()
                self.assertEqual(await call.media.get(), {"audio": True, "video": True, "screen": False, "hold": False})
        except TimeoutError:
            self.fail("\n".join([f"not up within {PATIENCE} s: {call}", *self.stand.kiosk.log[-60:]]))
        self.assertEqual(call.seen_fingerprint, call.remote_fingerprint)
        await call.until(lambda: len(call.frames) >= 30 and len(call.samples) >= 75)
        self.assertEqual(call.early_frames, 0)
        self.check_received(call)
        await self.check_shown()
        await self.check_heard()
        await self.chat(call)
        status = await self.stand.phase("in_call")
        self.assertGreater(status["call"]["statistics"]["framesDecoded"], 0)
        self.assertEqual(status["refusals"], {})

    def check_received(self, call):
        first, last = call.frames[-20], call.frames[-1]
        self.assertEqual(last.shape, (480, 640, 3))
        for corner in (470, 10), (470, 630):   # where neither the ball nor the time stamp is
            self.assertTrue(near(last[corner], KIOSK_COLOUR), f"at {corner}: {last[corner]}")
        self.assertGreater(numpy.abs(first.astype(int) - last).max(), 60, "the picture stands still")
        wave = numpy.concatenate(call.samples[-50:]).astype(float)
        self.assertGreater(numpy.sqrt(numpy.mean(wave ** 2)), 100)
        self.assertAlmostEqual(dominant_frequency(wave, RATE), KIOSK_TONE_HZ, delta=5)

    async def check_shown(self):
        """Our colour is on the kiosk's screen, and the bar moves over it."""
        bars = set()
        async with asyncio.timeout(PATIENCE):
            while len(bars) < 2:
                screen = await self.stand.screen()
                columns = near(screen, BAR).sum(axis=0)
                if near(screen, COLOUR).mean() > 0.2 and columns.max() > screen.shape[0] // 5:
                    bars.add(int(columns.argmax()))

    async def check_heard(self):
        async with asyncio.timeout(PATIENCE):
            while True:
                wave = self.stand.heard()[-RATE // 2:]
                if len(wave) > RATE // 4 and abs(dominant_frequency(wave, RATE) - TONE_HZ) < 5:
                    return
                await asyncio.sleep(0.2)

    async def chat(self, call):
        line = b64u(bytes(16))
        call.say("chat", {"id": line, "text": "Grüße vom Tresen"})
        async with asyncio.timeout(PATIENCE):
            self.assertEqual(await call.received.get(), line)
        self.assertEqual((await self.stand.ctl("status"))["unread"], 1)
        history = await self.stand.ctl("chat", "history")
        self.assertEqual([said["text"] for said in history["lines"]], ["Grüße vom Tresen"])
        await self.stand.ctl("chat", "send", "Komme gleich")
        async with asyncio.timeout(PATIENCE):
            self.assertEqual(await call.chat.get(), "Komme gleich")


if __name__ == "__main__":
    unittest.main()
