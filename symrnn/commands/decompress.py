"""`symrnn decompress`: a photograph from what `symrnn compress` wrote."""

import click

from symrnn.commands.compress import codec_option
from symrnn.commands.options import mode_option
from symrnn.errors import UserError


@click.command()
@click.argument("coded")
@click.argument("output")
@codec_option
@mode_option
def decompress(coded: str, output: str, codec: str | None, mode: str) -> None:
    """Decompress the file CODED, which `symrnn compress` wrote, into the PNG file OUTPUT.

    \b
    Example:
      symrnn decompress photo.srnn photo.png
    """
    from symrnn.data.files import bytes_of, write_file
    from symrnn.data.photographs import png_bytes
    from symrnn.models.coded_picture import coded_picture
    from symrnn.models.picture_codec import SHIPPED, load_codec

    if not output.lower().endswith(".png"):
        raise UserError(f"OUTPUT must end in .png, but is {output}")
    try:
        content = bytes_of(coded)
    except OSError as error:
        raise UserError(f"{coded} could not be read: {error.strerror or error}") from error
    said = coded_picture(content, coded)
    pixels = load_codec(codec or SHIPPED, mode=mode).decompressed(said, coded)
    write_file(output, png_bytes(pixels))
    click.echo(f"{output}: {said.width} x {said.height}")
