"""Photos: what is refused, what is kept, and that nothing but the picture is."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from PIL import Image, ImageFilter
from sqlalchemy import select

from hrss import conversations, photos, pictures
from hrss.errors import (
    ConsentNeeded,
    PhotoBlank,
    PhotoBlurred,
    PhotoBroken,
    PhotoTooDark,
    PhotoTooLarge,
    PhotoTooMany,
    PhotoTooManyPages,
    PhotoTooSmall,
    PhotoWrongType,
    Refusal,
)
from hrss.tables import Photo
from tests.hrss.people import Talk, card, file_of, photo


def pdf(*pages: Image.Image) -> bytes:
    return file_of(pages[0], "PDF", save_all=True, append_images=pages[1:])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "PDF"])
def test_every_kind_people_send_becomes_a_jpeg(kind: str) -> None:
    picture = pictures.encoded_anew(file_of(card(), kind))

    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert ("JPEG", (picture.width, picture.height)) == (image.format, image.size)


def test_what_the_camera_wrote_beside_the_picture_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[2] = (23.0, 7.0, 0.0)  # where it was taken
    data = file_of(card(), "JPEG", exif=exif, comment=b"a comment", icc_profile=b"a profile")

    jpeg = pictures.encoded_anew(data).jpeg

    with Image.open(io.BytesIO(jpeg)) as image:
        assert not image.getexif()
        assert not {"comment", "icc_profile", "exif"} & image.info.keys()
    assert b"A camera" in data
    assert b"A camera" not in jpeg


def test_a_photo_taken_sideways_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    picture = pictures.encoded_anew(file_of(card((860, 540)), "JPEG", exif=exif))

    assert (picture.width, picture.height) == (540, 860)


def test_a_large_photo_is_scaled_down() -> None:
    picture = pictures.encoded_anew(file_of(card((3200, 2000)), "JPEG"))

    assert (picture.width, picture.height) == (2400, 1500)


def test_both_sides_of_a_card_in_a_pdf_become_one_picture() -> None:
    one, both = pictures.encoded_anew(pdf(card())), pictures.encoded_anew(pdf(card(), card()))

    assert both.height / both.width == pytest.approx(2 * one.height / one.width, rel=0.02)


@pytest.mark.parametrize(
    ("data", "refusal", "facts"),
    [
        (b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), PhotoTooLarge, {"megabytes": 10}),
        (b"GIF89a" + bytes(100), PhotoWrongType, {}),
        (b"<svg onload='x'/>", PhotoWrongType, {}),
        (b"", PhotoWrongType, {}),
        (file_of(card())[:2000], PhotoBroken, {}),
        (b"%PDF-1.7 and nothing that follows", PhotoBroken, {}),
        # A name that says PNG does not make one: what is in it decides.
        (b"\x89PNG\r\n\x1a\n" + file_of(card(), "JPEG"), PhotoBroken, {}),
        (file_of(card((399, 300))), PhotoTooSmall, {"width": 400, "height": 250}),
        (file_of(card((800, 249))), PhotoTooSmall, {"width": 400, "height": 250}),
        (pdf(card(), card(), card()), PhotoTooManyPages, {"limit": 2}),
        (file_of(Image.new("RGB", (800, 600), "white")), PhotoBlank, {}),
        (file_of(Image.new("RGB", (800, 600), "#777777")), PhotoBlank, {}),
        (file_of(Image.new("RGB", (800, 600), "black")), PhotoTooDark, {}),
        (file_of(card().point(lambda value: value // 9)), PhotoTooDark, {}),
        (file_of(card().filter(ImageFilter.GaussianBlur(12))), PhotoBlurred, {}),
        (file_of(Image.new("L", (8000, 8000), 255)), PhotoBroken, {}),
    ],
    ids=lambda value: value.key if isinstance(value, type) else "",
)
def test_what_nobody_could_read_is_refused(
    data: bytes, refusal: type[Refusal], facts: dict[str, Any]
) -> None:
    with pytest.raises(refusal) as refused:
        pictures.encoded_anew(data)

    assert facts == refused.value.facts


def test_ordinary_photos_are_not_refused() -> None:
    noisy = Image.effect_noise((1200, 800), 20).convert("RGB")

    for image in (
        card(),
        card((400, 250)),
        card((540, 860)),
        card().filter(ImageFilter.GaussianBlur(1)),
        card().point(lambda value: value // 4 + 20),
        Image.blend(card((1200, 800)), noisy, 0.3),
        card().convert("L"),
        card().convert("RGBA"),
    ):
        assert pictures.encoded_anew(file_of(image)).jpeg


def test_without_consent_no_photo_is_kept(talk: Talk) -> None:
    with pytest.raises(ConsentNeeded) as refused:
        keep(talk)
    assert refused.value.facts == {"kind": "photo"}


def test_consent_can_be_withdrawn_and_given_again(talk: Talk) -> None:
    photo(talk)

    talk.ask(conversations.record_consent, kind="photo", granted=False, text_version="1")
    with pytest.raises(ConsentNeeded):
        keep(talk)
    talk.ask(conversations.record_consent, kind="photo", granted=True, text_version="1")
    assert keep(talk)


def keep(talk: Talk) -> str:
    with talk.database.transaction() as session:
        return photos.keep(session, talk.hall, talk.id, data=file_of(card()), now=talk.now)


def test_a_photo_is_sealed_in_its_row(talk: Talk) -> None:
    kept, other = photo(talk), photo(talk)

    with talk.database.transaction() as session:
        row = session.get(Photo, kept)
        assert b"JFIF" not in row.sealed
        assert photos.show(session, talk.hall, kept).startswith(b"\xff\xd8\xff")
        row.sealed = session.get(Photo, other).sealed
        with pytest.raises(InvalidTag):
            photos.show(session, talk.hall, kept)
        session.rollback()


def test_a_conversation_keeps_so_many_photos_without_a_case(talk: Talk) -> None:
    kept = [photo(talk) for _ in range(6)]

    with pytest.raises(PhotoTooMany) as refused:
        photo(talk)

    assert refused.value.facts == {"limit": 6}
    assert set(kept) == set(talk.ask(lambda session, id, now: photos.of_conversation(session, id)))


@pytest.mark.parametrize("over", [conversations.end, conversations.erase])
def test_photos_without_a_case_go_with_the_conversation(
    talk: Talk, over: Callable[..., Any], new_talk: Callable[[], Talk]
) -> None:
    photo(talk)
    elsewhere = photo(new_talk())

    with talk.database.transaction() as session:
        over(session, talk.id, **({"now": talk.now} if over is conversations.end else {}))

    with talk.database.reading() as session:
        assert [elsewhere] == list(session.scalars(select(Photo.id)))
