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
    draft.get_by_label("Have the description written by a model").check()
    draft.get_by_role("button", name="Write a draft").click()
    expect(draft.locator(".selling-answer")).to_contain_text("This service has no model that writes")

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


def test_a_customers_message_is_told_apart(reader: Reader) -> None:
    for place in ("#/shop", "#/product/p-0"):
        reader.open(place)
        intents = panel(reader, "What does this customer want?")
        answer = intents.locator(".selling-answer")
        intents.get_by_label("A customer's message").fill("Where is my order?")
        intents.get_by_role("button", name="Read the message").click()
        expect(answer).to_contain_text("Where the order is")
        expect(answer).to_contain_text("Most like the example: Where is my order?")


def test_a_document_is_added_and_deleted(reader: Reader) -> None:
    reader.open("#/shop")
    documents = panel(reader, "Documents")
    care = {"name": "care.md", "mimeType": "text/markdown", "buffer": b"# Care\n\nWash at 30 degrees. Do not bleach.\n"}
    documents.get_by_label("File").set_input_files([care])  # type: ignore[list-item]  # playwright's own TypedDict
    expect(documents.get_by_label("Its id")).to_be_hidden()
    documents.get_by_label("What it is about").select_option("brand")
    documents.get_by_label("Its id").fill("Halden")
    documents.get_by_role("button", name="Add the document").click()
    expect(documents.locator(".selling-answer")).to_contain_text("care.md is stored with 2 sentences.")
    row = documents.get_by_role("listitem").filter(has_text="care.md")
    expect(row).to_contain_text("A brand: halden")
    row.get_by_role("button", name="Delete care.md").click()
    row.get_by_role("button", name="Delete care.md for good").click()
    expect(row).to_have_count(0)

    empty = care | {"name": "empty.md", "buffer": b"\n"}
    documents.get_by_label("File").set_input_files([empty])  # type: ignore[list-item]
    documents.get_by_label("What it is about").select_option("shop")
    documents.get_by_role("button", name="Add the document").click()
    expect(documents.get_by_role("alert")).to_contain_text("The document has no words.")
    reader.excuse()
