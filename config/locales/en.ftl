# English. Keys, variables and plural categories are the same in all four languages; tests prove it.
# Print a number with COUNT($n): it groups the digits as the language does. Every other value arrives written and
# isolated by actors/wording/texts.py, which says what kind of value each variable takes. No text needs a mark of
# direction of its own, no title is longer than 20 characters (24 where it stands in a list).

language-name = English
language-button = 🌐 Language
language-chosen = From now on we will write to you in English.
choose-language = Please choose your language from the list, or simply write in it.

welcome = Welcome to { $tenant }! How can we help you?
welcome-back = Welcome back to { $tenant }.

help = Hello! Several estate agencies share this number. To start, please open the link or scan the code that your agency gave you.
link-dead = This link does not work. Please ask your agency for a new one.
link-elsewhere = This link belongs to another agency and does not work here. This is the number of { $tenant }.
tenant-closed = { $tenant } cannot be reached at this number at the moment.

# A medium that could not be taken. SIZE($limit) prints bytes as people write them.
too-large-image = Your picture is too large for us: we can take pictures of up to { SIZE($limit) }. Please send a smaller one.
too-large-voice = Your voice message is too long for us: we can take up to { SIZE($limit) }. Please send a shorter one, or write to us.
too-large-other = Your file is too large for us: we can take up to { SIZE($limit) }. Please send a smaller one.
timed-out-image = Your picture took too long to reach us. Please send it once more.
timed-out-voice = Your voice message took too long to reach us. Please send it once more, or write to us.
timed-out-other = Your file took too long to reach us. Please send it once more.
medium-unreadable = We could not open what you sent. Please send it once more.

# ── The menu, and words that stand on many buttons. A title of a button has 20 characters, of a row 24.

menu = Please choose what you need, or simply write to us.
menu-realty = Find a property
menu-expo = Expo and events
menu-support = Support
menu-button = Main menu
hello = Hello! How can we help you?
thanks = You are welcome!
choose = Choose
yes = Yes
no = No
skip = Skip
no-preference = No preference
more = Show more
done = That is all
back = Back
cancel = Cancel
person = Talk to a person
person-ask = Would you like to talk to a person?
noted = Noted: { $value }
step-cancelled = Alright, we leave this step. What else can we do for you?
nothing-to-cancel = There is nothing to cancel at the moment. How can we help you?
choose-again = Please choose one of these, or write it in your own words.
choice-gone = This choice no longer applies. Here is where we are:

# ── Who somebody is. Names are used as they were written: no title, no part of them.

ask-name = May we know your name?
ask-name-again = We could not read a name there. Please write only your name, or skip this question.
name-noted = Thank you, { $name }!
ask-phone = At which number can our colleagues reach you? Please write it with the country code.
phone-noted = Thank you. We will use this number: { $phone }
phone-unclear = We could not read this number. Please write it with the country code, for example { $phone }.

# ── What somebody looks for: questions, and the titles of their choices.

