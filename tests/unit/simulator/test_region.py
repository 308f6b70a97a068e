import threading

from hub.simulator.agency import SimulatedAgency
from hub.simulator.post import HubAddresses
from hub.simulator.region import SimulatedRegion
from hub.simulator.server import FaultyServer
from tests.unit.simulator.stand_in import CLIENT, eventually, submit, tell


def file_case(agency: SimulatedAgency, key: str, text: str) -> None:
    fields = {"judul_laporan": "x", "uraian": text, "kunci": key}
    assert submit(agency, key, body=fields).status_code == 201


def test_the_environment_leads_to_every_part_of_the_region() -> None:
    with SimulatedRegion(1) as region:
        variables = region.environment()

        assert {name for name in variables if "PUPR" in name} == {
            "SIMPUL_PUPR_URL",
            "SIMPUL_PUPR_TOKEN",
            "SIMPUL_PUPR_WEBHOOK_SECRET",
        }
        assert len(variables) == 20
        answer = CLIENT.get(
            f"{variables['SIMPUL_DISDUKCAPIL_URL']}/api/laporan",
            params={"kunci": "k"},
            headers={
                "Authorization": f"Bearer {variables['SIMPUL_DISDUKCAPIL_TOKEN']}"
            },
        )
        assert answer.json() == {"data": []}
        assert variables["SIMPUL_SMS_SEND_URL"] == region.sms.send_url
        assert variables["SIMPUL_MAIL_RELAY"] == region.mail.address


def test_the_same_seed_has_the_same_secrets() -> None:
    def secrets(seed: int) -> set[str]:
        variables = SimulatedRegion(seed).environment()
        return {
            v for name, v in variables.items() if name.endswith(("TOKEN", "SECRET"))
        }

    assert secrets(1) == secrets(1)
    assert len(secrets(1)) == 11
    assert secrets(1).isdisjoint(secrets(2))


def test_agencies_begin_to_tell_once_the_hub_is_known(hub: FaultyServer) -> None:
    with SimulatedRegion(1, work_seconds=(0, 0.01)) as region:
        submit(region.pupr)
        assert eventually(lambda: region.pupr.told.waiting > 0)

        region.connect(hub.url, "127.0.0.1:1")

        assert eventually(lambda: region.at_rest)
    assert region.pupr.told.delivered == 3


def test_the_tally_counts_cases_and_what_is_doubled_or_missing() -> None:
    with SimulatedRegion(1, work_seconds=None) as region:
        file_case(region.pupr, "k-1", "Lampu mati (ref-1-000001)")
        file_case(region.dinkes, "k-2", "Lampu mati (ref-1-000001)")
        file_case(region.dinkes, "k-2", "Lampu mati (ref-1-000001)")
        file_case(region.disdukcapil, "k-3", "KTP (ref-1-000002)")
        file_case(region.disdukcapil, "k-4", "tanpa penanda")

        tally = region.tally()

    assert tally.cases == {
        "ref-1-000001": {"dinas_pupr": 1, "dinkes": 2},
        "ref-1-000002": {"disdukcapil": 1},
    }
    assert tally.doubled == [("ref-1-000001", "dinkes")]
    assert tally.missing(["ref-1-000001", "ref-1-000003"]) == ["ref-1-000003"]
    assert tally.unmarked == {"disdukcapil": 1}


def test_the_tally_counts_messages_and_answers() -> None:
    with SimulatedRegion(1, work_seconds=None) as region:
        region.connect("http://127.0.0.1:1", region.mail.address)
        host, _, port = region.mail.address.rpartition(":")
        own = HubAddresses("", host, int(port), mailbox="warga@example.org")
        region.citizens.hub = own
        region.citizens.write_mail()
        region.citizens.write_mail()
        for reference in ("r-1", "r-1"):
            CLIENT.post(
                region.sms.send_url,
                json={
                    "from": "1708",
                    "to": "+628120000001",
                    "text": "x",
                    "client_reference": reference,
                },
                headers={"Authorization": f"Bearer {region.sms.send_secret}"},
            )
        nomor = submit(region.pupr).json()["data"]["nomor"]
        event = {"jenis": "reporter_replied", "id": "e-1", "isi": "jwb-1-000001 belum"}
        tell(region.pupr, nomor, "k-9", event)

        tally = region.tally()

    assert tally.messages == {"warga@example.org": 2, "08120000001": 1}
    assert (tally.mail_duplicates, tally.sms_duplicates) == (0, 1)
    assert tally.answers == {"jwb-1-000001": {"dinas_pupr": 1}}


def test_a_stopped_region_leaves_no_thread_and_comes_back() -> None:
    before = set(threading.enumerate())
    region = SimulatedRegion(1)
    with region:
        variables = region.environment()
    assert eventually(lambda: set(threading.enumerate()) <= before)

    with region:
        assert region.environment() == variables
