"""A real control plane inside the network namespace of this process."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import netns
import tools
from api import INTERVAL, Api, ApiError, Kubectl
from binder import Binder
from client import SERVICE_NAME
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from patroni import Patroni
from pki import DAY, Authority, now
from polling import wait_for
from processes import Processes

NODE = "kwok-0"
KWOK_ANNOTATION = "kwok.x-k8s.io/node"  # of the nodes that kwok plays
API_SERVER_PORT = 6443
API_SERVER = f"https://{netns.API_SERVER_ADDRESS}:{API_SERVER_PORT}"
TOKEN = "admin-token"
CERTIFICATE_AGE = 30 * DAY
ETCD = "http://127.0.0.1:23790"
ETCD_PEER = "http://127.0.0.1:23800"

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "kwok")

CONTROLLERS = (
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "namespace-controller",
    "persistentvolumeclaim-protection-controller",
    "garbage-collector-controller",
    "statefulset-controller",
    "deployment-controller",
    "replicaset-controller",
    "endpointslice-controller",
    "job-controller",
)

# Whatever is written, whole; Secrets and tokens only by name, as every guide has it, so that a
# secret in this log can only come from a place where it does not belong.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {
            "level": "Metadata",
            "resources": [
                {"group": "", "resources": ["secrets", "serviceaccounts/token"]},
                {"group": "authentication.k8s.io"},
            ],
        },
        {"level": "RequestResponse"},
    ],
}

KWOK_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat/node-heartbeat.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
    "pod/fast/pod-ready.yaml",
)

# Patroni labels its pod with the role; the operator waits for that.
ROLE_STAGE = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: spilo-role}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchLabels: {application: spilo}
    matchExpressions:
    - {key: '.metadata.deletionTimestamp', operator: DoesNotExist}
    - {key: '.status.phase', operator: In, values: [Running]}
    - {key: '.metadata.labels["spilo-role"]', operator: DoesNotExist}
  next:
    patches:
    - root: metadata
      type: merge
      template: |
        labels:
          spilo-role: {{ if hasSuffix "-0" .metadata.name }}master{{ else }}replica{{ end }}
"""


def kwok_source() -> Path:
    return tools.module("kwok", "sigs.k8s.io/kwok")


