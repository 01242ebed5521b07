"""Makes cmyk.json: JPEGs in CMYK with an embedded profile, and their pixels as LittleCMS converts them to sRGB.

Needs Pillow with LittleCMS (python3-pil). The two profiles are made up: tables of 3×3×3×3 ink mixtures in Lab, one with
weaker inks than the other.
"""

import base64
import io
import random
import struct

from PIL import Image, ImageCms

from paths import fixture, write_json


def text_tag(text):
    return b"text\0\0\0\0" + text.encode() + b"\0"


def description_tag(text):
    name = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)


def lab_of(inks, strength):
    """Lab color of four ink amounts from 0 to 1, each of which absorbs light."""
    c, m, y, k = (value * strength for value in inks)
    red, green, blue = ((1 - ink) * (1 - k) for ink in (c, m, y))
    light = 100 * (0.3 * red + 0.5 * green + 0.2 * blue)
    return light, 90 * (red - green), 80 * (0.5 * (red + green) - blue)


def lut_tag(strength):
    """lut8: a table with three steps per ink, between identity curves."""
    identity = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table = bytearray()
    steps = (0, 0.5, 1)
    for inks in ((c, m, y, k) for c in steps for m in steps for y in steps for k in steps):
        light, a, b = lab_of(inks, strength)
        table += bytes(min(255, max(0, round(value))) for value in (light * 2.55, a + 128, b + 128))
    return b"mft1\0\0\0\0" + bytes((4, 3, 3, 0)) + matrix + 4 * identity + bytes(table) + 3 * identity


def profile(name, strength):
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * v) for v in (0.9642, 1, 0.8249)))
    tags = {
        b"desc": description_tag(name),
        b"cprt": text_tag("No copyright"),
        b"wtpt": white,
        b"A2B0": lut_tag(strength),
    }
    offset = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for signature, content in tags.items():
        content += bytes(-len(content) % 4)
        table += signature + struct.pack(">2I", offset + len(data), len(content))
        data += content
    size = 128 + len(table) + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += struct.pack(">3i", *(round(65536 * v) for v in (0.9642, 1, 0.8249)))
    return header + bytes(128 - len(header)) + table + data


def picture():
    """Patches of 8×8 pixels: each ink alone, mixtures, all inks, no ink."""
    draw = random.Random(7)
    patches = [tuple(60 * (1 + i // 4) if c == i % 4 else 0 for c in range(4)) for i in range(16)]
    patches += [tuple(draw.randrange(256) for _ in range(4)) for _ in range(46)] + [(0,) * 4, (255,) * 4]
    image = Image.new("CMYK", (8, 8))
    image.putdata(patches)
    return image.resize((64, 64), Image.NEAREST)


def case(name, icc):
    content = io.BytesIO()
    picture().save(content, "JPEG", quality=95, subsampling=0, icc_profile=icc)
    decoded = Image.open(io.BytesIO(content.getvalue()))
    srgb = ImageCms.createProfile("sRGB")
    rgb = ImageCms.profileToProfile(
        decoded, io.BytesIO(icc), srgb, renderingIntent=ImageCms.Intent.PERCEPTUAL, outputMode="RGB"
    )
    # The center of each patch.
    pixels = [list(rgb.getpixel((8 * x + 4, 8 * y + 4))) for y in range(8) for x in range(8)]
    return {"name": name, "jpeg": base64.b64encode(content.getvalue()).decode(), "pixels": pixels}


cases = [case("strong inks", profile("strong", 1)), case("weak inks", profile("weak", 0.6))]
write_json(fixture("data", "cmyk.json"), {"cases": cases})
