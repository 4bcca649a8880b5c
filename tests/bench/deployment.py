"""A deployment to measure: policy, invented people, config, keys, consents.

Each person has 12 sealed fields; a read returns 6 of them and rests on a consent.
"""

import json
import pathlib
import socket
import subprocess
import threading

PEOPLE = 20_000
POLICY = """\
policy: "bench-1"
controller: {name: Bench Books, dpo: dpo@bench.example, country: IE}

fields:
  first_name:       {says: First name, type: text, category: "pd:Name"}
  last_name:        {says: Last name, type: text, category: "pd:Name"}
  email:            {says: Email address, type: email, category: "pd:EmailAddress", identifier: direct}
  phone:            {says: Phone number, type: phone, category: "pd:TelephoneNumber", identifier: direct}
  postcode:         {says: Postcode, type: text, category: "pd:PostalCode", identifier: indirect}
  city:             {says: City, type: text, category: "pd:City"}
  country:          {says: Country, type: country, category: "pd:Country"}
  birth_date:       {says: Date of birth, type: date, category: "pd:BirthDate", identifier: indirect}
  loyalty_tier:     {says: Loyalty tier, type: text, category: "pd:GroupMembership"}
  favourite_genres: {says: Favourite genres, type: list, category: "pd:Favourite", source: derived}
  last_purchase:    {says: Last purchase, type: date, category: "pd:PurchasesAndSpendingHabit"}
  lifetime_value:   {says: Expected lifetime value, type: money, category: "pd:PurchasesAndSpendingHabit", source: derived}

recipients:
  bench-shop: {says: Our web shop, role: controller, country: IE}

apps:
  reader:  {recipient: bench-shop, purposes: [personalisation], default_purpose: personalisation}
  consent: {recipient: bench-shop, purposes: [personalisation], roles: [consent]}

purposes:
  personalisation:
    says: Show books that suit you
    purpose: "dpv:Personalisation"
    basis: consent
    consent: {text: personalisation, refresh_after: P24M}
    fields: {first_name: show, last_name: show, city: show, country: show, loyalty_tier: show, favourite_genres: show}
    keep: until-withdrawn
  accounting:
    says: Keep the books that the law asks for
    purpose: "dpv:LegalCompliance"
    basis: legal-obligation
    fields: {email: show, phone: show, postcode: show, birth_date: show, last_purchase: show, lifetime_value: show}
    keep: P10Y

minors:
  age_from: birth_date
  thresholds: {default: 16}
  unknown_age: deny
  below: {default: guardian}

consent_texts:
  personalisation:
    v1: {from: 2026-01-01, processing_changed: false, files: {en: personalisation.1.en.md}}
"""

CITIES = ["Leeds", "Köln", "Évry", "Łódź", "Malmö", "Porto", "Cork", "Gent"]
COUNTRIES = ["GB", "DE", "FR", "PL", "SE", "PT", "IE", "BE"]
NAMES = ["Ada", "Björn", "Chloé", "Dorota", "Émile", "Fiona", "Gül", "Håkan", "Inês", "Jürgen"]
TIERS = ["bronze", "silver", "gold"]
GENRES = ["crime", "poetry", "history", "travel", "fantasy", "science", "cooking", "essays"]


def person(number):
    """One line of an import; `number` from 1."""
    place = number % len(CITIES)

    def value(content):
        return {"value": content}

    return {
        "identifiers": [{"type": "email", "value": f"reader.{number:07d}@example.org"}],
        "fields": {
            "first_name": value(NAMES[number % len(NAMES)]),
            "last_name": value(f"Reader{number:07d}"),
            "email": value(f"reader.{number:07d}@example.org"),
            "phone": value(f"+4420794{number % 100000:05d}"),
            "postcode": value(f"P{number % 90000 + 10000}"),
            "city": value(CITIES[place]),
            "country": value(COUNTRIES[place]),
            "birth_date": value(f"{1940 + number % 60}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"),
            "loyalty_tier": value(TIERS[number % len(TIERS)]),
            "favourite_genres": value([GENRES[number % 8], GENRES[(number + 3) % 8]]),
            "last_purchase": value(f"2026-{number % 9 + 1:02d}-{number % 28 + 1:02d}"),
            "lifetime_value": value(number % 5000 + 0.5),
        },
    }


def write_people(path, count):
    with open(path, "w", encoding="utf-8") as out:
        for number in range(1, count + 1):
            out.write(json.dumps(person(number), ensure_ascii=False, separators=(",", ":")) + "\n")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Deployment:
    """A folder with everything that one gateway needs."""

    def __init__(self, folder, binary, policy_folder=None):
        self.folder = pathlib.Path(folder)
        self.binary = binary
        self.folder.mkdir(parents=True)
        self.policy = pathlib.Path(policy_folder or self.folder / "policy")
        self.port = free_port()
        self.operations_port = free_port()
        self.config = self.folder / "fieldgate.yaml"
        self.key = None

    def write(self, hot_set_bytes):
        if not self.policy.exists():
            self.policy.mkdir()
            (self.policy / "policy.yaml").write_text(POLICY, encoding="utf-8")
            (self.policy / "personalisation.1.en.md").write_text(
                "We use your name and your favourite genres to show books that suit you.\n")
        secret = self.folder / "passphrase"
        secret.touch(mode=0o600)
        secret.write_text("a benchmark needs no secret\n")
        self.config.write_text(f"""\
data_directory: data
policy_directory: {self.policy}
root_key: {{passphrase_file: passphrase}}
listeners:
  - {{name: apps, address: 127.0.0.1, port: {self.port}, surfaces: [apps]}}
  - {{name: operations, address: 127.0.0.1, port: {self.operations_port}, surfaces: [operations]}}
loops: 1
store: {{hot_set_bytes: {hot_set_bytes}}}
""")

    def run(self, *arguments, **options):
        done = subprocess.run([self.binary, *arguments, "--config", str(self.config)], check=False,
                              capture_output=True, text=True, **options)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(arguments)}: {done.stderr}{done.stdout[:500]}")
        return done.stdout

    def add_app(self, app):
        """The secret of a new API key; it is shown once."""
        said = self.run("keys", "app", "add", app, "--json")
        return json.loads(said)["key"]

    def import_people(self, path):
        return json.loads(self.run("profiles", "import", str(path), "--json"))["imported"]


def give_consents(port, key, people, connections=16):
    """Each person says yes, over HTTP as an app would. Pipelined a little, to be quick."""
    failures = []

    def worker(first):
        with socket.create_connection(("127.0.0.1", port)) as link:
            stream = link.makefile("rb")
            for number in range(first, people + 1, connections):
                body = json.dumps({
                    "identifier": {"type": "email", "value": f"reader.{number:07d}@example.org"},
                    "purpose": "personalisation", "state": "given",
                    "notice": {"version": "v1", "language": "en"}, "method": "toggle",
                    "collected_at": "2026-02-01T09:00:00Z"}).encode()
                link.sendall(b"POST /v1/consents HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
                             + key.encode() + b"\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(body) + body)
                status = stream.readline()
                length = 0
                while (line := stream.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                said = stream.read(length)
                if b" 201 " not in status:
                    failures.append((number, status, said[:300]))
                    return

    threads = [threading.Thread(target=worker, args=(i + 1,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"a consent was not taken: {failures[0]}")
