"""The first migration of a fresh database: what it may leave out."""

from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connections, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, DeleteModel
from django.db.migrations.state import ModelState, ProjectState, StateApps
from pgtrigger import Before, Trigger, Update
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from portal.management.commands.migrate import (
    _event_tables,
    _models_are_made_when_asked_for,
    _triggers_change_no_model,
)
from portal.schema_states import AskedModels, AskedState, Executor


def test_a_trigger_is_kept_in_the_state_and_no_model_is_made_anew_for_it() -> None:
    state = ProjectState()
    state.add_model(ModelState("shop", "Order", [("id", models.AutoField(primary_key=True))]))
    rendered = state.apps.get_model("shop", "order")
    trigger = Trigger(name="law", when=Before, operation=Update, func="RETURN NEW;")
    usual = AddTrigger.state_forwards
    with _triggers_change_no_model():
        AddTrigger("order", trigger).state_forwards("shop", state)
        assert state.models["shop", "order"].options["triggers"] == [trigger]
        RemoveTrigger("order", "law").state_forwards("shop", state)
        assert state.models["shop", "order"].options["triggers"] == []
    assert state.apps.get_model("shop", "order") is rendered
    assert AddTrigger.state_forwards is usual


def test_history_that_an_earlier_state_does_not_have_is_not_asked_for() -> None:
    assert _event_tables(["tenants_membershipevent", "tenants_membership"]) == ["tenants_membershipevent"]
    assert len(_event_tables([model._meta.db_table for model in apps.get_models()])) > 10


class Asking(MigrationLoader):
    """Django's loader of migrations over our states."""

    def project_state(self, *args: Any, **kwargs: Any) -> AskedState:
        """What Django's own state becomes in our executor."""
        django = super().project_state(*args, **kwargs)
        return AskedState(django.models, django.real_apps)


def shop() -> AskedState:
    """Orders that refer to their customer, and customers to the order they had last; a stock apart."""
    state = AskedState()
    key = ("id", models.AutoField(primary_key=True))
    last = models.ForeignKey("shop.Order", models.CASCADE, null=True, related_name="+")
    state.add_model(ModelState("shop", "Customer", [key, ("last", last)]))
    state.add_model(
        ModelState("shop", "Order", [key, ("customer", models.ForeignKey("shop.Customer", models.CASCADE))])
    )
    state.add_model(ModelState("shop", "Stock", [key]))
    return state


def rendered(state: AskedState) -> set[str]:
    return set(state.apps.all_models["shop"])


def test_a_model_is_made_with_what_it_refers_to_and_no_other() -> None:
    state = shop()
    assert rendered(state) == set()
    order, customer = state.apps.get_model("shop", "Order"), state.apps.get_model("shop.customer")
    assert order._meta.get_field("customer").related_model is customer
    assert customer._meta.get_field("last").related_model is order
    assert rendered(state) == {"order", "customer"}
    with pytest.raises(LookupError):
        state.apps.get_model("shop", "shelf")


def test_who_asks_what_refers_to_a_model_is_told_of_all() -> None:
    state = shop()
    customer = state.apps.get_model("shop", "customer")
    assert [field.related_model.__name__ for field in customer._meta.related_objects] == ["Order"]
    assert len(state.apps.get_models()) == 3
    assert len(list(shop().apps.get_app_config("shop").get_models())) == 3


def test_the_state_before_an_operation_stays_as_it_was() -> None:
    state = shop()
    before = state.clone()
    AddField("order", "note", models.TextField(default="")).state_forwards("shop", state)
    after = state.clone()
    DeleteModel("order").state_forwards("shop", state)
    names = [{field.name for field in each.apps.get_model("shop", "order")._meta.fields} for each in (before, after)]
    assert names == [{"id", "customer"}, {"id", "customer", "note"}]
    with pytest.raises(LookupError):
        state.apps.get_model("shop", "order")


def test_code_of_a_migration_gets_all_models_as_django_makes_them() -> None:
    state = shop()
    assert type(state.apps) is AskedModels
    state.clear_delayed_apps_cache()
    assert type(state.apps) is StateApps
    assert rendered(state) == {"order", "customer", "stock"}


@pytest.mark.django_db(databases=["owner"])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("integrations", "0006_kept_files"),
        ("mappings", "0005_order_tolerance"),
        ("reconciliation", "0011_proof_of_automatic"),
        ("django_celery_beat", "0002_auto_20161118_0346"),
    ],
)
def test_a_migration_is_the_sql_that_django_makes_of_it(app: str, name: str, backwards: bool) -> None:
    ways = [MigrationLoader(connections["owner"]), Asking(connections["owner"])]
    ours, djangos = ([*way.collect_sql([(way.graph.nodes[app, name], backwards)])] for way in reversed(ways))
    assert ours == djangos
    assert any(line.startswith(("ALTER", "CREATE")) for line in ours)


@pytest.mark.django_db(databases=["owner"])
def test_migrating_what_has_all_its_migrations_changes_nothing() -> None:
    applied = set(MigrationLoader(connections["owner"]).applied_migrations)
    call_command("migrate", verbosity=0)
    assert set(MigrationLoader(connections["owner"]).applied_migrations) == applied


def test_only_our_own_command_migrates_in_our_way() -> None:
    command = vars(migrate)
    usual = command["MigrationExecutor"]
    with _models_are_made_when_asked_for():
        assert command["MigrationExecutor"] is Executor
    assert command["MigrationExecutor"] is usual
