"""Entity references, as Backstage's ``parseEntityRef`` and ``stringifyEntityRef`` read and write them."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_NAMESPACE = "default"


class RefError(ValueError):
    """A text that Backstage would not accept as an entity reference. The message says why."""


@dataclass(frozen=True, slots=True)
class EntityRef:
    """``kind:namespace/name``. The casing is the author's; identity (``str``) ignores it."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}".lower()

    @classmethod
    def parse(cls, text: str, default_kind: str | None = None, default_namespace: str = DEFAULT_NAMESPACE) -> EntityRef:
        """Read ``[<kind>:][<namespace>/]<name>``.

        Mirrors ``@backstage/catalog-model`` 1.10, ``entity/ref``: the first colon ends the kind unless a
        slash comes before it, the first slash ends the namespace, the rest is the name and is not
        checked further.

        Raises:
            RefError: the text is empty, a part of it is, or it has no kind and no default applies.
        """
        if not text:
            raise RefError("entity reference must not be empty")
        colon, slash = text.find(":"), text.find("/")
        if slash != -1 and slash < colon:
            colon = -1
        kind = default_kind if colon == -1 else text[:colon]
        namespace = default_namespace if slash == -1 else text[colon + 1 : slash]
        name = text[max(colon + 1, slash + 1) :]
        if (colon != -1 and not kind) or (slash != -1 and not namespace) or not name:
            raise RefError(f'entity reference "{text}" is not of the form [<kind>:][<namespace>/]<name>')
        if not kind:
            raise RefError(f'entity reference "{text}" has no kind (it does not start with "component:" or similar)')
        return cls(kind, namespace, name)

    def written_like(self, text: str, default_kind: str, default_namespace: str) -> str:
        """The reference in the style of ``text``: short where that is short and still means this entity.

        ``default_kind`` and ``default_namespace`` are what a reference in this place means by what it leaves out.
        """
        kind = f"{self.kind.lower()}:" if ":" in text or self.kind.lower() != default_kind.lower() else ""
        inside = f"{self.namespace}/" if "/" in text or self.namespace.lower() != default_namespace.lower() else ""
        return f"{kind}{inside}{self.name}"
