"""What deploy/k8s says, read as a cluster would read it: valid, restricted, complete, and no more open than the architecture."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gateway.app
import gateway.processes
import kubernetes_validate
import msgspec
import pytest
import singo.app
import twuin.app
import yaml
from chassis import process, settings
from chassis.testing import lacking
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploy.cluster import secrets
from deploy.cluster.manifests import render
from docs.settings import SERVICES as SETTINGS
from tests.cluster import arrows

ROOT = Path(__file__).resolve().parents[2]
VERSION = "1.34"
OVERLAYS = ("local", "production")
# The kinds of operators, which Kubernetes itself has no schema for; test_k8s_operators.py reads them.
CUSTOM = {
    "barmancloud.cnpg.io", "cert-manager.io", "external-secrets.io", "gateway.networking.k8s.io", "kafka.strimzi.io", "postgresql.cnpg.io",
}  # fmt: skip
WORKLOADS = ("CronJob", "Deployment", "Job", "StatefulSet")
Manifest = dict[str, Any]


@cache
def manifests(overlay: str) -> list[Manifest]:
    if shutil.which("kubectl") is None:
        lacking("there is no kubectl to render the manifests with")
    return list(yaml.safe_load_all(render(overlay)))


def of_kind(overlay: str, *kinds: str) -> list[Manifest]:
    return [each for each in manifests(overlay) if each["kind"] in kinds]


def named(overlay: str, kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in of_kind(overlay, kind)}


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pod_of(workload: Manifest) -> Manifest:
    spec = workload["spec"]["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else workload["spec"]
    return dict(spec["template"])


def containers(overlay: str) -> Iterator[tuple[str, Manifest]]:
    for workload in of_kind(overlay, *WORKLOADS):
        pod = pod_of(workload)["spec"]
        for each in [*pod["containers"], *pod.get("initContainers", ())]:
            yield f"{name_of(workload)}/{each['name']}", each


@pytest.fixture
def _schemas_read_once(monkeypatch):
    """Keep what the validator reads: it reads all definitions anew for each manifest."""
    monkeypatch.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))


@pytest.mark.usefixtures("_schemas_read_once")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid(overlay):
    for each in manifests(overlay):
        if each["apiVersion"].partition("/")[0] not in CUSTOM:
            kubernetes_validate.validate(each, VERSION, strict=True)


def test_the_validation_sees_a_typing_error():
    broken = {**manifests("local")[0], "sepc": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_restricted(overlay):
    for workload in of_kind(overlay, *WORKLOADS):
        pod = pod_of(workload)["spec"]
        assert pod["securityContext"].items() >= {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}.items(), (
            name_of(workload)
        )
        assert (pod["enableServiceLinks"], pod["automountServiceAccountToken"]) == (False, False), name_of(workload)
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name_of(workload)
        assert not any("hostPath" in volume for volume in pod.get("volumes", ())), name_of(workload)
    for name, container in containers(overlay):
        wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert container["securityContext"] == wanted, name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_namespace_enforces_what_the_pods_promise(overlay):
    (namespace,) = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    outside = [name_of(e) for e in manifests(overlay) if e["kind"] != "Namespace" and e["metadata"]["namespace"] != "malang"]
    assert outside == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_asks_for_what_it_needs_and_is_held_to_a_limit(overlay):
    for name, container in containers(overlay):
        for side in ("requests", "limits"):
            assert set(container["resources"][side]) == {"cpu", "memory"}, name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_image_has_a_version(overlay):
    for name, container in containers(overlay):
        image, _, tag = container["image"].rpartition(":")
        assert image, name
        assert tag not in {"", "latest"}, name
        assert container["imagePullPolicy"] == "IfNotPresent", name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_runs_is_probed_and_a_start_is_not_taken_for_a_hang(overlay):
    for deployment in of_kind(overlay, "Deployment"):
        (container,) = pod_of(deployment)["spec"]["containers"]
        paths = {probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
        assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}, name_of(deployment)
    for stateful in of_kind(overlay, "StatefulSet"):
        (container,) = pod_of(stateful)["spec"]["containers"]
        assert {"livenessProbe", "readinessProbe"} <= set(container), name_of(stateful)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_says_where_its_metrics_are(overlay):
    for deployment in of_kind(overlay, "Deployment"):
        pod = pod_of(deployment)
        (health,) = (each["containerPort"] for each in pod["spec"]["containers"][0]["ports"] if each["name"] == "health")
        assert pod["metadata"]["annotations"] == {
            "prometheus.io/scrape": "true", "prometheus.io/port": str(health), "prometheus.io/path": "/metrics",
        }, name_of(deployment)  # fmt: skip


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_deployment_leaves_in_peace(overlay):
    budgets = named(overlay, "PodDisruptionBudget")
    for name, deployment in named(overlay, "Deployment").items():
        pod = pod_of(deployment)["spec"]
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}, name
        stop = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        # The server itself says that it stops for 5 s and lets work begun end for 20 s (chassis.rpc.server, gateway.processes).
        assert pod["terminationGracePeriodSeconds"] >= stop + 5 + 20, name
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        assert budgets[name]["spec"]["selector"] == deployment["spec"]["selector"], name
        assert {each["topologyKey"] for each in pod["topologySpreadConstraints"]} == {
            "topology.kubernetes.io/zone", "kubernetes.io/hostname",
        }, name  # fmt: skip


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_answers_people_grows_and_nobody_else_counts_its_pods(overlay):
    scaled = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in of_kind(overlay, "HorizontalPodAutoscaler")}
    assert set(scaled) == {"gateway-web", "singo-rpc", "twuin-rpc"}
    for name, deployment in named(overlay, "Deployment").items():
        assert ("replicas" in deployment["spec"]) == (name not in scaled), name
        least = scaled[name]["minReplicas"] if name in scaled else deployment["spec"]["replicas"]
        assert least >= (3 if overlay == "production" else 2 if name in scaled else 1), name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everybody_runs_under_an_account_of_their_own(overlay):
    accounts = named(overlay, "ServiceAccount")
    assert all(each["automountServiceAccountToken"] is False for each in accounts.values())
    for workload in of_kind(overlay, "Deployment", "Job"):
        assert pod_of(workload)["spec"]["serviceAccountName"] == workload["metadata"]["name"]
        assert workload["metadata"]["name"] in accounts


def processes() -> set[tuple[str, str]]:
    """Return every service's processes, as the code knows them."""
    services = (replace(gateway.app.SERVICE, bodies=gateway.processes.BODIES), singo.app.SERVICE, twuin.app.SERVICE)
    return {(each.name, name) for each in services for name in (*process._bodies(each), "migrate")}


