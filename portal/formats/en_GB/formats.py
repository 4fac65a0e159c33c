"""Lists say "21 Nov 2026, 16:29", as every other page does, instead of "4:29 p.m."."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
