#!/usr/bin/env python3
"""The layer's crate list against Cargo.lock, and what it refuses."""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LOCK = HERE.parent / "Cargo.lock"
SCRIPT = HERE / "meta-kiosk/lib/kiosk/crates.py"

spec = importlib.util.spec_from_file_location("crates", SCRIPT)
crates = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(crates)


def said_of(lock):
    """What the script says to a Cargo.lock of this text: exit code, stdout, stderr."""
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as file:
        file.write(lock)
        file.flush()
        done = subprocess.run([sys.executable, SCRIPT, file.name], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def package(source='source = "registry+https://github.com/rust-lang/crates.io-index"', checksum=f'checksum = "{"a" * 64}"'):
    return f'version = 4\n[[package]]\nname = "left-pad"\nversion = "1.0.0"\n{source}\n{checksum}\n'


class Crates(unittest.TestCase):
    def test_every_crate_has_its_line_with_its_checksum(self):
        packages = tomllib.loads(LOCK.read_text())["package"]
        registry = [p for p in packages if "source" in p]
        ours = [p["name"] for p in packages if "source" not in p]
        lines = crates.uris(LOCK)
        self.assertGreater(len(registry), 300)
        self.assertEqual(len(lines), len(registry))
        self.assertEqual(len(set(lines)), len(lines))
        for p in registry:
            self.assertRegex(p["checksum"], "^[0-9a-f]{64}$")
            self.assertIn(f"crate://crates.io/{p['name']}/{p['version']};sha256sum={p['checksum']}", lines)
        for name in ours:
            self.assertFalse([line for line in lines if line.startswith(f"crate://crates.io/{name}/")], name)

    def test_the_script_prints_the_same(self):
        code, out, err = said_of(LOCK.read_text())
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.splitlines(), crates.uris(LOCK))

    def test_other_sources_are_refused_with_a_sentence(self):
        for source in ("git+https://example.org/left-pad?rev=1#1", "registry+https://crates.example.org/index", "sparse+https://crates.example.org/"):
            code, out, err = said_of(package(source=f'source = "{source}"'))
            self.assertEqual((code, out), (1, ""))
            self.assertIn(f"left-pad 1.0.0 comes from {source}: only crates of crates.io", err)
            self.assertNotIn("Traceback", err)

    def test_a_crate_without_a_checksum_is_refused_with_a_sentence(self):
        code, out, err = said_of(package(checksum=""))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("left-pad 1.0.0 has no checksum in Cargo.lock", err)

    def test_what_is_no_lock_file_is_refused_with_a_sentence(self):
        code, out, err = said_of("[[package]\n")
        self.assertEqual((code, out), (1, ""))
        self.assertTrue(err.startswith("crates.py: "), err)

    def test_the_version_is_the_workspaces(self):
        version = crates.version(HERE.parent / "Cargo.toml")
        self.assertRegex(version, r"^\d+\.\d+\.\d+")
        self.assertIn(f'version = "{version}"', (HERE.parent / "Cargo.toml").read_text())


if __name__ == "__main__":
    unittest.main()
