"""What the page shows for selling, in a real browser: a product's panels, and a shop that recommends."""

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser import Reader

pytestmark = pytest.mark.slow

REVIEWS = [
    {"id": "r1", "text": "The colour is beautiful. The strap broke after a week."},
    {"id": "r2", "text": "The strap is bad."},
    {"id": "r3", "text": "Very comfortable, and a lovely colour."},
]
EVENTS = [
    {"id": f"e{n}-{id}", "user_id": f"u{n}", "kind": "purchase", "product_id": id, "time": f"2026-05-0{n}T10:00:00Z"}
    for n in range(1, 6)
    for id in ("p-0", "p-5")
]


@pytest.fixture
def told(address: str) -> None:
    """Reviews, purchases and a document, as a shop would send them."""
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        client.post("/v1/products/p-0/reviews", json={"reviews": REVIEWS}).raise_for_status()
        client.post("/v1/events", json={"events": EVENTS}).raise_for_status()
        document = b"# Delivery\n\nDelivery takes two\nworking days."
        client.post("/v1/documents", params={"name": "delivery.md"}, content=document).raise_for_status()


def panel(reader: Reader, name: str) -> Locator:
    return reader.page.locator("section.sheet", has=reader.page.get_by_role("heading", name=name, exact=True))


def test_a_product_has_what_is_made_of_it_for_selling(reader: Reader, told: None) -> None:
    reader.open("#/product/p-0")
    expect(reader.page.get_by_role("region", name="Bought together").locator(".card")).to_have_count(1)
    reviews = panel(reader, "Reviews")
    expect(reviews).to_contain_text("3 reviews")
    strap = reviews.locator("details", has=reader.page.locator(".aspect", has_text="strap"))
    expect(strap).to_contain_text("2 reviews, 2 negative, 0 positive")
    strap.locator("summary").click()
    expect(strap.locator(".sentences")).to_contain_text("The strap is bad.")

    questions = panel(reader, "Questions")
    questions.get_by_label("Your question").fill("How long does delivery take?")
    questions.get_by_role("button", name="Ask").click()
    expect(questions.locator(".selling-answer")).to_contain_text("Delivery takes two working days.")
    expect(questions.locator(".selling-answer")).to_contain_text("delivery.md")
    questions.get_by_label("Your question").fill("Who won the match?")
    questions.get_by_role("button", name="Ask").click()
    expect(questions.locator(".selling-answer")).to_contain_text("The listing does not say.")


def test_a_product_is_priced_drafted_and_forecast(reader: Reader) -> None:
    reader.open("#/product/p-0")
    price = panel(reader, "Price")
    price.get_by_role("button", name="Suggest a price").click()
    expect(price.locator(".selling-answer p").first).to_be_visible()

    draft = panel(reader, "Draft a listing")
    draft.get_by_label("Channel").select_option("ebay")
    draft.get_by_role("button", name="Write a draft").click()
    expect(draft.locator(".selling-answer h3").first).to_contain_text("/ 80")
    expect(draft.locator(".traced").first).to_have_attribute("title", "from the brand")

    demand = panel(reader, "Demand")
    demand.get_by_label("Units sold a week").fill("12, 9, 14, 11, 8, 13, 12, 10, 11, 12")
    demand.get_by_role("button", name="Forecast").click()
    expect(demand.locator("tbody tr")).to_have_count(4)
    expect(demand).to_contain_text("Reorder point:")

    facts = reader.page.locator("details.sheet", has_text="What is known, and from where")
    facts.locator("summary").click()
    expect(facts.locator("tbody tr").filter(has_text="brand")).to_contain_text("the feed")


def test_recommendations_change_with_each_click(reader: Reader, told: None) -> None:
    reader.open("#/shop")
    recommended = reader.page.get_by_role("region", name="Recommended for you")
    expect(recommended.locator(".card")).to_have_count(6)
    expect(recommended).to_contain_text("Before the first click")
    reader.page.get_by_role("button", name="Buy red shirt 0", exact=True).last.click()
    expect(recommended).to_contain_text("By what you clicked in this visit.")
    expect(recommended).to_contain_text("Others chose it together with red shirt 0")
    reader.page.get_by_role("button", name="Start again").click()
    expect(recommended).to_contain_text("Before the first click")
