"""Mails opened in a browser, without a network: what is measured there."""

from collections.abc import Iterator, Mapping
from typing import Any

# Text that is hard to read against what is behind it, after WCAG 2.2, 1.4.3.
_CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) found.push([texts.currentNode.data.trim(), ratio]);
  }
  return found;
}"""


def opened(browser: Any, pages: Mapping[str, str], width: int, scheme: str = "light") -> Iterator[tuple[str, Any]]:
    """Each page in turn, by its name, in a window of that width; its pictures cannot be had."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.route("**/*", lambda route: route.abort())
    for name, html in pages.items():
        page.set_content(html, wait_until="domcontentloaded")
        yield name, page
    page.close()


def hard_to_read(page: Any) -> list[tuple[str, float]]:
    """The texts of a page with too little contrast, and their ratio."""
    found: list[tuple[str, float]] = page.evaluate(_CONTRAST)
    return found


def overflow(page: Any) -> int:
    """By how many pixels a page is wider than its window."""
    pixels: int = page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)")
    return pixels
