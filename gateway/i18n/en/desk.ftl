field-title = Title
field-role-title = Name of the role
field-language = Original language
field-translation-language = Language of the translation
field-role-language = Language
field-where = On site or online
field-country = Country
field-region = Region
field-city = City
field-latitude = Latitude (optional)
field-longitude = Longitude (optional)
field-starts-on = First day
field-ends-on = Last day
field-apply-by = Apply by
field-hours-per-week = Hours a week
field-weeks = Weeks at least, for one volunteer
field-min-age = Age, from
field-max-age = Age, to
field-applicants = Open to
field-causes = Causes
field-checks = What is checked before service
field-sdgs = Sustainable Development Goals
field-status = Status
field-number = Number
field-tasks = Tasks
field-slots = Slots
field-filled = Of these, taken
field-education = Education, at least
field-experience-years = Years of experience, at least
field-skills = Skills needed
field-wished-skills = Skills that are welcome
field-languages = Languages
field-level = Level
field-offer = The host gives
field-stipend = Allowance, such as “CNY 300 / month”
field-publish-at = Time of publication
colon = {": "}

draft-state-draft = Draft
draft-state-in_review = In review
draft-state-changes_asked = Changes asked for
draft-state-approved = Approved
draft-state-published = Published
set-status-open = Open
set-status-full = Full
set-status-paused = Paused
set-status-closed = Closed

desk-new = New listing
desk-drafts = Drafts
desk-no-drafts = No draft is waiting. Begin with a new listing, or revise one that is published.
desk-published = Published
desk-none-published = Nothing is published yet that fits.
desk-found = { $count ->
    [one] 1 listing
   *[other] { $n } listings
 }
desk-listing = Listing
desk-acts = What you can do
desk-status = Set those that are ticked to
desk-status-set = Set
desk-status-none = No listing is ticked. Tick at least one, then set them.
desk-show = Show
desk-revise = Revise
desk-copy = Copy
desk-untitled = (no title yet)
desk-published-now = The listing is published.
desk-published-look = See it as readers do
desk-done-status = The listings were set.
desk-done-discarded = The draft was thrown away.
desk-done-submitted = The draft was handed in. A reviewer decides on it.
desk-done-approved = The draft is approved.
desk-done-asked = The draft went back with your remarks.

desk-revises = a revision of a published listing
desk-saved = Saved. Nobody else sees it until it is published.
desk-unreadable = Some fields can’t be read; nothing is saved yet. What you typed stands as it was.
desk-newer-look = See what it is now
desk-save = Save
desk-save-anyway = Save mine over it
desk-look = Look at both languages
desk-texts = Texts in both languages
desk-translation = Translation
desk-in-translation = { $field } (translation)
desk-where-when = Where and when
desk-whom = For whom, and whom to ask
desk-what-for = What it is for
desk-none = None
desk-choose = Please choose
desk-role = Role { $n }
desk-role-named = Role { $n }: { $title }
desk-role-field = Role { $n }: { $field }
desk-role-add = Add a role
desk-role-remove = Remove “{ $role }”
desk-faults = { $count ->
    [one] One thing stands in the way of publishing
   *[other] { $n } things stand in the way of publishing
 }
desk-hints = { $count ->
    [one] One thing would make it better
   *[other] { $n } things would make it better
 }
desk-remarks = Remarks of the review
desk-remarks-by = Remarks of { $name }
desk-remarks-where = Remarks on single fields stand beside them.

desk-both = Both languages, as readers will see them
desk-no-translation = There is no translation yet. Readers of the other language would see the facts in theirs, and the texts in the original.
desk-translate = Write the translation
desk-borrowed = Not translated: readers see the original.
desk-edit = Edit
desk-submit = Hand in for review
desk-publish = Publish
desk-review = Review
desk-review-why = Say what should change at the field it is about, then ask for the changes; or approve it as it is.
desk-whole = The whole
desk-changed = Changed since the last time: { $fields }
desk-changed-mark = changed
desk-publish-at = Publish not before (UTC; empty: at once)
desk-publishes = to be published on { $moment }
desk-ask = Ask for changes
desk-approve = Approve
desk-as-published = as it is published now
desk-author = written by { $name }
desk-changed-by = changed by { $name }
desk-decided-by = decided by { $name }
desk-copy-draft = Copy as a new draft
desk-discard = Throw this draft away
desk-discard-why = The draft is gone then. What is published stays as it is.
desk-discard-yes = Throw it away

quality-title = Say what is done and where: more than ten characters.
quality-summary = Lists show the summary first.
quality-description = Tell a little more: what a day looks like, who is there, what it leads to.
quality-costs = Say what volunteers pay, even if it is nothing.
quality-apply = Say how to apply.
quality-safety = Say who looks after volunteers, and how they are insured.
quality-selection = Say how people are chosen, and when they hear.
quality-contact = Give somebody who answers questions.
quality-translation = Write the other language too: half of the readers need it.
quality-lacking = Not translated yet.
quality-lacking-all = not translated yet: { $fields }
quality-dates = Say when it begins.
quality-past = The day lies in the past.
quality-city = Name the city or region.
quality-hours = Say how many hours a week, or how many weeks.
quality-causes = Choose a cause or a goal, so that it is found.
quality-tasks = Say what there is to do.
quality-offer = Say what the host gives.

problem-time-malformed = The time isn’t written as it must be.
