# SPDX-License-Identifier: BSD-2-Clause
"""memif.py: an engine on its own TCP, and blast as its peer, linked by memif:
shared memory between the two processes, no kernel on the path."""

import pathlib

import engine
import load

EAL = ("--no-huge --no-pci --in-memory --single-file-segments -m {megabytes} "
       "--vdev=net_memif0,role={role},id=0,socket={socket}{more}")
SERVER4, CLIENT4 = "192.0.2.2", "192.0.2.1"
SERVER6, CLIENT6 = "2001:db8::2", "2001:db8::1"


class Engine(engine.Engine):
    """As engine.Engine, with services that only the memif link reaches."""

    def __init__(self, main_cf=None, mailboxes=10, services=None, mtu=1500,
                 **rest):
        self.mtu = mtu
        services = services or {
            "smtp": engine.Service(host=SERVER4, port=25),
            "smtp6": engine.Service(host=SERVER6, port=25)}
        super().__init__(main_cf={
            "penstock_dataplane": "dpdk",
            "penstock_ipv4": f"{SERVER4}/24",
            "penstock_ipv6": f"{SERVER6}/64",
            "penstock_workers": "1",
            "penstock_mtu": str(mtu),
            **(main_cf or {})}, mailboxes=mailboxes, services=services, **rest)
        self.main_cf.setdefault("penstock_dpdk_args", self.eal("server"))
        self.write_config()

    def eal(self, role, megabytes=256):
        """DPDK's arguments of one end."""
        return EAL.format(role=role, megabytes=megabytes,
                          socket=self.run_dir / "memif",
                          more=",bsize=10240" if self.mtu > 1500 else "")

    def start(self, wait_s=30, wait=True):
        """The control socket of a killed one says nothing about this one."""
        pathlib.Path(f"{self.queue_dir}.control").unlink(missing_ok=True)
        return super().start(wait_s, wait)

    def wait_listening(self, seconds=30):
        """The device is there: clients wait for the link by themselves."""
        def is_up():
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise engine.EngineError(f"ended with {code} at its start:\n"
                                         f"{self.stderr()}{self.log()}")
            return pathlib.Path(f"{self.queue_dir}.control").exists()
        engine.wait_until(is_up, seconds, "the engine")

    def blast(self, options, service="smtp"):
        """A load.Blast over the link; one at a time."""
        address = f"{CLIENT6}/64" if ":" in self.host(service) \
            else f"{CLIENT4}/24"
        return load.Blast(self, [
            "--dataplane", "dpdk", "--dpdk-args", self.eal("client"),
            "--ip", address, "--mtu", self.mtu, *options], service)
