"""The first migration of a fresh database: what it may leave out."""

from django.db import models
from django.db.migrations.state import ModelState, ProjectState
from pgtrigger import Before, Trigger, Update
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from portal.management.commands.migrate import _triggers_change_no_model


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
