"""A call by an independent WebRTC stack (aiortc): its own picture and tone out, what comes back measured."""

import asyncio
import hashlib
import json
import time
from collections import defaultdict
from fractions import Fraction

import numpy
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame
from cryptography.hazmat.primitives.serialization import Encoding

from ksp import Message, Refused, envelope_hash, fingerprint_of, new_call, open_message
from stand import PATIENCE

RATE = 48_000
CHANNEL_MESSAGE_MOST = 16_384


class Picture(VideoStreamTrack):
    """One colour with a bar of another that moves to the right: 640x480."""

    def __init__(self, colour, bar):
        super().__init__()
        self.colour, self.bar, self.gate = colour, bar, False

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        pixels = numpy.zeros((480, 640, 3), numpy.uint8)
        if self.gate:
            pixels[:] = self.colour
            left = pts // 600 % 600
            pixels[:, left:left + 40] = self.bar
        frame = VideoFrame.from_ndarray(pixels, "rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """A sine, 20 ms at a time."""

    def __init__(self, hertz):
        super().__init__()
        self.hertz, self.gate, self._start, self._sent = hertz, False, time.monotonic(), 0

    async def recv(self):
        samples = RATE // 50
        await asyncio.sleep(max(0, self._start + self._sent / RATE - time.monotonic()))
        phase = 2 * numpy.pi * self.hertz * (self._sent + numpy.arange(samples)) / RATE
        wave = (numpy.sin(phase) * 12_000 * self.gate).astype(numpy.int16)
        frame = AudioFrame.from_ndarray(wave.reshape(1, -1), "s16", "mono")
        frame.pts, frame.time_base, frame.sample_rate = self._sent, Fraction(1, RATE), RATE
        self._sent += samples
        return frame


def dominant_frequency(samples, rate):
    """Hertz of the strongest partial."""
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
    spectrum[:3] = 0
    return float(numpy.argmax(spectrum) * rate / len(samples))


class Call:
    """One call with one peer, caller or callee. `ended` resolves with the type and the reason of how the peer ended it."""

    def __init__(self, link, peer, colour, bar, hertz):
        self.link, self.peer, self.id, self.outgoing = link, peer, None, False
        self.picture, self.tone = Picture(colour, bar), Tone(hertz)
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.confirmed, self.ended = asyncio.Event(), asyncio.get_running_loop().create_future()
        self.frames, self.early_frames, self.samples = [], 0, []
        self.chat, self.received, self.media = asyncio.Queue(), asyncio.Queue(), asyncio.Queue()
        self.seen = []   # types of all messages, in order
        self._seq, self._expected = defaultdict(int), defaultdict(int)
        self._held, self._tasks, self._channel = [], [], None
        self.pc.on("track", lambda track: self._spawn(self._take(track)))
        self.pc.on("datachannel", self._adopt)

    def __str__(self):
        dtls, sctp = self.pc.sctp.transport.state, self.pc.sctp.state
        return f"ICE {self.pc.iceConnectionState}, DTLS {dtls}, SCTP {sctp}, channel {self._channel and self._channel.readyState}, messages {self.seen}"

    # Caller and callee

    async def ring(self):
        """Calls the peer; returns when its answer is set."""
        self.id, self.outgoing = new_call(), True
        self.pc.addTrack(self.tone)
        self.pc.addTrack(self.picture)
        self._adopt(self.pc.createDataChannel("ksp"))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.pc.localDescription.sdp
        self.local_fingerprint = fingerprint_of(sdp)
        self.offer = await self._send("offer", {"sdp": sdp, "fp": self.local_fingerprint})
        await self._send("end-of-candidates", {})
        self._spawn(self._listen())

    async def accept(self, offer):
        """Answers this offer."""
        self.id, self.offer = offer.payload["call"], offer.hash
        self._expected["link"] = 1
        await self._send("ringing", {})
        await self._set_remote(offer, "offer")
        self.pc.addTrack(self.tone)
        self.pc.addTrack(self.picture)
        # aiortc's DTLS client only knows the cipher suites of ECDSA, and the kiosk's certificate is RSA: so it is the server.
        made = await self.pc.createAnswer()
        passive = made.sdp.replace("a=setup:active", "a=setup:passive")
        await self.pc.setLocalDescription(RTCSessionDescription(passive, "answer"))
        sdp = self.pc.localDescription.sdp
        self.local_fingerprint = fingerprint_of(sdp)
        self.answer = await self._send("answer", {"sdp": sdp, "fp": self.local_fingerprint}, re=self.offer)
        await self._send("end-of-candidates", {})
        self._spawn(self._listen())

    async def hang_up(self):
        await self._send("bye", {"why": "hang-up"})
        await self.close()

    async def close(self):
        for task in self._tasks:
            task.cancel()
        await self.pc.close()

    # Messages

    async def _send(self, t, body, re=None):
        envelope = self._seal("link", t, body, re)
        await self.link.send(self.peer, envelope)
        return envelope_hash(envelope)

    def _seal(self, transport, t, body, re=None):
        seq = self._seq[transport]
        self._seq[transport] += 1
        return self.link.seal(self.peer, self.id, seq, t, body, re)

    def say(self, t, body):
        """On the data channel."""
        text = json.dumps(self._seal("channel", t, body), separators=(",", ":"))
        assert len(text) <= CHANNEL_MESSAGE_MOST
        self._channel.send(text)

    async def _listen(self):
        while True:
            message = await self.link.messages.get()
            if message.payload["call"] == self.id:
                self._in_order(message, "link")
                await self._on_link(message)

    def _in_order(self, message, transport):
        self.seen.append(message.t)
        seq, expected = message.payload["seq"], self._expected[transport]
        may_skip = transport == "channel" and not self.confirmed.is_set()
        if seq < expected or (seq > expected and not may_skip):
            raise Refused("out-of-order")
        self._expected[transport] = seq + 1

    async def _on_link(self, message):
        match message.t:
            case "answer":
                if message.payload["re"] != self.offer:
                    raise Refused("answer-mismatch")
                self.answer = message.hash
                await self._set_remote(message, "answer")
            case "candidates":
                self._held += message.body["candidates"]
                await self._add_candidates()
            case "end-of-candidates":
                self._held.append(None)
                await self._add_candidates()
            case "reject" | "bye":
                self._end(message)

    def _end(self, message):
        if not self.ended.done():
            self.ended.set_result((message.t, message.body["why"]))

    async def _set_remote(self, message, kind):
        self.remote_fingerprint = message.body["fp"]
        await self.pc.setRemoteDescription(RTCSessionDescription(message.body["sdp"], kind))
        await self._add_candidates()

    async def _add_candidates(self):
        if self.pc.remoteDescription is None:
            return
        held, self._held = self._held, []
        for init in held:
            if init is None:
                await self.pc.addIceCandidate(None)
            elif " udp " in init["candidate"].lower():   # aiortc has no ICE over TCP
                candidate = candidate_from_sdp(init["candidate"].removeprefix("candidate:"))
                candidate.sdpMid, candidate.sdpMLineIndex = init["sdpMid"], init["sdpMLineIndex"]
                await self.pc.addIceCandidate(candidate)

    # The data channel

    def _adopt(self, channel):
        if channel.label == "ksp-file":   # a peer need not have it: its offers are never accepted
            return
        if channel.label != "ksp":
            raise Refused("unexpected")
        self._channel = channel
        channel.on("message", self._on_channel)
        if self.outgoing:
            return
        if channel.readyState == "open":
            self._spawn(self._confirm_until_answered())
        else:
            channel.on("open", lambda: self._spawn(self._confirm_until_answered()))

    async def _confirm_until_answered(self):
        while not self.confirmed.is_set():
            self._confirm()
            await asyncio.sleep(0.5)

    def _confirm(self):
        """§7 rules 13 and 14: the certificate of the handshake is the signed one; say so."""
        certificate = self.pc.sctp.transport._ssl.get_peer_certificate(as_cryptography=True)
        seen = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
        if seen != self.remote_fingerprint:
            raise Refused("certificate-mismatch")
        self.seen_fingerprint = seen
        self.say("confirm", {"lfp": self.local_fingerprint, "rfp": seen, "offer": self.offer, "answer": self.answer})

    def _on_channel(self, text):
        envelope = json.loads(text)
        payload = open_message(envelope, self.link.peers[self.peer], self.link.identity.id, self.link.key.id, self.link.room, "channel")
        message = Message(payload, envelope_hash(envelope))
        if payload["call"] != self.id:
            raise Refused("unknown-call")
        self._in_order(message, "channel")
        if message.t != "confirm" and not self.confirmed.is_set():
            raise Refused("not-confirmed")
        match message.t:
            case "confirm":
                wanted = {"lfp": self.remote_fingerprint, "rfp": self.local_fingerprint, "offer": self.offer, "answer": self.answer}
                if message.body != wanted:
                    raise Refused("confirm-mismatch")
                if self.outgoing:
                    self._confirm()
                if self.confirmed.is_set():
                    return
                self.confirmed.set()
                self.picture.gate = self.tone.gate = True
                self.say("media", {"audio": True, "video": True, "screen": False, "hold": False})
                self._spawn(self._ping())
            case "chat":
                self.say("chat-received", {"id": message.body["id"]})
                self.chat.put_nowait(message.body["text"])
            case "chat-received":
                self.received.put_nowait(message.body["id"])
            case "media":
                self.media.put_nowait(message.body)
            case "ping":
                self.say("pong", message.body)
            case "bye":
                self._end(message)

    async def _ping(self):
        for n in range(1_000_000):
            self.say("ping", {"n": n})
            await asyncio.sleep(0.5)

    # Media

    def _spawn(self, work):
        self._tasks.append(asyncio.create_task(work))

    async def _take(self, track):
        while True:
            frame = await track.recv()
            if not self.confirmed.is_set():
                self.early_frames += 1
            elif track.kind == "video":
                self.frames = [*self.frames[-60:], frame.to_ndarray(format="rgb24")]
            else:
                wave = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
                self.samples = [*self.samples[-100:], wave]

    async def until(self, condition, seconds=PATIENCE):
        """Waits for what arrives frame by frame."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.05)
