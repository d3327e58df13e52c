"""The test vectors of wire/vectors, checked by an independent JWS library and an independent reading of docs/protocol.md."""

import json
import unittest
from pathlib import Path

from ksp import Key, Refused, check_sdp, digest, envelope_hash, open_certificate, open_membership, open_message, unb64u, verify

VECTORS = Path(__file__).parents[2] / "wire/vectors"


def load(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def reason_of(check, *arguments):
    try:
        check(*arguments)
    except Refused as refused:
        return refused.args[0]
    return None


class Vectors(unittest.TestCase):
    def test_certificates(self):
        vectors = load("certificates")
        for role in ("kiosk", "operator"):
            peer = vectors[role]
            key = Key(int(peer["identity_seed"], 16))
            self.assertEqual((key.public, key.id), (peer["identity_key"], peer["peer_id"]))
            certificate = open_certificate(peer["sess"], "lobby", 1_790_000_000)
            self.assertEqual((certificate.peer, certificate.payload["role"]), (peer["peer_id"], role))
            self.assertEqual(envelope_hash(peer["sess"]), peer["hash"])
            self.assertEqual(unb64u(peer["sess"]["payload"]).decode(), peer["payload"])
            pop = verify("ksp1", peer["pop"], certificate.payload["sk"])
            self.assertEqual((pop["aud"], pop["fs"]), (vectors["audience"], digest(unb64u(certificate.payload["sk"]))))

    def test_memberships(self):
        vectors = load("memberships")
        bearer = open_certificate(vectors["bearer"], "lobby", vectors["now"])
        for case in vectors["cases"]:
            with self.subTest(case["name"]):
                check = (case["envelope"], vectors["operator_key"], bearer, vectors["now"])
                self.assertEqual(reason_of(open_membership, *check), case["reason"])

    def test_messages(self):
        vectors = load("messages")
        sender, me = open_certificate(vectors["sender"], "lobby", 1_790_000_000), vectors["recipient"]
        for case in vectors["cases"]:
            with self.subTest(case["name"]):
                check = (case["envelope"], sender, me["peer"], me["session"], me["room"], case["transport"])
                self.assertEqual(reason_of(open_message, *check), case["reason"])
                if case["reason"] is None:
                    self.assertEqual(open_message(*check), json.loads(case["payload"]))
                    self.assertEqual(envelope_hash(case["envelope"]), case["hash"])

    def test_descriptions(self):
        for case in load("sdp"):
            with self.subTest(case["name"]):
                self.assertEqual(reason_of(check_sdp, case["sdp"], case["type"]), case["reason"])
                if case["reason"] is None:
                    self.assertEqual(check_sdp(case["sdp"], case["type"]), case["fp"])

    def test_a_changed_byte_is_refused(self):
        vectors = load("messages")
        sender, me = open_certificate(vectors["sender"], "lobby", 1_790_000_000), vectors["recipient"]
        envelope = next(case["envelope"] for case in vectors["cases"] if case["name"] == "bye")
        for position in range(len(envelope["payload"])):
            letters = list(envelope["payload"])
            letters[position] = "A" if letters[position] != "A" else "B"
            changed = {**envelope, "payload": "".join(letters)}
            self.assertEqual(reason_of(open_message, changed, sender, me["peer"], me["session"], me["room"], "link"), "signature")


if __name__ == "__main__":
    unittest.main()