ask-goal = What is the property for?
goal-investment = Investment
goal-living = To live in
goal-residency = Residency visa
ask-deal = Would you like to buy or to rent?
deal-buy = Buy
deal-rent = Rent
ask-category = Residential or commercial?
category-residential = Residential
category-commercial = Commercial
ask-kind = Which type of property?
kind-apartment = Apartment
kind-villa = Villa
kind-townhouse = Townhouse
kind-penthouse = Penthouse
kind-land = Land
kind-office = Office
kind-shop = Shop
kind-warehouse = Warehouse
ask-budget-buy = What is your budget? Please choose, or write an amount.
ask-budget-rent = What is your budget for a year's rent? Please choose, or write an amount.
budget-buy-to-1m = Up to AED 1 million
budget-buy-1m-2m = AED 1 to 2 million
budget-buy-2m-5m = AED 2 to 5 million
budget-buy-from-5m = Over AED 5 million
budget-rent-to-60k = Up to AED 60,000
budget-rent-60k-100k = AED 60,000 to 100,000
budget-rent-100k-200k = AED 100,000 to 200,000
budget-rent-from-200k = Over AED 200,000
confirm-amount = Did you mean { $amount }?
ask-period = Is { $amount } the rent for a year or for a month?
period-year = For a year
period-month = For a month
ask-currency = You wrote { $amount }. Our prices are in dirhams: what is your budget in AED?
budget-unclear = We could not read this amount. Please write it in dirhams, for example { $amount }.
ask-place = Which area would you like? You may name several.
place-unknown = We do not know this area. Please choose from the list or write another name.
place-any = Any area
ask-bedrooms = How many bedrooms do you need?
studio = Studio
bedrooms = { $count ->
    [one] { COUNT($count) } bedroom
   *[other] { COUNT($count) } bedrooms
}
bedrooms-from = { $count ->
    [one] { COUNT($count) }+ bedroom
   *[other] { COUNT($count) }+ bedrooms
}
bedrooms-to = { $count ->
    [one] up to { COUNT($count) } bedroom
   *[other] up to { COUNT($count) } bedrooms
}
bedrooms-between = { COUNT($low) } to { COUNT($count) } bedrooms
bathrooms = { $count ->
    [one] { COUNT($count) } bathroom
   *[other] { COUNT($count) } bathrooms
}
ask-amenities = Is anything important to you? You may choose or write several.
amenity-pool = Pool
amenity-gym = Gym
amenity-parking = Parking
amenity-balcony = Balcony
amenity-sea-view = Sea view
amenity-garden = Garden
amenity-furnished = Furnished
amenity-maid-room = Maid's room
amenity-pets = Pets allowed
ask-urgency = When would you like to move in or close the deal?
urgency-now = Within a month
urgency-quarter = Within three months
urgency-half-year = Within six months
urgency-later = Only looking for now

# ── What is known of somebody's wishes, a line each.

wish = This is what we have noted:
wish-goal = Goal: { $value }
wish-deal = Deal: { $value }
wish-category = Category: { $value }
wish-kind = Type: { $value }
wish-budget = Budget: { $amount }
wish-places = Area: { $value }
wish-bedrooms = Rooms: { $bedrooms }
wish-amenities = Preferably: { $value }
wish-urgency = When: { $value }

# ── Amounts, areas and shares. The words follow the number's plural.

money-aed = AED { COUNT($count) }
money-aed-from = from AED { COUNT($count) }
money-aed-to = up to AED { COUNT($count) }
money-aed-between = AED { COUNT($low) } to { COUNT($count) }
money-usd = USD { COUNT($count) }
money-eur = EUR { COUNT($count) }
money-gbp = GBP { COUNT($count) }
money-rub = RUB { COUNT($count) }
money-inr = INR { COUNT($count) }
money-irr = { $count ->
    [one] { COUNT($count) } rial
   *[other] { COUNT($count) } rials
}
money-irt = { $count ->
    [one] { COUNT($count) } toman
   *[other] { COUNT($count) } tomans
}
money-other = { $code } { COUNT($count) }
money-from = from { $amount }
money-to = up to { $amount }
square-metres = { COUNT($count) } sq m
square-feet = { COUNT($count) } sq ft
any-amount = any amount

# ── Listings: what was found, the lines of a card, the nearest relaxations.

found = { $count ->
    [one] We found { COUNT($count) } matching property.
   *[other] We found { COUNT($count) } matching properties.
}
properties = { $count ->
    [one] { COUNT($count) } property
   *[other] { COUNT($count) } properties
}
listing-place = Location: { $place }
listing-price = Price: { $amount }
listing-rent = Rent: { $amount } a year
listing-yield = Expected rental yield: { $percent } a year
listing-residency = Can qualify for a residency visa; the authorities decide.
listing-residency-years = { $count ->
    [one] Can qualify for a residency visa of { COUNT($count) } year; the authorities decide.
   *[other] Can qualify for a residency visa of { COUNT($count) } years; the authorities decide.
}
listing-amenities = Amenities: { $value }
listing-reference = Reference: { $reference }
listing-permit = Permit number: { $permit }
listing-viewing = Book a viewing
listing-more = Show another
listing-sheet = Fact sheet
sheet-ready = Here is the fact sheet of { $listing }.
sheet-instead = The fact sheet cannot be sent as a file just now. This is what it says:
sheet-foot = Facts as stated by the agency, without obligation. A yield is an estimate, not a guarantee.
no-match = None of our properties matches everything you asked for. The nearest to it:
no-match-at-all = None of our properties comes close to this at the moment. A colleague can look further for you, or you can change your search.
no-more = You have seen all that matches. You can change your search or talk to a person.
listing-gone = This property is no longer available. May we show you similar ones?
relax-budget = With another budget: { $amount }
relax-place = In another area: { $place }
relax-place-any = In any area
relax-bedrooms = With other rooms: { $bedrooms }
relax-kind = Of another type: { $value }
relax-budget-title = Raise the budget
relax-floor-title = Lower the minimum
relax-place-title = Another area
relax-bedrooms-title = Other bedrooms
relax-kind-title = Another type
change-search = Change my search

