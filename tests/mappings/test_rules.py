"""Rules: the more exact one wins, then the later date; what could tie is refused; every choice says what lost."""

from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.transform import Book, Document, Rule, Target
from mappings.transform.conditions import FIELDS, fields_for, normal_conditions
from mappings.transform.rules import conflicts

FOOD = ("category", "sales", "Food")


def target(name: str) -> Target:
    return Target(name, f"account {name}", kind="income")


def rule(name: str, value: str = "Food", since: str = "", **conditions: str) -> Rule:
    return Rule("category", "sales", value, target(name), conditions, since)


def document(**changes: Any) -> Document:
    body: dict[str, Any] = {
        "kind": "sale",
        "issued_on": "2026-06-15",
        "currency": "EUR",
        "tax_mode": "none",
        "source": "shop",
        "counterparty": {"name": "Blue  Ltd", "country": "de"},
        "lines": [{"category": "Food", "amount": "10.00", "item": "SKU-1"}],
        "total": "10.00",
    }
    return Document.from_body(body | changes)


def chosen(rules: list[Rule], sent: Document | None = None) -> Any:
    sent = sent or document()
    choice = Book(1, rules).choose(FOOD, sent, sent.lines[0])
    return choice and choice.target.external_id


@pytest.mark.parametrize(
    ("rules", "winner"),
    [
        ([rule("any", ""), rule("word")], "word"),
        ([rule("any", "")], "any"),
        ([rule("any", "", country="DE", currency="EUR"), rule("word")], "word"),
        ([rule("word"), rule("DE", country="DE"), rule("DE EUR", country="DE", currency="EUR")], "DE EUR"),
        ([rule("word"), rule("FR", country="FR")], "word"),
        ([rule("word"), rule("later", since="2026-06-15"), rule("future", since="2026-06-16")], "later"),
        ([rule("word"), rule("item", item="SKU-1")], "item"),
        ([rule("word"), rule("who", counterparty="blue ltd")], "who"),
        ([rule("FR", country="FR")], None),
    ],
)
def test_the_more_exact_rule_wins_and_then_the_later(rules: list[Rule], winner: str | None) -> None:
    assert chosen(rules) == winner
    assert chosen(rules[::-1]) == winner


def test_a_choice_tells_what_lost_and_why() -> None:
    rules = [
        rule("any", ""),
        rule("word"),
        rule("DE", country="DE"),
        rule("old", country="DE", since="2020-01-01"),
        rule("new", country="DE", since="2026-01-01"),
        rule("soon", country="DE", since="2027-01-01"),
        rule("FR", country="FR", since="2026-02-01"),
    ]
    sent = document()
    choice = Book(1, rules).choose(FOOD, sent, sent.lines[0])
    assert choice
    assert choice.target.external_id == "new"
    assert dict(choice.alternatives) == {
        "account soon": "holds only for documents dated from 2027-01-01",
        "account FR": "holds for country FR, this document says DE",
        "account old": "earlier: it holds from 2020-01-01, the chosen one from 2026-01-01",
        "account DE": "earlier: it holds without a date, the chosen one from 2026-01-01",
        "account word": "less exact: it holds for category “Food”",
    }


def test_conditions_are_kept_in_one_form_and_only_what_can_be_asked_is_taken() -> None:
    assert normal_conditions("category", {"country": " de ", "currency": "", "counterparty": "Blue  Ltd"}) == {
        "counterparty": "blue ltd",
        "country": "DE",
    }
    for subject, name in (("category", "colour"), ("category", "category"), ("payment_method", "item")):
        with pytest.raises(ValueError, match=f"“{name}” cannot be a condition here; possible are kind, source"):
            normal_conditions(subject, {name: "x"})
    with pytest.raises(ValueError, match="Country is longer than 100"):
        normal_conditions("category", {"country": "x" * 101})
    assert set(fields_for("payment_method")) < set(FIELDS)


def test_two_rules_of_one_rank_conflict_only_if_a_document_can_fit_both() -> None:
    german, euro = rule("a", country="DE"), rule("b", currency="EUR")
    assert conflicts([german, euro]) == [(german, euro)]
    assert not conflicts([german, rule("b", country="FR")])
    assert not conflicts([german, rule("b", country="DE", currency="EUR")])
    assert not conflicts([german, rule("b", currency="EUR", since="2026-01-01")])
    assert not conflicts([german, rule("b", "", currency="EUR")])


WORLD = {"country": ("DE", "FR"), "currency": ("EUR", "USD"), "source": ("shop", "crm"), "tax_mode": ("none", "other")}
DATES = ("", "2026-01-01", "2026-06-01")

some_conditions = st.dictionaries(st.sampled_from(sorted(WORLD)), st.integers(0, 1), max_size=3).map(
    lambda found: {name: WORLD[name][at] for name, at in found.items()}
)
some_rules = st.lists(
    st.tuples(st.sampled_from(["Food", ""]), some_conditions, st.sampled_from(DATES)), min_size=1, max_size=6
).map(lambda found: [rule(str(at), value, since, **asked) for at, (value, asked, since) in enumerate(found)])


def every_document() -> list[Document]:
    """One of each kind that rules over this small world can tell apart."""
    return [
        document(
            issued_on=day,
            currency=currency,
            source=source,
            tax_mode=tax_mode,
            counterparty={"name": "Blue", "country": country},
        )
        for country, currency, source, tax_mode in product(*WORLD.values())
        for day in ("2025-12-31", "2026-01-01", "2026-06-01")
    ]


EVERY_DOCUMENT = every_document()
# A crowded machine is no failure of the rules.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def best(rules: list[Rule], sent: Document) -> list[Rule]:
    """All rules that fit with the greatest rank, found without any of the code's short cuts."""
    fitting = [each for each in rules if not each.unmet(sent, sent.lines[0])]
    return [each for each in fitting if each.rank == max(other.rank for other in fitting)]


@patiently
@given(some_rules)
def test_rules_conflict_exactly_when_some_document_has_two_winners(rules: list[Rule]) -> None:
    paired = {frozenset((one.target.external_id, other.target.external_id)) for one, other in conflicts(rules)}
    tied = [{each.target.external_id for each in best(rules, sent)} for sent in EVERY_DOCUMENT]
    assert all(any(pair <= names for pair in paired) for names in tied if len(names) > 1)
    for pair in paired:
        one, other = (each for each in rules if each.target.external_id in pair)
        assert one.rank == other.rank
        assert any(not one.unmet(d, d.lines[0]) and not other.unmet(d, d.lines[0]) for d in EVERY_DOCUMENT)


@patiently
@given(some_rules, st.randoms())
def test_a_version_gives_the_same_choice_whatever_the_order_of_its_rules_or_of_the_documents(
    rules: list[Rule], random: Any
) -> None:
    if conflicts(rules):
        return
    shuffled, documents = random.sample(rules, len(rules)), random.sample(EVERY_DOCUMENT, len(EVERY_DOCUMENT))
    book = Book(1, shuffled)
    for sent in documents:
        winners = best(rules, sent)
        choice = book.choose(FOOD, sent, sent.lines[0])
        assert (choice.rule if choice else None) == (winners[0] if winners else None)
        assert choice == Book(1, rules).choose(FOOD, sent, sent.lines[0])
