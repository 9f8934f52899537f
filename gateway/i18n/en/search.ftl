# Search, facets and matching.
nav-match = Find a placement

home-match = Find a placement for me
home-match-why = Say what you bring; no account is needed.
figure-slots = { $count ->
    [one] open place
   *[other] open places
 }
figure-open = { $count ->
    [one] listing open now
   *[other] listings open now
 }
figure-countries = { $count ->
    [one] country
   *[other] countries
 }
table-listings = Listings
map-hits = World map of what was found
map-places-caption = The larger the circle, the more open slots. Only the listings below are on the map.
map-hits-caption = The larger the circle, the more listings. Choose one to narrow the list.

listings-to-match = Or say what you bring, and see what fits you
listings-incomplete = The list is being put together after a restart. What you see is right; some listings may still be missing. Look again in a minute.
listings-without = Without “{ $choice }”
sort-label = Sort by
sort-relevance = Best match
sort-newest = Newest first
sort-starts = Soonest start
sort-apply-by = Soonest deadline
sort-distance = Nearest first
chips-label = What narrows the list
chip = { $facet }: { $value }
chip-words = “{ $words }”
chip-readable = Readable in { $language }
chip-near = At most { $km } km from { $place }
chip-organisation = One organisation
chip-remove = (take away)
filter-open = Open now
facets-title = Narrow the list
facets-button = Show
facet-more = { $count ->
    [one] { $n } more
   *[other] { $n } more
 }
facet-countries = Country
facet-regions = Region
facet-modalities = On site or online
facet-causes = Cause
facet-sdgs = Goal
facet-skills = Skills
facet-languages = Languages needed
facet-months = Starts in
facet-durations = For at most
facet-benefits = The host gives
facet-partners = Partner
near-title = Near a place
near-label = City, or latitude and longitude
near-placeholder = Beijing, or 39.9,116.4
near-km = At most (km)
near-missed = No listing is in a place called “{ $place }”. Try the name of a larger city nearby, or its latitude and longitude.
card-distance = { $km } km away
month-year = { $month } { $year }

modality-onsite = on site
modality-online = online
modality-hybrid = on site and online
duration-week = a week
duration-month = a month
duration-season = three months
duration-halfyear = half a year
duration-year = a year
duration-longer = more than a year
benefit-stipend = allowance
benefit-housing = housing
benefit-meals = meals
benefit-travel = travel
benefit-insurance = insurance
benefit-visa = help with the visa
benefit-training = training
benefit-certificate = certificate

match-title = Find a placement for me
match-lead = Tell what you can do and where you would like to help. We show which listings fit, and why.
match-wishes = What I bring and look for
wish-skills = What can you do?
wish-causes = What do you care about?
wish-sdgs = Which goals?
wish-countries = Where?
match-none-known = Nothing to choose from yet.
match-languages = Which languages do you speak?
match-language = Language
match-language-level = Level of language
match-no-language = Language
match-any-level = Any level
match-level = { $level } ({ $meaning })
match-time = When?
match-from = Free from
match-until = Free until
match-age = Your age
match-private = Nothing of this is kept. It stands in the address of the page, so you can save it as a bookmark.
match-button = Show what fits
match-again = Start again
match-found = { $count ->
    [one] { $n } listing that fits
   *[other] { $n } listings that fit
 }
match-none = Nothing fits all of it. Ask for fewer things, more countries or other dates, or look at all listings.
match-score = How well it fits
match-fit = { $score }% fit
match-role = Best role for you: { $role }
reason-skill-met = It needs { $values }, which you can do.
reason-skill-unmet = It also needs { $values }.
reason-skill-met-plain = It asks for no particular skill.
reason-skill-unmet-plain = It asks for other skills.
reason-language-met = You speak { $values }.
reason-language-unmet = It asks for { $values }, more than you said.
reason-language-met-plain = It asks for no particular language.
reason-language-unmet-plain = It asks for another language.
reason-dates-met = It fits your dates: { $values }.
reason-dates-unmet = It doesn’t fit your dates altogether: { $values }.
reason-dates-met-plain = It fits your dates.
reason-dates-unmet-plain = It is at another time.
reason-place-met = It is where you want to be: { $values }.
reason-place-unmet = It is elsewhere: { $values }.
reason-place-met-plain = It is where you want to be.
reason-place-unmet-plain = It is elsewhere.
reason-cause-met = It is about { $values }.
reason-cause-unmet = It is about { $values } instead.
reason-cause-met-plain = It is about what you care about.
reason-cause-unmet-plain = It is about something else.
reason-sdg-met = It works towards { $values }.
reason-sdg-unmet = It works towards { $values } instead.
reason-sdg-met-plain = It works towards your goals.
reason-sdg-unmet-plain = It works towards other goals.
reason-age-met = You are of the right age ({ $values }).
reason-age-unmet = It is for another age ({ $values }).
reason-age-met-plain = You are of the right age.
reason-age-unmet-plain = It is for another age.

listing-similar = Similar listings
listing-nearby = Others nearby
freshness-published = Published on { $date }. Its partner’s log is up to date here.
freshness-revised = Last changed on { $date }. Its partner’s log is up to date here.
freshness-published-stale = Published on { $date }. Its partner hasn’t been heard of lately, so it may have changed since.
freshness-revised-stale = Last changed on { $date }. Its partner hasn’t been heard of lately, so it may have changed since.

# Listings as files and feeds.
files-title = Take this list with you
feed-title = Volunteering with Volbridge
format-csv = Table (CSV)
format-xlsx = Excel
format-jsonl = JSON Lines
format-jsonld = JSON-LD
format-atom = Feed of the newest (Atom)
format-ics = Calendar of start dates