class Plane:
    """One control plane. Everything it writes is in `folder`, its logs in `folder`/logs."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.kubeconfig = folder / "kubeconfig"
        self.audit_log = self.logs / "audit.log"
        self.ca_file = folder / "certs/ca.crt"
        self.authority = Authority("cluster", CERTIFICATE_AGE)  # of the server, and of people
        self.callers = Authority("callers of webhooks", CERTIFICATE_AGE)
        self.processes = Processes(self.logs)
        self.kubectl = Kubectl(tools.path("kubectl"), self.kubeconfig, folder)
        self.patroni = Patroni()

    # --- the control plane

    def start(self) -> None:
        self.patroni.start()
        self._start_api_server()
        self._start_controllers()
        self._create_node()
        self.binder = Binder(self.api, NODE)
        self.binder.start()

    def stop(self) -> None:
        """Ends everything at once; none of it has anything to keep."""
        if hasattr(self, "binder"):
            self.binder.stop()
        self.processes.stop_all()
        self.patroni.stop()

    def _start_api_server(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        (self.folder / "sa.key").write_bytes(pem)
        self._write_certificate()
        (self.folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
        self.write("audit.json", AUDIT_POLICY)
        self.write("admission.json", self._admission())
        self.run(
            "etcd",
            *("--data-dir=etcd", "--unsafe-no-fsync", "--log-level=warn"),
            *(f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}"),
            f"--listen-peer-urls={ETCD_PEER}",
        )
        self.run(
            "kube-apiserver",
            *(f"--etcd-servers={ETCD}", f"--bind-address={netns.API_SERVER_ADDRESS}"),
            *(f"--secure-port={API_SERVER_PORT}", "--tls-cert-file=certs/tls.crt"),
            *("--tls-private-key-file=certs/tls.key", "--enable-aggregator-routing"),
            "--service-cluster-ip-range=10.96.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-signing-key-file=sa.key",
            *("--service-account-key-file=sa.key", "--token-auth-file=tokens.csv"),
            f"--client-ca-file={self.ca_file}",
            "--authorization-mode=RBAC",
            *("--audit-policy-file=audit.json", f"--audit-log-path={self.audit_log}"),
            "--admission-control-config-file=admission.json",
        )
        self.write_kubeconfig(self.kubeconfig, TOKEN)
        self.api = Api(API_SERVER, self.ca_file, TOKEN)
        wait_for("the API server is ready", self._ready, 60, INTERVAL)

    def _write_certificate(self) -> None:
        """One that is old enough for programs whose clock is days behind."""
        start = now() - CERTIFICATE_AGE
        files = self.authority.pair(not_before=start, names=[netns.API_SERVER_ADDRESS])
        folder = self.ca_file.parent
        folder.mkdir()
        for name, content in {"ca.crt": self.authority.pem, **files}.items():
            (folder / name).write_bytes(content)

    def _admission(self) -> dict:
        """Has the API server show a certificate to our webhook, as docs/security.md has it."""
        start = now() - CERTIFICATE_AGE
        pair = self.callers.pair(common_name="kube-apiserver", not_before=start)
        for name, content in pair.items():
            (self.folder / f"certs/caller-{name}").write_bytes(content)
        user = {
            "client-certificate": str(self.folder / "certs/caller-tls.crt"),
            "client-key": str(self.folder / "certs/caller-tls.key"),
        }
        users = [{"name": SERVICE_NAME, "user": user}]
        callers = {"apiVersion": "v1", "kind": "Config", "users": users}
        version = {"apiVersion": "apiserver.config.k8s.io/v1"}
        file = str(self.write("callers.kubeconfig", callers))
        configuration = {**version, "kind": "WebhookAdmissionConfiguration", "kubeConfigFile": file}
        plugins = ("MutatingAdmissionWebhook", "ValidatingAdmissionWebhook")
        entries = [{"name": name, "configuration": configuration} for name in plugins]
        return {**version, "kind": "AdmissionConfiguration", "plugins": entries}

    def _ready(self) -> bool:
        self.processes.check()
        try:
            return self.api.text("/readyz") == "ok"
        except (ApiError, OSError):
            return False

    def _start_controllers(self) -> None:
        self.run(
            "kube-controller-manager",
            *(f"--kubeconfig={self.kubeconfig}", "--leader-elect=false"),
            *("--bind-address=127.0.0.1", "--secure-port=10257", "--cert-dir=certs"),
            *("--service-account-private-key-file=sa.key", f"--root-ca-file={self.ca_file}"),
            *("--use-service-account-credentials", f"--flex-volume-plugin-dir={self.folder}/flex"),
            # In a large cluster an endpoint outlives its pod for a while; here it would not.
            "--endpointslice-updates-batch-period=500ms",
            f"--controllers={','.join(CONTROLLERS)}",
        )
        stages = [kwok_source() / "kustomize/stage" / name for name in KWOK_STAGES]
        text = "\n---\n".join([*(stage.read_text() for stage in stages), ROLE_STAGE])
        (self.folder / "stages.yaml").write_text(text)
        self.run(
            "kwok",
            *(f"--kubeconfig={self.kubeconfig}", "--config=stages.yaml"),
            f"--manage-nodes-with-annotation-selector={KWOK_ANNOTATION}=fake",
            *(f"--cidr={netns.POD_NETWORK}", f"--node-ip={netns.API_SERVER_ADDRESS}"),
            "--server-address=127.0.0.1:10247",
        )

    def _create_node(self) -> None:
        capacity = {"cpu": "1000", "memory": "1000Gi", "pods": "1000"}
        self.api.create(
            "nodes",
            {
                "metadata": {"name": NODE, "annotations": {KWOK_ANNOTATION: "fake"}},
                "status": {"capacity": capacity, "allocatable": capacity},
            },
        )
        self.api.wait(
            "the default service account is there", "serviceaccounts", "default", "default"
        )

    # --- what tests ask

    def audited(self, verb: str, resource: str, name: str) -> list[dict]:
        """The audit log's events of requests that succeeded with one object."""
        wanted = {"resource": resource, "name": name}
        lines = self.audit_log.read_text().splitlines()
        return [
            event
            for event in (json.loads(it) for it in lines if name in it and it.endswith("}"))
            if event["verb"] == verb
            and event["responseStatus"]["code"] < 300
            and wanted.items() <= event.get("objectRef", {}).items()
        ]

    # --- files

    def write_kubeconfig(self, path: Path, token: str) -> None:
        entries = {
            "clusters": {"server": API_SERVER, "certificate-authority": str(self.ca_file)},
            "users": {"token": token},
            "contexts": {"cluster": "it", "user": "it"},
        }
        lists = {
            key: [{"name": "it", key.removesuffix("s"): value}] for key, value in entries.items()
        }
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "it", **lists}
        path.write_text(json.dumps(config, indent=1))
        path.chmod(0o600)

    def write(self, name: str, value: object) -> Path:
        """JSON, which all the programs take for YAML."""
        path = self.folder / name
        path.write_text(json.dumps(value, indent=1))
        return path

    def run(
        self,
        name: str,
        *words: object,
        env: dict[str, str] | None = None,
        hosts: Path | None = None,
    ) -> None:
        """Starts one of the tools; with `hosts` in place of the machine's /etc/hosts."""
        command = [tools.path(name), *words]
        if hosts:
            mount = 'mount --bind "$0" /etc/hosts && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", mount, hosts, *command]
        self.processes.start(name, command, env)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Plane]:
    """A plane, ended whatever happens."""
    plane = Plane(folder)
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()
