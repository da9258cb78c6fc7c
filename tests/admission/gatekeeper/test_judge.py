"""Constraints loaded from files, and requests judged by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bylaw import workers
from bylaw.admission.gatekeeper import Constraints, Verdict
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

POINT = "validation.gatekeeper.sh"
TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: %(low)s}
spec:
  crd: {spec: {names: {kind: %(kind)s}%(schema)s}}
  targets:
    - target: admission.k8s.gatekeeper.sh%(more)s
      rego: |
        package %(low)s

        %(rego)s
"""
CONSTRAINT = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: %s\nmetadata: {name: %s}\nspec: %s\n"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "cart", "namespace": "shop"}, "spec": {"n": 1}}


def template(rego: str, kind: str = "Kind", schema: str = "", more: str = "") -> str:
    return TEMPLATE % {"low": kind.lower(), "kind": kind, "rego": rego, "schema": schema, "more": more}


def constraint(spec: str = "{}", name: str = "rule", kind: str = "Kind") -> str:
    return CONSTRAINT % (kind, name, spec)


def load(folder: Path, *texts: str, inventory: str = "", **more: Any) -> Constraints:
    (folder / "c").mkdir()
    for number, text in enumerate(texts):
        (folder / "c" / f"{number}.yaml").write_text(text)
    (folder / "inventory.yaml").write_text(inventory)
    return Constraints.load([str(folder / "c")], [str(folder / "inventory.yaml")], point=POINT, bundled=False, **more)


def request(operation: str = "CREATE", **more: Any) -> dict[str, Any]:
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    return {"uid": "u", "kind": kind, "operation": operation, "namespace": "shop", "object": POD, **more}


def messages(verdicts: list[Verdict]) -> list[tuple[str, str, str]]:
    return [(each.constraint, each.action, each.message) for each in verdicts]


def test_a_verdict_has_the_name_the_message_and_the_details(tmp_path: Path) -> None:
    rego = 'violation[{"msg": "no", "details": {"n": input.review.object.spec.n}}] { true }'

    judge = load(tmp_path, template(rego), constraint("{enforcementAction: warn}")).ready()

    assert judge.judge(request()) == [Verdict("rule", "Kind", "no", {"n": 1}, "warn")]


def test_equal_messages_are_one_and_what_has_none_is_none(tmp_path: Path) -> None:
    rego = """\
violation[{"msg": "b", "x": 1}] { true }
        violation[{"msg": "b", "x": 2}] { true }
        violation[{"msg": "a"}] { true }
        violation[{"text": "c"}] { true }
        violation["d"] { true }"""

    judge = load(tmp_path, template(rego), constraint()).ready()

    assert messages(judge.judge(request())) == [("rule", "deny", "a"), ("rule", "deny", "b")]


def test_a_set_that_is_undefined_holds_nothing_as_in_gatekeeper(tmp_path: Path) -> None:
    judge = load(tmp_path, template('violation = {{"msg": "m"}} { false }'), constraint()).ready()

    assert judge.judge(request()) == []


def test_constraints_answer_in_the_order_of_their_names(tmp_path: Path) -> None:
    rego = 'violation[{"msg": input.parameters.say}] { true }'
    schema = ", validation: {openAPIV3Schema: {type: object, properties: {say: {type: string, default: dd}}}}"

    judge = load(
        tmp_path,
        template(rego, schema=schema),
        constraint("{parameters: {say: b}}", "second"),
        constraint("{parameters: {}}", "first"),
    ).ready()

    assert messages(judge.judge(request())) == [("first", "deny", "dd"), ("second", "deny", "b")]


def test_the_catalog_is_seen_and_so_is_the_inventory(tmp_path: Path) -> None:
    rego = """\
violation[{"msg": msg}] { msg := data.catalog.entities["component:default/cart"].owner }
        violation[{"msg": msg}] { data.inventory.namespace[ns]["v1"].Pod[msg] }
        violation[{"msg": msg}] { msg := input.review.namespaceObject.metadata.labels.team }"""
    inventory = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: shop}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: payments}}\n"
    )

    judge = load(tmp_path, template(rego), constraint(), inventory=inventory).ready(
        b'{"entities": {"component:default/cart": {"owner": "group:default/shop"}}}'
    )

    assert [each.message for each in judge.judge(request())] == ["group:default/shop", "other", "payments"]


