"""KSP/1 for Python, written from docs/protocol.md alone: keys, envelopes, sign-in and the receiver's order of checks."""

import asyncio
import hashlib
import json
import os
import re
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

HEADERS = {kind: {"alg": "ES256", "typ": kind} for kind in ("ksp1", "ksp1-sess", "ksp1-memb")}
PROTECTED = {
    "ksp1": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEifQ",
    "ksp1-sess": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtc2VzcyJ9",
    "ksp1-memb": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtbWVtYiJ9",
}
MESSAGE_MEMBERS = {"v", "t", "from", "fs", "to", "ts", "room", "call", "seq", "re", "at", "body"}
CERTIFICATE_MEMBERS = {"v", "id", "sk", "epoch", "aud", "sn", "nb", "na", "role", "name", "room"}
MEMBERSHIP_MEMBERS = {"v", "op", "sub", "serial", "nb", "na", "role", "room"}
CANDIDATE_MEMBERS = {"candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"}
LINK = {
    "offer": {"sdp", "fp"}, "answer": {"sdp", "fp"}, "ringing": set(), "candidates": {"candidates"}, "end-of-candidates": set(),
    "reject": {"why"}, "bye": {"why"},
}
WATCHED = {"fingerprint", "crypto", "ice-ufrag", "ice-pwd", "setup", "group", "mid", "bundle-only"}
CHANNEL = {
    "confirm": {"lfp", "rfp", "offer", "answer"}, "chat": {"id", "text"}, "chat-received": {"id"},
    "media": {"audio", "video", "screen", "hold"}, "ask": {"id", "what", "value"}, "reply": {"id", "granted"},
    "file-offer": {"id", "name", "type", "size", "sha256"}, "file-accept": {"id", "offset"}, "file-progress": {"id", "received"},
    "file-done": {"id"}, "file-cancel": {"id", "why"}, "show": {"id"}, "ping": {"n"}, "pong": {"n"}, "bye": {"why"},
}
OUTSIDE = {
    **{t: CHANNEL[t] for t in ("chat", "chat-received", "ask", "reply")}, "status": {"state", "faults", "unread"},
    "pair-commit": {"commit"}, "pair-reveal": {"nonce"}, "pair-confirm": set(), "pair-cancel": set(),
}
MEMBERS = {**LINK, **CHANNEL, **OUTSIDE}
OPTIONAL = {"offer": {"resume"}}
WISHES = {
    "mute", "camera-off", "volume", "share-stop", "unmute", "camera-on", "snapshot-camera", "snapshot-panel", "share-panel",
    "share-document", "restart",
}
NO_CALL = "A" * 22
LARGEST = 2 ** 53 - 1


class Refused(Exception):
    """Something received is not as docs/protocol.md wants it. The argument is a reason code of §8."""


def b64u(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(data):
    """b64u(SHA-256), the form of every id and hash."""
    return b64u(hashlib.sha256(data).digest())


def envelope_hash(envelope):
    return digest(f"{envelope['protected']}.{envelope['payload']}".encode())


class Key:
    """A P-256 key pair with its public half as the protocol writes it."""

    def __init__(self, secret=None):
        private = ec.generate_private_key(ec.SECP256R1()) if secret is None else ec.derive_private_key(secret, ec.SECP256R1())
        self.raw = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = b64u(self.raw)
        self.id = digest(self.raw)
        self._jwk = ECKey.import_key(private)

    def sign(self, kind, payload):
        """A flattened JWS over the payload (an object)."""
        text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        envelope = jws.serialize_json({"protected": HEADERS[kind]}, text, self._jwk, algorithms=["ES256"])
        assert envelope["protected"] == PROTECTED[kind], "the header has to be this one, byte for byte"
        return {member: envelope[member] for member in ("protected", "payload", "signature")}


def _no_duplicates(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("payload-syntax")
    return members


def _depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, (dict, list)) else 0


def parse(payload):
    """One JSON object of an envelope's payload, without duplicate members, at most 8 deep."""
    try:
        value = json.loads(unb64u(payload).decode(), object_pairs_hook=_no_duplicates)
    except ValueError as error:
        raise Refused("payload-syntax") from error
    if not isinstance(value, dict) or _depth(value) > 8:
        raise Refused("payload-syntax")
    return value


def verify(kind, envelope, public):
    """Checks header, signature length and signature, in this order, and only then parses the payload."""
    if set(envelope) != {"protected", "payload", "signature"} or not all(isinstance(part, str) for part in envelope.values()):
        raise Refused("frame-syntax")
    if envelope["protected"] != PROTECTED[kind]:
        raise Refused("header")
    if len(envelope["signature"]) != 86:
        raise Refused("signature-length")
    check_signature(kind, envelope, public)
    return parse(envelope["payload"])


def check_signature(kind, envelope, public):
    try:
        raw = unb64u(public)
        key = ECKey.import_key(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw))
    except ValueError as error:
        raise Refused("key") from error
    try:
        signed = jws.deserialize_json(envelope, key, algorithms=["ES256"])
    except (JoseError, ValueError) as error:
        raise Refused("signature") from error
    if signed.member.protected != HEADERS[kind]:
        raise Refused("header")


