"""Photos from the field: what is private is taken out of the file, what is seen stays.

A phone writes into a photo where and when it was taken, with which device and often by whom, and a small picture of
the whole even when the photo was cut. The file is therefore written anew from its pixels, turned as the phone meant it
to be seen; nothing else of it is kept but the colour profile.
"""

import io
import warnings
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext_noop as _
from PIL import Image, ImageOps, UnidentifiedImageError

from assets.models import Document, Node, Pipe
from assets.registers.services.cadastre import (
    DOCUMENT_MAX_BYTES,
    Upload,
    link_document,
    register_document,
    store_file,
)
from assets.registers.services.refusals import saying_refusals
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence

# Phones take up to about 50 million pixels; a file that promises more is there to fill the memory.
MOST_PIXELS = 60_000_000
_LONGEST_SIDE = 2560
_QUALITY = 85


class CleanedPhoto:
    """A JPEG in memory, in the form in which files are stored."""

    def __init__(self, content: bytes, name: str) -> None:
        self.name: str | None = name
        self._content = content

    @property
    def size(self) -> int:
        return len(self._content)

    def chunks(self) -> Iterable[bytes]:
        return [self._content]


def cleaned_photo(upload: Upload) -> CleanedPhoto:
    """The photo as a JPEG without anything but its pixels, turned upright, at most 2,560 pixels a side.

    Raises ReportedError for what is no JPEG, PNG or WebP, is damaged, or has too many bytes or pixels.
    """
    too_many_pixels = ReportedError(
        Sentence(
            _("The photo has more than {most_pixels} million pixels."), most_pixels=MOST_PIXELS // 10**6
        ),
        code="too_large",
    )
    too_large = ReportedError(
        Sentence(
            _("The photo is larger than {document_max_bytes} MB."),
            document_max_bytes=DOCUMENT_MAX_BYTES // 1024**2,
        ),
        code="too_large",
    )
    if (upload.size or 0) > DOCUMENT_MAX_BYTES:
        raise too_large
    content = b"".join(upload.chunks())
    if len(content) > DOCUMENT_MAX_BYTES:
        raise too_large
    made = io.BytesIO()
    try:
        with warnings.catch_warnings():
            # Our own limit of pixels speaks first.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise too_many_pixels
                profile = opened.info.get("icc_profile")
                upright = ImageOps.exif_transpose(opened).convert("RGB")
        upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        # A new picture, since a converted one carries the old one's notes along.
        plain = Image.frombytes("RGB", upright.size, upright.tobytes())
        plain.save(made, "JPEG", quality=_QUALITY, optimize=True, icc_profile=profile)
    except Image.DecompressionBombError as error:
        raise too_many_pixels from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ReportedError(
            Sentence(_("The file is no photo: JPEG, PNG or WebP is taken.")), code="bad_form"
        ) from error
    return CleanedPhoto(made.getvalue(), "photo.jpg")


def keep_photo(
    *,
    division: Division,
    upload: Upload,
    title: str,
    target: Node | Pipe | None,
    acting_user: User | None,
    uid: UUID | None = None,
) -> Document:
    """Keep a photo as a document of the division, linked to the node or pipe it shows, if any.

    Raises ReportedError as `cleaned_photo`.
    """
    photo = cleaned_photo(upload)
    with saying_refusals():
        document = register_document(
            division=division,
            acting_user=acting_user,
            title=title[:200],
            kind=Document.Kind.PHOTO,
            **({"uid": uid} if uid else {}),
        )
        store_file(document=document, upload=photo, acting_user=acting_user)
        if target is not None:
            link_document(document=document, target=target, acting_user=acting_user)
    return document
