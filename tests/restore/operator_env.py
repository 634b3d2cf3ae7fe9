"""The environment of a database pod, as postgres-operator and the kubelet give it to spilo."""

import base64
import copy
import json

import kubelet
import samples
from lab import ETCD
from parts import POSTGRES_VERSION

SUPERUSER_PASSWORD = "of-the-superuser"
STANDBY_PASSWORD = "of-the-standby"


def pod() -> dict:
    """The pod that the real operator made of a repaired resource."""
    return copy.deepcopy(samples.pod()["request"]["object"])


def real_environment() -> dict[str, str]:
    """Of that pod."""
    made = pod()
    made["status"] = {"podIP": ""}  # the node knows
    return kubelet.environment(made, kubelet.lookup(secrets(made)))


def environment(scope: str, rules: list[str] | None) -> dict[str, str]:
    """Of a pod with these rules in SPILO_CONFIGURATION; None leaves them out."""
    env = real_environment()
    configuration = json.loads(env["SPILO_CONFIGURATION"])
    if rules is None:
        del configuration["postgresql"]["pg_hba"]
    else:
        configuration["postgresql"]["pg_hba"] = rules
    return {
        **env,
        "SPILO_CONFIGURATION": json.dumps(configuration),
        "SCOPE": scope,
        "PGVERSION": POSTGRES_VERSION,
        "ETCD3_HOST": ETCD,
    }


def secrets(of: dict) -> list[dict]:
    """The operator's Secrets for a pod."""
    namespace, scope = of["metadata"]["namespace"], of["metadata"]["labels"]["cluster-name"]
    passwords = {"postgres": SUPERUSER_PASSWORD, "standby": STANDBY_PASSWORD}
    return [
        {
            "kind": "Secret",
            "metadata": {"namespace": namespace, "name": f"{user}.{scope}.credentials"},
            "data": {"password": base64.b64encode(password.encode()).decode()},
        }
        for user, password in passwords.items()
    ]
