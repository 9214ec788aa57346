"""Files that people hand in, without a person: however his words are written, and whatever packs them."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from tui_migrate.staging.erasing import spelled
from tui_migrate.staging.papers import Cleaned, clean, unnamed

MAIL = "anna.vos@example.org"
FOUND = spelled([MAIL, "Anna d'Hoß", "+31612345987"]).search


def _matches(text: str) -> bool:
    return FOUND(text) is not None


def _lines(text: str, _ending: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not _matches(line))


def _clean(content: bytes, name: str = "a.txt") -> Cleaned:
    return clean(content, name, _matches, _lines)


def _zip(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("_", "."), content)
    return out.getvalue()


def _unzipped(content: bytes | None) -> dict[str, bytes]:
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    "text",
    [
        MAIL.upper(),
        f"{MAIL} {MAIL}",
        "?to=anna.vos%40example.org&x",
        "Anna\nd'Hoß", "Anna d&#x27;Hoß", "Anna d&#39;Hoß", r"Anna d'Ho\u00df", "Anna+d%27Ho%C3%9F",
        "+31612345987", "0612345987", "06-12 34 59 87", "06/123.459.87", "+31 (0)6 12345987",
        "0031 6 12345987",
    ],
)  # fmt: skip
def test_a_value_is_found_in_any_spelling(text: str) -> None:
    assert _matches(f"see {text}!")


@pytest.mark.parametrize(
    "text", ["joanna.vos@example.org", "06123459871", "1061234598", "Anna d'Hoßmann", "12345987"]
)
def test_another_value_is_not(text: str) -> None:
    assert not _matches(f"see {text}!")


def test_one_behind_the_other_both_go() -> None:
    assert spelled([MAIL]).sub("-", f"{MAIL} {MAIL},{MAIL}") == "- -,-"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_a_text_keeps_its_encoding(codec: str) -> None:
    rest = "Zoë\r\nniets over hem\r\n"
    for text in (f"{rest}hier {MAIL}\r\n", f"hier {MAIL}\r\n{rest}"):
        assert _clean(text.encode(codec)) == Cleaned(rest.encode(codec))


def test_a_file_without_him_keeps_every_byte() -> None:
    for content in (b"nothing\r\n", b"a\0b" * 300 + b"c" * 200000, _zip(a_txt=b"x"), b"%PDF (x)"):
        assert _clean(content).content == content


def test_what_is_no_text_is_told() -> None:
    assert not _clean(b"\x89PNG\0\0\0\x01" * 9).whole


@pytest.mark.parametrize("way", ["base64", "quoted-printable"])
def test_a_mail_that_is_packed_for_the_way_goes_as_a_whole(way: str) -> None:
    said = f"Ja, ik {MAIL} wil graag.\n".encode()
    body = base64.encodebytes(said) if way == "base64" else said.replace(b"@", b"=40")
    head = f"From: a@b.nl\nContent-Type: text/plain\nContent-Transfer-Encoding: {way}\n\n".encode()
    assert _clean(head + body, "a.eml") == Cleaned(None)
    assert _clean(head + b"SmE=\n", "a.eml") == Cleaned(head + b"SmE=\n")


def test_an_archive_loses_him_from_each_file_in_it() -> None:
    inner = _zip(deep_csv=f"x\n{MAIL}\ny\n".encode())
    packed = gzip.compress(f"{MAIL}\nz\n".encode())
    done = _clean(_zip(a_txt=f"p\n{MAIL}\n".encode(), b_zip=inner, c_gz=packed, d_txt=b"q"))
    parts = _unzipped(done.content)
    assert parts["a.txt"] == b"p\n"
    assert _unzipped(parts["b.zip"]) == {"deep.csv": b"x\ny\n"}
    assert gzip.decompress(parts["c.gz"]) == b"z\n"
    assert parts["d.txt"] == b"q"
    assert done.whole
    assert not _clean(_zip(a_txt=b"x", photo_jpg=b"\xff\xd8\0\0\0")).whole


def test_a_workbook_loses_links_properties_and_names_of_sheets(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Anna d'Hoß")
        sheet.write_url(0, 0, f"mailto:{MAIL}", string="mail")
        sheet.write(1, 0, "somebody else")
        book.set_properties({"author": "Anna d'Hoß", "comments": MAIL})
    done = _clean(path.read_bytes(), "a.xlsx")
    said = "".join(part.decode("utf-8", "replace") for part in _unzipped(done.content).values())
    assert not _matches(said)
    assert "somebody else" in said
    assert 'name="(erased)"' in said
    import fastexcel

    assert done.content is not None
    assert fastexcel.read_excel(done.content).sheet_names == ["(erased)"]


def test_a_pdf_is_searched_outside_its_pages_and_what_it_packs_is_told() -> None:
    page = b"stream\nBT (page one) Tj ET\nendstream"
    assert _clean(b"%PDF-1.4\n" + page) == Cleaned(b"%PDF-1.4\n" + page)
    assert _clean(b"%PDF-1.4\n<</Title (" + MAIL.encode() + b")>>\n" + page) == Cleaned(None)
    glyphs = b"stream\nBT (page one) Tj <00410042> Tj ET\nendstream"
    assert not _clean(b"%PDF-1.4\n" + glyphs).whole


def test_a_name_of_a_file_does_not_name_him() -> None:
    assert unnamed(f"brief_{MAIL}.PDF", _matches, 3) == "erased-3.pdf"
    assert unnamed("brief.pdf", _matches, 3) == "brief.pdf"


def test_what_is_packed_by_other_programs_counts_as_not_searched() -> None:
    table = io.BytesIO()
    with tarfile.open(fileobj=table, mode="w") as archive:
        entry = tarfile.TarInfo("a.txt")
        entry.size = len(MAIL)
        archive.addfile(entry, io.BytesIO(MAIL.encode()))
    tar = table.getvalue()
    texts = "\n".join(f"{number} {MAIL}" for number in range(50_000)).encode()
    for content in (tar, gzip.compress(tar), lzma.compress(texts), bz2.compress(texts)):
        assert _clean(content) == Cleaned(content, whole=False)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
def test_what_a_text_packs_as_base64_goes_and_the_rest_stays(
    encode: Callable[[bytes], bytes], codec: str
) -> None:
    his = encode(f"wants it: {MAIL} ???>".encode(codec)).decode()
    other = encode(b"somebody else wants it too").decode()
    hashed = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    text = f"who=;{his};\n{other}\n{hashed}\n"
    assert _clean(text.encode()) == Cleaned(text.replace(his, "").encode())
    assert _clean(text.replace(his, other).encode()).content == text.replace(his, other).encode()


def test_what_a_text_packs_over_several_lines_is_searched() -> None:
    letter = ("A letter of some length, so that it takes lines. " * 3 + MAIL).encode()
    lines = base64.encodebytes(letter).decode()
    assert lines.count("\n") > 1
    assert _clean(f"Dear all,\n\n{lines}\nBye\n".encode()) == Cleaned(b"Dear all,\n\n\n\nBye\n")
    packed = base64.b64encode(_zip(a_txt=MAIL.encode())).decode()
    assert _clean(f"x {packed} y".encode()) == Cleaned(b"x  y")
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
    assert _clean(picture.encode()) == Cleaned(picture.encode(), whole=False)
