"""How the portal writes dates and times where Django would not write them its way."""