def test_every_process_has_its_file_and_nothing_else_has_one():
    for service, name in processes():
        path = ROOT / f"deploy/k8s/base/{service}/{name}.yaml"
        (workload,) = (each for each in yaml.safe_load_all(path.read_text()) if each["kind"] in WORKLOADS)
        (container,) = pod_of(workload)["spec"]["containers"]
        assert (container["image"], container["args"]) == (f"malang/{service}", [name])
        assert workload["metadata"]["name"] == f"{service}-{name}"
        assert workload["kind"] == ("Job" if name == "migrate" else "Deployment")
    assert {each["metadata"]["name"] for each in of_kind("local", "Deployment", "Job")} == {"-".join(each) for each in processes()}


def configured(overlay: str, service: str) -> dict[str, str]:
    (data,) = (
        each["data"] for each in of_kind(overlay, "ConfigMap") if re.fullmatch(rf"{service}-\w{{10}}", each["metadata"]["name"])
    )
    return dict(data)


def secret_values(overlay: str, name: str) -> dict[str, str]:
    if overlay == "local":
        return secrets.make()[name]
    return dict(named(overlay, "ExternalSecret")[name]["spec"]["target"]["template"]["data"])


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_every_setting_is_one_and_none_that_must_be_there_is_missing(overlay, service):
    known = settings.variables(SETTINGS[service], f"{service.upper()}_")
    given, secret = configured(overlay, service), set(secret_values(overlay, service))
    assert set(given) | secret <= set(known)
    assert not set(given) & secret
    required = {field.name for field in msgspec.structs.fields(SETTINGS[service]) if field.required}
    assert {variable for variable, field in known.items() if field in required} <= set(given) | secret


@pytest.mark.parametrize("service", SETTINGS)
def test_the_local_settings_are_accepted_by_the_code_that_reads_them(service):
    given = configured("local", service) | secrets.make()[service]
    settings.load(SETTINGS[service], f"{service.upper()}_", given)


