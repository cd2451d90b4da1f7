from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.ebay.simulator.conftest import ALICE, SCOPE, Here, error_ids
from tests.ebay.simulator.receiver import SECRET, Receiver

API = "/commerce/notification/v1"


@pytest.fixture
def application(here: Here) -> str:
    token: str = here.world.grants.application([SCOPE])["access_token"]
    return token


def verified(public_key: str, signature: str, body: bytes) -> bool:
    """As a client must: a PEM without line breaks, a signature wrapped in JSON wrapped in base64."""
    lines = public_key.replace("-----BEGIN PUBLIC KEY-----", "").replace("-----END PUBLIC KEY-----", "")
    pem = f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"
    key = cast(EllipticCurvePublicKey, load_pem_public_key(pem.encode()))
    try:
        key.verify(base64.b64decode(json.loads(base64.b64decode(signature))["signature"]), body, ECDSA(SHA1()))
    except InvalidSignature:
        return False
    return True


def destination(here: Here, application: str, receiver: Receiver) -> str:
    here.call("PUT", f"{API}/config", application, json={"alertEmail": "ops@example.com"})
    config = {"endpoint": receiver.address, "verificationToken": SECRET}
    wanted = {"name": "portal", "status": "ENABLED", "deliveryConfig": config}
    created = here.post(f"{API}/destination", application, json=wanted)
    assert created.status_code == 201, created.text
    return created.headers["Location"].rsplit("/", 1)[-1]


def subscribe(here: Here, token: str, topic: str, destination_id: str) -> Any:
    payload = {"format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS"}
    wanted = {"topicId": topic, "status": "ENABLED", "destinationId": destination_id, "payload": payload}
    return here.post(f"{API}/subscription", token, json=wanted)


def test_ebays_own_vectors_are_verified_as_ours_are(contracts: Any) -> None:
    vectors = json.loads((contracts / "samples" / "notification_MARKETPLACE_ACCOUNT_DELETION_signature_vectors.json").read_text())
    for name, expected in (("VALID", True), ("SIGNATURE_MISMATCH", False)):
        body = json.dumps(vectors[name]["message"], separators=(",", ":")).encode()
        assert verified(vectors[name]["response"]["key"], vectors[name]["signature"], body) is expected


def test_a_paid_order_is_told_signed_to_whoever_subscribed(here: Here, application: str, receiver: Receiver) -> None:
    created = subscribe(here, here.token, "ORDER_CONFIRMATION", destination(here, application, receiver))
    assert created.status_code == 201
    order = here.order()
    signature, body = receiver.got.get(timeout=60)
    told = json.loads(body)
    assert told["notification"]["data"]["order"]["orderId"] == order["orderId"]
    kid = json.loads(base64.b64decode(signature))["kid"]
    key = here.get(f"{API}/public_key/{kid}", application).json
    assert key is not None
    assert (key["algorithm"], key["digest"]) == ("ECDSA", "SHA1")
    assert "\n" not in key["key"]
    assert verified(key["key"], signature, body)
    assert not verified(key["key"], signature, body + b" ")


def test_messages_have_the_shape_of_the_samples(here: Here, receiver: Receiver, contracts: Any) -> None:
    samples = contracts / "samples"
    vectors = json.loads((samples / "notification_MARKETPLACE_ACCOUNT_DELETION_signature_vectors.json").read_text())
    confirmed = json.loads((samples / "notification_ORDER_CONFIRMATION.json").read_text())
    order = here.order()
    here.control("notify", topic="MARKETPLACE_ACCOUNT_DELETION", username=ALICE, endpoint=receiver.address)
    here.control("notify", topic="ORDER_CONFIRMATION", order_id=order["orderId"], endpoint=receiver.address)
    for sample in (vectors["VALID"]["message"], confirmed):
        told = json.loads(receiver.got.get(timeout=60)[1])
        assert shape(told) == shape(sample)


def shape(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: shape(each) for name, each in part.items()}
    if isinstance(part, list):
        return [shape(each) for each in part]
    return type(part)