def test_bylaw_puts_its_catalog_in_place_of_the_library_of_that_name(tmp_path: Path) -> None:
    libs = (
        "      libs:\n        - |\n          package lib.catalog\n\n          known { data.inventory.cluster.never }\n"
    )
    rego = 'violation[{"msg": "known"}] { data.lib.catalog.known }'

    judge = load(tmp_path, template(rego) + libs, constraint()).ready(b'{"entities": {}}')

    assert [each.message for each in judge.judge(request())] == ["known"]


def test_a_delete_is_judged_by_the_object_that_goes(tmp_path: Path) -> None:
    rego = 'violation[{"msg": msg}] { msg := sprintf("%v %v", [input.review.operation, input.review.object.spec.n]) }'
    judge = load(tmp_path, template(rego), constraint()).ready()

    assert messages(judge.judge(request("DELETE", object=None, oldObject=POD))) == [("rule", "deny", "DELETE 1")]


def test_an_object_matches_by_what_it_was_as_well(tmp_path: Path) -> None:
    rego = 'violation[{"msg": "m"}] { true }'
    judge = load(tmp_path, template(rego), constraint("{match: {name: before}}")).ready()
    before = {**POD, "metadata": {"name": "before"}}

    assert messages(judge.judge(request("UPDATE", oldObject=before))) == [("rule", "deny", "m")]
    assert judge.judge(request("UPDATE", oldObject=POD)) == []


@pytest.mark.parametrize("without", [{"object": None}, {"operation": "DELETE", "object": POD}, {"object": "text"}])
def test_a_request_without_an_object_is_no_pass(tmp_path: Path, without: dict[str, Any]) -> None:
    judge = load(tmp_path, template("violation[{}] { false }"), constraint()).ready()

    (verdict,) = judge.judge({**request(), **without})

    assert verdict.error is not None


@pytest.mark.parametrize("value", [2**70, "\ud800"])
def test_an_object_that_the_engine_does_not_take_is_no_pass(tmp_path: Path, value: object) -> None:
    judge = load(tmp_path, template("violation[{}] { false }"), constraint()).ready()

    (verdict,) = judge.judge(request(object={**POD, "spec": {"n": value}}))

    assert verdict.error is not None
    assert judge.judge(request()) == []


def test_an_error_is_no_pass(tmp_path: Path) -> None:
    rego = """\
violation[{"msg": "m"}] { f(1) == 1 }
        f(x) = 1 { x }
        f(x) = 2 { x }"""
    judge = load(tmp_path, template(rego), constraint("{enforcementAction: warn}")).ready()

    (verdict,) = judge.judge(request())

    assert (verdict.message, verdict.action) == ("", "warn")
    assert verdict.error is not None
    assert verdict.error.startswith(f"{tmp_path}/c/0.yaml:11:")


def test_an_engine_that_failed_once_has_all_to_say_about_the_next_constraint(tmp_path: Path) -> None:
    rego = """\
violation[{"msg": "a"}] { not to_number(input.review.object.spec.t) }
        violation[{"msg": "b"}] { count(input.review.object.spec.n) > 0 }
        violation[{"msg": "c"}] { f(input.parameters.fails) }
        f(true) = 1 { true }
        f(true) = 2 { true }"""
    schema = ", validation: {openAPIV3Schema: {type: object, properties: {fails: {type: boolean}}}}"
    judge = load(
        tmp_path,
        template(rego, schema=schema),
        constraint("{parameters: {fails: true}}", "first"),
        constraint("{parameters: {fails: false}}", "second"),
    ).ready()

    for _ in range(2):
        first, second = judge.judge(request(object={**POD, "spec": {"t": "x", "n": 5}}))

        assert first.error is not None
        assert second == Verdict("second", "Kind", "a", {}, "deny")


