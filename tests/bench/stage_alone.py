"""The intake stage of the hub without a broker: its hints are only counted."""

from tests.bench import scratch
from tests.bench.contender import Cost, Servers, count_rows, expect
from tests.bench.hub_main_job import Load, accept, open_bench, run_intake
from tests.bench.machine import Cpu, Meter
from tests.bench.main_job_world import PARTIES, manifests, party_rows


class StageAlone:
    """Rounds of `tests.bench.hub_main_job` on copies of one backlog."""

    def __init__(self, servers: Servers, complaints: int, processes: int) -> None:
        self.name = f"hub, intake stage alone, {processes} processes"
        self._servers = servers
        self._folder = scratch.new_folder("stage")
        self._load = Load(complaints, batch=500, processes=processes, parties=PARTIES)
        self._pid = servers.meter.database_pid or 0
        self._template = servers.postgres.create_database()
        store = open_bench(self._folder, self._template)
        store.parties.configure(party_rows(manifests(PARTIES)))
        self._ids, _ = accept(store, self._load, self._pid)
        store.close()

    def play(self, meter: Meter) -> Cost:
        """Run one round; raises WrongRows."""
        del meter
        database = self._servers.postgres.create_database(self._template)
        load = self._load
        found = run_intake(self._folder, database, self._ids, load, self._pid)
        rows = count_rows(database, ["complaints"])
        self._servers.postgres.drop_database(database)
        expect(self.name, rows, {"complaints": load.complaints})
        of_server = found["server_us"] * load.complaints / 1e6 if self._pid else None
        cpu = Cpu(found["worker_us"] * load.complaints / 1e6, of_server, None)
        seconds = load.complaints / found["per_s"]
        return Cost(load.complaints, seconds, cpu, found["rss_mb"])
