"""Towns with their real postcode ranges, and streets that any of them might have."""

from dataclasses import dataclass
from random import Random

from .names import Frequencies

_NL = """
Amsterdam:1011-1109 Rotterdam:3011-3089 's-Gravenhage:2491-2597 Utrecht:3511-3585
Eindhoven:5611-5658 Groningen:9711-9747 Tilburg:5011-5049 Almere:1311-1363 Breda:4811-4839
Nijmegen:6511-6546 Apeldoorn:7311-7339 Haarlem:2011-2037 Arnhem:6811-6846 Enschede:7511-7548
Amersfoort:3811-3829 Zaandam:1501-1509 's-Hertogenbosch:5211-5237 Zwolle:8011-8043
Leiden:2311-2334 Leeuwarden:8911-8941 Maastricht:6211-6229 Dordrecht:3311-3329 Ede:6711-6718
Alphen_aan_den_Rijn:2401-2409 Alkmaar:1811-1827 Emmen:7811-7828 Delft:2611-2629
Venlo:5911-5928 Deventer:7411-7429 Sittard:6131-6137 Helmond:5701-5709 Oss:5341-5349
Amstelveen:1181-1189 Hilversum:1211-1223 Heerlen:6411-6422 Nieuwegein:3431-3439
Purmerend:1441-1448 Roosendaal:4701-4709 Schiedam:3111-3125 Spijkenisse:3201-3209
Leidschendam:2261-2267 Lelystad:8211-8245 Almelo:7601-7611 Hoorn:1621-1628 Vlaardingen:3131-3138
Gouda:2801-2809 Assen:9401-9408 Velsen-Zuid:1981-1981 Capelle_aan_den_IJssel:2901-2909
Veenendaal:3901-3907 Katwijk:2221-2225 Zeist:3701-3709 Nieuwkoop:2421-2421 Den_Helder:1781-1788
Doetinchem:7001-7009 Terneuzen:4531-4538 Hengelo:7551-7559 Weert:6001-6006 Middelburg:4331-4339
Kampen:8261-8267 Woerden:3441-3449 Heerenveen:8440-8449 Rijswijk:2281-2289 Houten:3991-3995
Barneveld:3771-3772 Roermond:6041-6045 Waalwijk:5141-5146 Tiel:4001-4007 Harderwijk:3841-3849
Zutphen:7201-7207 IJsselstein:3401-3404 Soest:3761-3769 Oosterhout:4901-4909 Wageningen:6701-6709
Huizen:1271-1277 Drachten:9201-9207 Meppel:7941-7944 Hoogeveen:7901-7909 Goes:4461-4465
Vlissingen:4381-4389 Sneek:8601-8608 Culemborg:4101-4107 Epe:8161-8162 Boxtel:5281-5283
Uden:5401-5406 Veghel:5461-5467 Winterswijk:7101-7109 Aalsmeer:1431-1433 Castricum:1901-1902
Bussum:1401-1406 Driebergen:3971-3972 Baarn:3741-3744 Naarden:1411-1412 Franeker:8801-8802
Dokkum:9101-9103 Stadskanaal:9501-9503 Coevorden:7741-7742 Steenwijk:8331-8332 Raalte:8101-8103
"""

_BE = """
Antwerpen:2000-2060 Gent:9000-9000 Brugge:8000-8000 Leuven:3000-3001 Mechelen:2800-2800
Brussel:1000-1000 Schaarbeek:1030-1030 Aalst:9300-9300 Kortrijk:8500-8500 Hasselt:3500-3500
Sint-Niklaas:9100-9100 Oostende:8400-8400 Genk:3600-3600 Roeselare:8800-8800 Turnhout:2300-2300
Dendermonde:9200-9200 Beveren:9120-9120 Vilvoorde:1800-1800 Lokeren:9160-9160 Geel:2440-2440
Dilbeek:1700-1700 Brasschaat:2930-2930 Grimbergen:1850-1850 Mol:2400-2400 Waregem:8790-8790
Lier:2500-2500 Ninove:9400-9400 Tienen:3300-3300 Geraardsbergen:9500-9500 Evergem:9940-9940
Schoten:2900-2900 Halle:1500-1500 Lommel:3920-3920 Knokke-Heist:8300-8300 Deinze:9800-9800
Herentals:2200-2200 Ieper:8900-8900 Tongeren:3700-3700 Aarschot:3200-3200 Wetteren:9230-9230
Zottegem:9620-9620 Torhout:8820-8820 Diest:3290-3290 Eeklo:9900-9900 Ronse:9600-9600
Asse:1730-1730 Bilzen:3740-3740 Menen:8930-8930 Oudenaarde:9700-9700 Namen:5000-5000
"""

_STREET_STEMS = (
    "Kerk Dorps School Molen Stations Juliana Wilhelmina Beatrix Oranje Nassau Beuken Eiken Linden "
    "Kastanje Berken Wilgen Rozen Tulpen Hoofd Nieuw Markt Haven Koning Prinsen Brug Veld Akker "
    "Mozart Rembrandt Vondel Kruis Noorder Zuider Ooster Wester Sport Park Heide Bosch Meidoorn"
)
_STREET_ENDS = ("straat", "laan", "weg", "plein", "singel", "hof", "dreef", "kade")


@dataclass(frozen=True, slots=True)
class Address:
    """One dwelling; `postcode` is without space, `belgian` says whose rules it follows."""

    street: str
    number: int
    addition: str
    postcode: str
    city: str
    belgian: bool


def _towns(text: str) -> Frequencies[tuple[str, int, int]]:
    towns = []
    for entry in text.split():
        name, _, span = entry.partition(":")
        low, _, high = span.partition("-")
        towns.append((name.replace("_", " "), int(low), int(high)))
    return Frequencies(towns)


DUTCH_TOWNS = _towns(_NL)
BELGIAN_TOWNS = _towns(_BE)
STREETS = Frequencies([stem + end for end in _STREET_ENDS for stem in _STREET_STEMS.split()])
_LETTERS = "ABCDEGHJKLMNPRSTVWXZ"
_NEVER_ISSUED = {"SA", "SD", "SS"}
_ADDITIONS = ("A", "B", "C", "bis", "hs", "II", "1")


def draw_address(rng: Random, belgian: bool) -> Address:
    """A dwelling somewhere in the country; about one in eight has an addition."""
    name, low, high = (BELGIAN_TOWNS if belgian else DUTCH_TOWNS).draw(rng)
    postcode = str(rng.randint(low, high))
    if not belgian:
        letters = rng.choice(_LETTERS) + rng.choice(_LETTERS)
        postcode += "SB" if letters in _NEVER_ISSUED else letters
    addition = rng.choice(_ADDITIONS) if rng.random() < 0.12 else ""
    number = 1 + int(180 * rng.random() ** 2)
    return Address(STREETS.draw(rng), number, addition, postcode, name, belgian)