def test_an_error_of_one_constraint_is_none_of_another(tmp_path: Path) -> None:
    wrong = 'violation[{"msg": msg}] { msg := 7 }'
    judge = load(
        tmp_path,
        template(wrong, "Wrong"),
        constraint(kind="Wrong", name="a"),
        template('violation[{"msg": "m"}] { true }'),
        constraint(name="b"),
    ).ready()

    first, second = judge.judge(request())

    assert first.error == "Wrong has a msg that is int, expected a text"
    assert second == Verdict("b", "Kind", "m", {}, "deny")


def test_a_built_in_function_that_fails_is_undefined_and_the_next_object_is_judged(tmp_path: Path) -> None:
    rego = 'violation[{"msg": "m"}] { not to_upper(input.review.object.spec.n) }\n        to_upper(x) = upper(x)'
    judge = load(tmp_path, template(rego), constraint()).ready()
    named = {**POD, "spec": {"n": "text"}}

    assert messages(judge.judge(request())) == [("rule", "deny", "m")]
    assert judge.judge(request(object=named)) == []
    assert messages(judge.judge(request())) == [("rule", "deny", "m")]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{enforcementAction: dryrun}", ["dryrun"]),
        ("{enforcementAction: ''}", ["deny"]),
        (
            "{enforcementAction: scoped, scopedEnforcementActions: [{action: warn, enforcementPoints: [{name: '*'}]}, "
            "{action: deny, enforcementPoints: [{name: validation.gatekeeper.sh}]}]}",
            ["deny"],
        ),
        (
            "{enforcementAction: scoped, scopedEnforcementActions: [{action: deny, "
            "enforcementPoints: [{name: audit.gatekeeper.sh}]}]}",
            [],
        ),
    ],
)
def test_the_action_is_that_of_the_enforcement_point(tmp_path: Path, spec: str, expected: list[str]) -> None:
    judge = load(tmp_path, template('violation[{"msg": "m"}] { true }'), constraint(spec)).ready()

    assert [each.action for each in judge.judge(request())] == expected


def test_the_namespace_is_the_one_that_the_cluster_names(tmp_path: Path) -> None:
    text = template('violation[{"msg": "m"}] { true }')
    judge = load(tmp_path, text, constraint("{match: {excludedNamespaces: [kube-*]}}")).ready()
    elsewhere = {**POD, "metadata": {"name": "cart", "namespace": "kube-system"}}
    nowhere = {**POD, "metadata": {"name": "cart"}}

    assert len(judge.judge(request(object=elsewhere))) == 1
    assert len(judge.judge(request(object=nowhere))) == 1
    assert judge.judge(request(object=nowhere, namespace="kube-system")) == []


def test_a_template_judges_the_operations_that_it_names(tmp_path: Path) -> None:
    text = template('violation[{"msg": "m"}] { true }', more="\n      operations: [UPDATE]")
    judge = load(tmp_path, text, constraint()).ready()

    assert judge.judge(request()) == []
    assert messages(judge.judge(request("UPDATE", oldObject=POD))) == [("rule", "deny", "m")]


def test_a_config_takes_namespaces_away_from_the_webhook(tmp_path: Path) -> None:
    config = (
        "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config}\n"
        "spec: {match: [{excludedNamespaces: [sh*], processes: [webhook]}, "
        "{excludedNamespaces: ['*'], processes: [audit]}]}\n"
    )
    judge = load(tmp_path, template('violation[{"msg": "m"}] { true }'), constraint(), config).ready()

    assert judge.judge(request()) == []
    assert len(judge.judge(request(namespace="stall"))) == 1


def test_other_kinds_in_the_folder_are_passed_by_and_lists_are_taken_apart(tmp_path: Path) -> None:
    listed = "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Pod, metadata: {name: a}}\n  - " + (
        constraint().replace("\n", "\n    ").rstrip()
    )

    loaded = load(tmp_path, template('violation[{"msg": "m"}] { true }'), listed, "apiVersion: v1\nkind: Pod\n")

    assert [each.name for each in loaded.constraints] == ["rule"]


