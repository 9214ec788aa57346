"""French and English call names, in sets as in ``nicknames``. A French set that adds to a Dutch one
begins with the same name.
"""

from __future__ import annotations

FRENCH = """
georgius georges george joris
theodoricus thierry diederik dirk diether
lucianus lucien luc
christophorus christophe kristof christof christoffel tof
catharina catherine cathy kathy katia katleen
margaretha marguerite margaux margot margo maggie
wouter gauthier gautier walter
baudouin boudewijn
emilius emile emiel miel
francisca francoise france
johanna jeanne jeannette jeannine janine
genevieve ginette genoveva veva
sebastianus sebastien seb
stephanus stephane steph stefaan etienne
elisabeth lise babette elise isabeau
laurence laure laurentia
theobaldus thibault thibaut thibaud theobald tibo
oliverius olivier oliver
xaverius xavier
gislenus ghislain gislain
gislena ghislaine gislaine
benedictus benoit benedikt
benedicta benedicte
remigius remi remy
fabianus fabien fabian
julianus julien jules juul
eugenius eugene eugeen
leopoldus leopold leo pol
alphonsus alphonse alfons fons
eligius eloi loy
ivo yves yvo
valeria valerie
virginia virginie
aurelia aurelie
nicola nicole nicolette colette
eduardus edouard eduard
roelandus roland roeland rolland
desiderius didier desire
marcellus marcel
marcella marcelle
silvanus sylvain silvain
silvia sylvie sylvia
"""

ENGLISH = """
alexander alex al alec sandy xander
alexandra alex sandra lexi sandy
andrew andy drew
anthony tony ant
benjamin ben benny benji
catherine cathy cate katherine kate katie kathy kathryn kathleen kit kitty catharine
charles charlie chuck chas chaz
christine chris chrissy tina christina
christopher chris kit topher
daniel dan danny
david dave davey
deborah deb debbie debra
dorothy dot dottie dolly
edward ed eddie ted ned teddy
eleanor ellie nell nora elinor
elizabeth liz beth betty lizzie eliza elisabeth bess libby betsy
frances fran fanny francesca
francis frank fran
frederick fred freddie freddy
gabriel gabe
gregory greg
harold harry hal
henry harry hank hal
isabella bella isabel isabelle izzy
jacob jake
james jim jimmy jamie jem
jennifer jen jenny jenna
jessica jess jessie
john jack johnny jon
jonathan jon jonny
joseph joe joey
joshua josh
judith judy jude
kenneth ken kenny
lawrence larry laurie laurence
leonard len lenny leo
lillian lily lil
margaret maggie meg peggy marge margie greta
martin marty
mary molly polly mamie
matthew matt matty
michael mike mick mickey micky
nathaniel nathan nate nat
nicholas nick nicky
nicola nicole nicky
olivia liv livvy
pamela pam
patricia pat patty tricia trish
patrick pat paddy
peter pete
philip phil phillip
raymond ray
rebecca becky becca
richard rick dick richie ricky rich
robert rob bob bobby robbie bert
ronald ron ronnie
samantha sam sammy
samuel sam sammy
sarah sally sadie
stephen steve steven stevie
susan sue susie suzie susanna suzanne
theodore theo ted teddy
theresa tess teresa terry tessa
thomas tom tommy
timothy tim timmy
victoria vicky tori vic
vincent vince vinny
walter walt wally
william will bill billy willy liam
zachary zach zack
"""

#: The sets of women whose first name does not end in -a.
WOMEN = """
catherine genevieve elisabeth laurence christine deborah dorothy eleanor
elizabeth frances jennifer judith lillian margaret mary rebecca sarah susan
"""

#: Call names that men and women bear alike.
UNISEX = """
camille claude leslie lee lesley jessie taylor jordan ashley kelly kerry terry tracy shannon
casey morgan alex sam pat chris nicky kit sandy
"""