@dataclass
class Certificate:
    """What a peer certified of its session."""

    peer: str
    session: str
    payload: dict


def open_certificate(envelope, room, now):
    """Reads the `id` inside to verify with: a certificate vouches for itself, its hash is the PeerId."""
    claimed = parse(envelope["payload"]) if envelope.get("protected") == PROTECTED["ksp1-sess"] else {}
    payload = verify("ksp1-sess", envelope, claimed.get("id", ""))
    if set(payload) != CERTIFICATE_MEMBERS:
        raise Refused("payload-syntax")
    if payload["room"] != room:
        raise Refused("room")
    if payload["nb"] != 0 and not payload["nb"] - 60 <= now <= payload["na"] + 60:
        raise Refused("expired")
    return Certificate(digest(unb64u(payload["id"])), digest(unb64u(payload["sk"])), payload)


def open_membership(envelope, operator, bearer, now):
    """Whether a pinned operator key vouches for the bearer of a session certificate."""
    payload = verify("ksp1-memb", envelope, operator)
    if set(payload) != MEMBERSHIP_MEMBERS:
        raise Refused("payload-syntax")
    if payload["sub"] != bearer.peer:
        raise Refused("peer-id")
    if payload["role"] != bearer.payload["role"]:
        raise Refused("role")
    if payload["room"] not in ("*", bearer.payload["room"]):
        raise Refused("room")
    if now < payload["nb"] - 60:
        raise Refused("not-yet-valid")
    if now > payload["na"] + 60:
        raise Refused("expired")
    return payload


def open_message(envelope, certificate, me, session, room, transport):
    """§7 rules 2, 3, 5, 6, 7 and 12."""
    payload = verify("ksp1", envelope, certificate.payload["sk"])
    if payload.get("v") != 1:
        raise Refused("version")
    t, body = payload.get("t"), payload.get("body")
    if set(payload) != MESSAGE_MEMBERS or t not in MEMBERS or not isinstance(payload["seq"], int) or payload["seq"] < 0:
        raise Refused("payload-syntax")
    way = CHANNEL if transport == "channel" else OUTSIDE if payload["call"] == NO_CALL else LINK
    if t not in way or (transport == "channel" and payload["call"] == NO_CALL):
        raise Refused("wrong-transport")
    if set(body) - OPTIONAL.get(t, set()) != MEMBERS[t] or any(set(each) != CANDIDATE_MEMBERS for each in body.get("candidates", ())):
        raise Refused("payload-syntax")
    if not isinstance(body.get("resume", ""), str):
        raise Refused("payload-syntax")
    if t == "ask" and body["what"] not in WISHES:
        raise Refused("payload-syntax")
    if (payload["from"], payload["fs"]) != (certificate.peer, certificate.session):
        raise Refused("wrong-sender")
    if payload["to"] != me:
        raise Refused("not-for-me")
    if payload["ts"] != session:
        raise Refused("stale-session")
    if payload["room"] != room:
        raise Refused("room")
    if (payload["re"] is None) == (t == "answer"):
        raise Refused("answer-mismatch")
    if not is_within_limits(t, body):
        raise Refused("body-limit")
    if t in ("offer", "answer"):
        if check_sdp(body["sdp"], t) != body["fp"]:
            raise Refused("sdp-fingerprint-mismatch")
    return payload


