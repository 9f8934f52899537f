# What a listing says beside its texts, in numbers and codes.
fact-status = Status
fact-weeks = Service
fact-causes = Causes
fact-checks = Checked before service
place-or-online = { $place }, or partly online
weeks-at-least = { $count ->
    [one] at least { $n } week
   *[other] at least { $n } weeks
 }
role-taken = { $count ->
    [one] { $n } taken
   *[other] { $n } taken
 }
role-education = at least { $education }
role-experience = { $count ->
    [one] { $n } year of experience
   *[other] { $n } years of experience
 }
role-wished = welcome: { $skills }
field-accessibility = Accessibility
field-selection = How people are chosen
