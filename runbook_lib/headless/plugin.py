"""What papermill finds by its entry point. The engine itself imports papermill, so it is loaded on first use."""

from __future__ import annotations

from typing import Any


class RunbookEngine:
    """The engine of `papermill --engine runbook`."""

    @classmethod
    def execute_notebook(cls, *words: Any, **options: Any) -> Any:
        """Run a notebook; see runbook_lib.headless.engine."""
        return _engine().execute_notebook(*words, **options)

    @classmethod
    def nb_kernel_name(cls, *words: Any, **options: Any) -> Any:
        """The kernel name that a notebook states."""
        return _engine().nb_kernel_name(*words, **options)

    @classmethod
    def nb_language(cls, *words: Any, **options: Any) -> Any:
        """The language that a notebook states."""
        return _engine().nb_language(*words, **options)


def _engine() -> Any:
    from runbook_lib.headless import engine

    return engine.RunbookEngine
