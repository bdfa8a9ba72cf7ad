"""Staff forms as a browser fills them in: what a page shows, sent back."""

from html.parser import HTMLParser


class FormReader(HTMLParser):
    """The fields of the page's main form with the values that a browser would send."""

    def __init__(self):
        super().__init__()
        self.values, self._inside = {}, False
        self._select, self._area = None, None

    def handle_starttag(self, tag, attributes):
        attrs = dict(attributes)
        if tag == "form":
            self._inside = attrs.get("id", "").endswith("_form")
        name = attrs.get("name")
        if not self._inside:
            return
        if tag == "option" and self._select and "selected" in attrs:
            self._add(self._select, attrs.get("value", ""))
        if not name or "disabled" in attrs:
            return
        if tag == "input":
            self._input(name, attrs)
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area, self.values[name] = name, ""

    def _input(self, name, attrs):
        kind = attrs.get("type", "text")
        if kind in ("submit", "button", "file", "image"):
            return
        if kind not in ("checkbox", "radio"):
            self._add(name, attrs.get("value", ""))
        elif "checked" in attrs:
            self._add(name, attrs.get("value", "on"))

    def _add(self, name, value):
        if name in self.values:
            before = self.values[name]
            self.values[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            self.values[name] = value

    def handle_data(self, data):
        if self._area:
            self.values[self._area] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._area:
            # A browser leaves out the line break after the tag.
            text = self.values[self._area]
            self.values[self._area] = text.removeprefix("\n").replace("\r\n", "\n")
            self._area = None


def fields_of(page):
    """What the form of a page would send, without the middleware token."""
    reader = FormReader()
    reader.feed(page)
    reader.values.pop("csrfmiddlewaretoken", None)
    return reader.values