def test_what_is_not_acknowledged_is_sent_three_times(here: Here, receiver: Receiver) -> None:
    receiver.statuses = [500, 412, 204]
    sent = here.control("notify", topic="MARKETPLACE_ACCOUNT_DELETION", username=ALICE, endpoint=receiver.address)
    assert sent["sent"][0]["status"] == 204
    attempts = [json.loads(receiver.got.get(timeout=60)[1])["notification"] for _ in range(3)]
    assert [attempt["publishAttemptCount"] for attempt in attempts] == [1, 2, 3]
    assert len({attempt["notificationId"] for attempt in attempts}) == 1


def test_an_ended_grant_is_told(here: Here, application: str, receiver: Receiver) -> None:
    subscribe(here, application, "AUTHORIZATION_REVOCATION", destination(here, application, receiver))
    here.control("revoke", username=ALICE, reason="REVOKED_BY_USER")
    data = json.loads(receiver.got.get(timeout=60)[1])["notification"]["data"]
    assert (data["username"], data["revokeReason"]) == (ALICE, "REVOKED_BY_USER")


def test_an_endpoint_that_fails_its_challenge_becomes_no_destination(here: Here, application: str, receiver: Receiver) -> None:
    receiver.secret = "another-token-than-the-registered-one"
    here.call("PUT", f"{API}/config", application, json={"alertEmail": "ops@example.com"})
    config = {"endpoint": receiver.address, "verificationToken": SECRET}
    wanted = {"name": "portal", "status": "ENABLED", "deliveryConfig": config}
    answer = here.post(f"{API}/destination", application, json=wanted)
    assert (answer.status_code, error_ids(answer)) == (409, [195020])
    plain = {**wanted, "deliveryConfig": {**config, "verificationToken": "short"}}
    assert error_ids(here.post(f"{API}/destination", application, json=plain)) == [195019]
    here.set(https_endpoints=True)
    assert error_ids(here.post(f"{API}/destination", application, json=wanted)) == [195017]


def test_destinations_need_a_configuration_first_and_are_one_an_endpoint(
    here: Here, application: str, receiver: Receiver
) -> None:
    assert error_ids(here.get(f"{API}/config", application)) == [195026]
    config = {"endpoint": receiver.address, "verificationToken": SECRET}
    wanted = {"name": "portal", "status": "ENABLED", "deliveryConfig": config}
    assert error_ids(here.post(f"{API}/destination", application, json=wanted)) == [195003]
    number = destination(here, application, receiver)
    assert error_ids(here.post(f"{API}/destination", application, json=wanted)) == [195021]
    assert here.call("PUT", f"{API}/destination/{number}", application, json={**wanted, "name": "new"}).status_code == 204
    subscribe(here, application, "AUTHORIZATION_REVOCATION", number)
    assert error_ids(here.call("DELETE", f"{API}/destination/{number}", application)) == [195024]


def test_each_topic_wants_its_own_kind_of_token(here: Here, application: str, receiver: Receiver) -> None:
    number = destination(here, application, receiver)
    assert error_ids(subscribe(here, application, "ORDER_CONFIRMATION", number)) == [195011]
    assert error_ids(subscribe(here, here.token, "AUTHORIZATION_REVOCATION", number)) == [195011]
    assert error_ids(subscribe(here, here.token, "ITEM_SOLD", number)) == [195027]
    assert subscribe(here, here.token, "ORDER_CONFIRMATION", number).status_code == 201
    assert error_ids(subscribe(here, here.token, "ORDER_CONFIRMATION", number)) == [195012]


def test_a_disabled_subscription_hears_nothing(here: Here, application: str, receiver: Receiver) -> None:
    created = subscribe(here, here.token, "ORDER_CONFIRMATION", destination(here, application, receiver))
    path = f"{API}/subscription/{created.headers['Location'].rsplit('/', 1)[-1]}"
    assert here.post(f"{path}/disable").status_code == 204
    here.order()
    assert here.post(f"{path}/enable").status_code == 204
    second = here.order()
    told = json.loads(receiver.got.get(timeout=60)[1])
    assert told["notification"]["data"]["order"]["orderId"] == second["orderId"]
    assert here.call("DELETE", path).status_code == 204
    assert error_ids(here.get(path)) == [195013]
