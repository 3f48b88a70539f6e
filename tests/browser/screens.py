"""Pictures of every screen in every language, to be looked at: screens.py FOLDER PAGE APP_PAGE [STAGE].

PAGE and APP_PAGE are the examples `page` and `app_page` of kiosk-agent, which show each screen; STAGE is the program `stage`: with it, an
application at a whole kiosk too, and the problems that can be brought about there. FOLDER/sheets has the languages of each screen side by side,
FOLDER/main.jpg the main screens, FOLDER/app and FOLDER/app.jpg the same for the app.
"""

import sys
from pathlib import Path

from PIL import Image

import app_shown
from shown import LANGUAGES, SIZE, page

# On the sheet of the main screens, in the order of an application.
MAIN = (
    ("language", "ja"), ("terms", "en"), ("place-card", "ja"), ("kind", "ko"), ("pin", "ja"), ("take-card", "zh"),
    ("municipality-prefecture", "ja"), ("copies", "en"), ("preview", "ja"), ("fee", "ko"), ("delivering", "zh"), ("take-paper", "ja"),
)
APP_MAIN = (
    ("door-new", "ja"), ("certificates", "ja"), ("terms", "en"), ("kinds", "ko"), ("pin", "ja"), ("tap-card", "zh"), ("person", "ja"),
    ("passport", "en"), ("passport-check", "ja"), ("preview", "ko"), ("certificate", "ja"), ("certificate-seal", "en"), ("verified-valid", "ja"), ("verified-tampered", "zh"),
)
NARROW = {"width": 400, "height": 800}


def tiled(pictures, columns, width):
    """Pictures side by side, each as wide."""
    images = [Image.open(picture).convert("RGB") for picture in pictures]
    images = [image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS) for image in images]
    height = max(image.height for image in images)
    gap = 8
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), "#767676")
    for number, image in enumerate(images):
        sheet.paste(image, (gap + number % columns * (width + gap), gap + number // columns * (height + gap)))
    return sheet


def pictures(folder, program):
    with page(program) as shown:
        for name, language in shown.each():
            picture(shown.page, folder / f"{name}.{language}.png")
        problems(shown, folder)
        shown.page.set_viewport_size(NARROW)
        for name, language in shown.each(only=("terms", "pin-last", "municipality-letters", "preview-seven", "problem-end", "dialog-voice")):
            picture(shown.page, folder / "narrow" / f"{name}.{language}.png")


def app_pictures(folder, program):
    """The app at a phone's size, and whole screens below each other's fold."""
    with app_shown.page(program, scale=2) as shown:
        for name, language in shown.each():
            picture(shown.page, folder / f"{name}.{language}.png")
            shown.page.set_viewport_size({**app_shown.PHONE, "height": shown.page.evaluate("document.documentElement.scrollHeight")})
            picture(shown.page, folder / "whole" / f"{name}.{language}.png")
            shown.page.set_viewport_size(app_shown.PHONE)
    with app_shown.page(program, size=app_shown.WIDE) as shown:
        for name, language in shown.each(languages=("ja",)):
            picture(shown.page, folder / "wide" / f"{name}.{language}.png")


def app_sheets(folder, sheet):
    whole = folder / "whole"
    (folder / "sheets").mkdir(exist_ok=True)
    for name in sorted({path.name.split(".")[0] for path in whole.glob("*.png")}):
        tiled([whole / f"{name}.{language}.png" for language in LANGUAGES], 4, app_shown.PHONE["width"]).save(folder / "sheets" / f"{name}.png")
    tiled([folder / f"{name}.{language}.png" for name, language in APP_MAIN], 7, 240).save(sheet, quality=82, optimize=True)


def problems(shown, folder):
    """Each problem in each language: what stands between header and footer."""
    codes = [key.removeprefix("problem/") for key in shown.catalogue["ja"] if key.startswith("problem/")]
    for code in codes:
        shown.start_over()
        shown.tell({"view": "problem", "code": code, "remaining": 2, "character": "\u9ad9"})
        shown.on("problem")
        for language in LANGUAGES:
            shown.speak(language)
            picture(shown.page, folder / "problems" / f"{code}.{language}.png", clip={"x": 0, "y": 80, "width": SIZE["width"], "height": 500})


def picture(page, path, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    # What was pressed last is not pointed at any more.
    page.mouse.move(0, 0)
    page.screenshot(path=path, animations="disabled", **how)


def sheets(folder):
    (folder / "sheets").mkdir(exist_ok=True)
    names = sorted({path.name.split(".")[0] for path in folder.glob("*.png")})
    for name in names:
        tiled(sorted(folder.glob(f"{name}.??.png"), key=lambda path: LANGUAGES.index(path.name.split(".")[1])), 2, 900).save(folder / "sheets" / f"{name}.png")
    narrow = sorted((folder / "narrow").glob("*.png"))
    tiled(narrow, 8, NARROW["width"]).save(folder / "sheets" / "narrow.png")
    problems = sorted((folder / "problems").glob("*.png"), key=lambda path: (path.name.split(".")[0], LANGUAGES.index(path.name.split(".")[1])))
    for first in range(0, len(problems), 32):
        tiled(problems[first:first + 32], 4, 560).save(folder / "sheets" / f"problems-{first // 32 + 1}.png")
    tiled([folder / f"{name}.{language}.png" for name, language in MAIN], 3, 480).save(folder / "main.jpg", quality=82, optimize=True)


def main():
    folder, program, app = Path(sys.argv[1]), *sys.argv[2:4]
    folder.mkdir(parents=True, exist_ok=True)
    pictures(folder, program)
    app_pictures(folder / "app", app)
    if len(sys.argv) > 4:
        import walked
        walked.pictures(folder / "kiosk", sys.argv[4])
    sheets(folder)
    app_sheets(folder / "app", folder / "app.jpg")
    print("done", flush=True)


if __name__ == "__main__":
    main()
