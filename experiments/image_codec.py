"""How near does a picture come, at how many bits, with the recurrent codec and with traditional ones?

The codec that the package ships, on the photographs in the folder SYMRNN_PHOTOS, Kodak's 24 say, which it was not
trained on; without it on the photograph that is held out of the packaged ones. Beside it JPEG (4:2:0, Huffman tables
of its own) and WebP of Pillow, and where they are installed JPEG XL (`imagecodecs`), Guetzli (`pyguetzli`), and what
Lepton saves of JPEG's bytes (`lepton_jpeg_python`). Rates are those of whole files. A codec's rate and likenesses at
one setting are means over the photographs; between settings they are interpolated. Published figures are Kodak's, and
drawn as points.

Expected: at .25 and .5 bits a pixel more alike than JPEG by MS-SSIM, which its training weighs errors like, and further
off by PSNR. The steps written out take less time than as a scan, and a graph as many times as large. Twenty minutes on
2 cores with Kodak's photographs.
"""

from symrnn.study.experiment import grid

STEPS = 6  # of the codec
QUALITIES = {
    "jpeg": [5, 8, 10, 15, 20, 25, 30, 40, 50, 60],
    "webp": [0, 2, 5, 10, 20, 30, 40, 60, 75],
    "jpeg_xl": [25, 15, 10, 7, 5, 3.5, 2.5, 1.5],
    "guetzli": [84, 90],
    "lepton": [5, 10, 20, 30, 50],
}
PUBLISHED = {  # on Kodak: bits a pixel, MS-SSIM, PSNR
    "JPEG 4:2:0, published": [(0.25, 0.8485, 25.1), (0.5, 0.9463, 29.2), (1.0, 0.9802, 32.8)],
    "Toderici 2017, published": [(0.25, 0.9037, 25.6), (0.5, 0.9538, 28.3), (1.0, 0.9796, 31.6)],
    "Ballé 2017, published": [(0.25, 0.9419, 29.1), (0.5, 0.9701, 31.9), (1.0, 0.9857, 35.4)],
    "Ballé 2018, published": [(0.25, 0.9487, 29.8), (0.5, 0.9739, 32.8), (1.0, 0.9888, 36.9)],
}
RATES = (0.25, 0.5)
GOAL = {0.25: 0.8485, 0.5: 0.9463}  # MS-SSIM

cases = grid(walk=["static", "scan"])
quick = grid(walk=["static", "scan"])
modes = ["NATIVE"]
rounds = 3
quick_rounds = 1
time_limit_s = 3600
quick_time_limit_s = 900
reference = {"walk": "static"}
columns = ["total_s", "step_s", "after.nodes", "after.inner_nodes", "seconds", "photographs"]
needs = ["symrnn.models.image_codec", "symrnn.models.picture_codec"]
tasks = {
    "rates": {
        "cases": grid(coder=["recurrent", *QUALITIES]),
        "quick": grid(coder=["recurrent", *QUALITIES]),
        "modes": ["NATIVE"],
        "rounds": 1,
        "quick_rounds": 1,
    },
}


def flags(**case):
    return "floatX=float32"


def recipe_for(walk):
    from symrnn.models.image_codec import ImageCodec

    return ImageCodec(walk=walk)


def build(walk):
    return recipe_for(walk).graph()


def functions(graph, walk):
    from symrnn.measure.stages import step_functions

    return step_functions(graph, recipe_for(walk).updates(graph))


def batch(walk):
    recipe = recipe_for(walk)
    return recipe.batch(recipe.data(), 0)


def rates(coder):
    """Mean rate and likeness of a coder at each of its settings; `missing` where it is not installed."""
    from time import process_time

    import numpy as np

    photos = photographs()
    begin = process_time()
    try:
        each = [list(settings(coder, photo.pixels)) for photo in photos]
    except ImportError as error:
        return {"missing": str(error), "points": [], "photographs": len(photos)}
    means = np.mean(each, axis=0).tolist()
    return {
        "points": [dict(zip(("rate", "psnr", "ms_ssim"), mean, strict=True)) for mean in means],
        "photographs": len(photos),
        "seconds": (process_time() - begin) / len(photos) / len(means),
    }


def photographs():
    """Those of the user's folder, or the one held out."""
    import os

    from symrnn.data.photographs import packaged, read

    path = os.environ.get("SYMRNN_PHOTOS")
    return read(path) if path else packaged(["coffee"])


def settings(coder, pixels):
    """``(rate, PSNR, MS-SSIM)`` of a photograph at each setting of a coder."""
    from symrnn.ops.image_quality import ms_ssim, psnr

    found = recurrent(pixels) if coder == "recurrent" else traditional(coder, pixels)
    for size, shown in found:
        yield 8 * size / pixels[..., 0].size, psnr(pixels, shown), ms_ssim(pixels, shown)


CODECS = {}  # the shipped one, loaded once a process


def recurrent(pixels):
    """Bytes and picture after each step."""
    import pytensor

    from symrnn.models.picture_codec import load_codec

    codec = CODECS.setdefault("shipped", load_codec(mode=pytensor.config.mode))
    pictures, _ = codec.told(pixels, STEPS)
    for coded, shown in zip(codec.each_step(pixels, STEPS), pictures, strict=True):
        yield len(coded.to_bytes()), shown


