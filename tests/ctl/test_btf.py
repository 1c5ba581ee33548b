# SPDX-License-Identifier: GPL-2.0-only
"""kmod/compat/btf.sh: the module's types, added where the kernel's build could not; or not at all."""

import ctypes
import gzip
import lzma
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from test_words import TOP

RELEASE, BUILD = "6.1.0-99-test", "#1 SMP Test 6.1.999-1 (2026-11-27)"
BANNER = f"Linux version {RELEASE} (gcc) {BUILD}\n"
KIND_FUNC = 12

KERNEL = """
enum kind { KERNEL_KIND, OTHER_KIND };
struct xdp_md { unsigned int data[4]; enum kind kind; };
union both { struct xdp_md *ctx; float real; } kernel_data;
int kernel_function(const struct xdp_md *ctx, enum kind kind) { return ctx->kind == kind; }
"""
MODULE = f"""
struct xdp_md {{ unsigned int data[4]; }};
struct own {{ struct xdp_md *ctx; long fields[3]; }} own_data;
int another_function(struct own *own) {{ return !own->ctx; }}
int bpf_nat64_xdp(struct xdp_md *ctx) {{ return ctx->data[0]; }}
const char modinfo[] __attribute__((section(".modinfo"))) = "name=nat64\\0vermagic={RELEASE} SMP mod_unload ";
__asm__(".pushsection .BTF_ids, \\"a\\"\\n .zero 16\\n .popsection");
"""
# All that the script runs, but for pahole.
PROGRAMS = ("awk cat cp cut dd grep gzip head mktemp mv objcopy od readelf rm sed sh tail tr uname wc xz zstd").split()


def compiled(path, source):
    """An object file."""
    subprocess.run(["gcc", "-g", "-c", "-x", "c", "-", "-o", path], input=source, text=True, check=True)
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The kernel's types."""
    path = tmp_path_factory.mktemp("kernel") / "base"
    kernel = compiled(path.with_name("vmlinux"), KERNEL)
    subprocess.run(["pahole", "-J", "--btf_gen_floats", f"--btf_encode_detached={path}", kernel], check=True)
    return path


@pytest.fixture
def module(tmp_path):
    return compiled(tmp_path / "nat64.ko", MODULE)


@pytest.fixture
def add(tmp_path):
    """Runs the step for a module and an image. Returns what it says."""
    (tmp_path / "include/generated").mkdir(parents=True)
    (tmp_path / "include/generated/utsversion.h").write_text(f'#define UTS_VERSION "{BUILD}"\n')

    def run(module, image=None, **env):
        path = tmp_path / "vmlinuz"
        if image is not None:
            path.write_bytes(image)
        done = subprocess.run(["sh", TOP / "kmod/compat/btf.sh", module, tmp_path, path], text=True,
                              capture_output=True, env={**os.environ, "TMPDIR": str(tmp_path), **env})
        assert done.returncode == 0
        assert list(tmp_path.glob("tmp.*")) == list(tmp_path.glob("*.btf")) == []
        return done.stdout + done.stderr.replace(str(path), "IMAGE")

    return run


def image(base, compress=lambda data: data, banner=BANNER):
    """A kernel that unpacks itself: something to do that, and then the size."""
    packed = compress(b"\x7fELF" + banner.encode() + b"\x9f\xeb\x01\0" * 5 + base + b"the rest\0" * 99)
    return b"MZ unpacks\xfd7zXZ and \x1f\x8b\x08" + packed + bytes([0, 0, 2, 0])


