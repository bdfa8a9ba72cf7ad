"""What a mode does to the hub's answers, and how it writes its pages."""

from dataclasses import dataclass, field
from random import Random

MODES = ("happy", "random-500", "slow", "rate-limit", "partial", "pagination", "hostile")
# What becomes of a request.
FINE, FAIL, WAIT, REFUSE, CUT, TRUNCATE, HALF = (
    "fine", "500", "slow", "429", "cut connection", "truncated JSON", "206 with half a page",
)  # fmt: skip


@dataclass
class Faults:
    """Decides for each request; the same seed decides the same."""

    mode: str
    seed: str
    page: int = 3
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        if self.mode == "pagination":
            self.page = 1

    def decide(self, *, is_list: bool) -> str:
        """What to do with a request of a module (credentials and versions are never hurt)."""
        dice = self.random.random()
        if self.mode == "random-500" and dice < 0.25:
            return FAIL
        if self.mode == "rate-limit" and dice < 0.4:
            return REFUSE
        if self.mode == "slow":
            return WAIT
        if self.mode == "partial" and dice < 0.36:
            return CUT if dice < 0.12 else TRUNCATE if dice < 0.24 or not is_list else HALF
        return FINE

    @property
    def delay(self) -> float:
        return self.random.uniform(0.2, 0.8)

    def link(self, path: str, base: str, number: int) -> tuple[str, str]:
        """The header of the next page: its name and value, spelled differently page by page."""
        if self.mode != "pagination":
            return "Link", f'<{base}{path}>; rel="next"'
        forms = [
            ("link", f'<{base}{path}>; rel="next"'),
            ("LINK", f"<{base}{path}>;rel=next"),
            ("Link", f'<{path}>; rel="next"'),
            ("Link", f'<{base}/somewhere>; rel="prev", <{base}{path}>; title="x"; rel="NEXT last"'),
            ("lInK", f"<?{path.split('?', 1)[1]}>; rel=next"),
        ]
        return forms[number % len(forms)]
