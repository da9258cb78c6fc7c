"""Who a certificate stands for. How TLS gets to one is in tests/api/test_tls.py."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.callers import Caller, Refused
from bylaw.callers.certificates import Certificates, names

APISERVER, SPIRE = Caller("cluster", frozenset()), Caller("spire", frozenset())
KNOWN = Certificates({"kube-apiserver": APISERVER, "spiffe://example.com/ci": SPIRE})


def certificate(common_name: str = "nobody", *alternatives: tuple[str, str], **more: Any) -> dict[str, Any]:
    """As ``ssl`` decodes one."""
    subject = ((("organizationName", "Example"),), (("commonName", common_name),))
    return {"subject": subject, "subjectAltName": alternatives, "notAfter": "Jan  1 00:00:00 2100 GMT", **more}


def test_the_common_name_of_a_certificate_may_be_that_of_a_caller() -> None:
    assert KNOWN.find(certificate("kube-apiserver")) == APISERVER


@pytest.mark.parametrize("alternative", [("DNS", "kube-apiserver"), ("URI", "kube-apiserver")])
def test_so_may_a_dns_name_or_a_uri(alternative: tuple[str, str]) -> None:
    assert KNOWN.find(certificate("x", ("DNS", "other"), alternative)) == APISERVER


@pytest.mark.parametrize(
    "shown",
    [
        certificate("Kube-Apiserver"),
        certificate("kube-apiserver."),
        certificate("kube-apiserver\x00.example.com"),
        certificate("x", ("DNS", "*")),
        certificate("x", ("DNS", "*.example.com")),
        certificate("x", ("email", "kube-apiserver")),
        certificate("x", ("IP Address", "kube-apiserver")),
        {**certificate(), "subject": ((("organizationName", "kube-apiserver"),),)},
        {**certificate(), "issuer": ((("commonName", "kube-apiserver"),),)},
        {},
    ],
)
def test_a_name_that_is_not_the_same_to_the_letter_or_stands_elsewhere_is_nobodys(shown: dict[str, Any]) -> None:
    assert KNOWN.find(shown) is None


@given(st.text(), st.lists(st.text()))
def test_no_other_names_are_found_in_a_certificate_than_stand_in_it(common: str, dns: list[str]) -> None:
    assert names(certificate(common, *(("DNS", each) for each in dns))) == {common, *dns}


def test_a_certificate_that_stands_for_two_callers_stands_for_none() -> None:
    with pytest.raises(Refused) as refused:
        KNOWN.find(certificate("kube-apiserver", ("URI", "spiffe://example.com/ci")))
    assert (refused.value.status, refused.value.detail) == (
        401,
        "the certificate stands for more than one caller: it has the names kube-apiserver, spiffe://example.com/ci",
    )


@pytest.mark.parametrize("more", [{"notAfter": "Jan  1 00:00:00 2020 GMT"}, {"notAfter": None}])
def test_a_connection_does_not_outlive_its_certificate(more: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="the certificate has ended"):
        KNOWN.find(certificate("kube-apiserver", **more))