# ── Viewings. $when is a weekday, a date and a time, with the name of the time zone.

viewing-offer = When would you like to see { $listing }?
viewing-nearest = We have no free time exactly then. These are the nearest times to see { $listing }:
viewing-button = See times
viewing-no-slots = There are no free times for { $listing } in the coming days. A colleague will write to you to arrange one.
viewing-booked =
    Your viewing is booked.
    Property: { $listing }
    When: { $when }
viewing-where = Address: { $place }
viewing-taken = This time was booked by somebody else a moment ago. Which other time suits you?
viewing-passed = This time has already passed. Which other time suits you?
viewing-already = You already have a viewing at that time: { $when }
viewing-too-many = { $count ->
    [one] You already have { COUNT($count) } viewing ahead. Please cancel it before you book another.
   *[other] You already have { COUNT($count) } viewings ahead. Please cancel one before you book another.
}
viewing-cancelled =
    Your viewing is cancelled.
    Property: { $listing }
    When: { $when }
viewing-cancel-ask =
    Shall we cancel your viewing?
    Property: { $listing }
    When: { $when }
viewing-kept = Your viewing stays as it is: { $when }
viewing-reminder =
    A reminder of your viewing.
    Property: { $listing }
    When: { $when }
viewing-yours = Your viewings:
viewing-none = You have no viewing booked with us.
viewing-another-time = Another time
viewing-cancel = Cancel the viewing
viewing-keep = Keep it

# ── Questions in between: an answer, then the open question once more.

back-to-question = Now back to our question:
answer-unknown = We cannot answer this reliably here. A colleague can: if you wish, please ask for a person.
answer-bot = This is the automated assistant of { $tenant }. Our colleagues read along and answer when you ask for a person.
answer-residency = As a rule, property worth at least { $amount } can qualify its owner for a long-term residency visa. The authorities decide, and rules change.
answer-commission = As a rule, the buyer pays a transfer fee of { $percent } of the price, and the agency's commission. A colleague can give you exact figures.
answer-ownership = In Dubai, foreigners can own property outright in the areas designated for it.
answer-mortgage = Banks lend to residents and non-residents on different terms. A colleague can tell you what is possible for you.
answer-price = The price is set by the owner. If you like the property, a colleague can discuss it with the owner.
answer-service-charge = The yearly service charge differs from building to building. A colleague can tell you the exact figure for a property.
answer-payment-plan = Payment plans are offered mostly for new projects and differ from one to the next. A colleague can send you the terms.
answer-handover = Whether and when a property is ready differs from one to the next. A colleague can confirm the date for the one you like.
answer-viewing = You can see every property we show: choose a property, then a time, and a colleague will meet you there.
answer-yield = The yield is given where the owner or the agency states it. It is an expectation and no promise.
answer-location = The area is given with every property. A colleague can send you the exact location and the way there.
answer-privacy = We use what you write only to help you find property. To hear no more from us, please write STOP.

# ── A person takes over, and gives back.

handover-expect = { $count ->
    [one] We have told a colleague, who will write to you here, usually within { COUNT($count) } minute. You can go on writing meanwhile.
   *[other] We have told a colleague, who will write to you here, usually within { COUNT($count) } minutes. You can go on writing meanwhile.
}
handover-later = We have told a colleague. Our office is closed now; you will hear from us after it opens: { $when }
handover-waiting = You are not forgotten: we have now told another colleague, who will write to you here.
handover-already = A colleague has been told and will write to you here.
handover-joined = { $name } from our team is now in this conversation.
handover-joined-unnamed = A colleague is now in this conversation.
handover-resumed = The automated assistant is here again. Everything you told us is kept.
handover-nobody = Your request is noted. A colleague will write to you here as soon as possible.
handover-call =
    A colleague needs you: { $name } is waiting for an answer.
    Summary: { $text }
    Link: { $link }
