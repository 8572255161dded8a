"""Takes the pictures of the README from a running Vigie: `make run` in one terminal, `make screenshots` in another."""

import json
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
DATA_DIR = Path(os.environ.get("VIGIE_DATA", ROOT / ".var"))
URL = f"http://127.0.0.1:{os.environ.get('VIGIE_PORT', '8765')}"
FLAGS = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
]
# File name → language, path, width, colour scheme.
PICTURES = {
    "overview": ("en", "", 1280, "light"),
    "overview-fr-dark": ("fr", "", 1280, "dark"),
    "overview-phone": ("fr", "", 320, "light"),
    "fleet": ("en", "fleet/", 1280, "light"),
    "kpi": ("en", "kpis/e2e_latency_p95/", 1280, "light"),
}


def sign_in(page: Page, role: str) -> None:
    """Sign in as the demo person of this role."""
    people = json.loads((DATA_DIR / "demo-people.json").read_text())
    person = next(person for person in people if person["role"] == role)
    page.goto(f"{URL}/en/account/login/")
    page.fill("input[name=login]", person["email"])
    page.fill("input[name=password]", person["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{URL}/en/")


def main(folder: Path, pictures: dict[str, tuple[str, str, int, str]]) -> None:
    """Take the pictures into the folder."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        context = browser.new_context()
        sign_in(context.new_page(), os.environ.get("VIGIE_ROLE", "administrator"))
        state = context.storage_state()
        for name, (language, path, width, scheme) in pictures.items():
            shown = browser.new_context(
                storage_state=state, viewport={"width": width, "height": 800}, color_scheme=scheme
            )
            page = shown.new_page()
            page.goto(f"{URL}/{language}/{path}")
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            scroll = page.evaluate("document.documentElement.scrollWidth")
            print(f"{name}: {width} px wide, content {scroll} px")
            shown.close()
        browser.close()


if __name__ == "__main__":
    chosen = {name: PICTURES[name] for name in sys.argv[1:] or PICTURES}
    main(ROOT / "docs" / "images", chosen)
