"""`symrnn compress`: a photograph in few bits."""

import click

from symrnn.commands.options import mode_option

codec_option = click.option(
    "--codec", metavar="FILE", help="Of the weights, instead of the package's own."
)


@click.command()
@click.argument("photo")
@click.argument("output")
@click.option("--bits", type=float, default=0.5, show_default=True, help="At most so many a pixel.")
@codec_option
@mode_option
def compress(photo: str, output: str, bits: float, codec: str | None, mode: str) -> None:
    """Compress the photograph PHOTO with the recurrent codec into the file OUTPUT.

    \b
    Example:
      symrnn compress photo.png photo.srnn --bits 0.5
    """
    from symrnn.data.files import write_file
    from symrnn.data.photographs import read_pixels
    from symrnn.models.coded_picture import constriction
    from symrnn.models.picture_codec import SHIPPED, bits_a_pixel, load_codec

    constriction("`symrnn compress`")
    pixels = read_pixels(photo)
    coded = load_codec(codec or SHIPPED, mode=mode).compressed(pixels, bits)
    write_file(output, coded.to_bytes())
    click.echo(
        f"{output}: {coded.width} x {coded.height}, {len(coded.to_bytes())} bytes,"
        f" {bits_a_pixel(coded):.3f} bits a pixel, {coded.steps} steps"
    )
