# Names of codes, one family after the other: family-code = name.

offer-stipend = allowance: { $amount }
offer-housing = housing
offer-meals = meals
offer-travel = travel
offer-insurance = insurance
offer-visa = help with the visa
offer-training = training
offer-certificate = certificate

partner-kind-federation = Federation
partner-kind-un-agency = UN agency
partner-kind-organisation = Volunteer organisation
partner-kind-government = Government body
partner-kind-research = Research institute

purpose-placement = volunteer placements

material-paper = Paper
material-slides = Slides
material-poster = Poster
material-book = Book
material-report = Report
material-guideline = Guideline
material-video = Video

media-application-pdf = PDF

state-live = Live
state-superseded = Superseded
state-expired = Expired
state-erased = Withdrawn and erased
state-erased-with-source = Erased with its source
state-withheld = Withheld
state-not-for-us = Not for this partner
state-unsupported = Needs a newer node
state-refused = Refused
state-unknown = Unknown
state-text-live = The record is in force.
state-text-superseded = A newer revision has taken its place.
state-text-expired = Its time is over.
state-text-erased = Its author has withdrawn it; the content has been erased here. The log still shows that it was there.
state-text-erased-with-source = It was made from a record that was withdrawn, and was erased with it.
state-text-withheld = It is public, but nobody has handed out its content.
state-text-not-for-us = Sealed to others: only its place in the log is here, none of its content.
state-text-unsupported = It has parts that only a newer node understands.
state-text-refused = Its form breaks a rule, so no page uses it.
state-text-unknown = Its state isn’t known here.

kind-sealed = Sealed record
kind-volbridge-partner-descriptor-v1 = Partner
kind-volbridge-node-info-v1 = Node
kind-volbridge-continuation-v1 = New epoch of a log
kind-volbridge-endorsement-v1 = Endorsement
kind-volbridge-endorsement-end-v1 = End of an endorsement
kind-volbridge-handover-v1 = Handover of an organisation
kind-volbridge-organisation-v1 = Organisation
kind-volbridge-listing-v1 = Listing
kind-volbridge-agreement-v1 = Agreement
kind-volbridge-agreement-end-v1 = End of an agreement
kind-volbridge-volunteer-profile-v1 = Volunteer’s profile
kind-volbridge-consent-v1 = Consent
kind-volbridge-conference-v1 = Conference
kind-volbridge-material-v1 = Material
kind-volbridge-statistics-v1 = Statistics of a month
kind-volbridge-translation-v1 = Translation
kind-volbridge-withdrawal-v1 = Withdrawal
kind-volbridge-erasure-receipt-v1 = Erasure receipt
kind-volbridge-erasure-request-v1 = Erasure request
kind-volbridge-disavowal-v1 = Disavowal

currency-USD = US dollars
currency-EUR = euros
currency-AUD = Australian dollars
currency-CNY = yuan
currency-GBP = pounds sterling
currency-CHF = Swiss francs

status-full = Full
status-paused = Paused
status-closed = Closed
