"""The Python rules that come with bylaw. The Rego rules are found by their folder."""

from __future__ import annotations

from bylaw.rules.api import definition_breaking, definition_invalid
from bylaw.rules.catalog import (
    dependency_cycle,
    descriptor_missing,
    entity_duplicate,
    entity_invalid,
    hierarchy_cycle,
    key_case_clash,
    kind_unknown,
    location_target_missing,
    placeholder_unresolved,
    reference_malformed,
    yaml_invalid,
)
from bylaw.rules.docs import techdocs_source_missing
from bylaw.rules.lifecycle import depends_on_deprecated_indirectly, deprecated_in_use
from bylaw.rules.operations import kubernetes_id_shared
from bylaw.rules.ownership import (
    group_hierarchy_inconsistent,
    owner_group_empty,
    owner_outside_system,
    owner_too_broad,
)
from bylaw.rules.security import secret_in_descriptor

BUNDLED = (
    definition_breaking.RULE,
    definition_invalid.RULE,
    dependency_cycle.RULE,
    descriptor_missing.RULE,
    entity_duplicate.RULE,
    entity_invalid.RULE,
    hierarchy_cycle.RULE,
    key_case_clash.RULE,
    kind_unknown.RULE,
    location_target_missing.RULE,
    placeholder_unresolved.RULE,
    reference_malformed.RULE,
    yaml_invalid.RULE,
    techdocs_source_missing.RULE,
    depends_on_deprecated_indirectly.RULE,
    deprecated_in_use.RULE,
    kubernetes_id_shared.RULE,
    group_hierarchy_inconsistent.RULE,
    owner_group_empty.RULE,
    owner_outside_system.RULE,
    owner_too_broad.RULE,
    secret_in_descriptor.RULE,
)
