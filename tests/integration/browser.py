"""A visitor in a real Chromium: every page that is opened is held to the same rules, and all faults are told at the end.

The rules: no axe violation, nothing wider than the screen, one `h1`, the language that was chosen and no other, at most
150 kB a page, no error in the console, nothing refused by the content security policy.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright

HEAVIEST = 150_000  # bytes of a page with everything it loads, decoded
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# Words that every longer text of one language has and no text of the other. Names and typed answers have none of them.
MARKERS = {"id": r"\b(yang|dan|Anda|untuk|dengan|belum|tidak)\b", "en": r"\b(the|and|your|you|with|not|of)\b"}
OTHER = {"id": "en", "en": "id"}
# Text that a page shows, without what is marked as another language's and what people wrote.
SHOWN = """() => {
  const copy = document.body.cloneNode(true);
  const elsewhere = document.documentElement.lang === "id" ? "en" : "id";
  for (const out of copy.querySelectorAll(`[lang="${elsewhere}"], script, noscript, .note, .demo-messages`)) out.remove();
  return copy.textContent.replace(/\\s+/g, " ");
}"""
WEIGHT = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .filter(entry => entry.initiatorType !== "fetch").reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
WIDER = """() => [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 3).map(e => e.outerHTML.slice(0, 90))"""
# What axe judges of a page: its elements and what they say of themselves, and whether there are words. Which words, links and numbers
# these are, and how often a row repeats, is no part of it.
SHAPE = """() => {
  const open = /^(href|src|action|value|content|alt|title|aria-label|placeholder)$/;
  const told = a => a.name + "=" + (open.test(a.name) ? !!a.value.trim() : a.value.replace(/[0-9a-f-]{8,}|[0-9.]+/g, "0"));
  const shape = e => {
    const words = [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
    const within = [...e.children].map(shape).filter((one, at, all) => one !== all[at - 1]);
    return `<${e.tagName} ${[...e.attributes].map(told)} ${words}>${within.join("")}`;
  };
  return shape(document.documentElement);
}"""
FAULTLESS: set[tuple[int, str, str]] = set()  # width, language and shape of pages that axe found nothing wrong with
PRESSED = (".masthead", ".main-nav", ".footer", ".demo-strip", "main button", "main a.button")
REFUSALS = """addEventListener("securitypolicyviolation", e => console.error("CSP " + e.violatedDirective + " " + e.blockedURI))"""


def executable(playwright: Playwright) -> str | None:
    """Return the Chromium to drive: CHROMIUM, one on the path, or Playwright's own; None when there is none."""
    own = playwright.chromium.executable_path
    candidates = (os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES), own if Path(own).exists() else None)
    return next((found for found in candidates if found), None)


