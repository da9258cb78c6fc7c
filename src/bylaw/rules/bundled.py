"""The Python rules that come with bylaw. The Rego rules are found by their folder."""

from __future__ import annotations

from bylaw.rules.catalog import (
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

BUNDLED = (
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
)
