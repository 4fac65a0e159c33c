"""Names that sound like real businesses, people and places, for the UK and the US."""

import random
from dataclasses import dataclass


def _words(text: str) -> list[str]:
    return [" ".join(word.split()) for word in text.split(",")]


_FIRST = _words("""
    Olivia, Amara, Priya, Hannah, Grace, Isla, Freya, Zara, Sofia, Megan, Aisha, Chloe, Niamh, Leah,
    Yasmin, Oliver, Callum, Rohan, Theo, Samuel, Idris, Jack, Ewan, Marcus, Daniel, Owen, Kwame,
    Tomasz, Luca, Henry, Nadia, Elena, Ravi, Joseph, Martha
""")
_LAST = _words("""
    Okafor, Whitfield, Patel, Ramsay, Lindqvist, Haddad, Fairclough, Nguyen, Ashworth, Mensah,
    Calloway, Brennan, Iqbal, Thornton, Kowalski, Delgado, Pemberton, Sinclair, Abara, Holloway,
    Marsh, Castellano, Rahman, Fitzgerald, Osei, Hartley, Bianchi, Prescott, Novak, Lawson, Achebe,
    Winslow, Dunmore, Vasquez, Keane, Sutherland, Moreau, Tanaka, Underwood, Bright
""")
_PLACES = _words("""
    Alder, Ashdown, Beacon, Birchwood, Blackfriars, Bluebell, Bramble, Brightwater, Caldera,
    Carrick, Cedar, Clearwater, Cobalt, Copperfield, Coral, Cornerstone, Dovetail, Driftwood,
    Elmfield, Evergreen, Fairhaven, Falcon, Fernhill, Foxglove, Granite, Greenway, Harbour,
    Hawthorn, Hazelmere, Highfield, Ironbridge, Juniper, Kestrel, Kingfisher, Larkspur, Linden,
    Lighthouse, Maple, Marlowe, Meadowbank, Meridian, Millstone, Moorland, Northgate, Oakhurst,
    Orchard, Paragon, Pinnacle, Quarry, Redwood, Ridgeway, Riverside, Rosewood, Saltmarsh,
    Sandstone, Silverbirch, Southbank, Sterling, Stonegate, Summit, Thistledown, Thornbury,
    Tidewater, Vanguard, Wavelength, Westbrook, Whitestone, Willowbrook, Windmill, Wren, Yewtree
""")
_TRADES = _words("""
    Architects, Bakery, Books, Brewing, Builders, Catering, Ceramics, Clinic, Coffee Roasters,
    Consulting, Creative, Dental, Design, Electrical, Energy, Engineering, Events, Farms, Fitness,
    Florists, Foods, Freight, Furniture, Gardens, Gallery, Homes, Hotels, Interiors, Joinery,
    Kitchens, Labs, Landscapes, Legal, Logistics, Marine, Media, Motors, Optics, Outdoor, Packaging,
    Pharmacy, Photography, Plumbing, Print, Properties, Recruitment, Renewables, Robotics, Roofing,
    Security, Software, Sports, Studios, Surveyors, Textiles, Tiles, Tools, Travel, Veterinary,
    Vineyards, Wholesale, Yachts
""")
_ENDINGS = {"GB": ("Ltd", "Ltd", "Ltd", "LLP", "plc", "& Sons"), "US": ("Inc.", "LLC", "LLC", "Co.", "Group", "& Sons")}
_STREETS = ("High Street", "Mill Lane", "Station Road", "Church Row", "Market Square", "Dock Street", "Park Avenue",
            "Victoria Road", "Chapel Lane", "Canal Wharf")  # fmt: skip
_US_STREETS = (
    "Main St",
    "Oak Ave",
    "Industrial Blvd",
    "Market St",
    "Sunset Dr",
    "Mission St",
    "5th Ave",
    "Lakeview Rd",
)
_TOWNS = {
    "GB": (("London", "Greater London", "EC1A 1BB"), ("Manchester", "Greater Manchester", "M1 1AE"),
           ("Leeds", "West Yorkshire", "LS1 4DY"), ("Bristol", "Bristol", "BS1 6TR"),
           ("Edinburgh", "Midlothian", "EH1 1YZ"), ("Cardiff", "South Glamorgan", "CF10 1EP"),
           ("Norwich", "Norfolk", "NR1 3JU"), ("Exeter", "Devon", "EX1 1GE")),
    "US": (("Austin", "TX", "78701"), ("Denver", "CO", "80202"), ("San Diego", "CA", "92101"),
           ("Portland", "OR", "97204"), ("Oakland", "CA", "94607"), ("Tucson", "AZ", "85701"),
           ("Sacramento", "CA", "95814"), ("Raleigh", "NC", "27601")),
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A contact's identity, the same shape for every ledger."""

    company: str
    first: str
    last: str
    email: str
    phone: str
    street: str
    town: str
    region: str
    postcode: str
    country: str


class NameMaker:
    """Unique business names; the same dice always give the same names."""

    def __init__(self, dice: random.Random, country: str) -> None:
        self._dice = dice
        self._country = country if country in _TOWNS else "GB"
        self._used: set[str] = set()

    def business(self) -> str:
        """A business name not given before."""
        while True:
            dice = self._dice
            style = dice.random()
            if style < 0.75:
                core = f"{dice.choice(_PLACES)} {dice.choice(_TRADES)}"
            elif style < 0.9:
                core = f"{dice.choice(_LAST)} & {dice.choice(_LAST)}"
            else:
                core = f"{dice.choice(_LAST)} {dice.choice(_TRADES)}"
            name = f"{core} {dice.choice(_ENDINGS[self._country])}"
            if len(self._used) > 3000:
                name = f"{name} {len(self._used)}"
            if name.casefold() not in self._used:
                self._used.add(name.casefold())
                return name

    def person(self) -> Person:
        """A business with a person, an address and a way to reach them."""
        dice = self._dice
        company, first, last = self.business(), dice.choice(_FIRST), dice.choice(_LAST)
        domain = "".join(sign for sign in company.rsplit(" ", 1)[0].lower() if sign.isalnum())
        town, region, postcode = dice.choice(_TOWNS[self._country])
        is_us = self._country == "US"
        street = f"{dice.randint(1, 240)} {dice.choice(_US_STREETS if is_us else _STREETS)}"
        phone = (
            f"({dice.randint(201, 989)}) 555-{dice.randint(100, 199):04d}"
            if is_us
            else f"020 7946 {dice.randint(0, 999):04d}"
        )
        email = f"{first.lower()}@{domain}.example"
        return Person(company, first, last, email, phone, street, town, region, postcode, self._country)
