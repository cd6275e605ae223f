"""The engine: targets (how to ask a model), probes (what to ask), the runner between them.

    seed ─▶ probe.draw ─▶ target.ask ─▶ journal ─▶ probe.score ─▶ measure ─▶ statement

The module is callable, because `steelyard.audit("model.gguf")` is the name people expect
and a room of the same name has to live somewhere.
"""

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Weigh a model and return the statement; see `steelyard.audit.api.audit`."""
        from steelyard.audit import api

        return api.audit(*arguments, **options)


sys.modules[__name__].__class__ = _CallableRoom
