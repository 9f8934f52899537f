home-title = Volunteering across borders
home-heading = Volunteering abroad, with partners you can check
home-lead = Volunteer federations, UN agencies and international organisations share their openings here. Read each one in your language beside the original, and see who stands behind it.
search-label = Search listings
search-placeholder = teacher, nurse, Melbourne …
search-button = Search
home-tour = Take the five-minute tour
home-tour-why = Three partners, live: Beijing, Bonn and Melbourne.
home-figures = The network in figures
figure-listings = { $count ->
    [one] listing
   *[other] listings
 }
figure-organisations = { $count ->
    [one] organisation
   *[other] organisations
 }
figure-partners = { $count ->
    [one] partner
   *[other] partners
 }
home-where = Where help is wanted
home-most = Most open listings
map-title = World map of open listings
map-spot = { $place }: { $slots }
map-caption = The larger the circle, the more listings are open. Choose one to see them. What is online isn’t on the map.
map-table = All countries as a table
table-slots = Slots
home-newest = Newest listings
home-all-listings = All listings
home-conferences = Next conferences
home-all-conferences = All conferences
home-how = How it works
home-how-1 = Each partner keeps its own data
home-how-1-text = A listing is written once, at its own partner, and travels to all others within a second. A volunteer’s file stays at home until the volunteer applies.
home-how-2 = Everything is signed
home-how-2-text = Every statement stands in its author’s signed log. Other partners witness that the log only grows, so nobody can quietly change or backdate what was said.
home-how-3 = Taking back works
home-how-3-text = What is withdrawn is erased by every partner that holds it, and each signs a receipt for it.
home-see-partners = { $count ->
    [one] See the partner and its key
   *[other] See the { $n } partners and their keys
 }
live-news = A new listing has arrived:
card-new = Just arrived
card-original-only = Only in { $language }, as it was written
card-apply-by = Apply by { $date }
open-slots = { $count ->
    [one] { $n } open slot
   *[other] { $n } open slots
 }

listings-title = Listings
listings-lead = Openings of all partners, in your language and in the original.
filter-label = Search and narrow the list
filter-partner = Partner
filter-language = Readable in
filter-any = Any
filter-button = Search
filter-clear = Show all
listings-found = { $count ->
    [one] { $n } listing
   *[other] { $n } listings
 }
listings-none-found = No listing fits. Try fewer words, another country, or show all.
listings-none-yet = No listing has arrived yet. As soon as a partner publishes one, it appears here.

listing-facts = At a glance
listing-goals = Sustainable Development Goals
listing-apply = How to apply
listing-apply-unknown = The listing doesn’t say how to apply. Ask the partner named above.
listing-roles = Roles
listing-texts = The whole text
listing-texts-why = The original and its translation side by side, each with who signed it.
listing-untranslated = There is no translation into your language yet. The facts are shown in your language; the text is in { $language }, as it was written.
reading-original = You are reading the original, in { $language }.
reading-translation = You are reading it in { $language }: { $origin }.
reading-beside = Original and translation side by side
listing-other-languages = Also in:
text-source = original
text-translation = translation
role-title = Role
role-languages = Languages
role-skills = Skills
role-offers = The host gives
fact-place = Place
fact-dates = Dates
fact-apply-by = Apply by
fact-hours = Time
fact-applicants = Open to
fact-age = Age
fact-language = Written in
fact-time-zone = Time zone
hours-a-week = { $count ->
    [one] { $n } hour a week
   *[other] { $n } hours a week
 }
age-from = { $from } and over
age-until = up to { $until }
age-span = { $from } to { $until }
stipend-month = { $amount } { $currency } a month
stipend-once = { $amount } { $currency } in all
goal = SDG { $number } · { $name }
language-skill = { $language } { $level } ({ $meaning })
field-summary = Summary
field-description = Description
field-requirements = What you bring
field-safety = Safety and health
field-costs = Costs to you
field-how-to-apply = How to apply
field-contact = Contact
field-roles = Roles and tasks

partners-title = Partners
partners-lead = Each partner runs its own system and signs what it publishes. A name can be imitated, a fingerprint can’t: compare it before you trust somebody.
partners-none = No partner is known yet. The operator adds the first one with “volbridge partner add”.
partner-own = This portal’s partner
partner-who = Who this is
partner-kind = Kind
partner-country = Country
partner-domain = Domain
partner-portal = Portal
fingerprint = Fingerprint
fingerprint-why = It belongs to this partner alone. Compare it with what the partner tells you another way, on paper or by phone.
partner-log = Its log
partner-log-why = Everything that this partner has published, in order. Nothing can be taken out or slipped in; other partners are its witnesses.
partner-log-details = For checking with other tools
log-state = State
log-size = Entries
log-epoch = Epoch
log-origin = Origin
log-root = Root hash
log-keys = Verifier keys (Ed25519, ML-DSA-44)
log-checkpoint = Newest signed checkpoint
log-entries = { $n } entries
log-fresh = Up to date
log-stale = Not heard of lately
log-frozen = Frozen: two versions were shown
partner-agreements = Agreements
partner-agreements-why = People’s data goes only to partners with whom an agreement is in force.
agreement-in-force = In force
agreement-not-in-force = Not in force
partner-listings = Listings
partner-no-listings = Nothing is listed at present.
partner-organisations = Organisations it vouches for
organisations-count = { $count ->
    [one] { $n } organisation
   *[other] { $n } organisations
 }