@dataclass
class Visitor:
    """Somebody with a browser window of one width, reading one language."""

    page: Page
    url: str
    width: int
    language: str
    scripts: bool
    faults: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    _noise: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def open(self, path: str, *, status: int = 200) -> None:
        """Go to a page of the platform and look at it."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"
        self.look(status=status)

    def press(self, selector: str, *, refused: bool = False, status: int = 200) -> None:
        """Click what leads to another page, and look at that page."""
        with self.page.expect_navigation():
            self.page.click(selector)
        self.look(status=422 if refused else status)

    def fill(self, **values: str) -> None:
        """Type into fields by name; a list is chosen from by value."""
        for name, value in values.items():
            target = self.page.locator(f"[name='{name}']:visible").first
            if target.evaluate("e => e.tagName") == "SELECT":
                target.select_option(value)
            else:
                target.fill(value)

    def attach(self, requirement: str, name: str, content: bytes) -> None:
        """Choose a file for a document that an application asks for, and send it."""
        kind = "application/pdf" if name.endswith(".pdf") else "image/png"
        self.page.set_input_files(f"#f-{requirement}", {"name": name, "mimeType": kind, "buffer": content})
        self.press(f"form:has(#f-{requirement}) button")

    def download(self, selector: str) -> bytes:
        """Click what gives a file, and return it."""
        with self.page.expect_download() as waiting:
            self.page.click(selector)
        return Path(waiting.value.path()).read_bytes()

    def text(self) -> str:
        return self.page.inner_text("main")

    def look(self, *, status: int = 200) -> None:
        """Hold the page at hand to the rules."""
        self.page.wait_for_load_state("load")
        faults = [*self._language(), *self._size(), *self._console(status)]
        if self.page.locator("h1").count() != 1:
            faults.append(f"{self.page.locator('h1').count()} first-level headings")
        if self.scripts:
            faults += self._axe()
        self.looked.append(self.path)
        self._picture()
        self.faults += [f"{self.path} ({self.width} px, {self.language}): {fault}" for fault in faults]

    def on_paper(self) -> None:
        """Hold the page at hand, as it is printed, to its rules: nothing of the frame and nothing to press."""
        self.page.emulate_media(media="print")
        left = [part for part in PRESSED if self.page.locator(f"{part}:visible").count()]
        self.faults += [f"{self.path} on paper still has {part}" for part in left]
        self._picture()
        self.page.emulate_media(media="screen")

    def _language(self) -> Iterator[str]:
        if (said := self.page.get_attribute("html", "lang")) != self.language:
            yield f"says that its language is {said}"
        shown = self.page.evaluate(SHOWN)
        for found in list(re.finditer(MARKERS[OTHER[self.language]], shown))[:3]:
            yield f"has words of the other language: …{shown[max(0, found.start() - 40) : found.end() + 40]}…"

    def _size(self) -> Iterator[str]:
        if (wide := self.page.evaluate("document.documentElement.scrollWidth")) > self.width:
            yield f"is {wide} px wide: {self.page.evaluate(WIDER)}"
        if (weight := self.page.evaluate(WEIGHT)) > HEAVIEST:
            yield f"weighs {weight} bytes"

    def _console(self, status: int) -> Iterator[str]:
        expected = f"the server responded with a status of {status} "
        yield from (line for line in self._noise if status == 200 or expected not in line)
        self._noise.clear()

    def _axe(self) -> Iterator[str]:
        """Ask axe about a page, once for all that look the same to it."""
        seen = (self.width, self.language, self.page.evaluate(SHAPE))
        if seen in FAULTLESS:
            return
        violations = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        if not violations:
            FAULTLESS.add(seen)
        for violation in violations:
            nodes = [f"{node['html'][:140]} ({' '.join(node['failureSummary'].split())[:200]})" for node in violation["nodes"][:3]]
            yield f"axe {violation['id']}: {'; '.join(nodes)}"

    def _picture(self) -> None:
        if folder := os.environ.get("BROWSER_PICTURES"):
            name = re.sub(r"[0-9a-f-]{30,}", "id", self.path.strip("/").replace("/", "_")) or "home"
            where = Path(folder) / f"{self.width}-{self.language}{'' if self.scripts else '-plain'}"
            where.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=where / f"{len(list(where.iterdir())):03}-{name}.png", full_page=True)


@contextlib.contextmanager
def visit(browser: Browser, url: str, *, width: int = 1280, language: str = "id", scripts: bool = True) -> Iterator[Visitor]:
    """Give somebody a fresh browser window; when they leave, tell every fault of every page they saw."""
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=scripts, locale="id-ID")
    context.add_init_script(REFUSALS)
    context.set_default_timeout(30_000)
    visitor = Visitor(context.new_page(), url, width, language, scripts)
    visitor.page.on("console", lambda line: visitor._noise.append(f"console: {line.text}") if line.type == "error" else None)
    visitor.page.on("pageerror", lambda wrong: visitor._noise.append(f"script error: {wrong}"))
    try:
        if language != "id":
            visitor.page.goto(url + "/")
            visitor.page.click(f"button[name=bahasa][value={language}]")
        yield visitor
    except Exception:
        _keep_last(visitor.page)
        raise
    finally:
        context.close()
    assert not visitor.faults, "\n".join(visitor.faults)


def _keep_last(page: Page) -> None:
    if folder := os.environ.get("BROWSER_PICTURES"):
        page.screenshot(path=Path(folder) / "last.png", full_page=True)
        (Path(folder) / "last.html").write_text(page.content())
