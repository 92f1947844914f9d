"""What `docker compose` does with our file, where that command is absent: the same containers, by the engine's client."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.compose.document import Document, Service

PATIENCE = 300  # seconds that a service may take to become what another waits for


class Failed(Exception):  # noqa: N818 - that is what it says
    """A service that did not become what another waits for, with the end of its log."""


@dataclass(frozen=True)
class Standin:
    """The containers, volumes and network of one project."""

    document: Document
    project: str

    def up(self, *only: str) -> None:
        """Start the services in the order of their conditions and wait until all are healthy; `only` some, with what they need."""
        wanted = self._needed(only) if only else set(self.document.services)
        docker("network", "create", "--label", self._label, self.network)
        for volume in self.document.volumes:
            docker("volume", "create", "--label", self._label, self._volume(volume))
        for name, service in self.document.in_order():
            if name in wanted:
                for other, needed in service.depends_on.items():
                    self.until(other, needed.condition)
                docker("run", "--detach", *self.options(name, service), service.image, *service.command)
        for name in wanted:
            if self.document.services[name].healthcheck:
                self.until(name, "service_healthy")

    def down(self) -> None:
        """Remove the containers, the network and the volumes."""
        containers = docker("ps", "--all", "--quiet", "--filter", f"label={self._label}").split()
        if containers:
            docker("stop", "--time", "5", *containers)
            docker("rm", "--force", "--volumes", *containers)
        for kind in ("network", "volume"):
            if left := docker(kind, "ls", "--quiet", "--filter", f"label={self._label}").split():
                docker(kind, "rm", *left)

    def ask(self, service: str, *command: str) -> str:
        """Run a command in a service's container and return what it printed."""
        return docker("exec", self.container(service), *command)

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{self.project}-{service}-1"

    @property
    def network(self) -> str:
        """Return the name of the project's network."""
        return f"{self.project}_default"

    def until(self, service: str, condition: str) -> None:
        """Return once a condition holds; Failed when it cannot any more, or takes too long."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status, code, health = docker(
                "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}} {{with .State.Health}}{{.Status}}{{else}}-{{end}}",
                self.container(service),
            ).split()  # fmt: skip
            if condition == "service_healthy" and health == "healthy":
                return
            if condition == "service_completed_successfully" and status == "exited" and code == "0":
                return
            if health == "unhealthy" or (status == "exited" and (code != "0" or condition == "service_healthy")):
                break
            time.sleep(0.1)
        raise Failed(f"{service} is not {condition}:\n{docker('logs', '--tail', '20', self.container(service))}")

    def options(self, name: str, service: Service) -> list[str]:
        """Return how `docker run` says what the file says of a service."""
        chosen = [
            "--name", self.container(name), "--label", self._label, "--network", self.network, "--network-alias", name,
            "--restart", service.restart, "--stop-timeout", service.stop_grace_period.removesuffix("s"),
        ]  # fmt: skip
        chosen += ["--read-only"] if service.read_only else []
        for flag, values in (
            ("--env", [f"{key}={value}" for key, value in service.environment.items()]),
            ("--volume", [self._mount(each) for each in service.volumes]),
            ("--publish", service.ports), ("--tmpfs", service.tmpfs), ("--cap-drop", service.cap_drop),
            ("--security-opt", service.security_opt),
        ):  # fmt: skip
            chosen += [word for value in values for word in (flag, value)]
        if health := service.healthcheck:
            chosen += ["--health-cmd", health.command, "--health-interval", health.interval, "--health-timeout", health.timeout]
            chosen += ["--health-retries", str(health.retries)]
        return chosen

    def _needed(self, only: tuple[str, ...]) -> set[str]:
        needed = set(only)
        while more := {other for name in needed for other in self.document.services[name].depends_on} - needed:
            needed |= more
        return needed

    def _mount(self, volume: str) -> str:
        source, _, target = volume.partition(":")
        if source.startswith("."):
            return f"{(self.document.folder / source).resolve()}:{target}"
        return f"{self._volume(source)}:{target}"

    def _volume(self, name: str) -> str:
        if name not in self.document.volumes:
            raise ValueError(f"volumes: {name} is not one of the file's")
        return f"{self.project}_{name}"

    @property
    def _label(self) -> str:
        return f"com.docker.compose.project={self.project}"


def docker(*words: str | Path) -> str:
    """Run the engine's client and return what it printed; Failed with its last words when it refuses."""
    done = subprocess.run(["docker", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"docker {words[0]}: {done.stderr.strip()[-1500:]}")
    return done.stdout if words[0] != "logs" else done.stdout + done.stderr