def test_the_digest_is_that_of_the_law_not_of_its_files(tmp_path: Path) -> None:
    text, rule = template('violation[{"msg": "m"}] { true }'), constraint()
    digests = []
    for name, texts in {"a": (text, rule), "b": (rule, text), "c": (text, constraint(name="other"))}.items():
        (tmp_path / name).mkdir()
        digests.append(load(tmp_path / name, *texts).digest)

    assert digests[0] == digests[1] != digests[2]


REFUSED = {
    "no template": (
        (constraint(),),
        "0.yaml:1: Kind rule: no ConstraintTemplate defines Kind; add it to admission.paths",
    ),
    "two of one name": (
        (template("violation[{}] { false }"), constraint(), constraint()),
        "2.yaml:1: Kind rule stands at <c>/1.yaml:1 already",
    ),
    "two templates": (
        (template("violation[{}] { false }"), template("violation[{}] { true }")),
        "1.yaml:1: ConstraintTemplate kind stands at <c>/0.yaml:1 already",
    ),
    "another name": (
        (template("violation[{}] { false }").replace("name: kind", "name: other"),),
        "0.yaml:1: ConstraintTemplate other defines kind Kind; its name has to be kind",
    ),
    "no rule": ((template("x { true }"),), "0.yaml:9: the Rego of Kind has no rule `violation`"),
    "no rego": (
        (template("violation[{}] { false }").partition("      rego")[0],),
        "0.yaml:1: ConstraintTemplate Kind has no Rego in spec.targets[0]",
    ),
    "only CEL": (
        (template("").partition("      rego")[0] + "      code: [{engine: K8sNativeValidation, source: {}}]\n",),
        "0.yaml:1: ConstraintTemplate Kind is written for K8sNativeValidation only; bylaw evaluates Rego: add a code "
        "block with engine: Rego",
    ),
    "an unknown action": (
        (template("violation[{}] { false }"), constraint("{enforcementAction: block}")),
        "1.yaml:1: Kind rule: enforcement action 'block', expected deny, warn, dryrun or scoped",
    ),
    "an unknown field": (
        (template("violation[{}] { false }"), constraint("{parameters: {a: 1}}")),
        "1.yaml:1: Kind rule: the schema of its template does not know spec.parameters",
    ),
    "a call that is not there": (
        (template("violation[{}] { nothing(1) }"),),
        "0.yaml:11: there is no function nothing",
    ),
    "a function that is not evaluated here": (
        (template("violation[{}] { http.send({}) }"),),
        "0.yaml:11: http.send is not evaluated here: an admission policy has no network here; ConstraintTemplate Kind "
        "cannot be judged as Gatekeeper does",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    texts, said = REFUSED[name]

    with pytest.raises(ConfigError) as refused:
        load(tmp_path, *texts)

    assert str(refused.value) == f"{tmp_path}/c/{said.replace('<c>', f'{tmp_path}/c')}"


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, template("violation[{}] { nothing(1) }"), constraint(kind="Gone"), constraint("{match: 7}"))

    assert [line.rpartition("/")[2].partition(":")[0] for line in str(refused.value).splitlines()] == [
        "0.yaml",
        "1.yaml",
        "2.yaml",
    ]


def test_rego_that_no_parser_survives_is_a_fault_of_its_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bylaw.admission.gatekeeper.load._BOUNDS", workers.Bounds(deadline=0.5, memory=1024))
    with pytest.raises(ConfigError, match=r"c/0\.yaml:1: the Rego of Kind cannot be read: "):
        load(tmp_path, template("violation[{}] { x := " + "[" * 3000 + " }"), constraint())


def test_a_foreign_template_is_left_to_whom_is_asked(tmp_path: Path) -> None:
    text = template("violation[{}] { http.send({}) }")
    loaded = load(tmp_path, text, constraint("{}"), foreign=True)
    asked = []

    def ask(template: Any, given: Any) -> Any:
        asked.append((template.kind, given["review"]["uid"], given["parameters"]))
        return [{"msg": "from afar"}]

    assert [each.kind for each in loaded.foreign] == ["Kind"]
    assert messages(loaded.ready(ask=ask).judge(request())) == [("rule", "deny", "from afar")]
    assert asked == [("Kind", "u", {})]
    (verdict,) = loaded.ready().judge(request())
    assert verdict.error is not None
