"""What browsers may fetch in advance, and the offline page."""

from shop.catalog.browsing_hints import CATALOGUE

PERSONAL = ("/cart", "/checkout", "/orders", "/admin", "/c/")


def test_only_catalogue_pages_name_the_links_to_fetch_in_advance(shopper):
    shopper.add()
    named = {path: "Speculation-Rules" in shopper.get(path).headers for path in ("/", "/cart", "/checkout", "/none")}

    assert named == {"/": True, "/cart": False, "/checkout": False, "/none": False}
    assert not any(pattern.startswith(PERSONAL) for pattern in CATALOGUE)


def test_a_visitor_who_saves_data_fetches_nothing_in_advance(app):
    browser = app.test_client()
    rules, none = browser.get("/prefetch.json"), browser.get("/prefetch.json", headers={"Save-Data": "on"})

    assert rules.mimetype == "application/speculationrules+json"
    assert rules.json["prefetch"][0]["eagerness"] == "moderate"
    assert none.json == {}
    assert "Save-Data" in none.headers["Vary"]


def test_the_service_worker_is_tiny_and_stores_nothing(app):
    script = app.test_client().get("/service-worker.js")

    assert len(script.data) < 1024
    assert script.mimetype == "text/javascript"
    assert "caches" not in script.text


def test_the_admin_registers_no_service_worker(owner):
    assert "shop-page.js" in owner.get("/").text
    assert "shop-page.js" not in owner.get("/admin/").text