def zstd(data):
    return subprocess.run(["zstd", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def octets_of(module, section):
    return subprocess.run(["objcopy", "-O", "binary", "-j", section, module, "/dev/stdout"],
                          stdout=subprocess.PIPE, check=True).stdout


def number_by_libbpf(base, module):
    """The number of the function."""
    libbpf = ctypes.CDLL("libbpf.so.1")
    for function in (libbpf.btf__parse, libbpf.btf__parse_split):
        function.restype = ctypes.c_void_p
    kernel = ctypes.c_void_p(libbpf.btf__parse(bytes(base), None))
    types = ctypes.c_void_p(libbpf.btf__parse_split(bytes(module), kernel))
    assert libbpf.btf__find_by_name_kind(kernel, b"bpf_nat64_xdp", KIND_FUNC) < 0
    return libbpf.btf__find_by_name_kind(types, b"bpf_nat64_xdp", KIND_FUNC)


@pytest.mark.parametrize("compress", [bytes, lzma.compress, gzip.compress, zstd],
                         ids=["none", "xz", "gzip", "zstd"])
def test_types_come_out_of_the_image(add, module, base, compress):
    assert add(module, image(base.read_bytes(), compress)) == f"  BTF [M] {module}\n"
    number = number_by_libbpf(base, module)
    assert number > 0
    assert octets_of(module, ".BTF_ids") == b"".join(word.to_bytes(4, "little") for word in (1, 0, number, 0))
    # As DKMS does afterwards.
    subprocess.run(["strip", "-g", module], check=True)
    assert number_by_libbpf(base, module) == number


REFUSED = [
    ("no image", None, f"no image of the kernel {RELEASE}: looked for IMAGE"),
    ("another release", lambda base: image(base, banner=BANNER.replace("-99", "-98")),
     f"IMAGE is not the kernel {RELEASE} {BUILD}, or cannot be unpacked"),
    ("another build of it", lambda base: image(base, gzip.compress, BANNER.replace(".999", ".998")),
     f"IMAGE is not the kernel {RELEASE} {BUILD}, or cannot be unpacked"),
    ("without types", lambda base: image(b"", lzma.compress), "IMAGE has no BTF"),
    ("types cut short", lambda base: image(base).partition(b"the rest")[0][:-9], "IMAGE has no BTF"),
    ("empty", lambda base: b"", f"IMAGE is not the kernel {RELEASE} {BUILD}, or cannot be unpacked"),
]


def check_refusal(said, module, before, reason):
    assert said == f"nat64: XDP not possible with this module: {reason}\n"
    assert module.read_bytes() == before


@pytest.mark.parametrize("make, reason", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_without_the_kernels_types_the_module_stays_as_it_is(add, module, base, make, reason):
    before = module.read_bytes()
    check_refusal(add(module, make and make(base.read_bytes())), module, before, reason)


def with_pahole(tmp_path, script):
    """A PATH with another pahole, or with none."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in PROGRAMS:
        (place / name).symlink_to(shutil.which(name))
    if script:
        (place / "pahole").write_text(f"#!/bin/sh\n{script}\n")
        (place / "pahole").chmod(0o755)
    return str(place)


@pytest.mark.parametrize("script, reason", [
    (None, "no pahole: install it (package pahole or dwarves), and build again"),
    ("echo 'no such option' >&2; exit 1", "pahole: no such option"),
    ("exit 0", "pahole: "),
], ids=["none", "fails", "does nothing"])
def test_without_pahole_the_module_stays_as_it_is(add, tmp_path, module, base, script, reason):
    before = module.read_bytes()
    said = add(module, image(base.read_bytes()), PATH=with_pahole(tmp_path, script))
    check_refusal(said, module, before, reason)


@pytest.mark.parametrize("old, new", [("bpf_nat64_xdp", "bpf_nat64_other"), (".zero 16", ".zero 24")])
def test_a_set_that_is_not_understood_is_left_alone(add, tmp_path, base, old, new):
    module = compiled(tmp_path / "nat64.ko", MODULE.replace(old, new))
    before = module.read_bytes()
    check_refusal(add(module, image(base.read_bytes())), module, before, "pahole has left out bpf_nat64_xdp")


def test_nothing_is_said_where_there_is_nothing_to_do(add, tmp_path, module, base):
    """The kernel's build has made the types, or the kernel has no such functions."""
    add(module, image(base.read_bytes()))
    for done in (module, compiled(tmp_path / "old.ko", MODULE.replace(".BTF_ids", ".other"))):
        before = Path(done).read_bytes()
        assert add(done) == ""
        assert done.read_bytes() == before
