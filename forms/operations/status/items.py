"""The items that `status` shows for a district: messages with days and never times."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class StatusItem:
    """One fact about an installation. value: for programs; needs: whether the operator should act."""

    name: str
    value: Any
    sentence: str
    needs: bool = False


@dataclass(frozen=True)
class Status:
    """The state of one district."""

    district: str
    items: tuple[StatusItem, ...]

    @property
    def needs(self) -> tuple[StatusItem, ...]:
        """The items on which the operator should act."""
        return tuple(item for item in self.items if item.needs)

    @property
    def as_json(self) -> dict[str, Any]:
        """The state as JSON values, for programs."""
        return {"district": self.district, "needs": len(self.needs), "items": [asdict(item) for item in self.items]}


def days_ago(days: int) -> str:
    """Return when something happened, like "yesterday"."""
    if days < 0:
        return f"on a day that is {-days} days ahead"
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def days_old(days: int) -> str:
    """Return how old something is, like "3 days old"."""
    if days < 0:
        return f"of a day that is {-days} days ahead: a clock was wrong, or it is not of here"
    return {0: "of today", 1: "of yesterday"}.get(days, f"{days} days old")