listings-count = { $count ->
    [one] { $n } listing
   *[other] { $n } listings
 }

conferences-title = Conferences
conferences-lead = Where the partners meet, with papers and slides to download.
conferences-ahead = Coming up
conferences-over = Past conferences
conferences-none = No conference has been announced yet.
conference-organisers = Organisers
conference-dates = Dates
conference-materials = Materials
materials-none = No material has been published yet.
material-download = Download
material-not-held = The file hasn’t arrived at this node yet. It is being fetched; look again in a moment.

record-title = Signed record
record-hash = Record
record-kind = Kind
record-class = Readable by
record-signer = Published by
record-log = Log
record-entry = Entry
record-revision = Revision
record-checkpoint = Proven by
record-checkpoint-size = { $count ->
    [one] a checkpoint of { $n } entry
   *[other] a checkpoint of { $n } entries
 }
class-public = everyone
class-named = named partners only (sealed)
record-refused = It doesn’t count:
record-source = The withdrawn record:
record-source-claimed = So says who handed on the log. This node never read what was erased and goes on asking for it. Until { $date } its author owes a withdrawal in its own log.
record-source-seen = This node erased it with its source. Until { $date } its author owes a withdrawal in its own log.
record-proof = Proof
record-proof-why = The file holds the record, its place in the log, and the signatures of its author and the witnesses. Anyone can check it without us, today or in ten years.
record-proof-download = Download the proof
record-policy-download = Keys and witnesses
record-check-here = Check it here
record-command = Offline, on your own computer:
record-content = What it says

verify-title = Check a proof
verify-lead = Somebody has given you a proof file? Drop it here, and see who signed the record, when, and who witnessed it.
verify-file = Proof file
verify-file-why = A file that ends in .tlog-proof, at most 512 KiB. Nothing that you send is kept.
verify-paste = Or paste its text
verify-policy = Use other keys and witnesses than this portal’s
verify-policy-why = Without a policy file we use the keys that this node has verified for the log. If you don’t want to rely on us, give your own.
verify-policy-label = Policy file
verify-button = Check
verify-valid = The proof holds
verify-invalid = The proof doesn’t hold
verify-own-policy = Checked with the keys and witnesses that this portal knows.
verify-your-policy = Checked with the policy file that you gave.
verify-unknown-log = This portal doesn’t know the log that the proof is from. Give a policy file that names its keys.
verify-reason = Reason
verify-signed-at = Signed at
verify-witnesses = Witnessed by
verify-no-witnesses = nobody besides its author
verify-record = See the record
verify-details = Technical details
verify-another = Check another proof, or this one with other keys
verify-unknown-here = This portal doesn’t hold the record, so it can’t say whether it was withdrawn since.
verify-trust = This page is only as trustworthy as the portal that shows it. The command below needs neither us nor a network.
verify-means = What a proof shows
verify-means-1 = Who said it
verify-means-1-text = The record stands in a log that only its author can sign.
verify-means-2 = Since when
verify-means-2-text = The witnesses have seen the log with it, so it can’t have been slipped in later.
verify-means-3 = Unchanged
verify-means-3-text = One altered byte, and the proof no longer holds.
verify-offline = The same on your own computer, offline:

network-title = Network
network-lead = Who is connected, how far each partner’s log has come, and what went wrong last.
network-as-of = As of { $time }. This page keeps itself up to date.
network-graph = The network as seen from here
network-legend = Solid line: connected. Dotted: waiting or unreachable. Long dashes: its log comes through another partner.
network-peers = Connections
network-no-peers = No partner is connected. Add one with “volbridge partner add”.
network-partner = Partner
network-state = State
network-since = Since
network-entries = Entries received
network-error = Last error
network-no-error = None
network-logs = Logs
network-lag = Behind
network-held = Held
network-not-for-us = Sealed
network-erased = Erased
network-wanted = Wanted
network-refused = Refused
network-withheld = Withheld
network-missing = Missing
network-changed = Last change
network-entry = entry { $index }
network-columns = What the columns mean
network-lag-means = Entries that the partner has and this node has not yet fetched.
network-held-means = Entries whose content is here.
network-not-for-us-means = Sealed to others: only the place in the log is here.
network-erased-means = Withdrawn; the content is gone.
network-wanted-means = The content is being fetched.
network-refused-means = Broken or against the rules; kept out of all pages.
network-withheld-means = Public, but nobody hands out the content. Ask the partner.
network-missing-means = Sealed to this partner, but it hasn’t arrived.
network-refusals = Refused lately
network-no-refusals = Nothing was refused.
peer-connected = Connected
peer-connecting = Connecting
peer-waiting = Waiting to try again
peer-refused = Refused
peer-unreachable = Unreachable
peer-through = through another partner
