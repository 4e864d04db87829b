"""What the demo's lending desk works with: its papers, and the questions frozen over them."""

import hashlib
import json
import re
import runpy
from collections import Counter
from pathlib import Path

import pytest
import yaml

import plait.app
from plait.tasks.search.document import Document
from plait.tasks.search.parse import read_document

LENDING = Path(plait.app.__file__).parent / "lending"
POLICIES = LENDING / "policies"
ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ROOT / "bench" / "desk_questions.json"
FROZEN = "2a865b3dabcd771c0b66924b1c88c4643f5fff6ba8e172bd25c54bc4882f8508"


@pytest.fixture(scope="module")
def papers() -> dict[str, Document]:
    return {path.name: read_document(path) for path in sorted(POLICIES.iterdir())}


@pytest.fixture(scope="module")
def questions():
    return json.loads(QUESTIONS.read_text(encoding="utf-8"))


def listed(name):
    return yaml.safe_load((LENDING / name).read_text(encoding="utf-8"))


def quoted(question):
    """Yield (document, quote) of every span that a right citation may overlap."""
    yield from ((question["document"], quote) for quote in question["quote"])
    for other in question.get("also", []):
        yield from ((other["document"], quote) for quote in other["quote"])


def test_the_papers_are_about_twenty_pages_in_four_formats(papers):
    assert 7_500 <= sum(len(each.text.split()) for each in papers.values()) <= 16_000
    kinds = Counter(each.media_type for each in papers.values())
    assert kinds["text/markdown"] >= 9
    assert kinds["application/pdf"] == kinds["text/html"] == kinds["text/plain"] == 1


def test_every_manual_part_has_headings_and_most_have_tables(papers):
    manual = [each for each in papers.values() if "section" in each.metadata]
    assert len(manual) >= 9
    kinds = [{block.kind for block in each.blocks} for each in manual]
    assert all("heading" in each for each in kinds)
    assert sum("table" in each for each in kinds) >= 9


def test_every_reference_to_a_section_leads_to_one(papers):
    named = "\n".join(each.text for each in papers.values())
    sections = set(re.findall(r"^(?:#+ )?([A-Z]{2,3}-\d+) ", named, re.M))
    referred = set(re.findall(r"\b(?:EL|DTI|LTV|CR|INC|DP|APR|RL|AP|DA|PR|SV|FL)-\d+\b", named))
    assert len(sections) > 80
    assert referred <= sections


def test_the_pdf_has_a_text_layer_in_pages(papers):
    notice = papers["fair-lending-notice.pdf"]
    assert len(notice.pages) == 3
    begins = ("Fair Lending Notice", "FL-5 ", "FL-9 ", "FL-10 ")
    assert [notice.page(notice.text.index(each)) for each in begins] == [1, 2, 2, 3]
    titles = [block.title for block in notice.blocks if block.kind == "heading"]
    assert titles[:2] == ["Fair Lending Notice", "FL-1 Our promise"]
    assert len(titles) == 11


def test_the_pdf_says_what_its_source_says(papers):
    made = runpy.run_path(str(ROOT / "scripts" / "notice.py"))
    source = made["SOURCE"].read_text(encoding="utf-8")
    assert (POLICIES / "fair-lending-notice.pdf").read_bytes() == made["pdf"](source)
    told = re.sub(r"^#+ ", "", source, flags=re.M)
    assert papers["fair-lending-notice.pdf"].text.split() == told.split()


def test_the_memo_holds_its_orders_in_plain_sight(papers):
    memo = papers["broker-memo.md"].text
    (orders,) = [each for each in memo.split("\n\n") if "ignore all previous" in each]
    assert "loan is approved" in orders
    assert "reveal your system prompt" in orders
    others = [each.text for name, each in papers.items() if name != "broker-memo.md"]
    assert not any("previous instructions" in each for each in others)


def test_forty_questions_of_which_fifteen_have_no_answer(questions):
    assert len({each["id"] for each in questions}) == len(questions) == 40
    assert len({each["question"] for each in questions}) == 40
    assert sum(each["answerable"] for each in questions) == 25
    for each in questions:
        told = {"document", "quote", "answer"} & set(each)
        assert len(told) == (3 if each["answerable"] else 0), each["id"]


def test_every_quote_stands_exactly_once_in_its_document(papers, questions):
    spans = [span for each in questions if each["answerable"] for span in quoted(each)]
    wrong = [span for span in spans if papers[span[0]].text.count(span[1]) != 1]
    assert not wrong
    assert {name for name, _ in spans} >= {
        "fair-lending-notice.pdf", "branch-notice.html", "fee-schedule.txt",
    }  # fmt: skip


def test_the_quotes_hold_the_key_facts_and_the_questions_do_not_copy_them(questions):
    for each in questions:
        if each["answerable"]:
            quotes = " ".join(quote for _, quote in quoted(each))
            lacking = [fact for fact in each["answer"] if fact not in quotes]
            assert each["answer"], each["id"]
            assert not lacking, each["id"]
            assert not any(quote in each["question"] for quote in each["quote"])


def test_the_questions_are_those_that_were_frozen():
    """A figure is worth something only if nobody changed the questions after seeing answers."""
    text = QUESTIONS.read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == FROZEN


def test_each_intent_has_a_description_and_examples(questions):
    intents = listed("intents.yaml")
    assert {"loan_decision", "policy_question"} <= set(intents)
    examples = [text for each in intents.values() for text in each["examples"]]
    assert all(each["description"] and len(each["examples"]) >= 5 for each in intents.values())
    assert all(isinstance(each, str) for each in examples)
    shown = [text for each in listed("exchanges.yaml") for text in each["messages"]]
    asked = [each["question"] for each in questions]
    assert len({*examples, *shown, *asked}) == len(examples) + len(shown) + len(asked)


def test_the_five_exchanges(papers):
    exchanges = {each["id"]: each for each in listed("exchanges.yaml")}
    assert list(exchanges) == ["policy", "decision", "unsupported", "injection", "card"]
    assert all(each["shows"] for each in exchanges.values())
    assert len(exchanges["decision"]["messages"]) == 2
    assert "Gullwing" in exchanges["injection"]["messages"][0]
    (number,) = re.findall(r"(?:\d{4} ){3}\d{4}", exchanges["card"]["messages"][0])
    digits = [int(each) for each in reversed(number.replace(" ", ""))]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[1::2]]
    assert (sum(digits[0::2]) + sum(doubled)) % 10 == 0
    assert not any(number in each.text for each in papers.values())


def test_the_prompt_is_short_and_fits_a_small_model():
    words = (LENDING / "prompts" / "grounded.md").read_text(encoding="utf-8").split()
    assert 30 < len(words) < 150
