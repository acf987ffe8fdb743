"""What is said of a listing, on a card or on a sheet, of what the agency's books hold. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, get_args

from actors.agency.listings import Listing
from actors.agency.places import places
from actors.agency.terms import Amenity
from actors.brain.language import Language
from actors.wording.cards import ListingFacts

AMENITIES: Final[tuple[Amenity, ...]] = get_args(Amenity)


def facts_of(listing: Listing, language: Language) -> ListingFacts:
    """Return what a card, or a sheet, says of a listing in a language."""
    place = places().get(listing.place)
    return ListingFacts(
        title=listing.title_in(language),
        deal=listing.deal,
        kind=listing.kind,
        price=listing.price,
        place=(place.names.get(language) or place.names["en"]) if place else listing.place,
        bedrooms=listing.bedrooms,
        bathrooms=listing.bathrooms,
        square_metres=listing.area_sqm,
        amenities=frozenset(one for one in AMENITIES if one in listing.features),
        rental_yield=None if listing.yield_bp is None else Decimal(listing.yield_bp) / 100,
        visa_years=listing.visa_years,
        permit=listing.permit_number or "",
        reference=listing.reference,
    )
