"""Events as log lines: the default, with no server to run."""

from collections.abc import Sequence
from typing import Any

import structlog

logger = structlog.get_logger("apps.events.published")


class LogPublisher:
    def publish(self, events: Sequence[dict[str, Any]]) -> dict[str, str]:
        for event in events:
            logger.info("event", cloud_event=event)
        return {}

    def close(self) -> None:
        pass