def test_no_setting_of_a_configmap_is_a_secret():
    telling = re.compile(r"(KEY|KEYS|SECRET|PASSWORD|TOKEN|DATABASE_URL)$")
    for overlay in OVERLAYS:
        for service in SETTINGS:
            given = configured(overlay, service).items()
            assert [name for name, value in given if telling.search(name) and not value.startswith("/certs/")] == []


def test_nothing_secret_is_kept_in_a_file():
    assert all(not of_kind(overlay, "Secret") for overlay in OVERLAYS)
    first, second = secrets.make(), secrets.make()
    for name, values in first.items():
        assert all(values[key] != second[name][key] for key in values), name


def secrets_asked_for(node: Any) -> set[str]:
    """Return the names of the Secrets that a manifest mounts or reads."""
    if isinstance(node, list):
        return {name for each in node for name in secrets_asked_for(each)}
    if not isinstance(node, dict):
        return set()
    own = {node[key].get("name") or node[key]["secretName"] for key in ("secret", "secretRef", "secretKeyRef") if key in node}
    return own | {name for each in node.values() for name in secrets_asked_for(each)}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_that_a_pod_names_is_made_by_somebody(overlay):
    certificates = {each["spec"]["secretName"] for each in of_kind(overlay, "Certificate")}
    made = set(secrets.make()) if overlay == "local" else set(named(overlay, "ExternalSecret")) | certificates
    by_others = set() if overlay == "local" else {"bus-cluster-ca-cert", "redis-ca", *(f"{service}-db-ca" for service in SETTINGS)}
    asked = secrets_asked_for([pod_of(each) for each in of_kind(overlay, *WORKLOADS)])
    assert set(SETTINGS) <= asked <= made | by_others


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_nothing_between_processes_is_plain(overlay, service):
    given, secret, owner = configured(overlay, service), *(secret_values(overlay, name) for name in (service, f"{service}-owner"))
    assert {given[f"RPC_TLS_{part}"] for part in ("CERT", "KEY", "CA")} == {
        f"/certs/rpc/{file}" for file in ("tls.crt", "tls.key", "ca.crt")
    }
    assert all(each["DATABASE_URL"].endswith("?sslmode=verify-full&sslrootcert=/certs/database/ca.crt") for each in (secret, owner))
    bus = "security_protocol=SASL_SSL&ssl_cafile=/certs/bus/ca.crt&sasl_mechanism=SCRAM-SHA-512"
    assert f"?{bus}&sasl_plain_username={service}-bus&" in secret["EVENT_BUS_URL"]


def test_no_database_of_production_takes_a_plain_connection():
    for each in of_kind("production", "Cluster"):
        assert each["spec"]["postgresql"]["pg_hba"] == ["hostnossl all all all reject"], name_of(each)


def test_locally_redis_is_spoken_to_with_tls_and_a_password():
    assert re.fullmatch(r"rediss://:\w{48}@redis:6379/0\?ssl_ca_certs=/certs/cache/ca\.crt", secrets.make()["gateway"]["REDIS_URL"])


@pytest.mark.parametrize("service", SETTINGS)
def test_in_production_keys_of_tokens_come_over_https(service):
    assert configured("production", service).get(f"{service.upper()}_JWKS_URL", "https://").startswith("https://")


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_every_certificate_that_a_setting_names_is_mounted(overlay, service):
    values = [*configured(overlay, service).values(), *secret_values(overlay, service).values()]
    wanted = {path for value in values for path in re.findall(r"/certs/[\w/.]+", value)}
    assert {"/certs/rpc/tls.crt", "/certs/database/ca.crt", "/certs/bus/ca.crt"} <= wanted
    for workload in of_kind(overlay, "Deployment", "Job"):
        pod = pod_of(workload)["spec"]
        if workload["metadata"]["name"].startswith(f"{service}-"):
            (sources,) = (each["projected"]["sources"] for each in pod["volumes"] if each["name"] == "certificates")
            mounted = {f"/certs/{item['path']}" for source in sources for item in source["secret"]["items"]}
            assert wanted <= mounted, name_of(workload)
            assert {"name": "certificates", "mountPath": "/certs", "readOnly": True} in pod["containers"][0]["volumeMounts"]


