"""Legal forms of companies: they say little about who pays, so they weigh little in a name."""

from __future__ import annotations

_TEXT = (
    # English-speaking
    "ltd limited llc llp lp plc inc incorporated corp corporation co company pty pte group holding holdings cic "
    # German-speaking
    "gmbh ag kg ohg gbr ug ek ev eg kgaa mbh haftungsbeschrankt haftungsbeschraenkt "
    # French, Belgian, Dutch
    "sa sas sasu sarl eurl sci snc scop bv nv vof cv bvba srl fils cie "
    # Spanish, Portuguese, Italian
    "sl slu slp sll sau lda ltda eireli spa sas snc srls sapa scarl hijos "
    # Nordic and Baltic
    "ab aktiebolag hb kb publ as asa aps ans oy oyj ou uab sia "
    # Polish, Czech, Hungarian, Balkan
    "sp zoo oo sk sc spzoo sro kft zrt bt doo dd ad ood eood "
    # Slavic and Greek, transliterated
    "ooo oao zao pao ao tov pp ip chp ae ee oe epe ike mepe eu"
)

LEGAL_FORMS = frozenset(_TEXT.split())

# How a register says that a company trades under another name.
TRADING_AS = (" t/a ", " dba ", " d/b/a ", " trading as ", " aka ", " a/k/a ", " formerly ", " c/o ")