handover-accept = I will take it
handover-yours = The conversation with { $name } is yours: { $link } Write /bot here when the assistant is to go on.
handover-gone = The conversation with { $name } is not waiting any more.
handover-given-back = The assistant goes on in the conversation with { $name }.

# ── Expo: an event's facts and a request for a meeting.

expo-name = Event: { $name }
expo-from = Opens: { $when }
expo-until = Closes: { $when }
expo-place = Place: { $place }
expo-stand = Stand: { $stand }
expo-link = More about it: { $link }
expo-none = There is no event planned at the moment. We can note that you are interested.
expo-meet = Request a meeting
expo-meeting-ask = Which day and time would suit you for a meeting?
expo-meeting-stored = Your meeting request is stored under the number { $number }. A colleague will confirm the time here.
expo-interest-stored = Your interest is noted under the number { $number }.

# ── Support: a stored request with its number and status.

support-ask = Please describe what happened in one message.
support-too-short = Please tell us a little more, so that a colleague can help.
support-stored = Your request is stored under the number { $number }. Status: { $status }
support-status = Request { $number }. Status: { $status }
support-unknown = We know no request with the number { $number }.
support-none = You have no requests with us.
support-new = New request
support-look = Status of my request
status-open = open
status-in-work = being worked on
status-solved = solved

# ── Consent: leaving, and how to come back.

opted-out = You will get no more messages from us. To hear from us again, please write START.
opted-out-already = You get no messages from us at present. To hear from us again, please write START.
opted-in = Thank you, we will write to you again. To stop it at any time, please write STOP.

# ── Follow-up: three gentle reminders, the last says that it is the last.

nudge-first = Shall we go on where we stopped?
nudge-second = Your search is saved. One answer is enough to continue.
nudge-last = We will not remind you again. Whenever you like, write to us here and we will help.
nudge-continue = Continue
nudge-not-now = Not now

# ── Templates, for outside the window in which people can be answered freely: one line each.

template-answer = { $tenant }: we have an answer to your question. Please reply here to read it.
template-continue = { $tenant }: your property search is saved. Please reply here to continue it.
template-viewing = { $tenant }: a reminder of your viewing of { $listing }: { $when }
template-handover = New conversation for you: { $name } is waiting for an answer. Summary: { $text } Link: { $link }
window-closed = The free answer window of this conversation is closed: only a template can be sent.
apology = We are sorry: for a while we could not answer here. We have your messages; please tell us how we can help now.

# ── What is not text: said honestly, what we can do with it.

media-image = Thank you, your picture has arrived. The assistant cannot look at pictures; a colleague can see it.
media-voice = Thank you, your voice message has arrived. The assistant cannot listen to it: please write in a few words what you need.
media-audio = Thank you, your recording has arrived. The assistant cannot listen to it: please write in a few words what you need.
media-video = Thank you, your video has arrived. The assistant cannot watch it; a colleague can.
media-document = Thank you, your document has arrived. The assistant cannot read it; a colleague can.
media-sticker = Thank you for the sticker! How can we help you?
media-voice-heard = We heard: { $text }
media-image-seen = In your picture we see: { $text }
media-image-like = This is the nearest that we have to it:
media-contacts = { $count ->
    [one] Thank you, { COUNT($count) } contact has arrived. We write to nobody without being asked; please tell us what to do with it.
   *[other] Thank you, { COUNT($count) } contacts have arrived. We write to nobody without being asked; please tell us what to do with them.
}
media-location = Thank you, the location has arrived. Which area should we look in? Please write its name.
media-order = Thank you, your order has arrived. We do not take orders here; a colleague will write to you.
media-form = Thank you, your form has arrived.
unsupported = We cannot open this kind of message here. Please write to us in words.
not-understood = We did not quite understand. Please put it another way or choose from the menu.
failed = Something did not work on our side. Please try again in a little while.
