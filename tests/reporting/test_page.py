"""The page is one file: parsed here; filters and sorting are the script's, tried in a browser."""

import base64
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from base.task import MetricTable
from reporting.gallery import GalleryItem
from reporting.markup import tag
from reporting.page import Page

NASTY = "<script>alert('1')</script> & \"a\" ünï 猫"
VOID = {"meta", "img", "input", "link", "br", "hr"}


class Parsed(HTMLParser):
    """Elements as (name, attributes, text within), and whether every element is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        element = [tag, dict(attrs), ""]
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        for element in self._open:
            element[2] += data

    def named(self, name, **wanted):
        found = (element for element in self.elements if element[0] == name)
        return [each for each in found if all(each[1].get(key.rstrip("_")) == wanted[key] for key in wanted)]


def photo(height=40, width=60, value=200):
    return np.full((height, width, 3), value, np.uint8)


def full_page(tmp_path):
    cv2.imwrite(str(tmp_path / "plot.png"), photo())
    page = Page(NASTY, NASTY)
    page.facts({NASTY: NASTY, "images": 12345, "none": None})
    page.heading(NASTY, NASTY)
    page.heading(NASTY)
    page.notices([NASTY], "error")
    page.commands({NASTY: NASTY})
    page.table(MetricTable((NASTY, "n"), ((NASTY, 1), (NASTY, float("nan")))), NASTY)
    page.image(photo(), NASTY)
    page.image(tmp_path / "plot.png", NASTY)
    page.gallery([GalleryItem(photo(), NASTY, {NASTY: [NASTY], "score": 0.5})])
    return page


def test_every_text_is_escaped_and_read_back_the_same(tmp_path):
    text = full_page(tmp_path).html()
    parsed = Parsed(text)
    assert "<script>alert" not in text
    assert len(parsed.named("script")) == 1
    for name, class_ in [("h1", None), ("p", "subtitle"), ("dt", None), ("dd", None), ("caption", None), ("td", None)]:
        wanted = {"class_": class_} if class_ else {}
        assert NASTY in [element[2] for element in parsed.named(name, **wanted)], name
    assert json.loads(parsed.named("article")[0][1]["data-attributes"]) == {NASTY: [NASTY], "score": 0.5}
    assert {element[1]["alt"] for element in parsed.named("img")} == {NASTY}
    assert parsed.named("select", **{"data-filter": NASTY})


def test_nothing_is_loaded_from_anywhere(tmp_path):
    text = full_page(tmp_path).html()
    parsed = Parsed(text)
    loaded = [value for _, given, _ in parsed.elements for key, value in given.items() if key in ("src", "href")]
    assert all(value.startswith(("data:image/", "#")) for value in loaded)
    assert not re.search(r"https?:|url\(|@import|\bfetch\b|XMLHttpRequest|<link", re.sub(r"base64,[^\"]+", "", text))
    (policy,) = [given["content"] for _, given, _ in parsed.elements if "http-equiv" in given]
    assert policy.startswith("default-src 'none'")


def test_headings_of_one_name_have_anchors_of_their_own(tmp_path):
    parsed = Parsed(full_page(tmp_path).html())
    anchors = [element[1]["id"] for element in parsed.named("h2")]
    assert len(set(anchors)) == 2
    assert [element[1]["href"] for element in parsed.named("a")] == [f"#{anchor}" for anchor in anchors]


def test_images_are_embedded_arrays_as_jpeg_and_files_as_they_are(tmp_path):
    parsed = Parsed(full_page(tmp_path).html())
    array, file, _ = (element[1] for element in parsed.named("img"))
    kind, _, content = file["src"].partition(";base64,")
    assert kind == "data:image/png" and base64.b64decode(content) == (tmp_path / "plot.png").read_bytes()
    kind, _, content = array["src"].partition(";base64,")
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert kind == "data:image/jpeg" and np.abs(decoded.astype(int) - photo()).max() <= 2
    assert (array["width"], array["height"], array["loading"]) == ("60", "40", "lazy")


@pytest.mark.parametrize("size", [(20, 70_000), (40_000, 20)])
def test_an_image_too_large_for_a_jpeg_or_a_browser_is_made_smaller(tmp_path, size):
    page = Page("large")
    page.image(photo(*size))
    cv2.imwrite(str(tmp_path / "plot.png"), photo(*size))
    page.image(tmp_path / "plot.png")
    page.gallery([GalleryItem(photo(*size))])
    parsed = Parsed(page.html())
    shown = [(int(element[1]["height"]), int(element[1]["width"])) for element in parsed.named("img")]
    assert [max(one) for one in shown] == [32_000, 32_000, 480]
    assert all(one.index(max(one)) == size.index(max(size)) for one in shown)


def test_colors_keep_their_order():
    page = Page("colors")
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    page.image(red)
    content = Parsed(page.html()).named("img")[0][1]["src"].partition(";base64,")[2]
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded[..., 0].min() > 240 and decoded[..., 1:].max() < 15


def test_a_table_has_numbers_to_sort_by_and_dashes_where_there_is_none():
    page = Page("table")
    page.table(MetricTable(("class", "AP", "images"), (("cat", 0.51237, 1234), ("dog", None, np.int64(7)))))
    page.table(MetricTable(("class", "AP"), (("cat", 0.5),)), sortable=False)
    parsed = Parsed(page.html())
    cells = [(element[2], element[1].get("data-value")) for element in parsed.named("td")][:6]
    assert cells == [("cat", None), ("0.512", "0.51237"), ("1,234", "1234.0"), ("dog", None), ("–", None), ("7", "7.0")]
    assert [element[1].get("class") for element in parsed.named("th")][:3] == [None, "number", "number"]
    assert len(parsed.named("button")) == 3


def test_a_gallery_offers_words_and_bounds():
    items = [
        GalleryItem(photo(), "a", {"classes": ["cat", "dog"], "errors": [], "score": 0.25}),
        GalleryItem(photo(), "b", {"classes": ["cat"], "errors": "missed", "score": float("nan")}),
        GalleryItem(photo(value=3), "c", {"classes": [], "errors": ["missed", "class"], "score": 0.75}),
    ]
    page = Page("gallery")
    page.gallery(items)
    page.gallery(items, filters=["errors"])
    parsed = Parsed(page.html())
    options = [element[2] for element in parsed.named("option")]
    assert options[:7] == ["all", "cat (2)", "dog (1)", "(none) (1)", "all", "class (1)", "missed (2)"]
    bounds = [given for _, given, _ in parsed.named("input")]
    assert [(given["data-filter"], given["data-bound"], given["placeholder"]) for given in bounds] == [
        ("score", "min", "0.25"),
        ("score", "max", "0.75"),
    ]
    attributes = [json.loads(given["data-attributes"]) for _, given, _ in parsed.named("article")]
    assert attributes[1] == {"classes": ["cat"], "errors": ["missed"], "score": None}
    assert len(parsed.named("select", **{"data-filter": "classes"})) == 1
    assert len(parsed.named("select", **{"data-filter": "errors"})) == 2


def test_a_gallery_shows_small_copies_of_large_images():
    page = Page("gallery")
    page.gallery([GalleryItem(photo(1000, 500), "large"), GalleryItem(photo(30, 20), "small")])
    sizes = [(given["height"], given["width"]) for _, given, _ in Parsed(page.html()).named("img")]
    assert sizes == [("480", "240"), ("30", "20")]


def test_an_empty_gallery_and_an_empty_page_are_whole():
    page = Page("nothing")
    page.gallery([])
    assert "0 images" not in page.html()
    Parsed(page.html())


def test_what_is_no_image_is_an_error(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"a\.gif: a page embeds PNG and JPEG"):
        Page("x").image(tmp_path / "a.gif")
    with pytest.raises(ValueError, match=r"float32 \(2, 2, 3\)"):
        Page("x").image(np.zeros((2, 2, 3), np.float32))


def test_the_file_is_written_whole_with_its_folder(tmp_path):
    Page("title", "subtitle").write(tmp_path / "a" / "report.html")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["report.html"]
    text = (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")


def test_attributes_are_escaped_and_left_out_where_they_are_not_given():
    element = tag("a", "<b>", tag("b", "x"), None, ["y", "z"], href='"&<', hidden=True, title=None, class_="c")
    assert element == '<a href="&quot;&amp;&lt;" hidden class="c">&lt;b&gt;<b>x</b>yz</a>'
