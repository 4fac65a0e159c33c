"""The names of the months in the languages of the alphabet, whole and as usually shortened: general knowledge."""

from __future__ import annotations

_NAMES = """
january jan januar janvier janv enero ene gennaio gen janeiro januari styczen stycznia sty leden tammikuu ianuarios
february feb februar fevrier fev febrero febbraio fevereiro februari luty lutego lut unor helmikuu febrouarios
march mar marz maerz mars marzo marco maart marzec marca brezen maaliskuu martios
april apr avril avr abril abr aprile kwiecien kwietnia kwi duben huhtikuu aprilios
may mai mayo maggio mag maio mei maj maja kveten toukokuu maios
june jun juni juin junio giugno giu junho czerwiec czerwca cze cerven kesakuu iounios
july jul juli juillet juil julio luglio lug julho lipiec lipca cervenec heinakuu ioulios
august aug aout agosto ago augustus augusti sierpien sierpnia sie srpen elokuu augoustos
september sep sept septembre septiembre settembre setembro wrzesien wrzesnia wrz zari syyskuu septemvrios
october oct oktober okt octobre octubre ottobre ott outubro pazdziernik pazdziernika paz rijen lokakuu oktovrios
november nov novembre noviembre novembro listopad listopada lis marraskuu noemvrios
december dec dezember dez decembre diciembre dic dicembre dezembro grudzien grudnia gru prosinec joulukuu dekemvrios
"""

MONTHS: dict[str, int] = {
    name: month for month, names in enumerate(_NAMES.strip().splitlines(), start=1) for name in names.split()
}
"""Number of the month by its name in plain lower-case Latin."""