def is_within_limits(t, body):
    """The limits of §6."""
    match t:
        case "chat":
            return body["text"].strip() and len(body["text"]) <= 4_000 and len(body["text"].encode()) <= 8_192
        case "offer":
            return body.get("resume") != NO_CALL
        case "ask" if body["what"] == "volume":
            return isinstance(body["value"], int) and 0 <= body["value"] <= 100
        case "ask":
            return body["value"] is None
        case "file-offer":
            name = body["name"]
            is_name = 1 <= len(name) <= 128 and not re.search(r"[\x00-\x1f\x7f-\x9f/\\]", name)
            return is_name and re.fullmatch(r"[!-~]{1,100}", body["type"]) and 1 <= body["size"] <= LARGEST
        case "status":
            return len(set(body["faults"])) == len(body["faults"])
    return True


def check_sdp(sdp, kind):
    """The SDP policy of §7. Returns the fingerprint, lower-case hex without colons."""
    if len(sdp.encode()) > 32_768:
        raise Refused("sdp-size")
    lines = sdp.replace("\r\n", "\n").split("\n")
    if lines.pop() != "" or not all(re.fullmatch(r"[a-z]=[\t\x20-\x7e]*", line) or re.fullmatch(r"s=[^\x00-\x1f]*", line) for line in lines):
        raise Refused("sdp-syntax")
    names = {match[1] for line in lines if (match := re.match(r"a=([^:]*)", line))}
    if any(name != name.lower() and name.lower() in WATCHED for name in names):
        raise Refused("sdp-syntax")
    starts = [number for number, line in enumerate(lines) if line.startswith("m=")]
    if not 1 <= len(starts) <= 16:
        raise Refused("sdp-sections")
    parts = [lines[:starts[0]]] + [lines[begin:end] for begin, end in zip(starts, starts[1:] + [None])]
    if any(line.startswith(("k=", "a=crypto:")) for line in lines):
        raise Refused("sdp-crypto")
    if any(part[0].split()[2] not in ("UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP") for part in parts[1:]):
        raise Refused("sdp-protocol")
    fingerprint = common_fingerprint([parts[0]] + [part for part in parts[1:] if part[0].split()[1] != "0"])
    live = [part for part in parts[1:] if part[0].split()[1] != "0" or "a=bundle-only" in part]
    mids = {line[6:] for part in live for line in part if line.startswith("a=mid:")}
    bundles = [line.split()[1:] for line in lines if line.startswith("a=group:BUNDLE")]
    if len(bundles) != 1 or set(bundles[0]) != mids or len(mids) != len(live):
        raise Refused("sdp-bundle")
    for name in ("a=ice-ufrag:", "a=ice-pwd:"):
        if len({line for line in lines if line.startswith(name)}) != 1:
            raise Refused("sdp-ice")
    setups = {line for line in lines if line.startswith("a=setup:")}
    if not setups or not setups <= ({"a=setup:actpass"} if kind == "offer" else {"a=setup:active", "a=setup:passive"}):
        raise Refused("sdp-setup")
    return fingerprint


def common_fingerprint(parts):
    """Every section is covered by a SHA-256 fingerprint, and all are the same."""
    covered, found = [], set()
    for part in parts:
        strong = False
        for line in part:
            if line.startswith("a=fingerprint:"):
                match line.removeprefix("a=fingerprint:").split():
                    case ["sha-256", value] if re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}", value):
                        strong = True
                        found.add(value.replace(":", "").lower())
                    case ["sha-384" | "sha-512", _]:
                        pass
                    case ["sha-256", *_]:
                        raise Refused("sdp-syntax")
                    case _:
                        raise Refused("sdp-fingerprint-algorithm")
        covered.append(strong)
    if len(found) > 1:
        raise Refused("sdp-fingerprint-mismatch")
    if not (covered[0] or all(covered[1:])):
        raise Refused("sdp-fingerprint-missing")
    return found.pop()


def fingerprint_of(sdp):
    """The SHA-256 fingerprint of our own description, lower-case hex without colons."""
    return re.search(r"^a=fingerprint:sha-256 (\S+)\r?$", sdp, re.MULTILINE)[1].replace(":", "").lower()


