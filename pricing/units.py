"""Units of measure: a small table of UNECE Recommendation 20 codes with exact factors.

Source: UN/CEFACT Recommendation No. 20 (codes for units of measure used in international trade) and No. 21
(packages, written with a leading X). Only what price lists of services need. Two units convert when they
measure the same thing; a package (bag, box, can) converts only for one item, through its `Packaging`.

A DAY is a working day of eight hours: price lists of services hire people and vehicles by the working day.
A month has no fixed number of working days, so it converts to days only through an item's packaging.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure.

    measures: what it measures; units that measure the same thing convert.
    factor: how many base units of that measure it is.
    """

    code: str
    measures: str
    factor: Fraction
    names: Mapping[str, str]
    """By language, of one of them; synonyms stand behind commas."""
    plurals: Mapping[str, str]
    """By language, of several; synonyms as in `names`."""


@dataclass(frozen=True, slots=True)
class Packaging:
    """What one package of one item holds: one `unit` of `item` is `factor` `base` units."""

    item: str
    unit: str
    base: str
    factor: Fraction


_TABLE: Final = """
C62 | number      | 1       | piece              | unité, pièce          | unidad, pieza
H87 | number      | 1       | piece              | pièce                 | pieza
EA  | number      | 1       | each               | chacun                | cada uno
PR  | number      | 2       | pair               | paire                 | par
DZN | number      | 12      | dozen              | douzaine              | docena
CEN | number      | 100     | hundred            | cent                  | cien
MIL | number      | 1000    | thousand           | mille                 | mil
KGM | mass        | 1       | kilogram           | kilogramme            | kilogramo
GRM | mass        | 1/1000  | gram               | gramme                | gramo
DTN | mass        | 100     | quintal (100 kg)   | quintal (100 kg)      | quintal (100 kg)
TNE | mass        | 1000    | tonne              | tonne                 | tonelada
LTR | volume      | 1       | litre              | litre                 | litro
MLT | volume      | 1/1000  | millilitre         | millilitre            | mililitro
CLT | volume      | 1/100   | centilitre         | centilitre            | centilitro
HLT | volume      | 100     | hectolitre         | hectolitre            | hectolitro
MTQ | volume      | 1000    | cubic metre        | mètre cube            | metro cúbico
MTR | length      | 1       | metre              | mètre                 | metro
CMT | length      | 1/100   | centimetre         | centimètre            | centímetro
KMT | length      | 1000    | kilometre          | kilomètre             | kilómetro
MTK | area        | 1       | square metre       | mètre carré           | metro cuadrado
ARE | area        | 100     | are                | are                   | área
HAR | area        | 10000   | hectare            | hectare               | hectárea
KMK | area        | 1000000 | square kilometre   | kilomètre carré       | kilómetro cuadrado
DAY | work        | 1       | working day        | jour de travail       | día de trabajo
E49 | work        | 1       | working day        | jour ouvré            | jornada laboral
HUR | work        | 1/8     | hour               | heure                 | hora
MIN | work        | 1/480   | minute             | minute                | minuto
MON | month       | 1       | month              | mois                  | mes
ANN | month       | 12      | year               | année                 | año
KWH | energy      | 1       | kilowatt hour      | kilowattheure         | kilovatio hora
MWH | energy      | 1000    | megawatt hour      | mégawattheure         | megavatio hora
E34 | data        | 1       | gigabyte           | gigaoctet             | gigabyte
4L  | data        | 1/1000  | megabyte           | mégaoctet             | megabyte
LS  | lump sum    | 1       | lump sum           | forfait               | suma global
E48 | service     | 1       | service            | prestation            | servicio
IE  | person      | 1       | person             | personne              | persona
SET | set         | 1       | set                | jeu, lot              | juego
XBG | bag         | 1       | bag                | sac                   | bolsa, saco
XBX | box         | 1       | box                | boîte, carton         | caja
XPK | package     | 1       | package            | paquet                | paquete
XCA | can         | 1       | can                | bidon                 | bidón
XBO | bottle      | 1       | bottle             | bouteille             | botella
XRO | roll        | 1       | roll               | rouleau               | rollo
XBE | bundle      | 1       | bundle             | botte, fagot          | haz, atado
"""
_PLURALS: Final = """
C62 | pieces            | unités, pièces    | unidades, piezas
H87 | pieces            | pièces            | piezas
EA  | each              | chacun            | cada uno
PR  | pairs             | paires            | pares
DZN | dozens            | douzaines         | docenas
CEN | hundreds          | cents             | cientos
MIL | thousands         | mille             | miles
KGM | kilograms         | kilogrammes       | kilogramos
GRM | grams             | grammes           | gramos
DTN | quintals (100 kg) | quintaux (100 kg) | quintales (100 kg)
TNE | tonnes            | tonnes            | toneladas
LTR | litres            | litres            | litros
MLT | millilitres       | millilitres       | mililitros
CLT | centilitres       | centilitres       | centilitros
HLT | hectolitres       | hectolitres       | hectolitros
MTQ | cubic metres      | mètres cubes      | metros cúbicos
MTR | metres            | mètres            | metros
CMT | centimetres       | centimètres       | centímetros
KMT | kilometres        | kilomètres        | kilómetros
MTK | square metres     | mètres carrés     | metros cuadrados
ARE | ares              | ares              | áreas
HAR | hectares          | hectares          | hectáreas
KMK | square kilometres | kilomètres carrés | kilómetros cuadrados
DAY | working days      | jours de travail  | días de trabajo
E49 | working days      | jours ouvrés      | jornadas laborales
HUR | hours             | heures            | horas
MIN | minutes           | minutes           | minutos
MON | months            | mois              | meses
ANN | years             | années            | años
KWH | kilowatt hours    | kilowattheures    | kilovatios hora
MWH | megawatt hours    | mégawattheures    | megavatios hora
E34 | gigabytes         | gigaoctets        | gigabytes
4L  | megabytes         | mégaoctets        | megabytes
LS  | lump sums         | forfaits          | sumas globales
E48 | services          | prestations       | servicios
IE  | persons           | personnes         | personas
SET | sets              | jeux, lots        | juegos
XBG | bags              | sacs              | bolsas, sacos
XBX | boxes             | boîtes, cartons   | cajas
XPK | packages          | paquets           | paquetes
XCA | cans              | bidons            | bidones
XBO | bottles           | bouteilles        | botellas
XRO | rolls             | rouleaux          | rollos
XBE | bundles           | bottes, fagots    | haces, atados
"""
_SYNONYMS: Final = MappingProxyType(
    {"BG": "XBG", "BX": "XBX", "PK": "XPK", "CA": "XCA", "BO": "XBO", "RO": "XRO"}
)
"""Package codes that older revisions of Recommendation 20 wrote without the X."""


