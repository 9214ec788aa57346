"""Dutch and Belgian names with frequencies that fall off the way real ones do.

Given names carry their everyday forms (Johannes: Jan, Hans), because nicknames are the most
common reason why one person looks like two.
"""

import unicodedata
from itertools import accumulate
from random import Random
from typing import Generic, TypeAlias, TypeVar

_MEN = """
Johannes:Jan,Hans,Johan,Joop Jan Cornelis:Kees,Cor,Cees Hendrik:Henk,Rik Willem:Wim,Pim
Petrus:Piet,Peter Gerrit:Ger Pieter:Piet Jacobus:Koos,Jaap,Ko Peter Marinus:Rien,Rinus
Antonius:Ton,Toon,Antoon Adrianus:Ad,Arie,Adri Theodorus:Theo,Dorus Jozef:Jos,Jef,Sjef
Franciscus:Frans,Frank Martinus:Martin,Tinus Gerardus:Gerard,Geert Wilhelmus:Wim,Willem
Nicolaas:Nico,Klaas Robert:Rob,Bob Michael:Michel,Mike Thomas:Tom,Tommy Maximiliaan:Max
Alexander:Alex,Sander,Lex Sebastiaan:Bas Christiaan:Chris Matthijs:Thijs,Mathijs Lambertus:Bert
Albertus:Bert,Ab Leonardus:Leo,Leon Paulus:Paul Dirk Marc:Mark Luc:Luk Koen:Koenraad Bart Erik
Tim Daan Sem Lucas:Luuk Noah Levi Milan Bram Jesse Lars Finn Ruben Stijn Niels Jeroen Rick Kevin
Dennis Patrick Marcel Ronald:Ron Richard Edwin Arjan Wouter Maarten Joost Gijs Hugo Arthur Louis
Victor:Vic Jules Wannes Pieter-Jan:PJ José René André Jérôme François:Frans Mehmet Mohamed:Mo
Ahmed Youssef Emre Rachid Steven:Steve Dirk-Jan Frederik:Fred,Frits Rudolf:Ruud,Rudi Sjoerd Tjeerd
Wiebe Douwe Hidde Jelle Teun Tijn Mees Guus Siem Filip:Philip Geert Guido Walter Yves Benoît Karel
"""

_WOMEN = """
Maria:Marie,Mieke,Ria,Mia Johanna:Jo,Joke,Annie,Hanna Anna:Anneke,Annie,An
Cornelia:Corrie,Cor,Nelly Elisabeth:Els,Liesbeth,Betty,Lies Wilhelmina:Willy,Mien,Wil
Hendrika:Riek,Rika,Henny Catharina:Toos,Trees,Rina,Karin Adriana:Jeanne,Adri Petronella:Nel,Petra
Margaretha:Greet,Gré,Margriet Jacoba:Coby,Cobie Theresia:Trees,Thea Gerarda:Gerda
Antonia:Toos,Tonny Christina:Christien,Tineke,Stien Helena:Leen,Lenie,Heleen Geertruida:Truus,Trudy
Francisca:Fransje,Cisca Martina:Tineke Alida:Ali,Lida Susanna:Suus,Sanne Magdalena:Leni,Magda
Emma Julia Mila Tess Sophie:Fie Zoë Sara Nora Yara Eva Lotte:Charlotte Noor Olivia:Liv Lieke Anouk
Femke Marieke:Riek Esther Monique Linda Sandra Wendy Patricia:Pat Nathalie:Nath Ingrid Astrid
Saskia Ellen Marjolein Annemarie:Annemie Ilse Hilde Griet An-Sofie Katrien:Kaat,Trien Veerle Leen
Goedele Chantal Nicole Martine Christel Fatima Aïcha Noëlle Renée Désirée Hélène Fien Louise
Elise:Lies Amélie Josephine:Fien,José Fenna Sietske Tjitske Jeltje Roos:Rosa Manon Floor Iris Maud
Kim Britt Merel Jasmijn Bente Isabella:Isa,Bella Alexandra:Alex,Sandra Elly Ans Mieke Truus Gonnie
"""

_NL_PLAIN = """
Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Brouwer Dijkstra Smits Kok
Jacobs Vermeulen Schouten Willems Hoekstra Koster Verhoeven Prins Huisman Peeters Kuipers Post
Veenstra Kramer Scholten Postma Martens Timmermans Kuijpers Groen Jonker Gerritsen Hermans Schipper
Koning Blom Wolters Bosch Bosma Driessen Mol Molenaar Boer Boersma Willemsen Verbeek Sanders
Hofman Maas Zijlstra Hoogland Evers Peerboom Snijders Lammers Hendriksen Janssen Janssens
Gerrits Bouwman Schreuder Wessels Kooistra Kroon Wijnen Kuiper Claassen Roos Aarts Verweij
Versteeg Rietveld Kersten Simons Goossens Bergsma Pietersen Adriaanse Nijhuis Reinders Terpstra
Wouters Thijssen Drost Nieuwenhuis Hekman Haan Mertens Beekman Koopman Hartman Zwart Vink Kraan
Dekkers Heijnen Pronk Kaya Yilmaz Bouzid Ozturk Nguyen Santos Grootenhuis Scheffer Hamers Loos
"""

