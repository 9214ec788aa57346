"""Dutch and Flemish call names (roepnamen) and the baptismal names that they stand for.

One line is one set: names that may denote the same person. A name may be in several sets; two
names are variants of each other when they share one. The first name of a set stands for it in
blocking keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.matching import nicknames_abroad

_SETS = """
johannes jan johan hans hannes joannes john jean jo janus jantje joop
johanna jo joke jopie hanna hanneke annie jannie jannetje jopke janny ans jeanne
hendrik henk hendrikus henri henricus rik harrie harry hein heinrich hendricus driek henny
hendrika hennie rika riek henriette henrica hendrikje henny
cornelis kees cor cees corneel nelis cornelius krelis
cornelia corrie cora neeltje nel nelly corry cornelie nelleke keetje cor
petrus piet peter pieter pierre peer pietje
petronella petra nel nelly pietje nellie ella pieternella
elisabeth els elsje elly betty bep liesbeth lies betsy lisa elise ilse elizabeth elisa liza lisette
wilhelmus willem wim wil bill wilhelm willy helmus guillaume pim
wilhelmina mina willy wil willemijn mien minnie mientje helma willemina
jacobus jaap koos jacob sjaak jacques jakob coos ko
jacoba coba jacqueline ko jacomina cootje coby cobie
maria marie mia ria miep mieke marijke marja riet marietje rie marian maaike riek rieke
anna an anneke annie anne anja annet anouk annette antje ans anny
adriana jana ada adrie adrienne sjaan arjana adri jeanne
adrianus adriaan adrie arie ad janus aad adri
antonius anton ton toon antoon tonny antoine teun theun tony tonnie
antonia tonny toos antoinette tonia tonneke toosje
theodorus theo dorus theodoor dirk theodore
theodora dora thea doortje door
gerardus gerard gerrit geert gerhard gert geerard gerhardus gerry ger
gerarda gerda geertje gerrie gerritje gera
geertruida truus geertrui trudy geertje trui truus truida gertrude
franciscus frans frank francis cis franz francois sus
francisca francien fransje ciska francine cisca
josephus jozef jos joseph jef joost sjef joep jup joop
josephina josephine josine fien fientje josefien
margaretha greet margriet greta gretha marga gre margreet grietje rita margot margareta griet
catharina trijntje toos ina katrien karin tine catrien rina catharine kaatje trien tineke cato carina
helena lena leen heleen ellen lenie leentje hella helene leni
leonardus leo leon leendert leonard leen
lambertus bert lambert bertus lammert bart
hubertus bert huub hubert huib bertus hub
albertus bert albert ab appie bertus
albertina bertha tina berta
engelbertus bert engelbert
robertus rob robert bob bert robbie
rudolf ruud rolf rudi dolf rudolph rudy
martinus martin tinus maarten marten tijn martijn
martina tineke tina martine
matheus mathieu thijs mattheus theeuwes mathijs matthijs mattijs matthias ties thies matteo
nicolaas nico klaas nicolas niek claus nick nicolaus niklaas
christiaan chris christian kris corstiaan
christina christine stien chris tineke tina kristien christien stijntje kristina
alexander alex lex sander xander alexandre
alexandra alex sandra alexa sandrine
frederik fred freek frits frederick frederic fredericus
frederika freddie rika fredrika frederica
laurentius laurens louw lau rens laurent lourens
ludovicus louis lodewijk lou luuk wiet ludo
louisa louise loes wies wiesje lousje
lucas luc luuk luke luka luk
michael michiel michel chiel maikel mike
paulus paul pauwel pol
paulina paula pauline paulien lien
philippus philip filip flip philippe filippe
stephanus stefan stephan steven stef stefaan etienne
simon siem sijmen symen
thomas tom tommie tomas thom tommy
daniel daan dani danny
david dave daaf
gabriel gaby gabri
benjamin ben benno bennie
bernardus ben bernard bernd nard berend barend bernhard
bartholomeus bart barthold meus mees bartel
augustinus guus august stijn augustus gust
constantijn stijn constant constantinus
justinus stijn justin
arnoldus nol arnold arnout aart noud arnaud
reinier rein rene reinout renier
sebastianus bas sebastiaan bastiaan sebastian
eduardus eduard ed edward eddy edwardus
edmundus ed edmond eddy
everardus evert everhard eef ed
eva eef eefje evelien eveline evy
emilia emmy emma milou milia
emanuel manuel eman manus
hermanus herman manus harm hermann herm
hermina mien hermien mina herma
gijsbertus gijs gijsbert bert bertus
willebrordus wil wilbert brord
servatius vaas serv
quirinus krijn quirijn
ignatius ignace naas nas
vincentius vincent cent vins
victor vic viktor
dominicus dominique minicus nico
hieronymus jeroen jerome
gregorius joris gregor greg
georgius george joris sjors georg jurgen jorg
aloysius louis loek wies
raphael raf rafael
roelof roel rudolf roelf
rogier roger rutger
egidius gilles gillis
michaela michelle micha michele
monica monique moniek monika
veronica vroni vera veronique
agatha aagje agaath
agnes agneta nies agnietje
barbara bar babs barbera
beatrix bea beatrijs trix trixie beatrice
dorothea thea dora dorothee doortje dorien
susanna suzanne suus sanne susan suzan susanne
sara saar saartje sarah
rebecca becky rebekka
rosalia rosa roos roosje rosalie
ursula uschi ulla
yvonne ivonne von
irene rene ireen
isabella isabel bella belle isabelle
jolanda yolanda jola jolande
josina sien josien
klasina klaasje sien klazina ina
lidewij lidwina lida lidy
lucia luus lucie lucy
magdalena magda leen lena madeleine madelon leni lenie
marcus marc mark markus marco
marius rius marinus rinus rien
marina rina marijn marijne
mauritius maurits maurice
mechtildis tilda mathilde tilly machteld mathilda
nathalia nathalie natasja natalie nath
regina gina rina regien
rosemarie roosmarie rozemarijn rosemarijn
sofia sophie fie sofie sophia
sibylla bella billa sybille
theresia trees thera resi theresa tessa therese tress thea
valentinus valentijn tijn valentin
wouter walter walt wolter
zacharias zach sacharias
ferdinand ferry nand fernand ferdi
godefridus fried godfried frits govert govard
gustaaf guus gust gustav staf
hugo huug hugues
isaak ies izaak sjaak isaac
jeremias jeremy jer
jonathan jon nathan
karel carel charles karl carolus sjarel carl lo
carolina carla lien lina caroline karolien carolien
carla karla
lieve godelieve lieveke
maximiliaan max maxim maximilian
norbertus bert norbert nor
oscar oskar
otto odo
patricius patrick pat
patricia pat patty
raymundus raymond ray ramon mon raymund
edmond mon
sigismund sieg
tobias tobie toby
urbanus urbain
wendelina wendy wendel
mohammed mohamed muhammad mo mohammad muhammed
fatima fatma
samuel sam sammy
charlotte lotte lot charlot lottie
olivia liv livia
koenraad koen coen coenraad
alida ali lida alie aly
ronald ron ronnie
richardus richard rick ries
samantha sam
kimberley kim kimberly
"""


#: Call names that men and women bear alike, beside those that stand in sets of both.
_UNISEX = """
ali anne bo chris dani dominique francis gabri gaby jean jip jo kim kris marijn max maxim micha
michele pat robin sam stef
"""

#: The sets of women whose first name does not end in -a.
_WOMEN = """
elisabeth agnes beatrix yvonne irene rosemarie lidewij mechtildis lieve charlotte kimberley
"""


#: Language → its sets. The order of the languages that are used is that of the numbers of the sets:
#: a name of several languages stands in keys for what it is in the first of them.
_LANGUAGES = {"nl": _SETS, "fr": nicknames_abroad.FRENCH, "en": nicknames_abroad.ENGLISH}
DUTCH = ("nl",)


def unsure_names(languages: Sequence[str] = DUTCH) -> list[str]:
    """Names of both sexes (Chris, Alex, Sam, Jo), or of three names and more (Bert)."""
    women, unisex = set(_WOMEN.split()), set(_UNISEX.split())
    if tuple(languages) != DUTCH:
        women |= set(nicknames_abroad.WOMEN.split())
        unisex |= set(nicknames_abroad.UNISEX.split())
    sets: dict[str, dict[str, bool]] = {}
    for name, _number, stands_for in nickname_rows(languages):
        woman = stands_for.endswith("a") or stands_for in women
        sets.setdefault(name, {})[stands_for] = woman
    unsure = {
        name for name, found in sets.items() if len(set(found.values())) > 1 or len(found) > 2
    }
    return sorted(unsure | unisex)


def nickname_rows(languages: Sequence[str] = DUTCH) -> list[tuple[str, int, str]]:
    """One row per name and set: (name, number of the set, the name that stands for the set)."""
    rows: list[tuple[str, int, str]] = []
    lines = "\n".join(_LANGUAGES[language] for language in languages)
    for number, line in enumerate(lines.split("\n")):
        names = [name for name in dict.fromkeys(line.split()) if name.isalpha()]
        if len(names) > 1:
            rows.extend((name, number, names[0]) for name in names)
    return rows