@dataclass
class Message:
    """A message that passed the checks."""

    payload: dict
    hash: str

    @property
    def t(self):
        return self.payload["t"]

    @property
    def body(self):
        return self.payload["body"]


@dataclass
class Link:
    """One session signed in at the server."""

    url: str
    identity: Key
    room: str = "lobby"
    name: str = "An independent peer"
    role: str = "operator"
    epoch: int = 1
    key: Key = field(default_factory=Key)
    peers: dict = field(default_factory=dict)
    messages: asyncio.Queue = field(default_factory=asyncio.Queue)   # of calls
    outside: asyncio.Queue = field(default_factory=asyncio.Queue)   # of no call
    refused: list = field(default_factory=list)

    async def __aenter__(self):
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(self.url, max_msg_size=65_536, compress=0)
        self._changed = asyncio.Condition()
        await self._sign_in(await self._socket.receive_json())
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        self._reader.cancel()
        await self._socket.close()
        await self._http.close()

    async def _sign_in(self, hello):
        if hello["t"] != "hello" or 1 not in hello["v"]:
            raise Refused("version")
        if _origin(hello["aud"]) != _origin(self.url):
            raise Refused("audience")
        now = int(time.time())
        nonce = {"sn": hello["nonce"], "aud": hello["aud"]}
        sess = self.identity.sign("ksp1-sess", {
            "v": 1, "id": self.identity.public, "sk": self.key.public, "epoch": self.epoch, **nonce, "nb": now - 5, "na": now + 3600,
            "role": self.role, "name": self.name, "room": self.room})
        pop = self.key.sign("ksp1", {"v": 1, "t": "auth", **nonce, "fs": self.key.id})
        await self._socket.send_json({"t": "auth", "room": self.room, "sess": sess, "memb": [], "pop": pop})
        welcome = await self._socket.receive_json()
        if welcome["t"] != "welcome" or welcome["you"] != self.identity.id:
            raise Refused("unexpected")
        for peer in welcome["peers"]:
            self._learn(peer)

    def _learn(self, peer):
        certificate = open_certificate(peer["sess"], self.room, time.time())
        known = self.peers.get(certificate.peer)
        if known and certificate.payload["epoch"] < known.payload["epoch"]:
            raise Refused("epoch")
        self.peers[certificate.peer] = certificate

    async def _read(self):
        async for frame in self._socket:
            try:
                await self._received(json.loads(frame.data))
            except Refused as refused:
                self.refused.append(refused.args[0])
                print(f"refused: {refused}", file=sys.stderr)
            async with self._changed:
                self._changed.notify_all()

    async def _received(self, frame):
        match frame["t"]:
            case "joined":
                self._learn(frame["peer"])
            case "left":
                self.peers.pop(frame["peer"], None)
            case "msg":
                if frame["from"] not in self.peers:
                    raise Refused("unknown-peer")
                certificate, envelope = self.peers[frame["from"]], frame["m"]
                payload = open_message(envelope, certificate, self.identity.id, self.key.id, self.room, "link")
                queue = self.outside if payload["call"] == NO_CALL else self.messages
                await queue.put(Message(payload, envelope_hash(envelope)))

    async def wait_for_peer(self, role):
        """The PeerId of the first peer of this role, which may join later."""
        def found():
            return next((peer for peer, certificate in self.peers.items() if certificate.payload["role"] == role), None)
        async with self._changed:
            await self._changed.wait_for(found)
        return found()

    def seal(self, to, call, seq, t, body, re=None):
        """An envelope for the peer's session of now."""
        return self.key.sign("ksp1", {
            "v": 1, "t": t, "from": self.identity.id, "fs": self.key.id, "to": to, "ts": self.peers[to].session, "room": self.room,
            "call": call, "seq": seq, "re": re, "at": int(time.time() * 1000), "body": body})

    async def send(self, to, envelope):
        await self._socket.send_json({"t": "msg", "to": to, "m": envelope})


def _origin(url):
    """Scheme, host, port and path; default ports elided."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"ws": 80, "wss": 443}[parts.scheme], parts.path


def new_call():
    return b64u(os.urandom(16))