def _read_table() -> Mapping[str, Unit]:
    plurals = {code: _by_language(names) for code, *names in _rows(_PLURALS)}
    units = {
        code: Unit(code, measures, Fraction(factor), _by_language(names), plurals[code])
        for code, measures, factor, *names in _rows(_TABLE)
    }
    return MappingProxyType(units)


def _rows(table: str) -> Iterator[list[str]]:
    return ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())


def _by_language(names: list[str]) -> Mapping[str, str]:
    return MappingProxyType(dict(zip(("en", "fr", "es"), names, strict=True)))


UNITS: Final[Mapping[str, Unit]] = _read_table()


def unit(code: str) -> Unit | None:
    """The unit with that code, or None. Old codes of packages (BG) are understood."""
    return UNITS.get(_SYNONYMS.get(code, code))


def canonical(code: str) -> str:
    """The code as our table writes it (BG -> XBG); an unknown code is returned unchanged."""
    return _SYNONYMS.get(code, code)


def factor(source: str, target: str, packaging: Iterable[Packaging] = ()) -> Fraction | None:
    """How many `target` units one `source` unit is, exactly; None when they do not convert.

    packaging: what packages of the one item in question hold; a path over several of them is found
    (a carton of bottles, a bottle of litres). The shortest path counts, the earlier line on a tie.
    """
    goal = canonical(target)
    reached: dict[str, Fraction] = {canonical(source): Fraction(1)}
    frontier = list(reached)
    lines = [(canonical(p.unit), canonical(p.base), p.factor) for p in packaging if p.factor > 0]
    while frontier:
        for code in frontier:
            direct = _same_measure(code, goal)
            if direct is not None:
                return reached[code] * direct
        frontier = _through_packages(frontier, reached, lines)
    return None


def _same_measure(source: str, target: str) -> Fraction | None:
    if source == target:
        return Fraction(1)
    left, right = UNITS.get(source), UNITS.get(target)
    if left is None or right is None or left.measures != right.measures:
        return None
    return left.factor / right.factor


def _through_packages(
    frontier: list[str], reached: dict[str, Fraction], lines: list[tuple[str, str, Fraction]]
) -> list[str]:
    """Open or fill packages once: the units newly reached, with their factors noted in `reached`."""
    found: list[str] = []
    for code in frontier:
        for package, base, amount in lines:
            for here, there, step in ((package, base, amount), (base, package, 1 / amount)):
                direct = _same_measure(code, here)
                if direct is not None and there not in reached:
                    reached[there] = reached[code] * direct * step
                    found.append(there)
    return found
