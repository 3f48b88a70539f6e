"""The certificate for abroad: the passport from a picture and from a camera, what is wrong with it told, and what an expired one stops."""

from playwright.sync_api import expect

from app_applications import code_on_screen, codes_in, entries, of
from paper import run


def abroad(stand, phone):
    """From a picture of the passport: two codes, each read; the page has both."""
    phone.enter().to_person("gaiji", ("abroad",)).on_from_person().is_on("passport")
    # It is this one alone that is applied for, so there is nothing to go on with.
    expect(phone.page.get_by_role("button", name=phone.say("PassportGiveUp"))).to_have_count(0)
    for how, code in (("glare", "passport-glare"), ("skewed", "passport-skewed"), ("blurred", "passport-blurred"), ("dark", "passport-dark"),
                      ("cut-off", "passport-cut-off"), ("other-document", "passport-other-document")):
        phone.give_picture(stand.order(passport={"persona": "gaiji", "taken": how}))
        phone.is_told(code).understood().is_on("passport")
    # Read, and not as it should be: once more.
    phone.give_picture(stand.order(passport={"persona": "gaiji", "taken": "turned"})).is_on("passport-check").push("PassportAgain").is_on("passport")
    phone.give_picture(stand.order(passport={"persona": "gaiji", "taken": "upside-down"})).is_on("passport-check")
    said = phone.page.locator("main dl").inner_text()
    for part in ("YOSHIDA TAKAKO", "XX0000001", "JPN"):
        assert part in said, "not what the passport says"
    phone.push("Right").choose_municipality()
    assert "YOSHIDA TAKAKO" in phone.page.locator("main .card.abroad").inner_text()
    phone.issue()
    tabs = phone.page.locator("main .tab")
    expect(tabs).to_have_count(2)
    codes = []
    for tab, begins in zip(tabs.all(), ("shc:/", '{"')):
        tab.click()
        expect(tab).to_have_attribute("aria-pressed", "true")
        codes.append(code_on_screen(phone))
        assert codes[-1].startswith(begins), "another code than it says"
    # Nothing of it can be hidden: whoever checks it looks at the passport.
    expect(phone.page.locator("#hide")).to_have_count(0)
    with phone.page.expect_download() as saved:
        phone.push("SavePdf")
    page = run("pdftoppm", "-r", "300", "-gray", "-singlefile", saved.value.path())
    assert sorted(codes_in(page)) == sorted(codes), "the page holds other codes"
    phone.to_list()


def by_camera(stand, phone):
    """From the camera, as it looks at the page; both kinds at once, with one PIN and one tap."""
    film = phone.video(stand.order(passport={"persona": "seven-doses", "taken": "well"}))
    phone.enter(video=film).to_person("seven-doses", ("domestic", "abroad")).on_from_person().is_on("passport")
    phone.push("UseCamera").is_on("passport-check")
    assert "WAKATAKE DAISUKE" in phone.page.locator("main dl").inner_text()
    # The camera is let go of with the screen.
    assert phone.page.evaluate("document.querySelectorAll('video').length") == 0
    phone.push("Right").choose_municipality()
    expect(phone.page.locator("main .card")).to_have_count(2)
    phone.push("IssueBoth").is_on("certificate").to_list()
    expect(of("seven-doses", phone)).to_have_count(2)


def advised(stand, phone):
    """While the camera sees nothing that can be read, it is said why; the picture can be taken all the same, and the camera closed."""
    film = phone.video(stand.order(passport={"persona": "gaiji", "taken": "dark"}))
    phone.enter(video=film).to_person("gaiji", ("abroad",)).on_from_person().is_on("passport").push("UseCamera")
    expect(phone.page.locator("#advice")).to_have_text(phone.say("advice/passport-dark"))
    phone.push("Shoot").is_told("passport-dark").understood().is_on("passport")
    phone.push("UseCamera").push("CameraClose")
    expect(phone.page.locator("video")).to_have_count(0)
    expect(phone.page.get_by_role("button", name=phone.say("UseCamera"), exact=True)).to_be_focused()
    # No camera, or none allowed.
    phone.page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); }")
    phone.push("UseCamera")
    expect(phone.page.locator("main .fault")).to_have_text(phone.say("CameraNone"))
    phone.cancel()


def expired(stand, phone):
    """An expired passport stops the certificate for abroad alone; so does giving it up."""
    phone.enter()
    for who, way in (("former-surname", "expired"), ("foreign-resident", "given up")):
        before = entries(phone).count()
        phone.to_person(who, ("domestic", "abroad")).on_from_person().is_on("passport")
        if way == "expired":
            phone.give_picture(stand.order(passport={"persona": who, "taken": "well", "last_day": "200101"}))
            phone.is_told("passport-expired").understood()
            phone.page.locator("main.on-municipality, main.on-passport").wait_for()
        if phone.page.locator("main.on-passport").count():
            phone.push("PassportGiveUp")
        phone.choose_municipality()
        expect(phone.page.locator("main .card")).to_have_count(1)
        phone.issue().to_list()
        expect(entries(phone)).to_have_count(before + 1)
        assert phone.say("Domestic") in of(who, phone).first.inner_text(), "not the domestic one"


def somebody_elses(stand, phone):
    """A passport with another birth date than the card's."""
    phone.enter().to_person("gaiji", ("abroad",)).on_from_person().is_on("passport")
    phone.give_picture(stand.order(passport={"persona": "ordinary", "taken": "well"}))
    phone.is_told("passport-not-yours").understood().is_on("passport").cancel()


PARTS = (abroad, by_camera, advised, expired, somebody_elses)
