"""Form fields of staff screens."""

from typing import Any

from django import forms


class LinesField(forms.CharField):
    """A list of texts, one per line; empty lines and doubles are dropped."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "staff-input"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)