def test_local_certificates_are_those_that_cert_manager_makes():
    made = secrets.certificates()
    for each in of_kind("production", "Certificate"):
        spec, pem = each["spec"], made[each["spec"]["secretName"]]
        certificate = x509.load_pem_x509_certificate(pem["tls.crt"].encode())
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(pem["ca.crt"].encode()))
        assert names_in(certificate) == spec["dnsNames"]
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert set(usages) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
        assert spec["usages"] == ["digital signature", "server auth", "client auth"]


@pytest.mark.parametrize(("engine", "setting"), [("postgres", "DATABASE_URL"), ("kafka", "EVENT_BUS_URL"), ("redis", "REDIS_URL")])
def test_an_engine_s_certificate_names_the_host_that_its_clients_dial_and_makes_no_call(engine, setting):
    made = secrets.make()
    certificate = x509.load_pem_x509_certificate(made[f"{engine}-tls"]["tls.crt"].encode())
    assert urlsplit(made["gateway"][setting]).hostname in names_in(certificate)
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH]
    authorities = [made["gateway-rpc-tls"]["ca.crt"], *(made[f"{each}-tls"]["ca.crt"] for each in ("postgres", "kafka", "redis"))]
    assert len(set(authorities)) == 4


def names_in(certificate: x509.Certificate) -> list[str]:
    """Return the hosts that a certificate is for."""
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


def labels(overlay: str) -> dict[str, dict[str, str]]:
    pods = {each["metadata"]["name"]: pod_of(each)["metadata"]["labels"] for each in of_kind(overlay, *WORKLOADS)}
    engines = {f"{service}-db": {"cnpg.io/cluster": f"{service}-db"} for service in SETTINGS}
    return pods if overlay == "local" else pods | engines | {"kafka": {"strimzi.io/name": "bus-kafka", "strimzi.io/cluster": "bus"}}


def opened(overlay: str, ports: dict[str, int]) -> set[arrows.Arrow]:
    pods, policies = labels(overlay), of_kind(overlay, "NetworkPolicy")
    return {
        (source, target)
        for source in pods
        for target, port in ports.items()
        if source != target and arrows.allowed(policies, pods, source, target, port)
    }


def test_the_local_policies_open_the_arrows_and_nothing_else():
    assert opened("local", arrows.PORTS) == arrows.LOCAL | {("restore-drill", "postgres")}


def test_the_policies_of_production_open_the_same_calls_and_each_database_to_its_own_service():
    calls = {name: port for name, port in arrows.PORTS.items() if name in arrows.PROCESSES}
    assert opened("production", calls) == arrows.CALLS
    assert opened("production", {f"{service}-db": 5432 for service in SETTINGS}) == {
        (each, f"{each.partition('-')[0]}-db") for each in arrows.WITH_MIGRATIONS
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_is_denied_at_first(overlay):
    spec = named(overlay, "NetworkPolicy")["default-deny"]["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_of_calls_are_headless_so_that_clients_see_every_pod(overlay):
    services = named(overlay, "Service")
    for name in ("singo-rpc", "twuin-rpc"):
        assert services[name]["spec"]["clusterIP"] == "None"
    targets = {value for service in SETTINGS for key, value in configured(overlay, service).items() if key.endswith("_TARGET")}
    assert targets == {f"dns:///{name}:{services[name]['spec']['ports'][0]['port']}" for name in ("singo-rpc", "twuin-rpc")}


def facts() -> list[list[str]]:
    lines = (ROOT / "docs/facts.md").read_text().splitlines()
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]


def test_every_topic_is_declared_with_two_copies_beside_the_first():
    declared = {each["spec"]["topicName"]: each["spec"] for each in of_kind("production", "KafkaTopic")}
    assert set(declared) == {row[1] for row in facts()} | {f"{service}.dead_letter" for service in SETTINGS}
    assert {each["replicas"] for each in declared.values()} == {3}


@pytest.mark.parametrize("service", SETTINGS)
def test_who_reads_a_topic_is_who_takes_its_facts(service):
    acls = named("production", "KafkaUser")[f"{service}-bus"]["spec"]["authorization"]["acls"]
    topics = [each for each in acls if each["resource"]["type"] == "topic"]
    assert {each["resource"]["name"] for each in topics if "Read" in each["operations"]} == {
        row[1] for row in facts() if service in row[4].split(", ")
    }
    assert [each["resource"] for each in topics if "Write" in each["operations"]] == [
        {"type": "topic", "name": f"{service}.", "patternType": "prefix"}
    ]
