"""The rule for addresses: nothing that is not on the public internet, in whatever notation, unless it is permitted."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.kernel import http
from watchroom.kernel.errors import Refused

V4 = st.builds(ipaddress.IPv4Address, st.integers(0, 2**32 - 1))
V6 = st.builds(ipaddress.IPv6Address, st.integers(0, 2**128 - 1))
SPECIAL = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2002:7f00:1::1",
    "2002:c0a8:101::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.167.0.1",
    "2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("text", SPECIAL)
def test_special_addresses_are_not_public(text: str) -> None:
    assert not http.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_ordinary_addresses_are_public(text: str) -> None:
    assert http.is_public(ipaddress.ip_address(text))


@given(st.one_of(V4, V6))
def test_what_we_call_public_the_standard_library_calls_global(address: http.Address) -> None:
    """It knows fewer special networks than we do, so the reverse does not hold."""
    if http.is_public(address):
        real = http.carried(address) or address
        assert real.is_global
        assert not (real.is_private or real.is_loopback or real.is_link_local or real.is_multicast or real.is_reserved)


@given(V4)
def test_an_ipv4_address_gets_the_same_verdict_in_every_disguise(address: ipaddress.IPv4Address) -> None:
    for carrier in ("::ffff:0:0", "64:ff9b::"):
        disguised = ipaddress.IPv6Address(int(ipaddress.IPv6Address(carrier)) | int(address))
        assert http.carried(disguised) == address
        assert http.is_public(disguised) == http.is_public(address)


@given(V4, st.sampled_from(["2002::/16", "2001::/32", "64:ff9b:1::/48", "::/96"]), st.integers(0, 2**128 - 1))
def test_withdrawn_carriers_of_ipv4_are_never_public(address: ipaddress.IPv4Address, prefix: str, noise: int) -> None:
    network = ipaddress.IPv6Network(prefix)
    low = (noise & int(network.hostmask)) & ~0xFFFFFFFF | int(address)
    assert not http.is_public(ipaddress.IPv6Address(int(network.network_address) | low))


@given(st.one_of(V4, V6), st.integers(0, 32))
def test_a_permitted_network_permits_what_lies_in_it(address: http.Address, prefix: int) -> None:
    network = ipaddress.ip_network((address, prefix), strict=False)
    assert http.is_permitted(address, [network])


@given(st.one_of(V4, V6), st.lists(st.one_of(V4, V6), max_size=3))
def test_networks_permit_nothing_else(address: http.Address, others: list[http.Address]) -> None:
    networks = [ipaddress.ip_network(other) for other in others]
    expected = http.is_public(address) or address in others or http.carried(address) in others
    assert http.is_permitted(address, networks) == expected


def test_a_permitted_ipv4_network_permits_its_disguises() -> None:
    networks = [ipaddress.ip_network("10.1.0.0/16")]
    assert http.is_permitted(ipaddress.ip_address("::ffff:10.1.2.3"), networks)
    assert http.is_permitted(ipaddress.ip_address("64:ff9b::10.1.2.3"), networks)
    assert not http.is_permitted(ipaddress.ip_address("::ffff:10.2.2.3"), networks)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://localhost/", "http://LOCALHOST:9/", "http://localhost./", "http://a.localhost/", "http://[::1]/",
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://0/", "https://169.254.169.254/latest/meta-data",
        "http://user:secret@10.0.0.1/", "http://１２７.0.0.1/",
    ],
)  # fmt: skip
def test_a_plainly_forbidden_url_is_refused_as_input(configured, url: str) -> None:
    configured()
    with pytest.raises(Refused) as caught:
        http.check_url(url, field="address")
    assert caught.value.field == "address"
    assert "secret" not in f"{caught.value} {caught.value.value}"


def test_the_refusal_names_the_setting(configured) -> None:
    configured()
    with pytest.raises(Refused) as caught:
        http.check_url("http://10.0.0.1:8080/hook")
    assert (caught.value.field, caught.value.value) == ("url", "http://10.0.0.1:8080")
    assert "WATCHROOM_PRIVATE_TARGETS" in caught.value.fix
    assert "10.0.0.1/32" in caught.value.fix


@pytest.mark.parametrize(
    "url",
    [
        "", None, 7, "example.org", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "http://",
        "http:///path", "http://exa mple.org:port/", "http://[::1", "https://example.org/" + "a" * 2000,
        "http://example.org/\r\nHost: other", "http://example.org:99999/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(configured, url: object) -> None:
    configured()
    with pytest.raises(Refused) as caught:
        http.check_url(url)
    assert caught.value.field == "url"
    assert caught.value.fix


def test_input_is_judged_without_asking_the_network(configured, monkeypatch: pytest.MonkeyPatch) -> None:
    configured()
    real = http.socket.getaddrinfo

    def numbers_only(*args, flags: int = 0, **kwargs):
        assert flags & http.socket.AI_NUMERICHOST
        return real(*args, flags=flags, **kwargs)

    monkeypatch.setattr("socket.getaddrinfo", numbers_only)
    assert http.check_url(" https://hooks.example.org/x?y=1#z ") == "https://hooks.example.org/x?y=1"


def test_permitted_networks_come_from_the_settings(configured) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="10.1.0.0/16, fd00:1::/64,::1")
    for url in ("http://10.1.2.3/", "http://[fd00:1::5]/", "http://[::1]:80/"):
        assert http.check_url(url)
    with pytest.raises(Refused):
        http.check_url("http://10.2.0.1/")


def test_a_network_that_is_none_is_named(configured) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="10.1.0.0/16,office")
    with pytest.raises(Refused) as caught:
        http.check_url("https://example.org/")
    assert (caught.value.field, caught.value.value) == ("WATCHROOM_PRIVATE_TARGETS", "office")


@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused_and_nothing_else(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/"):
        try:
            assert http.check_url(url)
        except Refused as error:
            assert error.fix


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("", None), ("soon", None), ("-5", None), ("99999999999999999999", 86_400),
     ("Mon, 02 Mar 2026 09:01:00 GMT", 60), ("Mon, 02 Mar 2026 08:00:00 GMT", 0), ("Fri, 99 Foo 9999", None)],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms(clock, value: str, seconds: int | None) -> None:
    found = http.Answer(429, {"retry-after": value}, b"").retry_after
    assert (None if found is None else found.total_seconds()) == seconds