def traditional(coder, pixels):
    """Bytes and picture at each quality."""
    import io

    import numpy as np
    from PIL import Image

    def of_pillow(quality, **options):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, quality=quality, **options)
        return file.getvalue()

    def shown(content):
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    for quality in QUALITIES[coder]:
        match coder:
            case "jpeg" | "lepton":
                content = of_pillow(quality, format="JPEG", optimize=True, subsampling="4:2:0")
                picture = shown(content)
                if coder == "lepton":
                    import lepton_jpeg_python

                    content = lepton_jpeg_python.compress_bytes(content)
            case "webp":
                content = of_pillow(quality, format="WEBP", method=6)
                picture = shown(content)
            case "guetzli":
                import pyguetzli

                content = pyguetzli.process_pil_image(Image.fromarray(pixels), quality)
                picture = shown(content)
            case "jpeg_xl":
                import imagecodecs

                content = imagecodecs.jpegxl_encode(pixels, distance=quality)
                picture = imagecodecs.jpegxl_decode(content)
        yield len(content), picture


def figure(records):
    from symrnn.study.figures import bars, curves
    from symrnn.study.quantities import select

    charts = []
    measured = by_coder(records)
    for quantity, at, label in (("ms_ssim", 1, "MS-SSIM"), ("psnr", 2, "PSNR, dB")):
        shown = {
            coder: ([p["rate"] for p in points], [p[quantity] for p in points])
            for coder, points in measured.items()
        }
        if shown:
            for name, points in PUBLISHED.items():
                shown[name] = ([p[0] for p in points], [p[at] for p in points])
            charts.append(
                curves(
                    shown, x="bits a pixel", y=label, heading=f"{label} by rate", dotted=PUBLISHED
                )
            )
    if compiled := select(records, task="compile"):
        charts += [bars(compiled, x="walk", y=y, hue="mode") for y in ("after.nodes", "step_s")]
    return charts


def by_coder(records):
    """The points of each coder."""
    from symrnn.study.quantities import select

    found = select(records, task="rates", status="ok")
    return {r.case["coder"]: r.values["points"] for r in found if r.values["points"]}


def answer(records):
    """The table of likenesses at equal rates, and what each coder takes."""
    told = [likenesses(records), each_coder(records), walks(records)]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def between(points, rate, quantity):
    """A quantity at a rate, along the line between two settings; None outside them."""
    import numpy as np

    rates = [p["rate"] for p in points]
    if len(points) < 2 or not rates[0] <= rate <= rates[-1]:
        return None
    return float(np.interp(rate, rates, [p[quantity] for p in points]))


def likenesses(records):
    """MS-SSIM and PSNR of every coder at the rates asked for."""
    measured = by_coder(records)
    if not measured:
        return ""
    rows = []
    for coder, points in measured.items():
        points = sorted(points, key=lambda p: p["rate"])
        cells = [
            "-" if value is None else f"{value:.{digits}f}"
            for rate in RATES
            for quantity, digits in (("ms_ssim", 4), ("psnr", 2))
            for value in [between(points, rate, quantity)]
        ]
        rows.append(f"| {coder} | {' | '.join(cells)} |")
    for name, points in PUBLISHED.items():
        known = {p[0]: p for p in points}
        cells = [f"{known[rate][at]}" for rate in RATES for at in (1, 2)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    head = " | ".join(f"MS-SSIM at {rate:g} | PSNR at {rate:g}" for rate in RATES)
    lines = [f"| coder | {head} |", f"|---{'|---' * 2 * len(RATES)}|", *rows]
    return "\n".join([*lines, "", reached(measured)])


def reached(measured):
    """Whether the goals are met, in words."""
    if "recurrent" not in measured:
        return ""
    told = []
    for rate, goal in GOAL.items():
        ours = between(measured["recurrent"], rate, "ms_ssim")
        theirs = between(measured["jpeg"], rate, "ms_ssim") if "jpeg" in measured else None
        if ours is None:
            told.append(f"at {rate:g} bits a pixel the recurrent codec has no picture")
            continue
        is_met = "above" if ours > goal else "NOT above"
        beside = f"; Pillow's JPEG {theirs:.4f}" if theirs is not None else ""
        told.append(f"at {rate:g} bits a pixel {ours:.4f}, {is_met} the published {goal}{beside}")
    return "MS-SSIM of the recurrent codec: " + "; ".join(told) + "."


def each_coder(records):
    """Seconds of each, and those that are not installed."""
    from symrnn.study.quantities import select

    told = []
    for record in select(records, task="rates", status="ok"):
        values = record.values
        if "missing" in values:
            told.append(f"- {record.case['coder']}: not installed ({values['missing']})")
        else:
            told.append(
                f"- {record.case['coder']}: {values['seconds']:.2f} s of CPU a photograph and setting, both ways,"
                f" measured (photographs: {values['photographs']})"
            )
    return "\n".join(told)


def walks(records):
    """The steps as a scan against the steps written out."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio

    names = {
        "after.nodes": "the outer nodes",
        "step_s": "the time of a step",
        "total_s": "the seconds to it",
    }
    found = {name: ratio(records, name, {"walk": "scan"}, {"walk": "static"}) for name in names}
    told = [f"{times(found[name])} {words}" for name, words in names.items() if found[name]]
    return ("As a scan the steps have, beside written out: " + ", ".join(told) + ".") * bool(told)
