"""GraphQL: the schema definition language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSyntaxError
from graphql.language import DocumentNode, TypeDefinitionNode, TypeExtensionNode, parse
from graphql.validation.rules.known_directives import KnownDirectivesRule
from graphql.validation.rules.possible_type_extensions import PossibleTypeExtensionsRule
from graphql.validation.specified_rules import specified_sdl_rules
from graphql.validation.validate import validate_sdl

from bylaw.rules.api.formats.fault import Fault, too_long

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAYS = "is not valid GraphQL"
_LONGEST = 1_600_000  # characters, of which it parses some 350,000 in a second where there are no descriptions
# The schema may be a part of a larger one (Apollo Federation): it extends what others define, by their directives.
_RULES = [rule for rule in specified_sdl_rules if rule not in {KnownDirectivesRule, PossibleTypeExtensionsRule}]


def faults(definition: Any, parameters: Mapping[str, Any]) -> list[Fault]:
    """What keeps a definition from being a GraphQL schema; ``graphql_types`` are types that need no definition."""
    if not isinstance(definition, str):
        return []
    if found := too_long(definition, _LONGEST):
        return found
    try:
        document = parse(definition)
    except GraphQLSyntaxError as error:
        return [_fault(error)]
    defined = {each.name.value for each in document.definitions if isinstance(each, TypeDefinitionNode)}
    extended = {each.name.value for each in document.definitions if isinstance(each, TypeExtensionNode)}
    elsewhere = sorted((extended | set(parameters["graphql_types"])) - defined)
    known = parse("\n".join(f"scalar {name}" for name in elsewhere)).definitions if elsewhere else ()
    errors = validate_sdl(DocumentNode(definitions=(*document.definitions, *known)), None, _RULES)
    return [_fault(each) for each in errors]


def _fault(error: GraphQLError) -> Fault:
    line = error.locations[0].line if error.locations else None
    said = error.message.removeprefix("Syntax Error: ").removesuffix(".")
    return Fault(f"{_SAYS}: {said}", line, key=said.partition(". Did you mean")[0])
