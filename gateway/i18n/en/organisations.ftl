# Organisations: who checked them, and what stands above and below.
organisation-checked = Checked by { $partner } on { $date }
organisation-check-run-out = The check by { $partner } ran out on { $date }
organisation-parent = Part of
organisation-children = Organisations that belong to it
organisations-title = Organisations
organisations-words = Words of the name
organisations-level = Level
organisations-order = Order
organisations-by-name = by name
organisations-newest = newest first
organisations-none = No organisation is like that.
organisations-all = All of them
organisation-moved = Moved from { $from } to { $to } on { $date }. Both have signed it:
organisation-moved-first = handed over
organisation-moved-second = taken over

# An organisation moves to another partner.
handovers-title = Organisations that move
handovers-lead = An organisation moves with its listings when both partners have signed: the one that has it and the one that takes it over.
handovers-list = Offered and taken over
handovers-none = Nothing is offered, by you or to you.
handover-to = to
handover-from = from
handover-open = may be taken over until { $date }
handover-moved = moved on { $date }
handover-run-out = no longer open
handover-left = { $count ->
    [one] one listing is still to be taken over
   *[other] { $n } listings are still to be taken over
 }
handover-record = Record
handover-accept = Take over
handover-offer-title = Hand an organisation over
handover-offer-why = The other partner takes it over with all its public listings, under new addresses; old links lead there. Translations and checks by others stay with you. An offer can’t be taken back, it ends with its last day.
handover-choose = Choose
handover-offer = Offer it
handover-done-offered = The offer is published. The other partner finds it at its desk.
handover-done-taken = The organisation is yours now, with its listings. Check it anew: the former partner’s check didn’t come along.
field-to = Partner that takes it over
field-until = Last day of the offer
nav-handovers = Handovers

# Checks of organisations, at the desk.
desk-organisations = Organisations at the desk
nav-desk-organisations = Organisations and checks
organisation-new = Apply for a new organisation
organisation-own = Your organisations
checks-due = Checks to renew
checks-due-none = No check ends within 60 days.
checks-none = Not checked yet
checks-none-none = Every organisation has been checked.
checks-more = More are shown once these are done.
checking-ends = the check ends on { $date }
checking-none = Not checked yet.
checking-notes = What was seen
checking-notes-why = For those who check here. Nothing of it is published but the kinds of evidence and the dates.
checking-notes-none = Nothing is noted yet.
checking-note = Note it
checking-decide = Publish the check
checking-decide-why = The check rests on what was noted in the last 90 days. It is public, with its kinds of evidence, and holds 400 days at most; renew it yearly.
checking-publish = Publish as checked
checking-done-noted = Noted.
checking-done-published = The organisation is published as checked.
field-what = What was looked at
field-seen-on = Seen on
field-note = What was seen, and how
field-valid-until = The check holds until

# A draft of an organisation.
application-title = Organisation
application-lead = What is written here is public once the partner’s reviewers have approved it and it is published. A check comes after that.
application-above = Part of
application-above-none = Nothing: it stands by itself
application-name-zh = Name in Chinese
application-name-en = Name in English
application-language = Language of the description
application-description = What it does
application-country = Country (two letters, such as CN)
application-website = Website
application-remark = Remark, if something is to be changed
application-save = Save
application-submit = Hand in
application-approve = Approve
application-ask = Ask for changes
application-publish = Publish
application-discard = Throw away
application-done-saved = Saved.
application-done-submitted = Handed in. A reviewer of the partner looks at it.
application-done-approved = Approved. It can be published now.
application-done-asked = Sent back with your remark.
application-done-published = Published.
field-names = Names
field-place-country = Country
field-website = Website
field-remarks = Remark