_PREFIXED = """
de|Jong de|Vries van den|Berg van|Dijk de|Boer de|Groot van der|Meer van|Leeuwen de|Bruin van de|Ven
van der|Linden van der|Heijden de|Haan van|Vliet de|Wit van der|Veen de|Graaf van den|Heuvel
van|Beek van den|Broek van der|Laan de|Leeuw van de|Pol van der|Wal van|Veen van|Loon de|Lange
van der|Horst van|Dam van den|Bosch de|Ruiter van der|Velde van|Doorn van den|Brink van|Es
van der|Ploeg ten|Have ter|Braak in 't|Veld van 't|Hof van 't|Hoff op den|Camp den|Hartog
den|Ouden te|Riele el|Amrani ten|Brinke ter|Horst van der|Zee de|Koning van|Rijn van|Wijk
"""

_STEMS = "Berg Heide Veld Hout Brug Kolk Sluis Wiel Kamp Beemd Donk Schoot Waal Eijk Es Poel Geer"
_STEM_PREFIXES = ("van der", "van de", "van den", "van", "uit den")
_FRISIAN = "Hoek Wier Sied Jel Bol Ter Fok Haan Feen Wester Ooster Noor Zand Reit Boers Sin Ald Tal"
_FRISIAN_ENDS = ("stra", "sma", "inga", "ema")
_TRADES = "Schoen Wagen Kuip Molen Huis Pot Brood Glas Hout Steen Touw Zeil"
_TRADE_ENDS = ("maker", "maker s", "snijder", "man", "mans")

_BE = """
Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Wouters De_Smet Dubois Lambert Dupont
Martin Simon Hermans Aerts Michiels Van_Damme Pauwels De_Clercq Hendrickx Van_den_Broeck Segers
Smets Desmet Cools Lemmens De_Backer Vermeulen Verhoeven Baert Van_de_Velde Wauters Bogaert
Martens Declercq De_Cock De_Vos Thijs Verstraete Claeys Coppens Leclercq Devos Moens Thys
Van_Hecke Verlinden Vandenberghe Verhaegen Bosmans Vandamme De_Wilde Lenaerts Vandevelde Carlier
Verschueren Stevens Cornelis De_Meyer Denis Vermeersch Noël Lefèvre Cuypers De_Bruyn Nijs Tack
Vercammen Smet Michel Dumont Gérard Renard Bauwens Van_Acker De_Ridder Callens Sterckx Goethals
Verbeke Demeyer Vandeputte Buyse Cauwenberghs Van_Hoof Geerts Huysmans De_Coninck D'Hondt
"""

LOOKALIKES = {
    "Jansen": "Janssen",
    "Janssen": "Jansen",
    "Janssens": "Janssen",
    "Meijer": "Meyer",
    "Kuipers": "Kuijpers",
    "Peters": "Peeters",
    "Peeters": "Peters",
    "Dijk": "Dyk",
    "Bruin": "Bruijn",
    "Heijden": "Heyden",
    "Smit": "Smid",
    "Vries": "Fries",
    "Wit": "Witt",
    "De Smet": "Desmet",
    "De Clercq": "Declercq",
    "Van den Broeck": "Van den Broek",
    "Thijs": "Thys",
    "Hendriks": "Hendrix",
}

PREFIX_FORMS = {
    "van der": ("v.d.", "vd", "v/d", "Van Der", "van der"),
    "van den": ("v.d.", "v/d", "van de", "vd"),
    "van de": ("v.d.", "v/d", "vd"),
    "van": ("v.", "Van"),
    "de": ("De", "d."),
    "in 't": ("in het", "in t"),
    "van 't": ("v.'t", "van t", "van het"),
}


T = TypeVar("T")


class Frequencies(Generic[T]):
    """Draws items in proportion to 1 / (rank + 8): common ones common, a long tail rare."""

    def __init__(self, items: list[T]) -> None:
        self.items = items
        self._cumulative = list(accumulate(1.0 / (rank + 8) for rank in range(len(items))))

    def draw(self, rng: Random) -> T:
        return rng.choices(self.items, cum_weights=self._cumulative)[0]


GivenName: TypeAlias = tuple[str, tuple[str, ...]]
FamilyName: TypeAlias = tuple[str, str]


def _given(text: str) -> Frequencies[GivenName]:
    names: list[GivenName] = []
    for entry in text.split():
        name, _, short = entry.partition(":")
        names.append((name, tuple(short.split(",")) if short else ()))
    return Frequencies(names)


def _dutch() -> Frequencies[FamilyName]:
    plain = [("", name) for name in _NL_PLAIN.split()]
    lines = " ".join(_PREFIXED.split("\n")).replace("|", " |").split("|")
    prefixed: list[FamilyName] = []
    prefix = lines[0].strip()
    for part in lines[1:]:
        name, _, following = part.strip().partition(" ")
        prefixed.append((prefix, name))
        prefix = following.strip()
    common = [name for two in zip(prefixed, plain, strict=False) for name in two]
    common += plain[len(prefixed) :] + prefixed[len(plain) :]
    rare = [(prefix, stem) for stem in _STEMS.split() for prefix in _STEM_PREFIXES]
    rare += [("", root + end) for root in _FRISIAN.split() for end in _FRISIAN_ENDS]
    rare += [("", root + end.replace(" ", "")) for root in _TRADES.split() for end in _TRADE_ENDS]
    return Frequencies(list(dict.fromkeys(common + rare)))


MEN = _given(_MEN)
WOMEN = _given(_WOMEN)
DUTCH = _dutch()
BELGIAN: Frequencies[FamilyName] = Frequencies([("", n.replace("_", " ")) for n in _BE.split()])


def slug(text: str) -> str:
    """Letters as they appear in an e-mail address: no accents, spaces or apostrophes."""
    flat = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in flat if "a" <= c <= "z")
