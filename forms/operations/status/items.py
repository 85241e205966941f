"""What `status` shows of a district: items in sentences, with days and never times."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class StatusItem:
    """One thing that is looked at. value: for programs; needs: whether the operator should do something."""

    name: str
    value: Any
    sentence: str
    needs: bool = False


@dataclass(frozen=True)
class Status:
    """How one district stands."""

    district: str
    items: tuple[StatusItem, ...]

    @property
    def needs(self) -> tuple[StatusItem, ...]:
        """What needs the operator."""
        return tuple(item for item in self.items if item.needs)

    @property
    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"district": self.district, "needs": len(self.needs), "items": [asdict(item) for item in self.items]}


def ago(days: int) -> str:
    if days < 0:
        return f"on a day that is {-days} days ahead"
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def age(days: int) -> str:
    if days < 0:
        return f"of a day that is {-days} days ahead: a clock was wrong, or it is not of here"
    return {0: "of today", 1: "of yesterday"}.get(days, f"{days} days old")
