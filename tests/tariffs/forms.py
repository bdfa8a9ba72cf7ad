"""The fields of an HTML form as a browser would send them."""

from html.parser import HTMLParser

Fields = list[tuple[str, str]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: Fields = []
        self._select = self._area = ""
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        name = told.get("name", "")
        if tag == "input" and name and told.get("type") not in ("submit", "checkbox"):
            self.fields.append((name, told.get("value", "")))
        elif tag == "input" and told.get("type") == "checkbox" and "checked" in told:
            self.fields.append((name, told.get("value", "on")))
        elif tag == "select":
            self._select, self._options = name, []
        elif tag == "option" and self._select:
            self._options.append((told.get("value", ""), "selected" in told))
        elif tag == "textarea":
            self._area = name
            self.fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected]
            first = [value for value, _ in self._options[:1]]
            self.fields += [(self._select, value) for value in (chosen or first)]
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            name, had = self.fields[-1]
            self.fields[-1] = (name, had + data)


def read_form(page: str, marker: str) -> dict[str, list[str]]:
    """The fields of the form whose tag has this text in it."""
    start = page.index(marker)
    reader = _Reader()
    reader.feed(page[start : page.index("</form>", start)])
    fields: dict[str, list[str]] = {}
    for name, value in reader.fields:
        fields.setdefault(name, []).append(value)
    return fields
