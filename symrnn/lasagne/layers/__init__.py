"""Layers, and the functions that walk networks of them."""

from .base import *
from .conv import *
from .dense import *
from .embedding import *
from .helper import *
from .input import *
from .local import *
from .merge import *
from .noise import *
from .normalization import *
from .pool import *
from .recurrent import *
from .shape import *
from .special import *
