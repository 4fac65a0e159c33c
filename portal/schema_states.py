"""The models that a migration sees, made only when it asks for them.

Django keeps every model of every app rendered while it migrates, and renders nearly all of them anew for an operation,
because all of ours hang together by their tenant: a first migrate spent nine tenths of its time there. An operation on
the schema needs one model and what that refers to. Code (RunPython) and receivers of signals still get all of them.
"""

import functools
from typing import Any

from django.apps.registry import Apps
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState, StateApps
from django.utils.functional import cached_property

States = dict[tuple[str, str], ModelState]


class AskedModels(StateApps):
    """The models at one moment of the migrations, each rendered with what it refers to when it is asked for."""

    def __init__(self, real_apps: set[str], states: States) -> None:
        self._states: States = {}  # What the constructor of Django finds: nothing to render.
        super().__init__(real_apps, {})  # type: ignore[arg-type]
        # Operations change states in place, this is a moment.
        self._states = {key: state.clone() for key, state in states.items()}

    def get_model(self, app_label: str, model_name: str | None = None, require_ready: bool = True) -> Any:
        """Render one model, or say that there is none."""
        if model_name is None:
            app_label, model_name = app_label.split(".")
        return self.get_registered_model(app_label, model_name)

    def get_registered_model(self, app_label: str, model_name: str) -> Any:
        """Also what a foreign key asks for while its own model is made: so models bring what they refer to."""
        # Taken out first: a model that refers back to one in the making waits for it, as it does in Django.
        state = self._states.pop((app_label, model_name.lower()), None)
        if state is not None:
            self.render_multiple([state])
        return super().get_registered_model(app_label, model_name)

    def get_app_config(self, app_label: str) -> Any:
        """An app with all its models."""
        self._render_all()
        return super().get_app_config(app_label)

    @functools.cache  # noqa: B019 - Django clears it whenever a model is registered
    def get_models(self, include_auto_created: bool = False, include_swapped: bool = False) -> list[Any]:
        """All models: what refers to a model is found by asking each."""
        self._render_all()
        every: Any = Apps.get_models
        return every.__wrapped__(self, include_auto_created, include_swapped)  # type: ignore[no-any-return]

    def _render_all(self) -> None:
        while self._states:
            self.get_registered_model(*next(iter(self._states)))


class AskedState(ProjectState):
    """What migrations have made of the models so far; a change forgets what was rendered."""

    @cached_property
    def apps(self) -> StateApps:
        """The models as they stand, rendered when they are asked for."""
        return AskedModels(self.real_apps, self.models)

    def clone(self) -> "AskedState":
        """A copy that shares what was rendered until either is changed."""
        copy = AskedState({key: state.clone() for key, state in self.models.items()}, self.real_apps)
        if "apps" in self.__dict__:
            copy.__dict__["apps"] = self.apps
        return copy

    def clear_delayed_apps_cache(self) -> None:
        """Django calls this before code that may ask for anything: all models, and as it makes them."""
        self.__dict__["apps"] = StateApps(self.real_apps, self.models)  # type: ignore[arg-type]

    def reload_model(self, *_: Any, **__: Any) -> None:
        """A model has changed."""
        self.__dict__.pop("apps", None)

    reload_models = reload_model

    def remove_model(self, app_label: str, model_name: str) -> None:
        """A model is gone; a copy may still show it."""
        self.__dict__.pop("apps", None)
        super().remove_model(app_label, model_name)


class Executor(MigrationExecutor):
    """Django's executor over states that render what they are asked for."""

    def _create_project_state(self, with_applied_migrations: bool = False) -> AskedState:
        django = super()._create_project_state(with_applied_migrations)  # type: ignore[misc]
        return AskedState(django.models, django.real_apps)
